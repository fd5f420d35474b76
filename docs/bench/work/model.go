package work

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Model is a builder that writes down, for peers that build their own, what the
// builder within is given.
type Model struct {
	kernels.Builder
	Nodes   []Node
	Tensors []*tensor.Tensor // the constants

	values    map[kernels.Value]int // numbers as in Node
	constants map[kernels.Value]int
}

// Node is an operation and computes one value. The model's input is value 0, node
// i's value is i+1; the last one is the result.
type Node struct {
	Op      string `json:"op"` // conv, linear, maxPool, add or relu
	In      []int  `json:"in"`
	Weight  int    `json:"weight"` // a number among the tensors; conv and linear
	Bias    int    `json:"bias"`   // the same; conv
	Kernel  int    `json:"kernel"`
	Stride  int    `json:"stride"`
	Padding int    `json:"padding"`
	ReLU    bool   `json:"relu"` // follows the convolution
}

// Record returns a model whose input is x, a value of b.
func Record(b kernels.Builder, x kernels.Value) *Model {
	return &Model{Builder: b, values: map[kernels.Value]int{x: 0}, constants: map[kernels.Value]int{}}
}

// Constant adds a tensor.
func (m *Model) Constant(t *tensor.Tensor) kernels.Value {
	v := m.Builder.Constant(t)
	m.constants[v] = len(m.Tensors)
	m.Tensors = append(m.Tensors, t)
	return v
}

// Apply adds an operation; it fails when there is no word for it.
func (m *Model) Apply(op kernels.Op, in ...kernels.Value) []kernels.Value {
	out := m.Builder.Apply(op, in...)
	last := len(m.Nodes) // the number of the value before
	n := Node{In: []int{m.values[in[0]]}}
	known := false
	switch o := op.(type) {
	case kernels.Conv2D:
		n.Op, n.Kernel, n.Stride, n.Padding, n.ReLU = "conv", o.Kernel, o.Stride, o.PadTop, o.Activation == kernels.ReLU
		known = o == kernels.Conv(o.Kernel, o.Stride, o.Activation) && (n.ReLU || o.Activation == kernels.Identity)
		if known {
			n.Weight, n.Bias = m.constants[in[1]], m.constants[in[2]]
		}
	case kernels.Linear:
		n.Op, n.Weight = "linear", m.constants[in[1]]
		known = o == kernels.Linear{}
	case kernels.Pool:
		n.Op, n.Kernel, n.Stride, n.Padding = "maxPool", o.Kernel, o.Stride, o.PadTop
		known = o == kernels.Pool{Kernel: o.Kernel, Stride: o.Stride, PadTop: n.Padding, PadLeft: n.Padding, PadBottom: n.Padding, PadRight: n.Padding}
	case kernels.Add:
		n.Op = "add"
		n.In = append(n.In, m.values[in[1]])
		known = m.Shape(in[0]) == m.Shape(in[1])
	case kernels.Activate:
		n.Op = "relu"
		known = o == kernels.Activate{Activation: kernels.ReLU}
		// The networks here read a convolution that a ReLU follows nowhere else.
		if known && n.In[0] == last && last > 0 && m.Nodes[last-1].Op == "conv" {
			m.Nodes[last-1].ReLU = true
			m.values[out[0]] = last
			return out
		}
	}
	if !known {
		m.Fail(fmt.Errorf("the peers know no %s %+v", op.Name(), op))
	}
	m.Nodes = append(m.Nodes, n)
	m.values[out[0]] = len(m.Nodes)
	return out
}
