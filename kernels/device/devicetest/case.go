// Package devicetest holds every device to the reference: one table of cases over
// every operation, random shapes, benchmarks over the same machinery, and a
// device that only counts, for testing what stands above devices.
package devicetest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Case is one operation on given inputs. Its values follow from its name alone.
type Case struct {
	Name   string
	Op     kernels.Op
	Inputs []Input
	// Exact wants the reference's values and nothing near them: copies, maxima
	// and whole numbers.
	Exact bool
	// Winograd marks convolutions that a device may compute by a fast algorithm
	// with larger rounding errors.
	Winograd bool

	results *results // shared by the variants of a case
}

// Input describes one input of a case.
type Input struct {
	Shape    tensor.Shape
	Fill     Fill // nil for Normal
	Constant bool // a device may pack it its own way
}

// Fill sets the values of an input.
type Fill func(r *rand.Rand, data []float32)

// directTolerance is the largest relative L2 error of arithmetic that follows
// the formula. Devices with a larger Info.Tolerance may use it up in Winograd
// cases only.
const directTolerance = 1e-5

// Tolerance returns the largest relative L2 error the case allows a device.
func (c Case) Tolerance(info device.Info) float64 {
	if c.Winograd {
		return info.Tolerance
	}
	return min(info.Tolerance, directTolerance)
}

// Operands returns the inputs as Device.Prepare wants them.
func (c Case) Operands() []device.Operand {
	operands := make([]device.Operand, len(c.Inputs))
	for i, in := range c.Inputs {
		operands[i] = device.Operand{Shape: in.Shape, Constant: in.Constant}
	}
	return operands
}

// Values returns the inputs and the reference's outputs. Neither may be changed:
// small ones are kept for the next device in the process.
func (c Case) Values() (in, want []*tensor.Tensor, err error) {
	if c.results == nil || c.size() > keptValues {
		return c.compute()
	}
	c.results.once.Do(func() {
		c.results.in, c.results.want, c.results.err = c.compute()
	})
	return c.results.in, c.results.want, c.results.err
}

// keptValues is the number of input values up to which results are kept.
const keptValues = 1 << 20

type results struct {
	once     sync.Once
	seed     string
	in, want []*tensor.Tensor
	err      error
}

func (c Case) size() int {
	n := 0
	for _, in := range c.Inputs {
		n += in.Shape.Len()
	}
	return n
}

func (c Case) compute() (in, want []*tensor.Tensor, err error) {
	in, shapes := c.inputs()
	outputs, err := c.Op.Outputs(shapes...)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range outputs {
		want = append(want, tensor.New(s))
	}
	c.Op.Reference(want, in)
	return in, want, nil
}

// inputs returns the inputs' values and shapes.
func (c Case) inputs() (in []*tensor.Tensor, shapes []tensor.Shape) {
	seed := c.Name
	if c.results != nil {
		seed = c.results.seed
	}
	h := fnv.New64a()
	h.Write([]byte(seed))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	for _, input := range c.Inputs {
		t := tensor.New(input.Shape)
		if input.Fill == nil {
			Normal(r, t.Data)
		} else {
			input.Fill(r, t.Data)
		}
		in, shapes = append(in, t), append(shapes, input.Shape)
	}
	return in, shapes
}

// Normal fills with normal values of deviation 1.
func Normal(r *rand.Rand, data []float32) {
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
}

// Uniform fills evenly between low and high.
func Uniform(low, high float32) Fill {
	return func(r *rand.Rand, data []float32) {
		for i := range data {
			data[i] = low + (high-low)*r.Float32()
		}
	}
}

// Scaled fills with normal values of the given deviation.
func Scaled(deviation float64) Fill {
	return func(r *rand.Rand, data []float32) {
		for i := range data {
			data[i] = float32(deviation * r.NormFloat64())
		}
	}
}

// Whole fills with whole numbers from low to below high.
func Whole(low, high int) Fill {
	return func(r *rand.Rand, data []float32) {
		for i := range data {
			data[i] = float32(low + r.IntN(high-low))
		}
	}
}

// Given fills with the given values, again and again.
func Given(values ...float32) Fill {
	return func(_ *rand.Rand, data []float32) {
		for i := range data {
			data[i] = values[i%len(values)]
		}
	}
}

// Edges fills with normal values among which stand zeros, tiny values and ones
// whose exponential overflows.
func Edges(r *rand.Rand, data []float32) {
	edges := []float32{0, float32(math.Copysign(0, -1)), 100, -100, 1e-20, -1e-20, 0.5, -0.5}
	Normal(r, data)
	for i := 0; i < len(data); i += 3 {
		data[i] = edges[i/3%len(edges)]
	}
}

// Cases returns the table.
func Cases() []Case { return table() }

var table = sync.OnceValue(func() []Case {
	c := collector{names: map[string]bool{}}
	convCases(&c)
	linearCases(&c)
	pictureCases(&c)
	arrangeCases(&c)
	learnCases(&c)
	return c.cases
})

// collector gathers cases, each weights case in both its variants.
type collector struct {
	cases []Case
	names map[string]bool
}

// add takes a case unless a sweep gave it before.
func (l *collector) add(c Case) {
	if l.names[c.Name] {
		return
	}
	l.names[c.Name] = true
	c.results = &results{seed: c.Name}
	l.cases = append(l.cases, c)
	var constant bool
	for _, in := range c.Inputs {
		constant = constant || in.Constant
	}
	if !constant {
		return
	}
	variable := c
	variable.Name += "/variable"
	variable.Inputs = append([]Input(nil), c.Inputs...)
	for i := range variable.Inputs {
		variable.Inputs[i].Constant = false
	}
	l.cases = append(l.cases, variable)
}

// plain adds a case whose inputs are normal values that change.
func (l *collector) plain(name string, op kernels.Op, shapes ...tensor.Shape) {
	l.add(plain(name, op, shapes...))
}

func plain(name string, op kernels.Op, shapes ...tensor.Shape) Case {
	c := Case{Name: name, Op: op}
	for _, s := range shapes {
		c.Inputs = append(c.Inputs, Input{Shape: s})
	}
	return c
}

// exact adds a case as plain does whose outputs must equal the reference's.
func (l *collector) exact(name string, op kernels.Op, shapes ...tensor.Shape) {
	c := plain(name, op, shapes...)
	c.Exact = true
	l.add(c)
}
