package kernels

import (
	"errors"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Linear maps the vector of channels at every position:
//
//	y[:,p] = f( W·x[:,p] + bias ),   or Wᵀ·x[:,p] when Transposed.
//
// Inputs: x (N,I,H,W), W (O,I,1,1) — (I,O,1,1) when Transposed —, then bias
// (1,O,1,1) if Bias. Output: y (N,O,H,W).
type Linear struct {
	Transposed bool
	Bias       bool
	Activation Activation
	Slope      float32 // LeakyReLU only
}

func (o Linear) Name() string { return "linear" }

func (o Linear) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	n := 2
	if o.Bias {
		n++
	}
	if err := wantInputs(o, in, n); err != nil {
		return nil, err
	}
	x, w := in[0], in[1]
	outputs, want := w[0], tensor.Shape{w[0], x[1], 1, 1}
	if o.Transposed {
		outputs, want = w[1], tensor.Shape{x[1], w[1], 1, 1}
	}
	if err := wantShape(o, "weight", w, want); err != nil {
		return nil, err
	}
	if o.Bias {
		if err := wantShape(o, "bias", in[2], tensor.Vector(outputs)); err != nil {
			return nil, err
		}
	}
	return []tensor.Shape{{x[0], outputs, x[2], x[3]}}, nil
}

func (o Linear) Reference(out, in []*tensor.Tensor) {
	x, w, y := in[0], in[1], out[0]
	plane := x.Shape[2] * x.Shape[3]
	for n := range x.Shape[0] {
		for oc := range y.Shape[1] {
			for p := range plane {
				var sum float64
				for c := range x.Shape[1] {
					k := oc*x.Shape[1] + c
					if o.Transposed {
						k = c*y.Shape[1] + oc
					}
					sum += float64(w.Data[k]) * float64(x.Data[(n*x.Shape[1]+c)*plane+p])
				}
				if o.Bias {
					sum += float64(in[2].Data[oc])
				}
				y.Data[(n*y.Shape[1]+oc)*plane+p] = float32(o.Activation.Of(sum, float64(o.Slope)))
			}
		}
	}
}

// Gradient is dx = Wᵀ·dy, dW = Σ_p dy[:,p]·x[:,p]ᵀ, dbias = Σ_p dy[:,p]. Fusing
// an activation comes after differentiation, so a fused one is refused.
func (o Linear) Gradient(b Builder, in, out, grad []Value) []Value {
	if o.Activation != Identity {
		b.Fail(errors.New("linear: differentiate before fusing the activation"))
		return make([]Value, len(in))
	}
	x, w, dy := in[0], in[1], grad[0]
	grads := []Value{Apply1(b, Linear{Transposed: !o.Transposed}, dy, w), None}
	if o.Transposed {
		grads[1] = Apply1(b, LinearWeightGradient{}, dy, x)
	} else {
		grads[1] = Apply1(b, LinearWeightGradient{}, x, dy)
	}
	if o.Bias {
		grads = append(grads, Apply1(b, Reduce{Kind: Sum, OverN: true, OverH: true, OverW: true}, dy))
	}
	return grads
}

// LinearWeightGradient computes dW[o,i] = Σ_p dy[o,p]·x[i,p] over all positions.
// Inputs: x (N,I,H,W), dy (N,O,H,W). Output: dW (O,I,1,1).
type LinearWeightGradient struct{}

func (o LinearWeightGradient) Name() string { return "linear_weight_gradient" }

func (o LinearWeightGradient) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 2); err != nil {
		return nil, err
	}
	x, dy := in[0], in[1]
	if err := wantShape(o, "dy", dy, tensor.Shape{x[0], dy[1], x[2], x[3]}); err != nil {
		return nil, err
	}
	return []tensor.Shape{{dy[1], x[1], 1, 1}}, nil
}

func (o LinearWeightGradient) Reference(out, in []*tensor.Tensor) {
	x, dy, dw := in[0], in[1], out[0]
	plane := x.Shape[2] * x.Shape[3]
	for oc := range dy.Shape[1] {
		for c := range x.Shape[1] {
			var sum float64
			for n := range x.Shape[0] {
				for p := range plane {
					sum += float64(dy.Data[(n*dy.Shape[1]+oc)*plane+p]) * float64(x.Data[(n*x.Shape[1]+c)*plane+p])
				}
			}
			dw.Data[oc*x.Shape[1]+c] = float32(sum)
		}
	}
}
