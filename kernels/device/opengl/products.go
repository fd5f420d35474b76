package opengl

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
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

// recipe makes passes of this device's own for products and convolutions.
type recipe struct{ *glsl.Recipe }

// maxBindings is what every OpenGL 4.3 offers of storage buffers.
const maxBindings = 8

// plan returns the recipe of op.
func plan(op kernels.Op, in []device.Operand, v Variant) (*glsl.Recipe, error) {
	r, err := glsl.Plan(op, in, func(tuned *glsl.Recipe) {
		switch op := op.(type) {
		case kernels.Conv2D:
			recipe{tuned}.convolution(op, in, v)
		case kernels.Linear:
			recipe{tuned}.linear(op, in, v)
		case kernels.LinearWeightGradient:
			recipe{tuned}.weightGradient(v)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, p := range r.Passes {
		if len(p.In)+len(p.Out) > maxBindings {
			return nil, fmt.Errorf("%s: %d operands in one pass, at most %d", op.Name(), len(p.In)+len(p.Out), maxBindings)
		}
	}
	return r, nil
}

// block is how a group of the buffer texture variant shares out outputs: each of
// its lanes computes some texels of them. Eight lanes are one vector of a CPU.
type block struct{ lanes, each int }

func (b block) size() int { return b.lanes * b.each }

// blockOf chooses the block for products of so many outputs. Four texels a lane
// are best, for they use what is fetched of the rows most often; what lies beyond
// the outputs is lost.
func blockOf(outputs int) block {
	best, cost := block{}, 0
	for _, b := range []block{{8, 4}, {16, 4}, {8, 3}, {16, 3}, {8, 2}, {16, 2}, {8, 1}, {16, 1}} {
		groups := (glsl.Texels(outputs) + b.size() - 1) / b.size()
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
func (r recipe) weights(constant bool, b block) int {
	if constant {
		r.Inputs[1].Packing = packing(columns, b.size())
		return 1
	}
	s := packed(columns, b.size(), r.Inputs[1].Shape)
	slot := r.Own(s)
	p := glsl.Walk("columns.glsl", s, s.Len(), []int{1}, []int{slot})
	p.Bare = true
	r.Passes = append(r.Passes, p)
	return slot
}

// tooNarrow says whether matrix products of so many inputs and outputs are left
// to the plain kernels: a tile would be mostly empty.
func tooNarrow(inputs, outputs int) bool { return inputs == 1 || outputs < 16 }

func (r recipe) linear(op kernels.Linear, in []device.Operand, v Variant) {
	x, y := in[0].Shape, r.Outputs[0]
	operands := glsl.All(0, len(in))
	if tooNarrow(x[1], y[1]) {
		return
	}
	rows, b := x[1], blockOf(y[1])
	if v == SharedMemory {
		b = tile
	}
	if !op.Transposed {
		operands[1] = r.weights(in[1].Constant, b)
		rows = glsl.Texels(x[1]) * 4
	}
	r.product(v, operands, rows, b, !op.Transposed)
}

// product adds the pass of output 0 as a product of the rows of input 0 with
// weights of so many rows.
func (r recipe) product(v Variant, operands []int, weightRows int, b block, panels bool) {
	y := r.Outputs[0]
	flop := 2 * y.Len() * r.Inputs[0].Shape[1]
	p := glsl.Pass{File: "linear" + v.suffix(), In: operands, Out: []int{r.Output(0)}, Work: float64(flop)}
	p.Defines = []glsl.Define{glsl.Int("WEIGHT_ROWS", weightRows), glsl.Int("PLACES", y.Positions()), glsl.Int("RESIDUAL", 0)}
	r.Passes = append(r.Passes, inPanels(tiled(p, v, y.Positions(), y[1], rowsOf(y.Positions()), b), panels))
}

// tile is the block of the shared memory variant, which 256 invocations compute
// for 64 rows.
var tile = block{16, 1}

// tiled lays a product of rows x outputs out in groups, of height x block in the
// buffer texture variant.
func tiled(p glsl.Pass, v Variant, rows, outputs, height int, b block) glsl.Pass {
	p.Local = b.lanes
	p.Defines = append(p.Defines, glsl.Int("ROWS", height), glsl.Int("COLUMNS", b.each), glsl.Int("PANEL", b.size()))
	if v == SharedMemory {
		p.Local, height = 256, 64
	}
	p.Groups = [2]int{(rows + height - 1) / height, (glsl.Texels(outputs) + b.size() - 1) / b.size()}
	return p
}

// inPanels tells the pass whether its weights stand in panels.
func inPanels(p glsl.Pass, yes bool) glsl.Pass {
	panels := 0
	if yes {
		panels = p.Groups[1]
	}
	p.Defines = append(p.Defines, glsl.Int("PANELS", panels))
	return p
}

func (r recipe) convolution(op kernels.Conv2D, in []device.Operand, v Variant) {
	x, w, y := in[0].Shape, in[1].Shape, r.Outputs[0]
	flop := 2 * y.Len() * w[1] * w[2] * w[3]
	operands := glsl.All(0, len(in))
	if op.Groups > 1 || tooNarrow(x[1], y[1]) {
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
		r.product(v, operands, glsl.Texels(x[1])*4, b, true)
		return
	}
	phases := phasesOf(op)
	height := neighbours(op, phases, y[3])
	p := glsl.Pass{File: op.Name() + v.suffix(), In: operands, Out: []int{r.Output(0)}, Work: float64(flop)}
	p.Defines = []glsl.Define{glsl.Int("WEIGHT_ROWS", w[2]*w[3]*glsl.Texels(w[1])*4), glsl.Int("PHASES", phases)}
	rows := y.Positions()
	if v == BufferTexture {
		rows = y[0] * y[2] * ((y[3] + height - 1) / height) * height
	}
	r.Passes = append(r.Passes, inPanels(tiled(p, v, rows, y[1], height, b), true))
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
	if op.Kernel > 3 || glsl.Texels(outputs) <= 16 {
		return block{16, 1}
	}
	return block{16, 2}
}

func (r recipe) weightGradient(v Variant) {
	x, dy, y := r.Inputs[0].Shape, r.Inputs[1].Shape, r.Outputs[0]
	flop, places := 2*x.Len()*dy[1], x.Positions()
	if tooNarrow(x[1], dy[1]) {
		return
	}
	// Parts keep the sums short enough for float32.
	n := (places + 4095) / 4096
	to := r.Output(0)
	if n > 1 {
		to = r.Own(tensor.Shape{n * y[0], y[1], 1, 1})
	}
	height, b := 4, blockOf(x[1])
	rowGroups := (glsl.Texels(dy[1]) + height - 1) / height
	if v == SharedMemory {
		rowGroups, b = (dy[1]+63)/64, tile
	}
	p := glsl.Pass{File: "linear_weight_gradient" + v.suffix(), In: []int{0, 1}, Out: []int{to}, Work: float64(flop)}
	p.Defines = []glsl.Define{glsl.Int("PARTS", n), glsl.Int("ROW_GROUPS", rowGroups)}
	p = tiled(p, v, glsl.Texels(dy[1]), x[1], height, b)
	p.Groups[0] = n * rowGroups
	r.Passes = append(r.Passes, p)
	if n > 1 {
		r.Passes = append(r.Passes, r.JoinParts(to, n, 1, glsl.Int("PARTS", n), glsl.Int("RESULT_N", y[0])))
	}
}
