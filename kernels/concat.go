package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Concat joins tensors along Axis (0 N, 1 C, 2 H, 3 W); the other extents are
// equal. Inputs: one or more. Output: the joined tensor.
type Concat struct{ Axis int }

// Slice takes Length values from Start along Axis. Input: x. Output: the part.
type Slice struct{ Axis, Start, Length int }

// Embed puts x at Start along Axis into zeros of extent Length. Input: x.
// Output: x with that extent. It is Slice's gradient.
type Embed struct{ Axis, Start, Length int }

func (o Concat) Name() string { return "concat" }
func (o Slice) Name() string  { return "slice" }
func (o Embed) Name() string  { return "embed" }

func (o Concat) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, max(len(in), 1)); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis > 3 {
		return nil, fmt.Errorf("concat: no axis %d", o.Axis)
	}
	y := in[0]
	for i, s := range in[1:] {
		want := in[0]
		want[o.Axis] = s[o.Axis]
		if err := wantShape(o, fmt.Sprintf("input %d", i+1), s, want); err != nil {
			return nil, err
		}
		y[o.Axis] += s[o.Axis]
	}
	return []tensor.Shape{y}, nil
}

func (o Slice) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	y := in[0]
	if o.Axis < 0 || o.Axis > 3 || o.Start < 0 || o.Length < 1 || o.Length > y[o.Axis]-o.Start {
		return nil, fmt.Errorf("slice: no values %d to %d along axis %d of %v", o.Start, o.Start+o.Length, o.Axis, y)
	}
	y[o.Axis] = o.Length
	return []tensor.Shape{y}, nil
}

func (o Embed) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	y := in[0]
	if o.Axis < 0 || o.Axis > 3 || o.Start < 0 || y[o.Axis] > o.Length-o.Start {
		return nil, fmt.Errorf("embed: %v at %d does not fit into %d along axis %d", y, o.Start, o.Length, o.Axis)
	}
	y[o.Axis] = o.Length
	return []tensor.Shape{y}, nil
}

func (o Concat) Reference(out, in []*tensor.Tensor) {
	at := 0
	for _, x := range in {
		copyPart(out[0], x, o.Axis, at, 0, x.Shape[o.Axis])
		at += x.Shape[o.Axis]
	}
}

func (o Slice) Reference(out, in []*tensor.Tensor) {
	copyPart(out[0], in[0], o.Axis, 0, o.Start, o.Length)
}

func (o Embed) Reference(out, in []*tensor.Tensor) {
	clear(out[0].Data)
	copyPart(out[0], in[0], o.Axis, o.Start, 0, in[0].Shape[o.Axis])
}

// Gradient gives each input its part of dy.
func (o Concat) Gradient(b Builder, in, out, grad []Value) []Value {
	grads := make([]Value, len(in))
	at := 0
	for i, v := range in {
		n := b.Shape(v)[o.Axis]
		grads[i] = Apply1(b, Slice{Axis: o.Axis, Start: at, Length: n}, grad[0])
		at += n
	}
	return grads
}

// Gradient puts dy back among zeros.
func (o Slice) Gradient(b Builder, in, out, grad []Value) []Value {
	return b.Apply(Embed{Axis: o.Axis, Start: o.Start, Length: b.Shape(in[0])[o.Axis]}, grad[0])
}

// Gradient takes the part of dy that x filled.
func (o Embed) Gradient(b Builder, in, out, grad []Value) []Value {
	return b.Apply(Slice{Axis: o.Axis, Start: o.Start, Length: b.Shape(in[0])[o.Axis]}, grad[0])
}

// copyPart copies length values along axis from position from of src to
// position to of dst.
func copyPart(dst, src *tensor.Tensor, axis, to, from, length int) {
	inner, outer := 1, 1
	for a, d := range src.Shape {
		if a < axis {
			outer *= d
		} else if a > axis {
			inner *= d
		}
	}
	for i := range outer {
		d := (i*dst.Shape[axis] + to) * inner
		s := (i*src.Shape[axis] + from) * inner
		copy(dst.Data[d:d+length*inner], src.Data[s:s+length*inner])
	}
}
