package opengl

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// pass is one dispatch of a program. Its operands are slots: the operation's
// inputs, then its outputs, then the program's own memory.
type pass struct {
	file    string
	defines []define // beside the operation's attributes
	bare    bool     // do without the operation's attributes
	in, out []int
	walk    tensor.Shape // the kernel is called for each texel of this shape
	local   int          // invocations of a group
	groups  [2]int       // groups along x, which may be cut, and y
	work    float64      // operations in all, as a matrix product counts them
}

// recipe says how a program is made of passes.
type recipe struct {
	inputs  []device.Layout
	outputs []tensor.Shape
	scratch []tensor.Shape
	passes  []pass
}

// slots returns the shapes of all slots. Packed inputs show the operation's
// shape.
func (r *recipe) slots() []tensor.Shape {
	var s []tensor.Shape
	for _, l := range r.inputs {
		s = append(s, l.Shape)
	}
	return append(append(s, r.outputs...), r.scratch...)
}

func (r *recipe) output(i int) int { return len(r.inputs) + i }
func (r *recipe) own(s tensor.Shape) int {
	r.scratch = append(r.scratch, s)
	return len(r.inputs) + len(r.outputs) + len(r.scratch) - 1
}

// simple is the weight of an operation of a shader that is no tuned matrix
// product: it fetches a texel for every few operations.
const simple = 32

// walkPass is a pass that calls the kernel once for each texel of shape walk,
// work operations in all.
func walkPass(file string, walk tensor.Shape, work int, in, out []int, defines ...define) pass {
	items := walk.Positions() * texels(walk[1])
	return pass{file: file, defines: defines, in: in, out: out, walk: walk, local: 64, groups: [2]int{(items + 63) / 64, 1}, work: simple * float64(work)}
}

func all(from, count int) []int {
	s := make([]int, count)
	for i := range s {
		s[i] = from + i
	}
	return s
}

// plan returns the recipe of op. Without a case of its own an operation is one
// pass over the texels of its first output.
func plan(op kernels.Op, in []device.Operand, v Variant) (*recipe, error) {
	r := new(recipe)
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
		r.inputs = append(r.inputs, device.Layout{Shape: o.Shape})
	}
	var err error
	if r.outputs, err = op.Outputs(shapes...); err != nil {
		return nil, err
	}
	switch op := op.(type) {
	case kernels.Conv2D:
		r.convolution(op, in, v)
	case kernels.Linear:
		r.linear(op, in, v)
	case kernels.LinearWeightGradient:
		r.weightGradient(v)
	case kernels.Reduce:
		r.reduce(op)
	case kernels.BatchNorm:
		r.batchNorm()
	case kernels.BatchNormGradient:
		r.batchNormGradient()
	case kernels.Concat:
		r.concat(op)
	case kernels.TruncatedL1:
		r.truncatedL1()
	case kernels.TruncatedL1Gradient:
		for i, sign := range []float64{-1, 1} {
			s := r.outputs[i]
			r.passes = append(r.passes, walkPass(op.Name()+".glsl", s, s.Len(), []int{i, 2}, []int{r.output(i)}, define{"SIGN", literal(sign)}))
		}
	default:
		r.passes = []pass{walkPass(op.Name()+".glsl", r.outputs[0], work(op, shapes, r.outputs), all(0, len(in)), all(r.output(0), len(r.outputs)))}
	}
	for _, p := range r.passes {
		if len(p.in)+len(p.out) > maxBindings {
			return nil, fmt.Errorf("%s: %d operands in one pass, at most %d", op.Name(), len(p.in)+len(p.out), maxBindings)
		}
	}
	return r, nil
}

// maxBindings is what every OpenGL 4.3 offers of storage buffers.
const maxBindings = 8

// work estimates the operations of a pass over the texels of the output.
func work(op kernels.Op, in, out []tensor.Shape) int {
	total := 0
	for _, s := range append(append([]tensor.Shape(nil), in...), out...) {
		total += s.Len()
	}
	switch op := op.(type) {
	case kernels.Pool:
		return out[0].Len() * op.Kernel * op.Kernel
	case kernels.Blur:
		return out[0].Len() * (2*op.Radius + 1)
	case kernels.PatchPool:
		return 2 * max(in[0].Len(), out[0].Len()) * op.Kernel * op.Kernel
	case kernels.Resize:
		return 4 * out[0].Len()
	case kernels.Noise, kernels.Permutation:
		return 64 * total
	}
	return total
}

// parts chooses into how many parts a long sum is cut: enough for accuracy and
// for work on every core, a few hundred terms each.
func parts(terms int) int { return min(max(terms/256, 1), 256) }

