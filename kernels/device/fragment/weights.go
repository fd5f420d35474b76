package fragment

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Packings of constant weights (O,C,K,K) into one layer: texel (c, o·K² + uv) or,
// for Winograd, (c, m·O + o) holds the weights of input channel c for the four
// outputs of group o, c filled up to whole groups by zeros.
const (
	columns  = "columns"
	winograd = "winograd"
)

// arrangeWeights returns the arrangement of packed weights.
func arrangeWeights(l device.Layout, limit limits) (arrangement, error) {
	rows := l.Shape[2] * l.Shape[3]
	switch l.Packing {
	case columns:
	case winograd:
		rows = 36
	default:
		return arrangement{}, fmt.Errorf("fragment: unknown packing %q", l.Packing)
	}
	a := single(4*glsl.Texels(l.Shape[1]), glsl.Texels(l.Shape[0])*rows, 1)
	return a, a.check(l.Shape, limit)
}

// single is a plain arrangement of one block.
func single(width, height, layers int) arrangement {
	return arrangement{PX: 1, PY: 1, G: 1, Fold: width, HP: 1, BW: width, BH: height, BX: 1, Width: width, Height: height, Layers: layers}
}

// packWeights writes weights into memory as layout l has it.
func packWeights(memory []float32, l device.Layout, a arrangement, w *tensor.Tensor) {
	clear(memory)
	taps, outputs := w.Shape[2]*w.Shape[3], glsl.Texels(w.Shape[0])
	for o := range w.Shape[0] {
		for c := range w.Shape[1] {
			k := w.Data[(o*w.Shape[1]+c)*taps:][:taps]
			to := memory[4*c+o%4:]
			if l.Packing == winograd {
				for m, v := range transformed(k) {
					to[(m*outputs+o/4)*a.Width*4] = v
				}
				continue
			}
			for uv, v := range k {
				to[(o/4*taps+uv)*a.Width*4] = v
			}
		}
	}
}

// transformed returns G·w·Gᵀ of F(4x4, 3x3) (Lavin and Gray 2016, "Fast algorithms
// for convolutional neural networks").
func transformed(w []float32) [36]float32 {
	g := [6][3]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}}
	var result [36]float32
	for u := range 6 {
		var row [3]float64
		for v := range 3 {
			row[v] = g[u][0]*float64(w[v]) + g[u][1]*float64(w[3+v]) + g[u][2]*float64(w[6+v])
		}
		for v := range 6 {
			result[u*6+v] = float32(row[0]*g[v][0] + row[1]*g[v][1] + row[2]*g[v][2])
		}
	}
	return result
}

// winogradPays says whether F(4x4, 3x3) is faster than the sums themselves: it
// takes a quarter of the multiplications, but of whole tiles, and moves 36 sums a
// tile in and out.
func (r *recipe) winogradPays(op kernels.Conv2D) bool {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	to := r.arrangements[r.Output(0)]
	if op.Kernel != 3 || op.Stride != 1 || op.Dilation != 1 || to.PX != 4 || to.PY != 2 || to.G != 1 {
		return false
	}
	n := tiles(y)
	return min(x[1], y[1]) >= 32 && n >= 8 && 16*n <= 2*y.Positions()
}

// tiles returns how many tiles of 4 x 4 outputs there are.
func tiles(y tensor.Shape) int { return y[0] * ((y[2] + 3) / 4) * ((y[3] + 3) / 4) }

// winograd computes a convolution by 36 products over tiles between two transforms.
// Transformed inputs stand at texel (tile, c·6 + u) of layer v, c being a group of
// four channels; sums for four tiles and two groups of outputs, one a layer, at
// (tile / 4, m·⌈O/2⌉ + o/2). It says false when a texture would be too large.
func (r *recipe) winograd() bool {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	n, inputs, outputs := tiles(y), glsl.Texels(x[1]), (glsl.Texels(y[1])+1)/2
	width := (n + 3) / 4 * 4
	seen, sums := single(width, 6*inputs, 6), single(width/4, 36*outputs, 8)
	if seen.check(x, r.limits) != nil || sums.check(y, r.limits) != nil || !r.pack(winograd) {
		return false
	}
	from, to := r.own(tensor.Shape{36, x[1], 1, n}, seen), r.own(tensor.Shape{36, y[1], 1, n}, sums)
	places := []glsl.Define{glsl.Int("TILES", n), glsl.Int("ACROSS", (y[3]+3)/4), glsl.Int("DOWN", (y[2]+3)/4), glsl.Int("PAIRS", outputs)}
	pass := func(number int, work int, in, out []int) glsl.Pass {
		return glsl.Pass{File: "conv2d.winograd.fragment.glsl", Work: float64(work), In: in, Out: out, Defines: append([]glsl.Define{glsl.Int("PASS", number)}, places...)}
	}
	last := []int{to, to}
	for i := range r.Inputs[2:] {
		last = append(last, 2+i)
	}
	r.Passes = append(r.Passes,
		pass(0, 36*32*n*x[1], []int{0}, []int{from}),
		pass(1, 2*36*n*x[1]*y[1], []int{from, 1}, []int{to}),
		pass(2, 36*32*n*y[1], last, []int{r.Output(0)}),
	)
	return true
}
