package devicetest

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// pictureCases covers the operations that slide over pictures.
func pictureCases(l *collector) {
	poolCases(l)
	resizeCases(l)
	patchPoolCases(l)
	for _, s := range []tensor.Shape{{1, 1, 1, 1}, {1, 1, 9, 12}, {1, 5, 5, 7}, {2, 3, 20, 11}, {1, 16, 3, 40}} {
		for _, o := range []kernels.Blur{{Sigma: 0.5}, {Sigma: 1, Radius: 4}, {Sigma: 4, Radius: 16}, {Sigma: 6.5, Radius: 26}} {
			for _, vertical := range []bool{false, true} {
				o.Vertical = vertical
				l.plain(fmt.Sprintf("blur/%v radius %d vertical %v", s, o.Radius, vertical), o, s)
			}
		}
	}
}

func poolCases(l *collector) {
	shapes := []tensor.Shape{{1, 1, 1, 1}, {1, 5, 7, 6}, {2, 16, 9, 8}, {1, 3, 17, 18}}
	for kind := kernels.MaxPool; kind <= kernels.AveragePoolPadded; kind++ {
		for _, o := range []kernels.Pool{
			{Kernel: 1, Stride: 1},
			{Kernel: 1, Stride: 2},
			{Kernel: 2, Stride: 2, PadBottom: 1, PadRight: 1},
			{Kernel: 3, Stride: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1},
			{Kernel: 3, Stride: 1, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1},
			{Kernel: 3, Stride: 2, PadTop: 0, PadLeft: 2, PadBottom: 2, PadRight: 1},
			{Kernel: 5, Stride: 1, PadTop: 2, PadLeft: 2, PadBottom: 2, PadRight: 2},
			{Kernel: 4, Stride: 3, PadTop: 3, PadLeft: 3, PadBottom: 3, PadRight: 3},
		} {
			o.Kind = kind
			for _, s := range shapes {
				if _, err := o.Outputs(s); err != nil {
					continue
				}
				name := fmt.Sprintf("pool/kind %d kernel %d stride %d pads %d %d %d %d on %v", kind, o.Kernel, o.Stride, o.PadTop, o.PadLeft, o.PadBottom, o.PadRight, s)
				c := plain(name, o, s)
				c.Exact = kind == kernels.MaxPool
				l.add(c)
			}
		}
	}
}

func resizeCases(l *collector) {
	for kind := kernels.Bilinear; kind <= kernels.Nearest; kind++ {
		for _, s := range []struct {
			x             tensor.Shape
			height, width int
		}{
			{tensor.Shape{1, 1, 1, 1}, 1, 1},
			{tensor.Shape{1, 3, 1, 1}, 4, 7},
			{tensor.Shape{1, 13, 7, 5}, 14, 10},
			{tensor.Shape{1, 3, 7, 5}, 13, 9},
			{tensor.Shape{2, 5, 12, 16}, 5, 7},
			{tensor.Shape{1, 16, 9, 8}, 1, 1},
			{tensor.Shape{1, 4, 6, 7}, 6, 7},
			{tensor.Shape{1, 17, 4, 11}, 9, 3},
			{tensor.Shape{1, 1, 32, 32}, 100, 99},
		} {
			c := plain(fmt.Sprintf("resize/kind %d %v to %dx%d", kind, s.x, s.height, s.width), kernels.Resize{Kind: kind, Height: s.height, Width: s.width}, s.x)
			c.Exact = kind == kernels.Nearest
			l.add(c)
		}
	}
}

func patchPoolCases(l *collector) {
	for _, c := range []struct {
		name        string
		x           tensor.Shape
		kernel, dim int
	}{
		{"27 to 5 bins", tensor.Shape{1, 3, 6, 7}, 3, 5},
		{"117 to 20 bins", tensor.Shape{1, 13, 5, 4}, 3, 20},
		{"more bins than values", tensor.Shape{1, 1, 4, 5}, 3, 20},
		{"more bins than channels", tensor.Shape{1, 3, 4, 5}, 1, 7},
		{"one bin", tensor.Shape{1, 5, 4, 4}, 3, 1},
		{"a bin a value", tensor.Shape{1, 2, 3, 4}, 3, 18},
		{"576 to 96 bins", tensor.Shape{1, 64, 8, 7}, 3, 96},
		{"1152 to 96 bins", tensor.Shape{1, 128, 5, 6}, 3, 96},
		{"1152 to 128 bins, a bin a channel", tensor.Shape{1, 128, 5, 5}, 3, 128},
		{"1152 to 64 bins, two channels a bin", tensor.Shape{1, 128, 4, 5}, 3, 64},
		{"5x5 general", tensor.Shape{1, 3, 6, 5}, 5, 8},
		{"5x5 on 1x1", tensor.Shape{1, 4, 1, 1}, 5, 10},
		{"kernel 1 equal", tensor.Shape{1, 16, 5, 5}, 1, 4},
		{"kernel 1 general", tensor.Shape{1, 13, 5, 5}, 1, 5},
		{"kernel 1 of rows", tensor.Rows(192, 30), 1, 96},
		{"kernel 1 the same", tensor.Shape{1, 7, 3, 3}, 1, 7},
		{"batch of 2", tensor.Shape{2, 5, 4, 3}, 3, 9},
	} {
		l.plain("patchpool/"+c.name, kernels.PatchPool{Kernel: c.kernel, Dim: c.dim}, c.x)
	}
}
