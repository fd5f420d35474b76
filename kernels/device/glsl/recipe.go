package glsl

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Pass is one dispatch or draw of a program. Its operands are slots: the operation's
// inputs, then its outputs, then the program's own memory.
type Pass struct {
	File    string
	Defines []Define // beside the operation's attributes
	Bare    bool     // do without the operation's attributes
	In, Out []int
	Walk    tensor.Shape // the kernel is called for each texel of this shape
	Work    float64      // operations in all, as a matrix product counts them
	Local   int          // compute dialect: invocations of a group
	Groups  [2]int       // compute dialect: groups along x, which may be cut, and y
}

// Recipe says how a program is made of passes.
type Recipe struct {
	Inputs  []device.Layout
	Outputs []tensor.Shape
	Scratch []tensor.Shape // memory of the program's own
	Passes  []Pass
}

// Slots returns the shapes of all slots. Packed inputs show the operation's
// shape.
func (r *Recipe) Slots() []tensor.Shape {
	var s []tensor.Shape
	for _, l := range r.Inputs {
		s = append(s, l.Shape)
	}
	return append(append(s, r.Outputs...), r.Scratch...)
}

// Output returns the slot of output i.
func (r *Recipe) Output(i int) int { return len(r.Inputs) + i }

// Own adds memory of the program's own and returns its slot.
func (r *Recipe) Own(s tensor.Shape) int {
	r.Scratch = append(r.Scratch, s)
	return len(r.Inputs) + len(r.Outputs) + len(r.Scratch) - 1
}

// Texels returns the texels that hold a vector of channels.
func Texels(channels int) int { return (channels + 3) / 4 }

// simple is the weight of an operation of a shader that is no tuned matrix
// product: it fetches a texel for every few operations.
const simple = 32

// Walk is a pass that calls the kernel once for each texel of shape walk,
// work operations in all.
func Walk(file string, walk tensor.Shape, work int, in, out []int, defines ...Define) Pass {
	items := walk.Positions() * Texels(walk[1])
	return Pass{File: file, Defines: defines, In: in, Out: out, Walk: walk, Work: simple * float64(work), Local: 64, Groups: [2]int{(items + 63) / 64, 1}}
}

// All returns the slots from from on.
func All(from, count int) []int {
	s := make([]int, count)
	for i := range s {
		s[i] = from + i
	}
	return s
}

// Plan returns the recipe of op. An operation that tuned makes no passes for is
// walked over the texels of its outputs.
func Plan(op kernels.Op, in []device.Operand, tuned func(*Recipe)) (*Recipe, error) {
	r := new(Recipe)
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
		r.Inputs = append(r.Inputs, device.Layout{Shape: o.Shape})
	}
	var err error
	if r.Outputs, err = op.Outputs(shapes...); err != nil {
		return nil, err
	}
	if tuned(r); len(r.Passes) > 0 {
		return r, nil
	}
	switch op := op.(type) {
	case kernels.LinearWeightGradient:
		places := r.Inputs[0].Shape.Positions()
		r.SumInParts("linear_weight_gradient.glsl", Parts(places), 1, 2*places*r.Outputs[0].Len(), []int{0, 1})
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
			s := r.Outputs[i]
			r.Passes = append(r.Passes, Walk(op.Name()+".glsl", s, s.Len(), []int{i, 2}, []int{r.Output(i)}, Float("SIGN", sign)))
		}
	default:
		r.Passes = []Pass{Walk(op.Name()+".glsl", r.Outputs[0], work(op, shapes, r.Outputs), All(0, len(in)), All(r.Output(0), len(r.Outputs)))}
	}
	return r, nil
}

