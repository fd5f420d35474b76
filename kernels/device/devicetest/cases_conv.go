package devicetest

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// conv returns a case of op on x with outputs channels, its weights constant and
// scaled so that outputs are about as large as inputs.
func conv(name string, op kernels.Conv2D, x tensor.Shape, outputs int) Case {
	reduced := x[1] / op.Groups
	c := Case{Name: "conv2d/" + name, Op: op, Inputs: []Input{
		{Shape: x},
		{
			Shape:    tensor.Shape{outputs, reduced, op.Kernel, op.Kernel},
			Fill:     Scaled(1 / math.Sqrt(float64(reduced*op.Kernel*op.Kernel))),
			Constant: true,
		},
	}}
	if op.Bias {
		c.Inputs = append(c.Inputs, Input{Shape: tensor.Vector(outputs), Constant: true})
	}
	if op.Residual {
		reach := op.Dilation*(op.Kernel-1) + 1
		c.Inputs = append(c.Inputs, Input{Shape: tensor.Shape{
			x[0], outputs,
			(x[2]+op.PadTop+op.PadBottom-reach)/op.Stride + 1,
			(x[3]+op.PadLeft+op.PadRight-reach)/op.Stride + 1,
		}})
	}
	c.Winograd = op.Kernel == 3 && op.Stride == 1 && op.Dilation == 1 && op.Groups == 1
	return c
}

// convolution is the usual one with other attributes set by change.
func convolution(kernel, stride int, change func(o *kernels.Conv2D)) kernels.Conv2D {
	o := kernels.Conv(kernel, stride, kernels.Identity)
	if change != nil {
		change(&o)
	}
	return o
}

func pads(top, left, bottom, right int) func(o *kernels.Conv2D) {
	return func(o *kernels.Conv2D) { o.PadTop, o.PadLeft, o.PadBottom, o.PadRight = top, left, bottom, right }
}

func groups(n int) func(o *kernels.Conv2D) {
	return func(o *kernels.Conv2D) { o.Groups = n }
}

