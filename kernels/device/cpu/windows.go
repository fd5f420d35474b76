package cpu

import (
	"math"
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// windows runs pooling and depthwise convolution on blocked tensors: every
// output row is one kernel call for the positions whose window lies inside the
// picture and one for each position at the border. Taps outside are read from a
// row of neutral values.
type windows struct {
	workers *workers
	call    kernel
	window
	outH, blocks, images int
	rows                 int // items a block of channels
	neutral              memory
	average              kernels.PoolKind
	depthwise            bool
	epilogue             epilogue
	hasBias, hasResidual bool
	variable             refresher

	in, out, residual *buffer
	weights, bias     unsafe.Pointer
}

// rowsPerItem is the number of output rows of a block that an item computes.
const rowsPerItem = 4

func (s *setup) pool(op kernels.Pool) runner {
	x, y := s.in[0], s.out[0]
	if !isBlocked(x) || op.Kernel*op.Kernel > maxTaps {
		return nil
	}
	k := &s.device.kernels
	p := s.windows(window{op.Kernel, op.Stride, 1, op.PadTop, op.PadLeft, x[2], x[3], y[3]}, y)
	p.call, p.average = k.sumWindow, op.Kind
	if op.Kind == kernels.MaxPool {
		p.call = k.maxWindow
		for i := range p.neutral.data {
			p.neutral.data[i] = float32(math.Inf(-1))
		}
	}
	return p
}

func (s *setup) windows(g window, y tensor.Shape) *windows {
	return &windows{workers: s.device.workers, window: g, outH: y[2], blocks: blocksOf(y[1]), images: y[0],
		rows: ceil(y[2], rowsPerItem), neutral: newMemory(y[3] * g.stride * lanes)}
}

// depthwiseConv runs a convolution whose every channel is a group.
func (s *setup) depthwiseConv(op kernels.Conv2D) runner {
	x, y := s.in[0], s.out[0]
	k := &s.device.kernels
	p := s.windows(window{op.Kernel, op.Stride, op.Dilation, op.PadTop, op.PadLeft, x[2], x[3], y[3]}, y)
	p.call, p.depthwise = k.depthwise, true
	p.epilogue = newEpilogue(k, op.Activation, op.Slope)
	p.hasBias, p.hasResidual = op.Bias, op.Residual
	taps := op.Kernel * op.Kernel
	p.variable = s.weights("depthwise", p.blocks*taps*lanes, func(dst, src []float32) {
		clear(dst)
		for c := range y[1] {
			for t := range taps {
				dst[(c/lanes*taps+t)*lanes+c%lanes] = src[c*taps+t]
			}
		}
	})
	return p
}

func (p *windows) run(out, in []*buffer) {
	p.in, p.out, p.residual, p.bias = in[0], out[0], nil, nil
	if p.depthwise {
		p.weights = in[1].memory.base
		if p.variable != nil {
			p.weights = p.variable.refresh(in[1])
		}
		if p.hasBias {
			p.bias = in[2].memory.base
		}
		if p.hasResidual {
			p.residual = in[len(in)-1]
		}
	}
	p.workers.run(p, p.images*p.blocks*p.rows)
}

func (p *windows) do(w *worker, item int) {
	group := item % p.rows
	block := item / p.rows % p.blocks
	n := item / p.rows / p.blocks
	a := &w.window
	a.taps, a.weights, a.residual, a.bias = unsafe.Pointer(&w.taps), unsafe.Pointer(&w.tapWeights), nil, nil
	a.flags, a.slope = p.epilogue.flags, p.epilogue.slope
	if p.bias != nil {
		a.bias = unsafe.Add(p.bias, block*blockBytes)
	}
	// The outputs from inside to inner have their windows between the sides.
	reach := (p.kernel - 1) * p.dilation
	inside := min(ceil(p.left, p.stride), p.outW)
	inner := inside
	if last := p.inW - 1 - reach + p.left; last >= 0 {
		inner = max(min(last/p.stride+1, p.outW), inside)
	}
	for i := group * rowsPerItem; i < min((group+1)*rowsPerItem, p.outH); i++ {
		for j := range inside {
			p.reduce(w, n, block, i, j, 1)
		}
		if inner > inside {
			p.reduce(w, n, block, i, inside, inner-inside)
		}
		for j := inner; j < p.outW; j++ {
			p.reduce(w, n, block, i, j, 1)
		}
	}
}

// reduce computes count outputs of a row from (i, j) on.
func (p *windows) reduce(w *worker, n, block, i, j, count int) {
	a := &w.window
	top, left := i*p.stride-p.top, j*p.stride-p.left
	taps, inPicture := 0, 0
	for u := range p.kernel {
		y := top + u*p.dilation
		for v := range p.kernel {
			x := left + v*p.dilation
			w.taps[taps] = p.neutral.base
			if uint(y) < uint(p.inH) && uint(x) < uint(p.inW) {
				w.taps[taps] = position(p.in, n, block, y*p.inW+x)
				inPicture++
			}
			taps++
		}
	}
	a.tapCount = taps
	switch {
	case p.depthwise:
		a.weights = unsafe.Add(p.weights, block*taps*blockBytes)
	case p.average != kernels.MaxPool:
		share := 1 / float32(p.kernel*p.kernel)
		if p.average == kernels.AveragePool {
			share = 1 / float32(inPicture)
		}
		for t := range taps {
			w.tapWeights[t] = share
		}
	}
	at := i*p.outW + j
	a.out, a.count, a.step = position(p.out, n, block, at), count, uintptr(p.stride*blockBytes)
	if p.residual != nil {
		a.residual = position(p.residual, n, block, at)
	}
	p.call(pointer(a))
	if p.epilogue.after != nil {
		w.vector.out, w.vector.a, w.vector.count = a.out, a.out, count
		p.epilogue.after(pointer(&w.vector))
	}
}
