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

// lanes is the number of invocations in a group of the buffer texture variant.
const lanes = 16

// columnsEach chooses how many texels of outputs each of the lanes computes.
func columnsEach(outputs int) int {
	best, waste := 1, 0
	for n := 1; n <= 4; n++ {
		t, each := texels(outputs), n*lanes
		w := (t+each-1)/each*each - t
		if n == 1 || w <= waste {
			best, waste = n, w
		}
	}
	return best
}

// weights returns the slot in which weights w (O,C,K,K) of input 1 stand as
// columns: the input itself, packed, when it is constant, and else memory of the
// program's own that a first pass fills.
func (r *recipe) weights(constant bool) int {
	if constant {
		r.inputs[1].Packing = columns
		return 1
	}
	s := columnsShape(r.inputs[1].Shape)
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
	rows := x[1]
	if !op.Transposed {
		operands[1] = r.weights(in[1].Constant)
		rows = texels(x[1]) * 4
	}
	p := pass{file: op.Name() + v.suffix(), in: operands, out: []int{r.output(0)}, work: float64(flop)}
	p.defines = []define{defineInt("WEIGHT_ROWS", rows)}
	r.passes = append(r.passes, p.tiled(v, y.Positions(), y[1], 16, columnsEach(y[1])))
}

// tiled lays a product of rows x outputs out in groups of height x each texels of
// outputs a lane.
func (p pass) tiled(v Variant, rows, outputs, height, each int) pass {
	if v == SharedMemory {
		p.local = 256
		p.groups = [2]int{(rows + 63) / 64, (texels(outputs) + 15) / 16}
		return p
	}
	p.local = lanes
	p.defines = append(p.defines, defineInt("ROWS", height), defineInt("COLUMNS", each))
	p.groups = [2]int{(rows + height - 1) / height, (texels(outputs) + each*lanes - 1) / (each * lanes)}
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
	operands[1] = r.weights(in[1].Constant)
	p := pass{file: op.Name() + v.suffix(), in: operands, out: []int{r.output(0)}, work: float64(flop)}
	p.defines = []define{defineInt("WEIGHT_ROWS", columnsShape(w)[3])}
	if v == SharedMemory {
		r.passes = append(r.passes, p.tiled(v, y.Positions(), y[1], 0, 0))
		return
	}
	height := neighbours(op, y[3])
	blocks := (y[3] + height - 1) / height
	r.passes = append(r.passes, p.tiled(v, y[0]*y[2]*blocks*height, y[1], height, convolutionColumns(op, y[1])))
}

// unrolled is the longest loop that Mesa unrolls. An array indexed in a longer
// one leaves the registers, at a third of the speed.
const unrolled = 32

// neighbours chooses how many outputs along a line of the given width one
// invocation computes: as many as waste little and share at most unrolled texels.
func neighbours(op kernels.Conv2D, width int) int {
	best, cost := 1, 1<<30
	for n := 16; n >= 1; n-- {
		if n > 1 && (n-1)*op.Stride+(op.Kernel-1)*op.Dilation+1 > unrolled {
			continue
		}
		if c := (width + n - 1) / n * (n + 3); c < cost {
			best, cost = n, c
		}
	}
	return best
}

// convolutionColumns chooses the texels of outputs of a lane: two halve the
// fetches of x but need the registers that a wide window's weights take.
func convolutionColumns(op kernels.Conv2D, outputs int) int {
	if op.Kernel > 3 {
		return 1
	}
	return min(columnsEach(outputs), 2)
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
	height, each := 4, columnsEach(x[1])
	rowGroups := (texels(dy[1]) + height - 1) / height
	if v == SharedMemory {
		rowGroups = (dy[1] + 63) / 64
	}
	p := pass{file: "linear_weight_gradient" + v.suffix(), in: []int{0, 1}, out: []int{to}, work: float64(flop)}
	p.defines = []define{defineInt("PARTS", n), defineInt("ROW_GROUPS", rowGroups)}
	p = p.tiled(v, texels(dy[1]), x[1], height, each)
	p.groups[0] = n * rowGroups
	r.passes = append(r.passes, p)
	if n > 1 {
		r.passes = append(r.passes, r.joinParts(to, n, 1, defineInt("PARTS", n), defineInt("RESULT_N", y[0])))
	}
}
