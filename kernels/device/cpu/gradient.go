package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// weightGradient computes dW[o,i] = Σ_p dy[o,p]·x[i,p]. The rows of both inputs
// are read where they stand: the kernel takes up to eight outputs and three
// blocks of inputs at a time. The sum over positions is cut at fixed places, so
// that the result does not depend on who computes it.
type weightGradient struct {
	kernels        *kernelSet
	workers        *workers
	x, dy          tensor.Shape
	inBlocks       int
	outBlocks      int // of dy; its channels when it is plain
	panels         []panel
	in, dOut, grad *buffer
}

// rowChunk is the number of positions summed in registers: a panel of x stays in
// the first caches while all outputs go over it.
const rowChunk = 256

func (s *setup) weightGradient() runner {
	x, dy := s.in[0], s.in[1]
	if !isBlocked(x) {
		return nil
	}
	k := &s.device.kernels
	g := &weightGradient{kernels: k, workers: s.device.workers, x: x, dy: dy, inBlocks: blocksOf(x[1]), outBlocks: dy[1]}
	g.panels = k.panels(g.inBlocks)
	if isBlocked(dy) {
		g.outBlocks = blocksOf(dy[1])
	}
	return g
}

// outputGroup is the number of output blocks in an item.
const outputGroup = 4

func (g *weightGradient) run(out, in []*buffer) {
	g.in, g.dOut, g.grad = in[0], in[1], out[0]
	g.workers.run(g, len(g.panels)*ceil(g.outBlocks, outputGroup))
}

func (g *weightGradient) do(w *worker, item int) {
	q := g.panels[item%len(g.panels)]
	from := item / len(g.panels) * outputGroup
	plane := g.x[2] * g.x[3]
	a := &w.gemm
	a.bias, a.residual, a.flags, a.segments = nil, nil, 0, 1
	a.wBlock, a.outBlock, a.outStep = uintptr(plane*blockBytes), blockBytes, uintptr(g.inBlocks*blockBytes)
	for n := range g.x[0] {
		for row := 0; row < plane; row += rowChunk {
			count := min(rowChunk, plane-row)
			a.fours, a.ones, a.lastFours, a.lastOnes = count/4, count%4, count/4, count%4
			for block := from; block < min(from+outputGroup, g.outBlocks); block++ {
				if isBlocked(g.dy) {
					g.block(a, q, n, row, block)
				} else {
					g.plain(a, q, n, row, block)
				}
			}
			a.flags = flagAccumulate
		}
	}
}

// block adds a chunk of rows for 16 outputs.
func (g *weightGradient) block(a *gemmArgs, q panel, n, row, block int) {
	channels := min(lanes, g.dy[1]-block*lanes)
	most := g.kernels.values[q.n]
	calls := ceil(channels, most)
	for t := range calls {
		first, end := cut(channels, calls, t), cut(channels, calls, t+1)
		a.x = unsafe.Add(position(g.dOut, n, block, row), first*4)
		a.w = position(g.in, n, q.first, row)
		a.out = unsafe.Add(g.grad.memory.base, ((block*lanes+first)*g.inBlocks+q.first)*blockBytes)
		g.kernels.outer[q.n][end-first](pointer(a))
	}
}

// plain adds a chunk of rows for one output of few: its values stand side by
// side and a block of x is a panel of weights as it is.
func (g *weightGradient) plain(a *gemmArgs, q panel, n, row, channel int) {
	for b := range q.n {
		a.x = unsafe.Add(g.dOut.memory.base, ((n*g.dy[1]+channel)*g.x[2]*g.x[3]+row)*4)
		a.w = position(g.in, n, q.first+b, row)
		a.out = unsafe.Add(g.grad.memory.base, (channel*g.inBlocks+q.first+b)*blockBytes)
		g.kernels.gemm[1][1](pointer(a))
	}
}

// rowsPacker packs the weights of a linear map that change from run to run, one
// panel an item. A row of the weights stands side by side in both layouts.
type rowsPacker struct {
	workers    *workers
	panels     []panel
	starts     []int
	depth      int // inputs
	outputs    int
	stride     int // floats from row to row
	transposed bool
	own        memory
	src        []float32
}

func (p *rowsPacker) refresh(b *buffer) unsafe.Pointer {
	p.src = b.memory.data
	p.workers.run(p, len(p.panels))
	return p.own.base
}

func (p *rowsPacker) do(_ *worker, item int) {
	q := p.panels[item]
	width := q.n * lanes
	dst := p.own.data[p.starts[item]:][:width*p.depth]
	first := q.first * lanes
	count := min(width, p.outputs-first)
	if p.transposed {
		for k := range p.depth {
			copy(dst[k*width:][:count], p.src[k*p.stride+first:])
		}
		return
	}
	for l := range count {
		row := p.src[(first+l)*p.stride:][:p.depth]
		to := dst[l:]
		for k, v := range row {
			to[k*width] = v
		}
	}
}
