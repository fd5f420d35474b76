// Package graph arranges operations into networks: it builds them, differentiates
// them, fuses them, places their buffers and runs them on a device.
package graph

import (
	"errors"
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Graph is a network under construction. It implements kernels.Builder: the
// first error is kept and returned by Compile.
type Graph struct {
	values  []value // values[0] is kernels.None
	nodes   []node
	inputs  map[string]kernels.Value
	outputs map[string]kernels.Value
	states  map[string]*state
	err     error
}

// value is what a graph knows of one tensor.
type value struct {
	shape    tensor.Shape
	constant *tensor.Tensor // nil unless constant
	node     int            // the node that makes it, -1 for none
}

type node struct {
	op      kernels.Op
	in, out []kernels.Value
}

// state is a tensor that survives from run to run.
type state struct {
	value   kernels.Value
	next    kernels.Value // what the run leaves in it, None to keep it
	initial *tensor.Tensor
}

// New returns an empty graph.
func New() *Graph {
	return &Graph{
		values:  []value{{node: -1}},
		inputs:  map[string]kernels.Value{},
		outputs: map[string]kernels.Value{},
		states:  map[string]*state{},
	}
}

// Input adds a tensor that Plan.Write fills before a run.
func (g *Graph) Input(name string, s tensor.Shape) kernels.Value {
	g.claim(name)
	if s.Len() == 0 {
		g.Fail(fmt.Errorf("graph: input %q has the empty shape %v", name, s))
	}
	v := g.add(value{shape: s, node: -1})
	g.inputs[name] = v
	return v
}

// Constant adds a tensor that never changes. The graph keeps t.
func (g *Graph) Constant(t *tensor.Tensor) kernels.Value {
	return g.add(value{shape: t.Shape, constant: t, node: -1})
}

// State adds a tensor that starts as initial and survives from run to run;
// Assign says what a run leaves in it.
func (g *Graph) State(name string, initial *tensor.Tensor) kernels.Value {
	g.claim(name)
	v := g.add(value{shape: initial.Shape, node: -1})
	g.states[name] = &state{value: v, initial: initial}
	return v
}

// Assign makes next, the result of an operation, the state's value in the next run.
func (g *Graph) Assign(name string, next kernels.Value) {
	s := g.states[name]
	switch {
	case s == nil:
		g.Fail(fmt.Errorf("graph: no state %q", name))
	case g.values[next].node < 0:
		g.Fail(fmt.Errorf("graph: state %q is assigned something that no operation makes", name))
	case g.values[next].shape != g.values[s.value].shape:
		g.Fail(fmt.Errorf("graph: state %q of shape %v is assigned %v", name, g.values[s.value].shape, g.values[next].shape))
	default:
		s.next = next
	}
}

// Output names a value that Plan.Read can fetch after a run.
func (g *Graph) Output(name string, v kernels.Value) {
	g.claim(name)
	if v == kernels.None || g.values[v].constant != nil {
		g.Fail(fmt.Errorf("graph: output %q is not computed", name))
	}
	g.outputs[name] = v
}

// Apply adds an operation and returns its results.
func (g *Graph) Apply(op kernels.Op, in ...kernels.Value) []kernels.Value {
	shapes := make([]tensor.Shape, len(in))
	for i, v := range in {
		shapes[i] = g.values[v].shape
	}
	outs, err := op.Outputs(shapes...)
	if err != nil {
		g.Fail(err)
		// Callers index the results before they see the error.
		outs = make([]tensor.Shape, 8)
	}
	n := node{op: op, in: append([]kernels.Value(nil), in...)}
	for _, s := range outs {
		n.out = append(n.out, g.add(value{shape: s, node: len(g.nodes)}))
	}
	g.nodes = append(g.nodes, n)
	return n.out
}

// Shape returns the shape of v.
func (g *Graph) Shape(v kernels.Value) tensor.Shape { return g.values[v].shape }

// Fail keeps the first error.
func (g *Graph) Fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// Err returns the first error.
func (g *Graph) Err() error { return g.err }

func (g *Graph) add(v value) kernels.Value {
	g.values = append(g.values, v)
	return kernels.Value(len(g.values) - 1)
}

func (g *Graph) claim(name string) {
	_, input := g.inputs[name]
	_, output := g.outputs[name]
	if input || output || g.states[name] != nil {
		g.Fail(fmt.Errorf("graph: the name %q is used twice", name))
	}
}

// Differentiate adds the operations that compute the derivatives of loss, a
// single value, by each of wrt, and returns them (reverse mode).
func (g *Graph) Differentiate(loss kernels.Value, wrt ...kernels.Value) []kernels.Value {
	grads := make([]kernels.Value, len(wrt))
	if g.err != nil {
		return grads
	}
	if g.values[loss].shape != tensor.Scalar {
		g.Fail(fmt.Errorf("graph: a loss of shape %v cannot be differentiated, want %v", g.values[loss].shape, tensor.Scalar))
		return grads
	}
	depends := g.dependents(wrt)
	of := map[kernels.Value]kernels.Value{loss: g.Constant(tensor.From(tensor.Scalar, []float32{1}))}
	for i := g.values[loss].node; i >= 0; i-- {
		n := g.nodes[i]
		upstream := make([]kernels.Value, len(n.out))
		reached := false
		for k, v := range n.out {
			upstream[k] = of[v]
			reached = reached || upstream[k] != kernels.None
		}
		if !reached || !depends[n.out[0]] {
			continue
		}
		op, ok := n.op.(kernels.Differentiable)
		if !ok {
			g.Fail(fmt.Errorf("graph: %s has no gradient", n.op.Name()))
			return grads
		}
		for k, d := range op.Gradient(g, n.in, n.out, upstream) {
			v := n.in[k]
			if d == kernels.None || !depends[v] {
				continue
			}
			if sum := of[v]; sum != kernels.None {
				d = kernels.Apply1(g, kernels.Add{}, sum, d)
			}
			of[v] = d
		}
	}
	for i, v := range wrt {
		if grads[i] = of[v]; grads[i] == kernels.None {
			g.Fail(errors.New("graph: the loss does not depend on a value it is differentiated by"))
		}
	}
	return grads
}

// dependents marks every value that is computed from one of from, and from itself.
func (g *Graph) dependents(from []kernels.Value) []bool {
	depends := make([]bool, len(g.values))
	for _, v := range from {
		depends[v] = true
	}
	for _, n := range g.nodes {
		for _, v := range n.in {
			if depends[v] {
				for _, o := range n.out {
					depends[o] = true
				}
				break
			}
		}
	}
	return depends
}
