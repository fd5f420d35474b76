package graph

import (
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// schedule returns the graph's operations in order, fused, without those whose
// results nobody uses. The graph itself is not changed, but folded weights are
// added to it as constants.
func (g *Graph) schedule() []node {
	nodes := make([]node, len(g.nodes))
	for i, n := range g.nodes {
		nodes[i] = node{op: n.op, in: append([]kernels.Value(nil), n.in...), out: n.out}
	}
	f := fuser{g: g, nodes: nodes, maker: map[kernels.Value]int{}}
	f.count()
	for i := range nodes {
		switch op := nodes[i].op.(type) {
		case kernels.BatchNormInference:
			f.foldBatchNorm(i, op)
		case kernels.Add:
			f.fuseResidual(i)
		case kernels.Activate:
			f.fuseActivation(i, op)
		}
	}
	return g.live(f.nodes)
}

// fuser merges operations into the convolution or linear map before them. The
// merged operation stands where the later one stood, so that all its inputs are
// ready, and the earlier one becomes dead.
type fuser struct {
	g     *Graph
	nodes []node
	maker map[kernels.Value]int // the node that makes a value
	uses  map[kernels.Value]int
}

func (f *fuser) count() {
	f.uses = map[kernels.Value]int{}
	for i, n := range f.nodes {
		for _, v := range n.in {
			f.uses[v]++
		}
		for _, v := range n.out {
			f.maker[v] = i
		}
	}
	for _, v := range f.g.kept() {
		f.uses[v]++
	}
}

// producer returns the node that makes v if nobody else uses v.
func (f *fuser) producer(v kernels.Value) (int, bool) {
	i, ok := f.maker[v]
	return i, ok && f.uses[v] == 1
}

// merge replaces node i by op with inputs in.
func (f *fuser) merge(i int, op kernels.Op, in []kernels.Value) {
	f.nodes[i] = node{op: op, in: in, out: f.nodes[i].out}
}

func (f *fuser) fuseActivation(i int, a kernels.Activate) {
	j, ok := f.producer(f.nodes[i].in[0])
	if !ok {
		return
	}
	switch op := f.nodes[j].op.(type) {
	case kernels.Conv2D:
		if op.Activation == kernels.Identity {
			op.Activation, op.Slope = a.Activation, a.Slope
			f.merge(i, op, f.nodes[j].in)
		}
	case kernels.Linear:
		if op.Activation == kernels.Identity {
			op.Activation, op.Slope = a.Activation, a.Slope
			f.merge(i, op, f.nodes[j].in)
		}
	}
}

func (f *fuser) fuseResidual(i int) {
	in := f.nodes[i].in
	if f.g.values[in[0]].shape != f.g.values[in[1]].shape {
		return
	}
	for k := range 2 {
		j, ok := f.producer(in[k])
		if !ok {
			continue
		}
		op, ok := f.nodes[j].op.(kernels.Conv2D)
		if ok && !op.Residual && op.Activation == kernels.Identity {
			op.Residual = true
			f.merge(i, op, append(append([]kernels.Value(nil), f.nodes[j].in...), in[1-k]))
			return
		}
	}
}

// foldBatchNorm multiplies a normalisation with constant statistics into the
// constant weights before it, in float64: w' = w·γ/√(var+ε), b' = β + (b−mean)·γ/√(var+ε).
func (f *fuser) foldBatchNorm(i int, norm kernels.BatchNormInference) {
	in := f.nodes[i].in
	j, ok := f.producer(in[0])
	if !ok {
		return
	}
	before := f.nodes[j]
	var bias bool
	var fused kernels.Op
	switch op := before.op.(type) {
	case kernels.Conv2D:
		if op.Residual || op.Activation != kernels.Identity {
			return
		}
		bias, op.Bias = op.Bias, true
		fused = op
	case kernels.Linear:
		if op.Transposed || op.Activation != kernels.Identity {
			return
		}
		bias, op.Bias = op.Bias, true
		fused = op
	default:
		return
	}
	for _, v := range append(before.in[1:len(before.in):len(before.in)], in[1:]...) {
		if f.g.values[v].constant == nil {
			return
		}
	}
	data := func(v kernels.Value) []float32 { return f.g.values[v].constant.Data }
	gamma, beta, mean, variance := data(in[1]), data(in[2]), data(in[3]), data(in[4])
	weights := f.g.values[before.in[1]].constant.Clone()
	folded := tensor.New(tensor.Vector(len(gamma)))
	perChannel := len(weights.Data) / len(gamma)
	for c := range gamma {
		scale := float64(gamma[c]) / math.Sqrt(float64(variance[c])+float64(norm.Epsilon))
		var b float64
		if bias {
			b = float64(data(before.in[2])[c])
		}
		folded.Data[c] = float32(float64(beta[c]) + (b-float64(mean[c]))*scale)
		for k := c * perChannel; k < (c+1)*perChannel; k++ {
			weights.Data[k] = float32(float64(weights.Data[k]) * scale)
		}
	}
	f.merge(i, fused, []kernels.Value{before.in[0], f.g.Constant(weights), f.g.Constant(folded)})
}

// kept returns the values that must be there after a run.
func (g *Graph) kept() []kernels.Value {
	var kept []kernels.Value
	for _, v := range g.outputs {
		kept = append(kept, v)
	}
	for _, s := range g.states {
		if s.next != kernels.None {
			kept = append(kept, s.next)
		}
	}
	return kept
}

// live drops the nodes whose results nobody needs.
func (g *Graph) live(nodes []node) []node {
	needed := make([]bool, len(g.values))
	for _, v := range g.kept() {
		needed[v] = true
	}
	alive := make([]bool, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		for _, v := range nodes[i].out {
			alive[i] = alive[i] || needed[v]
		}
		if alive[i] {
			for _, v := range nodes[i].in {
				needed[v] = true
			}
		}
	}
	var kept []node
	for i, n := range nodes {
		if alive[i] {
			kept = append(kept, n)
		}
	}
	return kept
}
