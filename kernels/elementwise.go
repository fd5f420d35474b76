package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Add computes a + b. Each extent of b equals a's or is 1 and then repeats.
// Output: a's shape.
type Add struct{}

// Multiply computes a·b. Each extent of b equals a's or is 1 and then repeats.
// Output: a's shape.
type Multiply struct{}

// Expand repeats x along every axis in which it has extent 1 up to To.
// Input: x. Output: shape To.
type Expand struct{ To tensor.Shape }

func (o Add) Name() string      { return "add" }
func (o Multiply) Name() string { return "multiply" }
func (o Expand) Name() string   { return "expand" }

func (o Add) Outputs(in ...tensor.Shape) ([]tensor.Shape, error)      { return binaryOutputs(o, in) }
func (o Multiply) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) { return binaryOutputs(o, in) }

func (o Expand) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if o.To.Len() == 0 {
		return nil, fmt.Errorf("expand: to the empty shape %v", o.To)
	}
	return []tensor.Shape{o.To}, repeats(o, in[0], o.To)
}

func (o Add) Reference(out, in []*tensor.Tensor) {
	eachRepeated(out[0], in[1], func(i, j int) {
		out[0].Data[i] = float32(float64(in[0].Data[i]) + float64(in[1].Data[j]))
	})
}

func (o Multiply) Reference(out, in []*tensor.Tensor) {
	eachRepeated(out[0], in[1], func(i, j int) {
		out[0].Data[i] = float32(float64(in[0].Data[i]) * float64(in[1].Data[j]))
	})
}

func (o Expand) Reference(out, in []*tensor.Tensor) {
	eachRepeated(out[0], in[0], func(i, j int) { out[0].Data[i] = in[0].Data[j] })
}

// Gradient is da = dy, db = dy summed over the repeated axes.
func (o Add) Gradient(b Builder, in, out, grad []Value) []Value {
	return []Value{grad[0], sumTo(b, grad[0], b.Shape(in[1]))}
}

// Gradient is da = dy·b, db = dy·a summed over the repeated axes.
func (o Multiply) Gradient(b Builder, in, out, grad []Value) []Value {
	return []Value{
		Apply1(b, Multiply{}, grad[0], in[1]),
		sumTo(b, Apply1(b, Multiply{}, grad[0], in[0]), b.Shape(in[1])),
	}
}

// Gradient is dy summed over the repeated axes.
func (o Expand) Gradient(b Builder, in, out, grad []Value) []Value {
	return []Value{sumTo(b, grad[0], b.Shape(in[0]))}
}

func binaryOutputs(op Op, in []tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(op, in, 2); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[0]}, repeats(op, in[1], in[0])
}

func repeats(op Op, from, to tensor.Shape) error {
	for i, d := range from {
		if d != to[i] && d != 1 {
			return fmt.Errorf("%s: shape %v does not repeat to %v", op.Name(), from, to)
		}
	}
	return nil
}

// eachRepeated calls f with every index of y and the index of the value of x
// that repeats there.
func eachRepeated(y, x *tensor.Tensor, f func(i, j int)) {
	var step [4]int
	stride := 1
	for a := 3; a >= 0; a-- {
		if x.Shape[a] > 1 {
			step[a] = stride
		}
		stride *= x.Shape[a]
	}
	i := 0
	for n := range y.Shape[0] {
		for c := range y.Shape[1] {
			for h := range y.Shape[2] {
				for w := range y.Shape[3] {
					f(i, n*step[0]+c*step[1]+h*step[2]+w*step[3])
					i++
				}
			}
		}
	}
}

// sumTo adds up v over the axes along which a value of shape to repeats in it.
func sumTo(b Builder, v Value, to tensor.Shape) Value {
	s := b.Shape(v)
	if s == to {
		return v
	}
	over := func(a int) bool { return to[a] == 1 && s[a] != 1 }
	return Apply1(b, Reduce{Kind: Sum, OverN: over(0), OverC: over(1), OverH: over(2), OverW: over(3)}, v)
}