func convCases(l *collector) {
	channels := []int{1, 3, 5, 13, 16, 17, 33, 48, 64}
	for i, c := range channels {
		outputs := channels[(i+4)%len(channels)]
		l.add(conv(fmt.Sprintf("3x3 %d to %d channels", c, outputs), convolution(3, 1, nil), tensor.Shape{1, c, 7, 6}, outputs))
		l.add(conv(fmt.Sprintf("1x1 %d to %d channels", c, outputs), convolution(1, 1, nil), tensor.Shape{1, c, 5, 9}, outputs))
		l.add(conv(fmt.Sprintf("3x3 on a 1x1 map, %d channels", c), convolution(3, 1, nil), tensor.Shape{1, c, 1, 1}, 5))
	}
	for _, size := range []int{5, 6, 7, 9, 11} {
		l.add(conv(fmt.Sprintf("3x3 tile remainder %d", size), convolution(3, 1, nil), tensor.Shape{1, 16, size, size + 1}, 32))
	}
	for _, s := range []struct{ c, size, outputs int }{{16, 8, 16}, {64, 8, 64}, {32, 16, 48}, {64, 16, 64}, {16, 32, 32}, {32, 32, 16}} {
		l.add(conv(fmt.Sprintf("3x3 %d to %d channels %dx%d", s.c, s.outputs, s.size, s.size), convolution(3, 1, nil), tensor.Shape{1, s.c, s.size, s.size}, s.outputs))
	}
	for _, c := range []struct {
		name    string
		op      kernels.Conv2D
		x       tensor.Shape
		outputs int
	}{
		{"stride 2", convolution(3, 2, nil), tensor.Shape{1, 16, 9, 12}, 24},
		{"stride 2 odd channels", convolution(3, 2, nil), tensor.Shape{1, 5, 8, 7}, 13},
		{"stride 3 of 1x1", convolution(1, 3, nil), tensor.Shape{1, 17, 8, 10}, 9},
		{"stride 2 of 1x1", convolution(1, 2, nil), tensor.Shape{1, 33, 8, 8}, 17},
		{"dilation 2", convolution(3, 1, func(o *kernels.Conv2D) { o.Dilation = 2; pads(2, 2, 2, 2)(o) }), tensor.Shape{1, 13, 9, 8}, 16},
		{"dilation 3 stride 2", convolution(3, 2, func(o *kernels.Conv2D) { o.Dilation = 3 }), tensor.Shape{1, 4, 11, 12}, 6},
		{"tf same 3x3 stride 2", convolution(3, 2, pads(0, 0, 1, 1)), tensor.Shape{1, 13, 8, 10}, 16},
		{"tf same 5x5 stride 2", convolution(5, 2, pads(1, 1, 2, 2)), tensor.Shape{1, 5, 10, 8}, 7},
		{"four different pads", convolution(3, 1, pads(1, 0, 2, 3)), tensor.Shape{1, 16, 6, 7}, 17},
		{"no pads", convolution(3, 1, pads(0, 0, 0, 0)), tensor.Shape{1, 16, 10, 9}, 16},
		{"pads beyond the kernel", convolution(3, 1, pads(4, 3, 3, 5)), tensor.Shape{1, 3, 4, 3}, 5},
		{"padded 1x1", convolution(1, 1, pads(1, 2, 0, 1)), tensor.Shape{1, 5, 4, 6}, 7},
		{"even kernel", convolution(2, 2, pads(0, 0, 0, 0)), tensor.Shape{1, 7, 8, 6}, 8},
		{"even kernel padded", convolution(4, 1, pads(1, 1, 2, 2)), tensor.Shape{1, 3, 6, 7}, 5},
		{"stem 7x7 stride 2", convolution(7, 2, nil), tensor.Shape{1, 3, 33, 30}, 64},
		{"stem 5x5 stride 2", convolution(5, 2, nil), tensor.Shape{1, 3, 31, 32}, 16},
		{"stem 3x3 stride 2 tf same", convolution(3, 2, pads(0, 0, 1, 1)), tensor.Shape{1, 3, 32, 32}, 32},
		{"2 groups", convolution(3, 1, groups(2)), tensor.Shape{1, 6, 7, 8}, 10},
		{"2 groups wide", convolution(3, 1, groups(2)), tensor.Shape{1, 32, 9, 8}, 64},
		{"4 groups stride 2", convolution(3, 2, groups(4)), tensor.Shape{1, 16, 9, 8}, 20},
		{"3 groups of 1x1", convolution(1, 1, groups(3)), tensor.Shape{1, 15, 4, 5}, 9},
		{"depthwise", convolution(3, 1, groups(16)), tensor.Shape{1, 16, 9, 10}, 16},
		{"depthwise odd", convolution(3, 1, groups(13)), tensor.Shape{1, 13, 7, 5}, 13},
		{"depthwise stride 2 tf same", convolution(3, 2, func(o *kernels.Conv2D) { o.Groups = 33; pads(0, 0, 1, 1)(o) }), tensor.Shape{1, 33, 8, 8}, 33},
		{"depthwise 5x5 dilation 2", convolution(5, 1, func(o *kernels.Conv2D) { o.Groups, o.Dilation = 5, 2; pads(4, 4, 4, 4)(o) }), tensor.Shape{1, 5, 9, 11}, 5},
		{"depthwise twice as many outputs", convolution(3, 1, groups(5)), tensor.Shape{1, 5, 6, 7}, 10},
		{"batch of 2", convolution(3, 1, nil), tensor.Shape{2, 16, 8, 9}, 17},
		{"batch of 2 stride 2", convolution(3, 2, nil), tensor.Shape{2, 5, 7, 7}, 8},
		{"batch of 3 of 1x1", convolution(1, 1, nil), tensor.Shape{3, 17, 3, 5}, 16},
		{"batch of 2 depthwise", convolution(3, 1, groups(6)), tensor.Shape{2, 6, 5, 5}, 6},
		{"1 channel 20000 wide", convolution(1, 1, nil), tensor.Rows(1, 20000), 3},
		{"20000 channels", convolution(1, 1, nil), tensor.Rows(20000, 1), 2},
		{"tall and thin", convolution(3, 1, nil), tensor.Shape{1, 3, 300, 1}, 5},
	} {
		l.add(conv(c.name, c.op, c.x, c.outputs))
	}
	epilogueCases(l)
}

// epilogueCases covers every epilogue on every way a device may compute a
// convolution.
func epilogueCases(l *collector) {
	ways := []struct {
		name    string
		op      kernels.Conv2D
		x       tensor.Shape
		outputs int
		every   bool // all epilogues and not only the fullest ones
	}{
		{"3x3", convolution(3, 1, nil), tensor.Shape{1, 5, 9, 6}, 7, true},
		{"3x3 wide", convolution(3, 1, nil), tensor.Shape{1, 16, 8, 9}, 20, true},
		{"1x1", convolution(1, 1, nil), tensor.Shape{2, 13, 4, 5}, 16, false},
		{"3x3 stride 2", convolution(3, 2, nil), tensor.Shape{1, 16, 9, 8}, 18, false},
		{"depthwise", convolution(3, 1, groups(10)), tensor.Shape{1, 10, 5, 6}, 10, false},
		{"2 groups", convolution(3, 1, groups(2)), tensor.Shape{1, 8, 5, 6}, 6, false},
	}
	for _, way := range ways {
		for a := kernels.Identity; a <= kernels.Sigmoid; a++ {
			for e := range 4 {
				op := way.op
				op.Bias, op.Residual, op.Activation = e&1 != 0, e&2 != 0, a
				if a == kernels.LeakyReLU {
					op.Slope = 0.2
				}
				if way.every || e == 3 || e == 2 && a == kernels.ReLU {
					l.add(conv(fmt.Sprintf("%s bias %v residual %v activation %d", way.name, op.Bias, op.Residual, a), op, way.x, way.outputs))
				}
			}
		}
	}
}
