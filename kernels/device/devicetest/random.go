package devicetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// RunRandom checks n cases of random attributes and shapes. The same seed gives
// the same cases; a failure names the operation and its inputs.
func RunRandom(t *testing.T, dev device.Device, seed uint64, n int) {
	t.Logf("%d random cases on %s, seed %d", n, dev.Info().Name, seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		c := Random(r)
		c.Name = fmt.Sprintf("seed %d case %d: %s", seed, i, c.Name)
		if err := Check(t.Context(), dev, c); err != nil {
			t.Errorf("%s %+v on %v: %v", c.Name, c.Op, c.Operands(), err)
		}
	}
}

// Random returns a small case of random attributes and shapes that fit.
func Random(r *rand.Rand) Case {
	makers := []func(*rand.Rand) Case{randomConv, randomConv, randomConv, randomLinear, randomLinear, randomPool, randomMoved, randomElementwise, randomLearning}
	for {
		c := makers[r.IntN(len(makers))](r)
		shapes := make([]tensor.Shape, len(c.Inputs))
		for i, in := range c.Inputs {
			shapes[i] = in.Shape
		}
		if _, err := c.Op.Outputs(shapes...); err == nil {
			return c
		}
	}
}

// extent returns a length from 1 to most, often small or beside a power of two.
func extent(r *rand.Rand, most int) int {
	switch r.IntN(4) {
	case 0:
		return 1 + r.IntN(min(most, 5))
	case 1:
		return min(most, max(1, 1<<r.IntN(7)+r.IntN(3)-1))
	}
	return 1 + r.IntN(most)
}

func randomShape(r *rand.Rand, channels int) tensor.Shape {
	return tensor.Shape{1 + r.IntN(2), extent(r, channels), extent(r, 20), extent(r, 20)}
}

func coin(r *rand.Rand) bool { return r.IntN(2) == 0 }

func randomConv(r *rand.Rand) Case {
	group := max(1, r.IntN(8)-4)
	x := randomShape(r, 40)
	x[1] = group * (1 + x[1]/group)
	outputs := group * (1 + extent(r, 40)/group)
	if r.IntN(6) == 0 {
		group, outputs = x[1], x[1]
	}
	op := kernels.Conv2D{
		Kernel: []int{1, 3, 3, 3, 5, 2, 7}[r.IntN(7)], Stride: max(1, r.IntN(5)-1), Dilation: max(1, r.IntN(5)-2),
		PadTop: r.IntN(4), PadLeft: r.IntN(4), PadBottom: r.IntN(4), PadRight: r.IntN(4),
		Groups: group, Bias: coin(r), Residual: coin(r), Activation: kernels.Activation(r.IntN(5)), Slope: 0.1,
	}
	if coin(r) {
		// The usual padding, which fast algorithms are made for.
		p := op.Kernel / 2
		op.Stride, op.Dilation = 1, 1
		op.PadTop, op.PadLeft, op.PadBottom, op.PadRight = p, p, p, p
	}
	if reach := op.Dilation*(op.Kernel-1) + 1; x[2] < reach || x[3] < reach {
		x[2], x[3] = x[2]+reach, x[3]+reach
	}
	return varied(r, conv("random", op, x, outputs))
}

// varied makes the constant inputs variable in half of the cases.
func varied(r *rand.Rand, c Case) Case {
	if coin(r) {
		for i := range c.Inputs {
			c.Inputs[i].Constant = false
		}
	}
	return c
}

func randomLinear(r *rand.Rand) Case {
	x := randomShape(r, 150)
	outputs := extent(r, 150)
	if r.IntN(4) == 0 {
		dy := x
		dy[1] = outputs
		return Case{Name: "linear_weight_gradient", Op: kernels.LinearWeightGradient{}, Inputs: []Input{{Shape: x}, {Shape: dy}}}
	}
	op := kernels.Linear{Transposed: coin(r), Bias: coin(r), Activation: kernels.Activation(r.IntN(5)), Slope: 0.1}
	return varied(r, linear("random", op, x, outputs))
}

func randomPool(r *rand.Rand) Case {
	x := randomShape(r, 40)
	c := Case{Name: "pool", Inputs: []Input{{Shape: x}}}
	switch r.IntN(4) {
	case 0:
		k := 1 + r.IntN(5)
		o := kernels.Pool{
			Kind: kernels.PoolKind(r.IntN(3)), Kernel: k, Stride: 1 + r.IntN(3),
			PadTop: r.IntN(k), PadLeft: r.IntN(k), PadBottom: r.IntN(k), PadRight: r.IntN(k),
		}
		c.Op, c.Exact = o, o.Kind == kernels.MaxPool
	case 1:
		o := kernels.Resize{Kind: kernels.ResizeKind(r.IntN(3)), Height: extent(r, 40), Width: extent(r, 40)}
		c.Op, c.Exact = o, o.Kind == kernels.Nearest
	case 2:
		k := 1 + 2*r.IntN(3)
		dim := extent(r, 60)
		if coin(r) {
			dim = x[1]
		}
		c.Op = kernels.PatchPool{Kernel: k, Dim: dim}
	default:
		sigma := 0.3 + 5*r.Float32()
		c.Op = kernels.Blur{Sigma: sigma, Radius: int(4*sigma + 0.5), Vertical: coin(r)}
	}
	return c
}