func (r *recipe) reduce(op kernels.Reduce) {
	x, y := r.inputs[0].Shape, r.outputs[0]
	terms := x.Len() / y.Len()
	if op.OverC {
		terms = terms / x[1] * texels(x[1])
	}
	scale := 1.0
	if op.Kind == kernels.Mean {
		scale = float64(y.Len()) / float64(x.Len())
	}
	r.sumInParts(op.Name()+".glsl", parts(terms), scale, x.Len(), []int{0})
}

// sumInParts adds a pass that makes n parts of output 0 and, when n is more than
// one, a pass of reduce.glsl that puts them together.
func (r *recipe) sumInParts(file string, n int, scale float64, work int, in []int) {
	y := r.outputs[0]
	to, walk, first := r.output(0), y, scale
	if n > 1 {
		walk[0] *= n
		to, first = r.own(walk), 1
	}
	result, count := defineInt("RESULT_N", y[0]), defineInt("PARTS", n)
	r.passes = append(r.passes, walkPass(file, walk, work, in, []int{to}, defineInt("PASS", 0), result, count, define{"SCALE", literal(first)}))
	if n > 1 {
		r.passes = append(r.passes, r.joinParts(to, n, scale, result, count))
	}
}

func (r *recipe) joinParts(from, n int, scale float64, defines ...define) pass {
	y := r.outputs[0]
	return walkPass("reduce.glsl", y, n*y.Len(), []int{from}, []int{r.output(0)}, append(defines, defineInt("PASS", 1), defineInt("KIND", int(kernels.Sum)), define{"SCALE", literal(scale)})...)
}

// placesDefines are the defines of the batch norm passes.
func placesDefines(x tensor.Shape, n int) func(pass int) []define {
	return func(pass int) []define {
		return []define{defineInt("PASS", pass), defineInt("PARTS", n), defineInt("PLACES", x.Positions())}
	}
}

func (r *recipe) batchNorm() {
	x := r.inputs[0].Shape
	n, v := parts(x.Positions()), tensor.Vector(x[1])
	each := tensor.Shape{n, x[1], 1, 1}
	mean, squares, defines := r.own(each), r.own(each), placesDefines(x, n)
	r.passes = []pass{
		walkPass("batchnorm.glsl", each, 2*x.Len(), []int{0}, []int{mean, squares}, defines(0)...),
		walkPass("batchnorm.glsl", v, 2*n*x[1], []int{mean, squares, 3, 4}, all(r.output(1), 4), defines(1)...),
		walkPass("batchnorm.glsl", x, x.Len(), []int{0, 1, 2, r.output(3), r.output(4)}, []int{r.output(0)}, defines(2)...),
	}
}

func (r *recipe) batchNormGradient() {
	x := r.inputs[0].Shape
	n, v := parts(x.Positions()), tensor.Vector(x[1])
	each := tensor.Shape{n, x[1], 1, 1}
	gamma, beta, defines := r.own(each), r.own(each), placesDefines(x, n)
	r.passes = []pass{
		walkPass("batchnorm_gradient.glsl", each, 2*x.Len(), []int{0, 2, 3, 4}, []int{gamma, beta}, defines(0)...),
		walkPass("batchnorm_gradient.glsl", v, n*x[1], []int{gamma, beta}, all(r.output(1), 2), defines(1)...),
		walkPass("batchnorm_gradient.glsl", x, x.Len(), []int{0, 1, 2, 3, 4, r.output(1), r.output(2)}, []int{r.output(0)}, defines(2)...),
	}
}

func (r *recipe) concat(op kernels.Concat) {
	at := 0
	for i, l := range r.inputs {
		r.passes = append(r.passes, walkPass(op.Name()+".glsl", l.Shape, l.Shape.Len(), []int{i}, []int{r.output(0)}, defineInt("OFFSET", at)))
		at += l.Shape[op.Axis]
	}
}

func (r *recipe) truncatedL1() {
	real, fake := r.inputs[0].Shape, r.inputs[1].Shape
	n := parts(max(real.Len(), fake.Len()))
	sums := r.own(tensor.Rows(1, n))
	defines := func(pass int) []define {
		return []define{defineInt("PASS", pass), defineInt("PARTS", n), defineInt("REAL_PLACES", real.Positions()), defineInt("FAKE_PLACES", fake.Positions())}
	}
	r.passes = []pass{
		walkPass("truncated_l1.glsl", tensor.Rows(1, n), real.Len()+fake.Len(), []int{0, 1}, []int{sums}, defines(0)...),
		walkPass("truncated_l1.glsl", tensor.Scalar, n, []int{sums}, []int{r.output(0)}, defines(1)...),
	}
}
