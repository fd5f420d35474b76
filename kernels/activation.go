package kernels

import (
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Activation is an elementwise function, alone or as a convolution's epilogue.
type Activation int

// The activations. LeakyReLU multiplies negative values by a slope.
const (
	Identity  Activation = iota // x
	ReLU                        // max(x, 0)
	LeakyReLU                   // x > 0 ? x : slope*x
	SiLU                        // x / (1 + exp(-x))
	Sigmoid                     // 1 / (1 + exp(-x))
)

// Of returns the activation of x.
func (a Activation) Of(x, slope float64) float64 {
	switch a {
	case ReLU:
		return max(x, 0)
	case LeakyReLU:
		if x > 0 {
			return x
		}
		return slope * x
	case SiLU:
		return x / (1 + math.Exp(-x))
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	}
	return x
}

// derivative returns the slope of the activation at x; at 0 the rectifiers take
// the side of the negative values.
func (a Activation) derivative(x, slope float64) float64 {
	switch a {
	case ReLU, LeakyReLU:
		if x > 0 {
			return 1
		}
		if a == ReLU {
			return 0
		}
		return slope
	case SiLU:
		s := 1 / (1 + math.Exp(-x))
		return s * (1 + x*(1-s))
	case Sigmoid:
		s := 1 / (1 + math.Exp(-x))
		return s * (1 - s)
	}
	return 1
}

// Activate computes y = f(x) value by value.
// Input: x. Output: y of the same shape.
type Activate struct {
	Activation Activation
	Slope      float32 // LeakyReLU only
}

func (o Activate) Name() string { return "activate" }

func (o Activate) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[0]}, nil
}

func (o Activate) Reference(out, in []*tensor.Tensor) {
	for i, x := range in[0].Data {
		out[0].Data[i] = float32(o.Activation.Of(float64(x), float64(o.Slope)))
	}
}

// Gradient is dx = f'(x)*dy.
func (o Activate) Gradient(b Builder, in, out, grad []Value) []Value {
	return b.Apply(ActivateGradient(o), in[0], grad[0])
}

// ActivateGradient computes dx = f'(x)*dy.
// Inputs: x and dy of one shape. Output: dx of that shape.
type ActivateGradient struct {
	Activation Activation
	Slope      float32
}

func (o ActivateGradient) Name() string { return "activate_gradient" }

func (o ActivateGradient) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 2); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[0]}, wantShape(o, "dy", in[1], in[0])
}

func (o ActivateGradient) Reference(out, in []*tensor.Tensor) {
	for i, x := range in[0].Data {
		out[0].Data[i] = float32(o.Activation.derivative(float64(x), float64(o.Slope)) * float64(in[1].Data[i]))
	}
}