func randomMoved(r *rand.Rand) Case {
	x := randomShape(r, 60)
	c := Case{Name: "moved", Exact: true, Inputs: []Input{{Shape: x}}}
	axis := r.IntN(4)
	switch r.IntN(5) {
	case 0:
		for range r.IntN(5) {
			part := x
			part[axis] = extent(r, 20)
			c.Inputs = append(c.Inputs, Input{Shape: part})
		}
		c.Op = kernels.Concat{Axis: axis}
	case 1:
		start := r.IntN(x[axis])
		c.Op = kernels.Slice{Axis: axis, Start: start, Length: 1 + r.IntN(x[axis]-start)}
	case 2:
		start := r.IntN(9)
		c.Op = kernels.Embed{Axis: axis, Start: start, Length: start + x[axis] + r.IntN(9)}
	case 3:
		c.Op = kernels.Expand{To: x}
		c.Inputs[0].Shape = along(x, r.IntN(16))
	default:
		rows := extent(r, 500)
		c.Op = kernels.Gather{}
		c.Inputs = []Input{{Shape: tensor.Rows(x[1], rows)}, {Shape: tensor.Rows(1, extent(r, 300)), Fill: Whole(-2, rows+2)}}
	}
	return c
}

func randomElementwise(r *rand.Rand) Case {
	x := randomShape(r, 60)
	c := Case{Name: "elementwise", Inputs: []Input{{Shape: x}, {Shape: along(x, r.IntN(16))}}}
	a := kernels.Activate{Activation: kernels.Activation(r.IntN(5)), Slope: 0.3}
	switch r.IntN(5) {
	case 0:
		c.Op = kernels.Add{}
	case 1:
		c.Op = kernels.Multiply{}
	case 2:
		c.Op, c.Inputs = a, c.Inputs[:1]
	case 3:
		c.Op, c.Inputs[1].Shape = kernels.ActivateGradient(a), x
	default:
		o := kernels.Reduce{Kind: kernels.ReduceKind(r.IntN(3)), OverN: coin(r), OverC: coin(r), OverH: coin(r), OverW: coin(r)}
		c.Op, c.Exact = o, o.Kind == kernels.Max
		c.Inputs = []Input{{Shape: x, Fill: Uniform(-0.5, 2)}}
	}
	return c
}

func randomLearning(r *rand.Rand) Case {
	x := randomShape(r, 60)
	v := tensor.Vector(x[1])
	positive := Uniform(0.5, 2)
	counter := Input{Shape: tensor.Rows(1, 4), Fill: Whole(0, 1<<16)}
	c := Case{Name: "learning"}
	switch r.IntN(6) {
	case 0:
		x[3]++ // at least two values a channel
		c.Op = kernels.BatchNorm{Epsilon: 1e-3, Momentum: 0.3}
		c.Inputs = []Input{{Shape: x, Fill: Uniform(-1, 3)}, {Shape: v}, {Shape: v}, {Shape: v}, {Shape: v, Fill: positive}}
	case 1:
		c.Op = kernels.BatchNormGradient{}
		c.Inputs = []Input{{Shape: x, Fill: Uniform(-1, 3)}, {Shape: v}, {Shape: v, Fill: Uniform(0.9, 1.1)}, {Shape: v, Fill: positive}, {Shape: x, Fill: Uniform(-1, 3)}}
	case 2:
		c.Op = kernels.Noise{To: x, Std: 0.5}
		c.Inputs = []Input{counter}
	case 3:
		rows := extent(r, 5000)
		c.Op, c.Exact = kernels.Permutation{Rows: rows, Count: extent(r, 2*rows)}, true
		c.Inputs = []Input{counter, {Shape: tensor.Scalar, Fill: Whole(0, rows)}}
	case 4:
		o := kernels.Adam{Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-6, WeightDecay: 0.01, Decoupled: coin(r)}
		c.Op = o
		c.Inputs = []Input{{Shape: x}, {Shape: x}, {Shape: x}, {Shape: x, Fill: positive}, {Shape: tensor.Rows(1, 3), Fill: Given(o.Scalars(0.01, 1+r.IntN(100))...)}}
	default:
		c.Op = kernels.TruncatedL1Gradient{Margin: 0.5}
		c.Inputs = []Input{{Shape: x}, {Shape: randomShape(r, 5)}, {Shape: tensor.Scalar}}
	}
	return c
}
