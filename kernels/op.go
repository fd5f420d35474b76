// Package kernels defines the operations Flawscope's networks are made of. Each
// operation is a plain comparable value with a shape rule, slow reference
// arithmetic written from its formula and, where learning needs it, a gradient.
// Devices run operations (package device), graphs arrange them (package graph).
package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Op is one operation with its attributes. Ops are comparable structs: two equal
// values on equal shapes mean the same program. Exported fields become shader
// defines named in UPPER_CASE (KernelSize -> KERNEL_SIZE, false -> 0, true -> 1).
type Op interface {
	// Name is the stem of the operation's Go file and shader.
	Name() string
	// Outputs returns the shapes of the results, or an error that says which
	// input does not fit.
	Outputs(in ...tensor.Shape) ([]tensor.Shape, error)
	// Reference computes the results by slow plain arithmetic in float64. The
	// outputs have the shapes Outputs gave; inputs are not changed.
	Reference(out, in []*tensor.Tensor)
}

// Differentiable is an Op that learning can go back through.
type Differentiable interface {
	Op
	// Gradient adds to b the operations that turn grad, the loss's derivatives by
	// each output (None where none flows), into its derivatives by each input,
	// None for inputs that have none.
	Gradient(b Builder, in, out, grad []Value) []Value
}

// Value names one tensor of a graph being built.
type Value int

// None is the Value of nothing: an absent gradient.
const None Value = 0

// Builder collects operations into a graph. The first error is kept and
// reported when the graph is compiled, so that calls can be written in a row.
type Builder interface {
	// Shape returns the shape of v.
	Shape(v Value) tensor.Shape
	// Apply adds an operation and returns its results.
	Apply(op Op, in ...Value) []Value
	// Constant adds a tensor whose values never change.
	Constant(t *tensor.Tensor) Value
	// Fail records an error.
	Fail(err error)
}

// Apply1 adds an operation with a single result.
func Apply1(b Builder, op Op, in ...Value) Value { return b.Apply(op, in...)[0] }

func wantInputs(op Op, in []tensor.Shape, counts ...int) error {
	for _, n := range counts {
		if len(in) == n {
			for i, s := range in {
				if s.Len() == 0 {
					return fmt.Errorf("%s: input %d has the empty shape %v", op.Name(), i, s)
				}
			}
			return nil
		}
	}
	return fmt.Errorf("%s: %d inputs, want %v", op.Name(), len(in), counts)
}

func wantShape(op Op, what string, got, want tensor.Shape) error {
	if got != want {
		return fmt.Errorf("%s: %s has shape %v, want %v", op.Name(), what, got, want)
	}
	return nil
}
