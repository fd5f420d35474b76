package kernels

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// PoolKind says how a window is reduced.
type PoolKind int

// The pooling kinds. AveragePool divides by the number of values inside the
// picture, AveragePoolPadded by the window's size (zeros outside).
const (
	MaxPool PoolKind = iota
	AveragePool
	AveragePoolPadded
)

// Pool reduces Kernel x Kernel windows per channel. The pads lie outside the
// picture: never a maximum, zero in an average. Input: x (N,C,H,W). Output:
// (N,C,H',W') by Conv2D's size rule. Each pad is smaller than the kernel, so
// every window holds a value.
type Pool struct {
	Kind                                 PoolKind
	Kernel, Stride                       int
	PadTop, PadLeft, PadBottom, PadRight int
}

func (o Pool) Name() string { return "pool" }

func (o Pool) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if o.Kernel < 1 || o.Stride < 1 || min(o.PadTop, o.PadLeft, o.PadBottom, o.PadRight) < 0 || max(o.PadTop, o.PadLeft, o.PadBottom, o.PadRight) >= o.Kernel {
		return nil, fmt.Errorf("pool: bad attributes %+v", o)
	}
	x := in[0]
	h, w := x[2]+o.PadTop+o.PadBottom-o.Kernel, x[3]+o.PadLeft+o.PadRight-o.Kernel
	if h < 0 || w < 0 {
		return nil, fmt.Errorf("pool: input %v is smaller than the window of %d", x, o.Kernel)
	}
	return []tensor.Shape{{x[0], x[1], h/o.Stride + 1, w/o.Stride + 1}}, nil
}

func (o Pool) Reference(out, in []*tensor.Tensor) {
	x, y := in[0], out[0]
	for n := range y.Shape[0] {
		for c := range y.Shape[1] {
			for i := range y.Shape[2] {
				for j := range y.Shape[3] {
					sum, best, count := 0.0, math.Inf(-1), 0
					for u := range o.Kernel {
						for v := range o.Kernel {
							yy, xx := i*o.Stride-o.PadTop+u, j*o.Stride-o.PadLeft+v
							if yy < 0 || yy >= x.Shape[2] || xx < 0 || xx >= x.Shape[3] {
								continue
							}
							value := float64(x.At(n, c, yy, xx))
							sum += value
							best = max(best, value)
							count++
						}
					}
					switch o.Kind {
					case AveragePool:
						best = sum / float64(max(count, 1))
					case AveragePoolPadded:
						best = sum / float64(o.Kernel*o.Kernel)
					}
					y.Set(n, c, i, j, float32(best))
				}
			}
		}
	}
}
