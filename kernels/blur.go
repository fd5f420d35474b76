package kernels

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Blur is one pass of a separable Gaussian filter, along the columns if Vertical
// and else along the rows: y[i] = Σ_k w[|k|]·x[i+k] for |k| <= Radius, w[k] ∝
// exp(−k²/2σ²) with Σ w = 1. The border is reflected half-sample symmetrically
// (d c b a | a b c d | d c b a), again and again where the radius exceeds the
// picture. Input: x (N,C,H,W). Output: the same shape.
type Blur struct {
	Sigma    float32 // in samples, positive
	Radius   int     // SimpleNet: 4σ
	Vertical bool
}

func (o Blur) Name() string { return "blur" }

func (o Blur) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if !(o.Sigma > 0) || o.Radius < 0 {
		return nil, fmt.Errorf("blur: bad attributes %+v", o)
	}
	return []tensor.Shape{in[0]}, nil
}

// Weights returns w[0..Radius].
func (o Blur) Weights() []float32 {
	w := make([]float64, o.Radius+1)
	var sum float64
	for k := range w {
		w[k] = math.Exp(-float64(k*k) / (2 * float64(o.Sigma) * float64(o.Sigma)))
		sum += w[k]
		if k > 0 {
			sum += w[k]
		}
	}
	rounded := make([]float32, len(w))
	for k := range w {
		rounded[k] = float32(w[k] / sum)
	}
	return rounded
}

// Reflect returns the sample in 0..n-1 that stands at position i of the
// half-sample symmetric continuation.
func Reflect(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

func (o Blur) Reference(out, in []*tensor.Tensor) {
	x, y, weights := in[0], out[0], o.Weights()
	for n := range y.Shape[0] {
		for c := range y.Shape[1] {
			for i := range y.Shape[2] {
				for j := range y.Shape[3] {
					var sum float64
					for k := -o.Radius; k <= o.Radius; k++ {
						yy, xx := i, Reflect(j+k, x.Shape[3])
						if o.Vertical {
							yy, xx = Reflect(i+k, x.Shape[2]), j
						}
						sum += float64(weights[max(k, -k)]) * float64(x.At(n, c, yy, xx))
					}
					y.Set(n, c, i, j, float32(sum))
				}
			}
		}
	}
}
