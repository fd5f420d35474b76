package work

import "github.com/flawscope/flawscope/kernels"

// Counted is a builder that counts the floating-point operations of the products
// and convolutions it is given, two for a multiplication with its addition.
type Counted struct {
	kernels.Builder
	FLOP float64
}

// Apply adds an operation to the builder within.
func (c *Counted) Apply(op kernels.Op, in ...kernels.Value) []kernels.Value {
	out := c.Builder.Apply(op, in...)
	switch op.(type) {
	case kernels.Conv2D, kernels.Linear:
		// Every output value takes as many products as one filter has weights.
		w := c.Shape(in[1])
		c.FLOP += 2 * float64(c.Shape(out[0]).Len()) * float64(w[1]*w[2]*w[3])
	}
	return out
}
