package opengl

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// packWinograd writes G·w·Gᵀ for every pair of channels (Lavin and Gray 2016,
// "Fast algorithms for convolutional neural networks").
func packWinograd(memory []float32, panel int, w *tensor.Tensor) {
	g := [6][3]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}}
	clear(memory)
	inputs, width, panels := glsl.Texels(w.Shape[1])*4, 4*panel, (glsl.Texels(w.Shape[0])+panel-1)/panel
	for o := range w.Shape[0] {
		for c := range w.Shape[1] {
			k := w.Data[(o*w.Shape[1]+c)*9:][:9]
			var rows [6][3]float64
			for u := range 6 {
				for v := range 3 {
					rows[u][v] = g[u][0]*float64(k[v]) + g[u][1]*float64(k[3+v]) + g[u][2]*float64(k[6+v])
				}
			}
			for u := range 6 {
				for v := range 6 {
					sum := rows[u][0]*g[v][0] + rows[u][1]*g[v][1] + rows[u][2]*g[v][2]
					memory[(((u*6+v)*panels+o/width)*inputs+c)*width+o%width] = float32(sum)
				}
			}
		}
	}
}

// tiles returns how many tiles of 4 x 4 outputs there are.
func tiles(y tensor.Shape) int { return y[0] * ((y[2] + 3) / 4) * ((y[3] + 3) / 4) }

// winogradPays says whether F(4x4, 3x3) is faster than the sums themselves: it
// takes a quarter of the multiplications, but of whole tiles, and moves 36 sums a
// tile in and out.
func winogradPays(op kernels.Conv2D, x, y tensor.Shape) bool {
	if op.Kernel != 3 || op.Stride != 1 || op.Dilation != 1 {
		return false
	}
	n := tiles(y)
	return min(x[1], y[1]) >= 32 && n >= 8 && 16*n <= 2*y.Positions() && 36*n*max(x[1], y[1])*4 <= 64<<20
}

// winograd computes a convolution by 36 matrix products over tiles.
func (r recipe) winograd(op kernels.Conv2D, operands []int, flop int) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	n := tiles(y)
	b := blockOf(y[1])
	r.Inputs[1].Packing = packing(winograd, b.size())
	seen, sums := r.Own(tensor.Shape{36, x[1], 1, n}), r.Own(tensor.Shape{36, y[1], 1, n})
	p := glsl.Pass{File: "linear" + BufferTexture.suffix(), Bare: true, In: []int{seen, 1}, Out: []int{sums}, Work: float64(flop) / 4}
	p.Defines = []glsl.Define{
		glsl.Int("WEIGHT_ROWS", glsl.Texels(x[1])*4), glsl.Int("PLACES", n),
		glsl.Int("BIAS", 0), glsl.Int("RESIDUAL", 0), glsl.Int("ACTIVATION", int(kernels.Identity)), glsl.Float("SLOPE", 0),
	}
	height := rowsOf(n)
	p = inPanels(tiled(p, BufferTexture, (n+height-1)/height*height*36, y[1], height, b), true)
	r.Passes = append(r.Passes,
		glsl.Walk("conv2d.winograd.glsl", tensor.Rows(x[1], n), 36*n*x[1], []int{0}, []int{seen}, glsl.Int("PASS", 0), glsl.Int("RESULT_H", y[2]), glsl.Int("RESULT_W", y[3])),
		p,
		glsl.Walk("conv2d.winograd.glsl", tensor.Rows(y[1], n), 36*n*y[1], append([]int{sums, sums}, operands[2:]...), []int{r.Output(0)}, glsl.Int("PASS", 1)),
	)
}