// work estimates the operations of a pass over the texels of the output.
func work(op kernels.Op, in, out []tensor.Shape) int {
	total := 0
	for _, s := range append(append([]tensor.Shape(nil), in...), out...) {
		total += s.Len()
	}
	switch op := op.(type) {
	case kernels.Conv2D:
		return 2 * out[0].Len() * in[1].Len() / in[1][0]
	case kernels.Linear:
		return 2 * out[0].Len() * in[0][1]
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

// Parts chooses into how many parts a long sum is cut: enough for accuracy and
// for work on every core, a few hundred terms each.
func Parts(terms int) int { return min(max(terms/256, 1), 256) }

func (r *Recipe) reduce(op kernels.Reduce) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	terms := x.Len() / y.Len()
	if op.OverC {
		terms = terms / x[1] * Texels(x[1])
	}
	scale := 1.0
	if op.Kind == kernels.Mean {
		scale = float64(y.Len()) / float64(x.Len())
	}
	r.SumInParts(op.Name()+".glsl", Parts(terms), scale, x.Len(), []int{0})
}

// SumInParts adds a pass that makes n parts of output 0 and, when n is more than
// one, a pass of reduce.glsl that puts them together.
func (r *Recipe) SumInParts(file string, n int, scale float64, work int, in []int) {
	y := r.Outputs[0]
	to, walk, first := r.Output(0), y, scale
	if n > 1 {
		walk[0] *= n
		to, first = r.Own(walk), 1
	}
	result, count := Int("RESULT_N", y[0]), Int("PARTS", n)
	r.Passes = append(r.Passes, Walk(file, walk, work, in, []int{to}, Int("PASS", 0), result, count, Float("SCALE", first)))
	if n > 1 {
		r.Passes = append(r.Passes, r.JoinParts(to, n, scale, result, count))
	}
}

// JoinParts is the pass that puts n parts in slot from together as output 0.
func (r *Recipe) JoinParts(from, n int, scale float64, defines ...Define) Pass {
	y := r.Outputs[0]
	return Walk("reduce.glsl", y, n*y.Len(), []int{from}, []int{r.Output(0)}, append(defines, Int("PASS", 1), Int("KIND", int(kernels.Sum)), Float("SCALE", scale))...)
}

// placesDefines are the defines of the batch norm passes.
func placesDefines(x tensor.Shape, n int) func(pass int) []Define {
	return func(pass int) []Define {
		return []Define{Int("PASS", pass), Int("PARTS", n), Int("PLACES", x.Positions())}
	}
}

func (r *Recipe) batchNorm() {
	x := r.Inputs[0].Shape
	n, v := Parts(x.Positions()), tensor.Vector(x[1])
	each := tensor.Shape{n, x[1], 1, 1}
	mean, squares, defines := r.Own(each), r.Own(each), placesDefines(x, n)
	r.Passes = []Pass{
		Walk("batchnorm.glsl", each, 2*x.Len(), []int{0}, []int{mean, squares}, defines(0)...),
		Walk("batchnorm.glsl", v, 2*n*x[1], []int{mean, squares, 3, 4}, All(r.Output(1), 4), defines(1)...),
		Walk("batchnorm.glsl", x, x.Len(), []int{0, 1, 2, r.Output(3), r.Output(4)}, []int{r.Output(0)}, defines(2)...),
	}
}

func (r *Recipe) batchNormGradient() {
	x := r.Inputs[0].Shape
	n, v := Parts(x.Positions()), tensor.Vector(x[1])
	each := tensor.Shape{n, x[1], 1, 1}
	gamma, beta, defines := r.Own(each), r.Own(each), placesDefines(x, n)
	r.Passes = []Pass{
		Walk("batchnorm_gradient.glsl", each, 2*x.Len(), []int{0, 2, 3, 4}, []int{gamma, beta}, defines(0)...),
		Walk("batchnorm_gradient.glsl", v, n*x[1], []int{gamma, beta}, All(r.Output(1), 2), defines(1)...),
		Walk("batchnorm_gradient.glsl", x, x.Len(), []int{0, 1, 2, 3, 4, r.Output(1), r.Output(2)}, []int{r.Output(0)}, defines(2)...),
	}
}

func (r *Recipe) concat(op kernels.Concat) {
	y, at := r.Outputs[0], 0
	defines := []Define{Int("INPUTS", len(r.Inputs))}
	for i, l := range r.Inputs {
		defines = append(defines, Int(fmt.Sprintf("OFFSET%d", i), at))
		at += l.Shape[op.Axis]
	}
	r.Passes = []Pass{Walk(op.Name()+".glsl", y, 2*y.Len(), All(0, len(r.Inputs)), []int{r.Output(0)}, defines...)}
}

func (r *Recipe) truncatedL1() {
	real, fake := r.Inputs[0].Shape, r.Inputs[1].Shape
	n := Parts(max(real.Len(), fake.Len()))
	sums := r.Own(tensor.Rows(1, n))
	defines := func(pass int) []Define {
		return []Define{Int("PASS", pass), Int("PARTS", n), Int("REAL_PLACES", real.Positions()), Int("FAKE_PLACES", fake.Positions())}
	}
	r.Passes = []Pass{
		Walk("truncated_l1.glsl", tensor.Rows(1, n), real.Len()+fake.Len(), []int{0, 1}, []int{sums}, defines(0)...),
		Walk("truncated_l1.glsl", tensor.Scalar, n, []int{sums}, []int{r.Output(0)}, defines(1)...),
	}
}
