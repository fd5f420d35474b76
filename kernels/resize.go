package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// ResizeKind says how values between the samples are found.
type ResizeKind int

// The resizing kinds. With a scale r = in/out and output index i the source
// coordinate is: Bilinear (i+½)·r−½ clamped to the picture (align_corners =
// false); BilinearCorners i·(in−1)/(out−1), 0 for a single output
// (align_corners = true); Nearest floor(i·r).
const (
	Bilinear ResizeKind = iota
	BilinearCorners
	Nearest
)

// Resize changes the height and width of every channel without antialiasing.
// Input: x (N,C,H,W). Output: (N,C,Height,Width).
type Resize struct {
	Kind          ResizeKind
	Height, Width int
}

func (o Resize) Name() string { return "resize" }

func (o Resize) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if o.Height < 1 || o.Width < 1 {
		return nil, fmt.Errorf("resize: bad size %dx%d", o.Width, o.Height)
	}
	return []tensor.Shape{{in[0][0], in[0][1], o.Height, o.Width}}, nil
}

func (o Resize) Reference(out, in []*tensor.Tensor) {
	x, y := in[0], out[0]
	for i := range o.Height {
		y0, y1, fy := o.Taps(i, o.Height, x.Shape[2])
		for j := range o.Width {
			x0, x1, fx := o.Taps(j, o.Width, x.Shape[3])
			for n := range y.Shape[0] {
				for c := range y.Shape[1] {
					top := float64(x.At(n, c, y0, x0))*(1-fx) + float64(x.At(n, c, y0, x1))*fx
					bottom := float64(x.At(n, c, y1, x0))*(1-fx) + float64(x.At(n, c, y1, x1))*fx
					y.Set(n, c, i, j, float32(top*(1-fy)+bottom*fy))
				}
			}
		}
	}
}

// Taps returns the two source samples of output index i and the weight of the
// second, for an axis of in samples resized to out.
func (o Resize) Taps(i, out, in int) (first, second int, weight float64) {
	var at float64
	switch o.Kind {
	case Nearest:
		first = min(i*in/out, in-1)
		return first, first, 0
	case BilinearCorners:
		if out > 1 {
			at = float64(i) * float64(in-1) / float64(out-1)
		}
	default:
		at = max((float64(i)+0.5)*float64(in)/float64(out)-0.5, 0)
	}
	first = min(int(at), in-1)
	return first, min(first+1, in-1), at - float64(first)
}
