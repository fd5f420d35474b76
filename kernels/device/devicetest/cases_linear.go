package devicetest

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func linear(name string, op kernels.Linear, x tensor.Shape, outputs int) Case {
	w := tensor.Shape{outputs, x[1], 1, 1}
	if op.Transposed {
		w[0], w[1] = w[1], w[0]
	}
	c := Case{Name: "linear/" + name, Op: op, Inputs: []Input{
		{Shape: x},
		{Shape: w, Fill: Scaled(1 / math.Sqrt(float64(x[1]))), Constant: true},
	}}
	if op.Bias {
		c.Inputs = append(c.Inputs, Input{Shape: tensor.Vector(outputs), Constant: true})
	}
	return c
}

func linearCases(l *collector) {
	for _, s := range []struct {
		x       tensor.Shape
		outputs int
	}{
		{tensor.Rows(1, 1), 1},
		{tensor.Rows(3, 7), 5},
		{tensor.Rows(13, 100), 1},
		{tensor.Rows(16, 6), 17},
		{tensor.Rows(33, 129), 17},
		{tensor.Rows(64, 64), 64},
		{tensor.Rows(65, 67), 66},
		{tensor.Rows(48, 5), 130},
		{tensor.Rows(1, 20000), 3},
		{tensor.Rows(20000, 1), 2},
		{tensor.Shape{2, 5, 3, 7}, 6},
		{tensor.Shape{3, 16, 4, 4}, 12},
	} {
		for _, transposed := range []bool{false, true} {
			name := fmt.Sprintf("%v to %d transposed %v", s.x, s.outputs, transposed)
			l.add(linear(name, kernels.Linear{Transposed: transposed, Bias: s.outputs%2 == 1}, s.x, s.outputs))
		}
	}
	for a := kernels.Identity; a <= kernels.Sigmoid; a++ {
		for _, bias := range []bool{false, true} {
			op := kernels.Linear{Bias: bias, Activation: a, Slope: 0.2}
			l.add(linear(fmt.Sprintf("bias %v activation %d", bias, a), op, tensor.Rows(17, 19), 18))
		}
	}
	big := linear("10368 rows of 1536", kernels.Linear{}, tensor.Rows(1536, 10368), 2)
	big.Inputs[0].Fill = Uniform(-1, 1)
	l.add(big)

	for _, s := range []struct {
		x       tensor.Shape
		outputs int
	}{
		{tensor.Rows(1, 1), 1},
		{tensor.Rows(5, 13), 3},
		{tensor.Rows(16, 64), 33},
		{tensor.Rows(65, 130), 66},
		{tensor.Rows(1, 20000), 2},
		{tensor.Rows(20000, 1), 2},
		{tensor.Shape{2, 5, 3, 7}, 6},
	} {
		dy := s.x
		dy[1] = s.outputs
		l.plain(fmt.Sprintf("linear_weight_gradient/%v to %d", s.x, s.outputs), kernels.LinearWeightGradient{}, s.x, dy)
	}
}
