package fragment

import (
	"fmt"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// recipe is an operation's passes and the arrangement of each of its slots.
type recipe struct {
	*glsl.Recipe
	arrangements []arrangement
	limits       limits
	rolled       bool
}

// rollsLoops says whether loops are left rolled: SwiftShader takes minutes to compile
// a convolution written out.
func rollsLoops(renderer string) bool {
	return strings.Contains(strings.ToLower(renderer), "swiftshader")
}

// plan returns the recipe of op.
func (d *Device) plan(op kernels.Op, in []device.Operand) (*recipe, error) {
	r := &recipe{limits: d.limits, rolled: d.rolled}
	var err error
	r.Recipe, err = glsl.Plan(op, in, func(tuned *glsl.Recipe) {
		r.Recipe = tuned
		if err = r.arrange(); err != nil {
			return
		}
		switch op := op.(type) {
		case kernels.Conv2D:
			r.convolution(op, in)
		case kernels.Linear:
			r.linear(op, in)
		case kernels.LinearWeightGradient:
			r.weightGradient()
		}
	})
	if err != nil {
		return nil, err
	}
	if err := r.arrange(); err != nil {
		return nil, err
	}
	for _, p := range r.Passes {
		if len(p.In) > d.caps.TextureUnits || len(p.Out) > min(maxOutputs, d.caps.DrawBuffers) {
			return nil, fmt.Errorf("fragment: %s: %d inputs and %d outputs in one pass, at most %d and %d", op.Name(), len(p.In), len(p.Out), d.caps.TextureUnits, min(maxOutputs, d.caps.DrawBuffers))
		}
	}
	return r, nil
}

// arrange fills in the arrangements of the slots that have none yet.
func (r *recipe) arrange() error {
	for i, s := range r.Slots()[len(r.arrangements):] {
		l := device.Layout{Shape: s}
		if at := len(r.arrangements); at < len(r.Inputs) {
			l = r.Inputs[at]
		}
		a, err := arrange(l.Shape, r.limits)
		if l.Packing != "" {
			a, err = arrangeWeights(l, r.limits)
		}
		if err != nil {
			return fmt.Errorf("slot %d: %w", i, err)
		}
		r.arrangements = append(r.arrangements, a)
	}
	return nil
}

// own adds memory of the program's own, arranged its own way.
func (r *recipe) own(s tensor.Shape, a arrangement) int {
	slot := r.Own(s)
	r.arrangements = append(r.arrangements, a)
	return slot
}

// pack asks for the weights in a packing, if their texture is not too large.
func (r *recipe) pack(packing string) bool {
	a, err := arrangeWeights(device.Layout{Shape: r.Inputs[1].Shape, Packing: packing}, r.limits)
	if err != nil {
		return false
	}
	r.Inputs[1].Packing, r.arrangements[1] = packing, a
	return true
}

// tooNarrow says whether products of so many inputs and outputs are left to the
// plain kernels: most of what a fragment computes would be spare.
func tooNarrow(inputs, outputs int) bool { return inputs == 1 || outputs == 1 }

// Where a product's weights stand.
const (
	packedWeights     = iota // packed as columns
	rowWeights               // as a matrix (O,I,1,1)
	transposedWeights        // as a matrix (I,O,1,1)
)

func (r *recipe) linear(op kernels.Linear, in []device.Operand) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	if tooNarrow(x[1], y[1]) {
		return
	}
	kind := rowWeights
	if op.Transposed {
		kind = transposedWeights
	} else if in[1].Constant && r.pack(columns) {
		kind = packedWeights
	}
	r.product(glsl.Int("WEIGHTS", kind), glsl.Int("RESIDUAL", 0))
}

// product adds the pass of output 0 as a product at every place.
func (r *recipe) product(defines ...glsl.Define) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	a := r.arrangements[r.Output(0)]
	defines = append(defines, glsl.Int("PHASES", a.PX*a.PY), glsl.Int("LANES", min(x[1], 4)))
	r.Passes = append(r.Passes, glsl.Pass{
		File: "linear.fragment.glsl", Defines: defines, Work: 2 * float64(x[1]) * float64(y.Len()),
		In: glsl.All(0, len(r.Inputs)), Out: []int{r.Output(0)},
	})
}

func (r *recipe) weightGradient() {
	x, dy, y := r.Inputs[0].Shape, r.Inputs[1].Shape, r.Outputs[0]
	if tooNarrow(x[1], dy[1]) {
		return
	}
	// Parts keep the sums short enough for float32 and give small gradients to more
	// fragments.
	places := x.Positions()
	parts := (places + 1023) / 1024
	to := r.Output(0)
	if parts > 1 {
		to = r.Own(tensor.Shape{parts * (glsl.Texels(y[0]) * 4), y[1], 1, 1})
		if r.arrange() != nil {
			r.Scratch = r.Scratch[:0]
			return
		}
	}
	a := r.arrangements[to]
	r.Passes = append(r.Passes, glsl.Pass{
		File: "linear_weight_gradient.fragment.glsl", Work: 2 * float64(places) * float64(y.Len()), In: []int{0, 1}, Out: []int{to},
		Defines: []glsl.Define{glsl.Int("PARTS", parts), glsl.Int("PHASES", a.PX)},
	})
	if parts > 1 {
		r.Passes = append(r.Passes, r.JoinParts(to, parts, 1, glsl.Int("PARTS", parts), glsl.Int("RESULT_N", glsl.Texels(y[0])*4)))
	}
}

func (r *recipe) convolution(op kernels.Conv2D, in []device.Operand) {
	x, y := r.Inputs[0].Shape, r.Outputs[0]
	if op.Groups > 1 || tooNarrow(x[1], y[1]) || !in[1].Constant {
		return
	}
	if op.Kernel == 1 && op.Stride == 1 && x == (tensor.Shape{x[0], x[1], y[2], y[3]}) {
		if r.pack(columns) {
			r.product(glsl.Int("WEIGHTS", packedWeights))
		}
		return
	}
	from, to := r.arrangements[0], r.arrangements[r.Output(0)]
	if from.Line || to.Line {
		return
	}
	if r.winogradPays(op) && r.winograd() {
		return
	}
	if !r.pack(columns) {
		return
	}
	// How many lines of the window a turn of the outer loop takes.
	taps := op.Kernel
	if r.rolled || op.Kernel > 4 {
		taps = 1
	}
	lines, across := (to.PY-1)*op.Stride+(taps-1)*op.Dilation+1, (to.PX-1)*op.Stride+(op.Kernel-1)*op.Dilation+1
	if taps == 1 {
		lines = to.PY
	}
	padded := op.PadTop+op.PadLeft+op.PadBottom+op.PadRight > 0
	r.Passes = append(r.Passes, glsl.Pass{
		File: "conv2d.fragment.glsl", Work: 2 * float64(y.Len()) * float64(x[1]*op.Kernel*op.Kernel),
		In: glsl.All(0, len(r.Inputs)), Out: []int{r.Output(0)},
		Defines: []glsl.Define{
			glsl.Int("TAPS", taps), glsl.Int("LINES", lines), glsl.Int("ACROSS", across), glsl.Bool("PADDED", padded), glsl.Int("LANES", min(x[1], 4)),
			glsl.Bool("FIXED_X", to.PX*op.Stride%from.PX == 0), glsl.Bool("FIXED_Y", to.PY*op.Stride%from.PY == 0 && taps > 1 || from.PY == 1),
		},
	})
}
