package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Conv2D is a two-dimensional cross-correlation with an epilogue:
//
//	y[n,o,i,j] = f( Σ_c Σ_u Σ_v w[o,c,u,v]·x[n, g·C/G+c, i·s−top+u·d, j·s−left+v·d] + bias[o] + residual[n,o,i,j] )
//
// with zeros outside x, g = o/(O/G) the group, s the stride, d the dilation.
//
// Inputs: x (N,C,H,W), w (O,C/G,K,K), then bias (1,O,1,1) if Bias, then
// residual of the output's shape if Residual. Output: y (N,O,H',W') with
// H' = (H+PadTop+PadBottom−Dilation·(K−1)−1)/Stride+1 and W' alike.
// Groups = C = O is a depthwise convolution.
type Conv2D struct {
	Kernel, Stride, Dilation             int // each at least 1
	PadTop, PadLeft, PadBottom, PadRight int
	Groups                               int // at least 1
	Bias, Residual                       bool
	Activation                           Activation
	Slope                                float32 // LeakyReLU only
}

// Conv returns the usual convolution: kernel/2 zeros on every side, with bias.
func Conv(kernel, stride int, a Activation) Conv2D {
	p := kernel / 2
	return Conv2D{Kernel: kernel, Stride: stride, Dilation: 1, PadTop: p, PadLeft: p, PadBottom: p, PadRight: p, Groups: 1, Bias: true, Activation: a}
}

func (o Conv2D) Name() string { return "conv2d" }

func (o Conv2D) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	n := 2
	if o.Bias {
		n++
	}
	if o.Residual {
		n++
	}
	if err := wantInputs(o, in, n); err != nil {
		return nil, err
	}
	if o.Kernel < 1 || o.Stride < 1 || o.Dilation < 1 || o.Groups < 1 || min(o.PadTop, o.PadLeft, o.PadBottom, o.PadRight) < 0 {
		return nil, fmt.Errorf("conv2d: bad attributes %+v", o)
	}
	x, w := in[0], in[1]
	if x[1]%o.Groups != 0 || w[0]%o.Groups != 0 {
		return nil, fmt.Errorf("conv2d: %d groups do not divide %d input and %d output channels", o.Groups, x[1], w[0])
	}
	if err := wantShape(o, "weight", w, tensor.Shape{w[0], x[1] / o.Groups, o.Kernel, o.Kernel}); err != nil {
		return nil, err
	}
	reach := o.Dilation*(o.Kernel-1) + 1
	h, wd := x[2]+o.PadTop+o.PadBottom-reach, x[3]+o.PadLeft+o.PadRight-reach
	if h < 0 || wd < 0 {
		return nil, fmt.Errorf("conv2d: input %v is smaller than the kernel's reach of %d", x, reach)
	}
	y := tensor.Shape{x[0], w[0], h/o.Stride + 1, wd/o.Stride + 1}
	if o.Bias {
		if err := wantShape(o, "bias", in[2], tensor.Vector(w[0])); err != nil {
			return nil, err
		}
	}
	if o.Residual {
		if err := wantShape(o, "residual", in[n-1], y); err != nil {
			return nil, err
		}
	}
	return []tensor.Shape{y}, nil
}

func (o Conv2D) Reference(out, in []*tensor.Tensor) {
	x, w, y := in[0], in[1], out[0]
	perGroup, outPerGroup := w.Shape[1], w.Shape[0]/o.Groups
	for n := range y.Shape[0] {
		for oc := range y.Shape[1] {
			first := oc / outPerGroup * perGroup
			for i := range y.Shape[2] {
				for j := range y.Shape[3] {
					var sum float64
					for c := range perGroup {
						for u := range o.Kernel {
							yy := i*o.Stride - o.PadTop + u*o.Dilation
							if yy < 0 || yy >= x.Shape[2] {
								continue
							}
							for v := range o.Kernel {
								xx := j*o.Stride - o.PadLeft + v*o.Dilation
								if xx < 0 || xx >= x.Shape[3] {
									continue
								}
								sum += float64(w.At(oc, c, u, v)) * float64(x.At(n, first+c, yy, xx))
							}
						}
					}
					if o.Bias {
						sum += float64(in[2].Data[oc])
					}
					if o.Residual {
						sum += float64(in[len(in)-1].At(n, oc, i, j))
					}
					y.Set(n, oc, i, j, float32(o.Activation.Of(sum, float64(o.Slope))))
				}
			}
		}
	}
}
