package kernels

import (
	"errors"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// ReduceKind says what a reduction keeps of many values.
type ReduceKind int

// The reductions.
const (
	Sum ReduceKind = iota
	Mean
	Max
)

// Reduce adds up, averages or takes the maximum over the named axes, whose
// extents become 1. Input: x. Output: x's shape with those extents 1.
type Reduce struct {
	Kind                       ReduceKind
	OverN, OverC, OverH, OverW bool
}

func (o Reduce) Name() string { return "reduce" }

// Over returns the named axes in N, C, H, W order.
func (o Reduce) Over() [4]bool { return [4]bool{o.OverN, o.OverC, o.OverH, o.OverW} }

func (o Reduce) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	y := in[0]
	for a, over := range o.Over() {
		if over {
			y[a] = 1
		}
	}
	return []tensor.Shape{y}, nil
}

func (o Reduce) Reference(out, in []*tensor.Tensor) {
	x, y := in[0], out[0]
	sums := make([]float64, len(y.Data))
	if o.Kind == Max {
		for i := range sums {
			sums[i] = math.Inf(-1)
		}
	}
	eachRepeated(x, y, func(i, j int) {
		if o.Kind == Max {
			sums[j] = max(sums[j], float64(x.Data[i]))
		} else {
			sums[j] += float64(x.Data[i])
		}
	})
	for j, s := range sums {
		if o.Kind == Mean {
			s *= float64(len(sums)) / float64(len(x.Data))
		}
		y.Data[j] = float32(s)
	}
}

// Gradient repeats dy over the reduced axes, divided by their size for Mean.
func (o Reduce) Gradient(b Builder, in, out, grad []Value) []Value {
	if o.Kind == Max {
		b.Fail(errors.New("reduce: the maximum has no gradient here"))
		return []Value{None}
	}
	s := b.Shape(in[0])
	dx := Apply1(b, Expand{To: s}, grad[0])
	if o.Kind == Mean {
		share := tensor.From(tensor.Scalar, []float32{float32(float64(b.Shape(out[0]).Len()) / float64(s.Len()))})
		dx = Apply1(b, Multiply{}, dx, b.Constant(share))
	}
	return []Value{dx}
}
