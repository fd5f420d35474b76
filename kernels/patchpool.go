package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// PatchPool is SimpleNet's patch aggregation: at every position the Kernel x
// Kernel neighbourhood (zeros outside) of all C channels is flattened in (c, u,
// v) order to L = C·Kernel² values and averaged into Dim bins, bin i covering
// floor(i·L/Dim) to ceil((i+1)·L/Dim) (adaptive average pooling; Liu et al.,
// CVPR 2023, after Roth et al., CVPR 2022). When L is a multiple of Dim the bins
// are equal and disjoint, the closed form devices may use. Kernel is odd;
// Kernel 1 pools the channels themselves.
//
// Input: x (N,C,H,W). Output: y (N,Dim,H,W).
type PatchPool struct{ Kernel, Dim int }

func (o PatchPool) Name() string { return "patchpool" }

func (o PatchPool) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if o.Kernel < 1 || o.Kernel%2 == 0 || o.Dim < 1 {
		return nil, fmt.Errorf("patchpool: bad attributes %+v", o)
	}
	y := in[0]
	y[1] = o.Dim
	return []tensor.Shape{y}, nil
}

// Bin returns the half-open range of flattened values that bin i of an input of
// channels channels averages.
func (o PatchPool) Bin(i, channels int) (from, to int) {
	l := channels * o.Kernel * o.Kernel
	return i * l / o.Dim, ((i+1)*l + o.Dim - 1) / o.Dim
}

func (o PatchPool) Reference(out, in []*tensor.Tensor) {
	x, y := in[0], out[0]
	k, reach := o.Kernel, o.Kernel/2
	for n := range y.Shape[0] {
		for d := range o.Dim {
			from, to := o.Bin(d, x.Shape[1])
			for i := range y.Shape[2] {
				for j := range y.Shape[3] {
					var sum float64
					for l := from; l < to; l++ {
						yy, xx := i+l/k%k-reach, j+l%k-reach
						if yy >= 0 && yy < x.Shape[2] && xx >= 0 && xx < x.Shape[3] {
							sum += float64(x.At(n, l/(k*k), yy, xx))
						}
					}
					y.Set(n, d, i, j, float32(sum/float64(to-from)))
				}
			}
		}
	}
}
