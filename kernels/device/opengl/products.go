package opengl

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Variant is a way of computing matrix products and dense convolutions.
type Variant int

// The variants. Automatic takes BufferTexture on renderers that run on the CPU,
// where shared memory is ten times slower than reading again, and SharedMemory
// elsewhere.
const (
	Automatic     Variant = iota
	SharedMemory          // tiles of both operands in shared memory
	BufferTexture         // both operands by texelFetch from buffer textures, sums in registers
)

func (v Variant) suffix() string {
	if v == BufferTexture {
		return ".buffertexture.glsl"
	}
	return ".sharedmemory.glsl"
}

// block is how a group of the buffer texture variant shares out outputs: each of
// its lanes computes some texels of them. Eight lanes are one vector of a CPU.
type block struct{ lanes, each int }

func (b block) texels() int { return b.lanes * b.each }

// blockOf chooses the block for products of so many outputs. Four texels a lane
// are best, for they use what is fetched of the rows most often; what lies beyond
// the outputs is lost.
func blockOf(outputs int) block {
	best, cost := block{}, 0
	for _, b := range []block{{8, 4}, {16, 4}, {8, 3}, {16, 3}, {8, 2}, {16, 2}, {8, 1}, {16, 1}} {
		groups := (texels(outputs) + b.texels() - 1) / b.texels()
		if c := groups * b.lanes * (b.each + 2); best.each == 0 || c < cost {
			best, cost = b, c
		}
	}
	return best
}

// rowsOf chooses how many of so many rows a lane computes.
func rowsOf(rows int) int {
	best, cost := 16, 1<<62
	for n := 16; n >= 4; n-- {
		if c := (rows + n - 1) / n * (n + 3); c < cost {
			best, cost = n, c
		}
	}
	return best
}

// weights returns the slot in which weights w (O,C,K,K) of input 1 stand as
// columns: the input itself, packed, when it is constant, and else memory of the
// program's own that a first pass fills.
func (r *recipe) weights(constant bool, b block) int {
	if constant {
		r.inputs[1].Packing = packing(columns, b.texels())
		return 1
	}
	s := packed(columns, b.texels(), r.inputs[1].Shape)
	slot := r.own(s)
	p := walkPass("columns.glsl", s, s.Len(), []int{1}, []int{slot})
	p.bare = true
	r.passes = append(r.passes, p)
	return slot
}

// tooNarrow says whether matrix products of so many inputs and outputs are left
// to the plain kernels: a tile would be mostly empty.
func tooNarrow(inputs, outputs int) bool { return inputs == 1 || outputs < 16 }

func (r *recipe) linear(op kernels.Linear, in []device.Operand, v Variant) {
	x, y := in[0].Shape, r.outputs[0]
	flop := 2 * x.Len() * y[1]
	operands := all(0, len(in))
	if tooNarrow(x[1], y[1]) {
		r.passes = append(r.passes, walkPass("linear.glsl", y, flop, operands, []int{r.output(0)}))
		return
	}
	rows, b := x[1], blockOf(y[1])
	if v == SharedMemory {
		b = tile
	}
	if !op.Transposed {
		operands[1] = r.weights(in[1].Constant, b)
		rows = texels(x[1]) * 4
	}
	r.product(v, operands, rows, b, !op.Transposed)
}

// product adds the pass of output 0 as a product of the rows of input 0 with
// weights of so many rows.
func (r *recipe) product(v Variant, operands []int, weightRows int, b block, panels bool) {
	y := r.outputs[0]
	flop := 2 * y.Len() * r.inputs[0].Shape[1]
	p := pass{file: "linear" + v.suffix(), in: operands, out: []int{r.output(0)}, work: float64(flop)}
	p.defines = []define{defineInt("WEIGHT_ROWS", weightRows), defineInt("PLACES", y.Positions()), defineInt("RESIDUAL", 0)}
	r.passes = append(r.passes, p.tiled(v, y.Positions(), y[1], rowsOf(y.Positions()), b).inPanels(panels))
}

// tile is the block of the shared memory variant, which 256 invocations compute
// for 64 rows.
var tile = block{16, 1}

// tiled lays a product of rows x outputs out in groups, of height x block in the
// buffer texture variant.
func (p pass) tiled(v Variant, rows, outputs, height int, b block) pass {
	p.local = b.lanes
	p.defines = append(p.defines, defineInt("ROWS", height), defineInt("COLUMNS", b.each), defineInt("PANEL", b.texels()))
	if v == SharedMemory {
		p.local, height = 256, 64
	}
	p.groups = [2]int{(rows + height - 1) / height, (texels(outputs) + b.texels() - 1) / b.texels()}
	return p
}

