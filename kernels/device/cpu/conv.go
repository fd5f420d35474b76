package cpu

import (
	"fmt"
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// convolution runs kernels.Conv2D and kernels.Linear as a product.
type convolution struct {
	product
	hasBias, hasResidual bool
	variable             refresher
}

// refresher packs weights that may have changed since the last run.
type refresher interface {
	refresh(b *buffer) unsafe.Pointer
}

// variableWeights are packed anew in every run.
type variableWeights struct {
	shape tensor.Shape
	plain []float32
	own   memory
	pack  func(dst, src []float32)
}

func (v *variableWeights) refresh(b *buffer) unsafe.Pointer {
	fromLayout(v.plain, b.memory.data, v.shape)
	v.pack(v.own.data, v.plain)
	return v.own.base
}

func (c *convolution) run(out, in []*buffer) {
	c.weights = in[1].memory.base
	if c.variable != nil {
		c.weights = c.variable.refresh(in[1])
	}
	var bias unsafe.Pointer
	if c.hasBias {
		bias = in[2].memory.base
	}
	var residual *buffer
	if c.hasResidual {
		residual = in[len(in)-1]
	}
	c.start(out[0], in[0], residual, bias)
}

// weights names the packing of input 1, or has it packed in every run when it is
// not constant.
func (s *setup) weights(name string, floats int, pack func(dst, src []float32)) refresher {
	if s.operands[1].Constant {
		s.packed(1, fmt.Sprintf("%s of %v", name, s.in[1]), floats, pack)
		return nil
	}
	return &variableWeights{shape: s.in[1], plain: make([]float32, s.in[1].Len()), own: newMemory(floats), pack: pack}
}

func (s *setup) conv2d(op kernels.Conv2D) runner {
	x, y := s.in[0], s.out[0]
	variant := s.variant
	if variant == "" {
		variant = convVariants(op, x, y)[0]
	}
	switch variant {
	case depthwise:
		return s.depthwiseConv(op)
	case winogradChunks, winogradSteps:
		return s.winograd(op, variant == winogradSteps)
	}
	return s.direct(op)
}

// direct computes a convolution as a product of gathered windows. Groups are one
// convolution whose weights are zero outside their group.
func (s *setup) direct(op kernels.Conv2D) runner {
	x, y := s.in[0], s.out[0]
	k := &s.device.kernels
	c := &convolution{hasBias: op.Bias, hasResidual: op.Residual}
	c.kernels, c.workers = k, s.device.workers
	c.epilogue = newEpilogue(k, op.Activation, op.Slope)
	taps := op.Kernel * op.Kernel
	c.depth = x[1] * taps
	g := window{op.Kernel, op.Stride, op.Dilation, op.PadTop, op.PadLeft, x[2], x[3], y[3]}
	var order []int
	switch {
	case !isBlocked(x):
		b := newBordered(k, g, x, y[2])
		c.source = b
		length := b.segmentLength()
		c.runs = []segments{{count: b.segmentCount(), length: length, last: length}}
		order = sequence(c.depth)
	case taps == 1 && op.Stride == 1 && y[2] == x[2] && y[3] == x[3] && op.PadTop == 0 && op.PadLeft == 0:
		c.source = &inPlace{}
		c.runs = pointwise(x[1])
		order = sequence(c.depth)
	default:
		c.source = &gathered{window: g, kernels: k, blocks: blocksOf(x[1])}
		order, c.runs = tapOrder(x[1], taps)
	}
	c.plan(y, s.variant)
	c.variable = s.weights(fmt.Sprintf("product, %d groups, plain %v, %d taps", op.Groups, !isBlocked(x), taps), c.weightFloats(), func(dst, src []float32) {
		if op.Groups > 1 {
			src = dense(src, y[1], x[1], taps, op.Groups)
		}
		packWeights(dst, src, c.panels, y[1], c.depth, 1, order)
	})
	return c
}

func (s *setup) linear(op kernels.Linear) runner {
	x, y := s.in[0], s.out[0]
	k := &s.device.kernels
	c := &convolution{hasBias: op.Bias}
	c.kernels, c.workers = k, s.device.workers
	c.epilogue = newEpilogue(k, op.Activation, op.Slope)
	c.depth = x[1]
	if isBlocked(x) {
		c.source = &inPlace{}
		c.runs = pointwise(x[1])
	} else {
		c.source = newBordered(k, window{1, 1, 1, 0, 0, x[2], x[3], y[3]}, x, y[2])
		c.runs = []segments{{count: x[1], length: 1, last: 1}}
	}
	order := sequence(c.depth)
	c.plan(y, s.variant)
	outputStep, kStep := x[1], 1
	if op.Transposed {
		outputStep, kStep = 1, y[1]
	}
	if !s.operands[1].Constant {
		r := &rowsPacker{workers: c.workers, panels: c.panels, starts: c.starts, depth: c.depth, outputs: y[1], stride: s.in[1][1], transposed: op.Transposed}
		if isBlocked(s.in[1]) {
			r.stride = blocksOf(s.in[1][1]) * lanes
		}
		r.own = newMemory(c.weightFloats())
		c.variable = r
		return c
	}
	c.variable = s.weights(fmt.Sprintf("product, transposed %v", op.Transposed), c.weightFloats(), func(dst, src []float32) {
		packWeights(dst, src, c.panels, y[1], outputStep, kStep, order)
	})
	return c
}

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func pointwise(channels int) []segments {
	blocks := blocksOf(channels)
	return []segments{{count: blocks, length: lanes, last: channels - (blocks-1)*lanes}}
}

// tapOrder is the order of weights for a gathered source: all taps of the first
// 16 channels, of the next 16, ..., and last those of the block that is not full.
func tapOrder(channels, taps int) (order []int, runs []segments) {
	for first := 0; first < channels; first += lanes {
		for tap := range taps {
			for c := first; c < min(first+lanes, channels); c++ {
				order = append(order, c*taps+tap)
			}
		}
	}
	full, rest := channels/lanes, channels%lanes
	if full > 0 {
		runs = append(runs, segments{count: full * taps, length: lanes, last: lanes})
	}
	if rest > 0 {
		runs = append(runs, segments{first: full * taps, count: taps, length: rest, last: rest, k: full * taps * lanes})
	}
	return order, runs
}

// dense spreads the weights of a grouped convolution over all input channels.
func dense(src []float32, outputs, inputs, taps, groups int) []float32 {
	all := make([]float32, outputs*inputs*taps)
	row := inputs / groups * taps
	for o := range outputs {
		group := o / (outputs / groups)
		copy(all[o*inputs*taps+group*row:], src[o*row:][:row])
	}
	return all
}
