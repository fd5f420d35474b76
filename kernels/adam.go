package kernels

import (
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Adam is one step of Adam (Kingma and Ba 2015) or, Decoupled, of AdamW
// (Loshchilov and Hutter 2019):
//
//	g ← g + WeightDecay·p                        (Adam)
//	p ← p·(1 − rate·WeightDecay)                 (AdamW)
//	m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
//	p ← p − rate · (m/c1) / (√(v/c2) + ε),  c1 = 1−β1^t, c2 = 1−β2^t
//
// Inputs: p, g, m, v of one shape and (1,1,1,3) holding rate, c1, c2, see
// Scalars. Outputs: the new p, m, v.
type Adam struct {
	Beta1, Beta2, Epsilon, WeightDecay float32
	Decoupled                          bool
}

// Scalars returns the run-time scalars of step t = 1, 2, ...
func (o Adam) Scalars(rate float64, t int) []float32 {
	return []float32{
		float32(rate),
		float32(1 - math.Pow(float64(o.Beta1), float64(t))),
		float32(1 - math.Pow(float64(o.Beta2), float64(t))),
	}
}

func (o Adam) Name() string { return "adam" }

func (o Adam) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 5); err != nil {
		return nil, err
	}
	for i, what := range []string{"g", "m", "v"} {
		if err := wantShape(o, what, in[i+1], in[0]); err != nil {
			return nil, err
		}
	}
	return []tensor.Shape{in[0], in[0], in[0]}, wantShape(o, "scalars", in[4], tensor.Rows(1, 3))
}

func (o Adam) Reference(out, in []*tensor.Tensor) {
	rate, c1, c2 := float64(in[4].Data[0]), float64(in[4].Data[1]), float64(in[4].Data[2])
	b1, b2, decay := float64(o.Beta1), float64(o.Beta2), float64(o.WeightDecay)
	for i := range in[0].Data {
		p, g := float64(in[0].Data[i]), float64(in[1].Data[i])
		if o.Decoupled {
			p *= 1 - rate*decay
		} else {
			g += decay * p
		}
		m := b1*float64(in[2].Data[i]) + (1-b1)*g
		v := b2*float64(in[3].Data[i]) + (1-b2)*g*g
		p -= rate * (m / c1) / (math.Sqrt(v/c2) + float64(o.Epsilon))
		out[0].Data[i], out[1].Data[i], out[2].Data[i] = float32(p), float32(m), float32(v)
	}
}
