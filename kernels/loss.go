package kernels

import "github.com/flawscope/flawscope/kernels/tensor"

// TruncatedL1 is SimpleNet's hinge loss (Liu et al., CVPR 2023, eq. 7):
//
//	loss = mean max(0, Margin − real) + mean max(0, Margin + fake)
//
// Inputs: real, fake, scores of any shape. Output: loss (1,1,1,1).
type TruncatedL1 struct{ Margin float32 }

// TruncatedL1Gradient is TruncatedL1's derivative:
// dreal = −g/|real| where real <= Margin, dfake = +g/|fake| where fake >= −Margin.
// Inputs: real, fake, g (1,1,1,1). Outputs: dreal, dfake.
type TruncatedL1Gradient struct{ Margin float32 }

func (o TruncatedL1) Name() string         { return "truncated_l1" }
func (o TruncatedL1Gradient) Name() string { return "truncated_l1_gradient" }

func (o TruncatedL1) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{tensor.Scalar}, wantInputs(o, in, 2)
}

func (o TruncatedL1Gradient) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 3); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[0], in[1]}, wantShape(o, "g", in[2], tensor.Scalar)
}

func (o TruncatedL1) Reference(out, in []*tensor.Tensor) {
	margin := float64(o.Margin)
	var loss float64
	for _, s := range in[0].Data {
		loss += max(0, margin-float64(s)) / float64(len(in[0].Data))
	}
	for _, s := range in[1].Data {
		loss += max(0, margin+float64(s)) / float64(len(in[1].Data))
	}
	out[0].Data[0] = float32(loss)
}

func (o TruncatedL1Gradient) Reference(out, in []*tensor.Tensor) {
	g := float64(in[2].Data[0])
	for i, s := range in[0].Data {
		out[0].Data[i] = 0
		if s <= o.Margin {
			out[0].Data[i] = float32(-g / float64(len(in[0].Data)))
		}
	}
	for i, s := range in[1].Data {
		out[1].Data[i] = 0
		if s >= -o.Margin {
			out[1].Data[i] = float32(g / float64(len(in[1].Data)))
		}
	}
}

// Gradient goes to both kinds of score.
func (o TruncatedL1) Gradient(b Builder, in, out, grad []Value) []Value {
	return b.Apply(TruncatedL1Gradient(o), in[0], in[1], grad[0])
}