// inPanels tells the pass whether its weights stand in panels.
func (p pass) inPanels(yes bool) pass {
	panels := 0
	if yes {
		panels = p.groups[1]
	}
	p.defines = append(p.defines, defineInt("PANELS", panels))
	return p
}

func (r *recipe) convolution(op kernels.Conv2D, in []device.Operand, v Variant) {
	x, w, y := in[0].Shape, in[1].Shape, r.outputs[0]
	flop := 2 * y.Len() * w[1] * w[2] * w[3]
	operands := all(0, len(in))
	if op.Groups > 1 || tooNarrow(x[1], y[1]) {
		r.passes = append(r.passes, walkPass("conv2d.glsl", y, flop, operands, []int{r.output(0)}))
		return
	}
	if v == BufferTexture && in[1].Constant && winogradPays(op, x, y) {
		r.winograd(op, operands, flop)
		return
	}
	b, everyPlace := convolutionBlock(op, y[1]), op.Kernel == 1 && op.Stride == 1 && x[2] == y[2] && x[3] == y[3]
	if everyPlace {
		b = blockOf(y[1])
	}
	if v == SharedMemory {
		b = tile
	}
	operands[1] = r.weights(in[1].Constant, b)
	if everyPlace {
		r.product(v, operands, texels(x[1])*4, b, true)
		return
	}
	phases := phasesOf(op)
	height := neighbours(op, phases, y[3])
	p := pass{file: op.Name() + v.suffix(), in: operands, out: []int{r.output(0)}, work: float64(flop)}
	p.defines = []define{defineInt("WEIGHT_ROWS", w[2]*w[3]*texels(w[1])*4), defineInt("PHASES", phases)}
	rows := y.Positions()
	if v == BufferTexture {
		rows = y[0] * y[2] * ((y[3] + height - 1) / height) * height
	}
	r.passes = append(r.passes, p.tiled(v, rows, y[1], height, b).inPanels(true))
}

// unrolled is the longest loop that Mesa unrolls. An array indexed in a longer
// one leaves the registers, at a third of the speed.
const unrolled = 32

// neighbours chooses how many outputs along a line of the given width one
// invocation computes: as many as waste little and share at most unrolled texels.
func neighbours(op kernels.Conv2D, phases, width int) int {
	best, cost := 1, 1<<30
	reach := ((op.Kernel+phases-1)/phases - 1) * op.Dilation
	for n := 16; n >= 1; n-- {
		if n > 1 && (n-1)*op.Stride/phases+reach+1 > unrolled {
			continue
		}
		if c := (width + n - 1) / n * (n + 3); c < cost {
			best, cost = n, c
		}
	}
	return best
}

// phasesOf chooses in how many phases a window is taken. One pass over a wide
// window with a stride is more code than the first instruction cache holds.
func phasesOf(op kernels.Conv2D) int {
	if op.Kernel > 4 && op.Dilation == 1 {
		return op.Stride
	}
	return 1
}

// convolutionBlock chooses the block of a convolution: two texels a lane, or one
// where a wide window's weights take the registers.
func convolutionBlock(op kernels.Conv2D, outputs int) block {
	if op.Kernel > 3 || texels(outputs) <= 16 {
		return block{16, 1}
	}
	return block{16, 2}
}

func (r *recipe) weightGradient(v Variant) {
	x, dy, y := r.inputs[0].Shape, r.inputs[1].Shape, r.outputs[0]
	flop, places := 2*x.Len()*dy[1], x.Positions()
	if tooNarrow(x[1], dy[1]) {
		r.sumInParts("linear_weight_gradient.glsl", parts(places), 1, flop, []int{0, 1})
		return
	}
	// Parts keep the sums short enough for float32.
	n := (places + 4095) / 4096
	to := r.output(0)
	if n > 1 {
		to = r.own(tensor.Shape{n * y[0], y[1], 1, 1})
	}
	height, b := 4, blockOf(x[1])
	rowGroups := (texels(dy[1]) + height - 1) / height
	if v == SharedMemory {
		rowGroups, b = (dy[1]+63)/64, tile
	}
	p := pass{file: "linear_weight_gradient" + v.suffix(), in: []int{0, 1}, out: []int{to}, work: float64(flop)}
	p.defines = []define{defineInt("PARTS", n), defineInt("ROW_GROUPS", rowGroups)}
	p = p.tiled(v, texels(dy[1]), x[1], height, b)
	p.groups[0] = n * rowGroups
	r.passes = append(r.passes, p)
	if n > 1 {
		r.passes = append(r.passes, r.joinParts(to, n, 1, defineInt("PARTS", n), defineInt("RESULT_N", y[0])))
	}
}
