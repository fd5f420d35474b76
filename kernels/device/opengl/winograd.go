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

// winogradApplies says whether F(4x4, 3x3) computes this convolution, without
// taking much memory for the sums of its tiles.
func winogradApplies(op kernels.Conv2D, x, y tensor.Shape) bool {
	return op.Kernel == 3 && op.Stride == 1 && op.Dilation == 1 && op.Groups == 1 &&
		min(x[1], y[1]) >= 16 && tiles(y) >= 2 && 36*tiles(y)*max(x[1], y[1])*4 <= 64<<20
}

// winogradPays says whether it is the default with buffer textures: it takes a
// quarter of the multiplications, but of whole tiles, and moves 36 sums a tile in
// and out.
func winogradPays(x, y tensor.Shape) bool {
	return min(x[1], y[1]) >= 32 && tiles(y) >= 8 && 16*tiles(y) <= 2*y.Positions()
}

// winograd computes a convolution by 36 matrix products over tiles.
func (r recipe) winograd(operands []int, flop int, by way) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	n := tiles(y)
	r.Inputs[1].Packing = packing(winograd, by.block.size())
	seen, sums := r.Own(tensor.Shape{36, x[1], 1, n}), r.Own(tensor.Shape{36, y[1], 1, n})
	p := glsl.Pass{File: "linear" + by.reads.suffix(), Bare: true, In: []int{seen, 1}, Out: []int{sums}, Work: float64(flop) / 4}
	p.Defines = []glsl.Define{
		glsl.Int("WEIGHT_ROWS", glsl.Texels(x[1])*4), glsl.Int("PLACES", n),
		glsl.Int("BIAS", 0), glsl.Int("RESIDUAL", 0), glsl.Int("ACTIVATION", int(kernels.Identity)), glsl.Float("SLOPE", 0),
	}
	height := rowsOf(n)
	if by.reads == SharedMemory {
		height = 16 * by.rows
	}
	p = inPanels(tiled(p, by, (n+height-1)/height*height*36, y[1], height), true)
	r.Passes = append(r.Passes,
		glsl.Walk("conv2d.winograd.glsl", tensor.Rows(x[1], n), 36*n*x[1], []int{0}, []int{seen}, glsl.Int("PASS", 0), glsl.Int("RESULT_H", y[2]), glsl.Int("RESULT_W", y[3])),
		p,
		glsl.Walk("conv2d.winograd.glsl", tensor.Rows(y[1], n), 36*n*y[1], append([]int{sums, sums}, operands[2:]...), []int{r.Output(0)}, glsl.Int("PASS", 1)),
	)
}
