package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// product is what convolutions and linear maps have in common: every output
// position is a sum of k inputs times weights. Work is cut into groups of
// positions; the inputs of a group are gathered into a panel [segment][position]
// of 64 bytes each (or read in place where they stand so already), and every
// panel of weights is multiplied with every tile of positions by one kernel call
// that keeps all sums in registers.
type product struct {
	kernels *kernelSet
	workers *workers
	source  source

	images, plane         int // outputs: pictures, positions each
	outputs               int // channels
	outBlocks             int
	runs                  []segments
	panels                []panel
	starts                []int // where each panel's weights begin, in floats
	depth                 int   // k
	group, groups, pieces int   // positions a group, groups a picture, parts of the panels
	epilogue              epilogue

	// Of the current run.
	phase    int
	in, out  *buffer
	residual *buffer
	bias     unsafe.Pointer
	weights  unsafe.Pointer

	outIsPlain bool
}

// segments are values of k that one kernel call goes through.
type segments struct {
	first, count int // segments of the panel
	length, last int // values in each, in the last one
	k            int // of the first value
}

// epilogue is what follows the sum.
type epilogue struct {
	flags int
	slope float32
	after kernel // over blocks of 64 bytes, for what the kernels do not do themselves
}

func newEpilogue(k *kernelSet, a kernels.Activation, slope float32) epilogue {
	switch a {
	case kernels.ReLU:
		return epilogue{flags: flagReLU}
	case kernels.LeakyReLU:
		return epilogue{flags: flagLeaky, slope: slope}
	case kernels.SiLU:
		return epilogue{after: k.silu}
	case kernels.Sigmoid:
		return epilogue{after: k.sigmoid}
	}
	return epilogue{}
}

// source finds the inputs of a group of positions.
type source interface {
	// prepare is called before each run; the items it returns are done first.
	prepare(in *buffer) (items int)
	do(w *worker, item int)
	// panel returns segment 0 of positions from to to of picture n and the
	// distance between segments.
	panel(w *worker, n, from, to int) (x unsafe.Pointer, step uintptr)
	// bytes is the panel memory a position takes.
	bytes() int
}

const (
	maxGroup   = 112       // positions in a group
	panelBytes = 256 << 10 // of a group's inputs: a quarter of the second cache
	enough     = 4         // items a worker, so that all end at about the same time
)

// shape takes in the outputs.
func (p *product) shape(out tensor.Shape) {
	p.images, p.plane = out[0], out[2]*out[3]
	p.outputs, p.outBlocks = out[1], blocksOf(out[1])
	p.outIsPlain = !isBlocked(out)
	p.panels = p.kernels.panels(p.outBlocks)
}

// items is the least number of items the work is cut into where it can be.
func (p *product) items() int { return enough * len(p.workers.all) }

// groupOf returns the positions of a group. As a rule a group's inputs stay in the
// second cache, and there are groups for all workers.
func (p *product) groupOf(variant string) int {
	tile := p.kernels.positions[min(2, p.panels[0].n)]
	switch variant {
	case productSmall:
		return tile
	case productLarge:
		return maxGroup / tile * tile
	}
	group := tile
	for group+tile <= maxGroup && (group+tile)*p.depth*4 <= panelBytes {
		group += tile
	}
	for group > tile && p.images*ceil(p.plane, group) < p.items() {
		group -= tile
	}
	return group
}

// plan decides how the work is cut.
func (p *product) plan(out tensor.Shape, variant string) {
	p.shape(out)
	at := 0
	for _, q := range p.panels {
		p.starts = append(p.starts, at)
		at += p.depth * q.n * lanes
	}
	p.group = p.groupOf(variant)
	p.groups = ceil(p.plane, p.group)
	p.pieces = 1
	for p.images*p.groups*p.pieces < p.items() && p.pieces < len(p.panels) {
		p.pieces++
	}
	p.workers.need(p.source.bytes() * min(p.group, p.plane))
}

func ceil(a, b int) int { return (a + b - 1) / b }

func (p *product) weightFloats() int {
	last := len(p.panels) - 1
	return p.starts[last] + p.depth*p.panels[last].n*lanes
}

// packWeights arranges weights as [panel][k][16n]: value k of output o stands at
// src[o*outputStep + order(k)*kStep].
func packWeights(dst, src []float32, panels []panel, outputs, outputStep, kStep int, order []int) {
	at := 0
	for _, q := range panels {
		width := q.n * lanes
		first := q.first * lanes
		for l := range width {
			o := first + l
			to := dst[at+l:]
			if o >= outputs {
				for k := range order {
					to[k*width] = 0
				}
				continue
			}
			row := src[o*outputStep:]
			for k, from := range order {
				to[k*width] = row[from*kStep]
			}
		}
		at += width * len(order)
	}
}

func (p *product) start(out, in, residual *buffer, bias unsafe.Pointer) {
	p.in, p.out, p.residual, p.bias = in, out, residual, bias
	if items := p.source.prepare(in); items > 0 {
		p.phase = 0
		p.workers.run(p, items)
	}
	p.phase = 1
	p.workers.run(p, p.images*p.groups*p.pieces)
}

func (p *product) do(w *worker, item int) {
	if p.phase == 0 {
		p.source.do(w, item)
		return
	}
	piece := item % p.pieces
	item /= p.pieces
	n, g := item/p.groups, item%p.groups
	from, to := cut(p.plane, p.groups, g), cut(p.plane, p.groups, g+1)
	x, step := p.source.panel(w, n, from, to)
	a := &w.gemm
	a.xSegment, a.slope = step, p.epilogue.slope
	for i := cut(len(p.panels), p.pieces, piece); i < cut(len(p.panels), p.pieces, piece+1); i++ {
		q := p.panels[i]
		weights := unsafe.Add(p.weights, p.starts[i]*4)
		tiles := ceil(to-from, p.kernels.positions[q.n])
		for t := range tiles {
			first, end := cut(to-from, tiles, t), cut(to-from, tiles, t+1)
			p.tile(w, q, unsafe.Add(x, first*blockBytes), weights, n, from+first, end-first)
		}
	}
}

// tile computes count positions of one panel.
func (p *product) tile(w *worker, q panel, x, weights unsafe.Pointer, n, first, count int) {
	a := &w.gemm
	a.bias, a.residual = nil, nil
	if p.bias != nil {
		a.bias = unsafe.Add(p.bias, q.first*blockBytes)
	}
	var residual unsafe.Pointer
	if p.outIsPlain {
		a.out, a.outBlock = w.tile, maxTile*blockBytes
		if p.residual != nil {
			residual = unsafe.Add(w.tile, maxPanel*maxTile*blockBytes)
			p.plainTile(w, residual, p.residual, n, first, count, false)
		}
	} else {
		a.out, a.outBlock = position(p.out, n, q.first, first), uintptr(p.plane*blockBytes)
		if p.residual != nil {
			residual = position(p.residual, n, q.first, first)
		}
	}
	call := p.kernels.gemm[q.n][count]
	for i := range p.runs {
		r := &p.runs[i]
		a.flags = 0
		if i > 0 {
			a.flags = flagAccumulate
		}
		if i == len(p.runs)-1 {
			a.flags |= p.epilogue.flags
			a.residual = residual
		}
		a.x = unsafe.Add(x, r.first*int(a.xSegment))
		a.w = unsafe.Add(weights, r.k*q.n*blockBytes)
		a.segments = r.count
		a.fours, a.ones, a.lastFours, a.lastOnes = r.length/4, r.length%4, r.last/4, r.last%4
		call(pointer(a))
	}
	if p.epilogue.after != nil {
		for b := range q.n {
			w.vector.out = unsafe.Add(a.out, b*int(a.outBlock))
			w.vector.a, w.vector.count = w.vector.out, count
			p.epilogue.after(pointer(&w.vector))
		}
	}
	if p.outIsPlain {
		p.plainTile(w, w.tile, p.out, n, first, count, true)
	}
}

// plainTile copies count positions between a tile and a buffer of few channels.
func (p *product) plainTile(w *worker, tile unsafe.Pointer, b *buffer, n, first, count int, store bool) {
	for c := range p.outputs {
		row := b.memory.data[(n*p.outputs+c)*p.plane+first:][:count]
		for i := range row {
			v := &vectorAt(tile, i*blockBytes)[c]
			if store {
				row[i] = *v
			} else {
				*v = row[i]
			}
		}
	}
}

// inPlace reads inputs where they stand: one position a position.
type inPlace struct {
	in *buffer
}

func (s *inPlace) prepare(in *buffer) int { s.in = in; return 0 }
func (s *inPlace) do(*worker, int)        {}
func (s *inPlace) bytes() int             { return 0 }

func (s *inPlace) panel(_ *worker, n, from, _ int) (unsafe.Pointer, uintptr) {
	shape := s.in.layout.Shape
	return position(s.in, n, 0, from), uintptr(shape[2] * shape[3] * blockBytes)
}

// window is the geometry of a convolution.
type window struct {
	kernel, stride, dilation, top, left int
	inH, inW, outW                      int
}

// gathered copies the inputs of blocked channels, segment (block, tap) by
// segment.
type gathered struct {
	window
	kernels *kernelSet
	blocks  int
	in      *buffer
}

func (s *gathered) prepare(in *buffer) int { s.in = in; return 0 }
func (s *gathered) do(*worker, int)        {}
func (s *gathered) bytes() int             { return s.blocks * s.kernel * s.kernel * blockBytes }

func (s *gathered) panel(w *worker, n, from, to int) (unsafe.Pointer, uintptr) {
	taps := s.kernel * s.kernel
	step := uintptr((to - from) * blockBytes)
	a := &w.pack
	a.base, a.blockStep = position(s.in, n, 0, 0), uintptr(s.inH*s.inW*blockBytes)
	a.offsets, a.count, a.blocks = unsafe.Pointer(&w.offsets), to-from, s.blocks
	a.outStep = step * uintptr(taps)
	for tap := range taps {
		i, j := from/s.outW, from%s.outW
		dy, dx := tap/s.kernel*s.dilation-s.top, tap%s.kernel*s.dilation-s.left
		for q := range to - from {
			y, x := i*s.stride+dy, j*s.stride+dx
			w.offsets[q] = -1
			if uint(y) < uint(s.inH) && uint(x) < uint(s.inW) {
				w.offsets[q] = (y*s.inW + x) * blockBytes
			}
			if j++; j == s.outW {
				i, j = i+1, 0
			}
		}
		a.out = unsafe.Add(w.scratch.base, tap*int(step))
		s.kernels.pack(pointer(a))
	}
	return w.scratch.base, step
}

// bordered copies the inputs of few channels out of a copy of the picture with
// its border of zeros. A segment is one row of the window, or one value of it
// where the window is dilated.
type bordered struct {
	window
	kernels  *kernelSet
	channels int
	images   int
	paddedH  int
	paddedW  int
	padded   memory
	in       *buffer
}

func newBordered(k *kernelSet, g window, in tensor.Shape, outH int) *bordered {
	reach := (g.kernel - 1) * g.dilation
	s := &bordered{window: g, kernels: k, channels: in[1], images: in[0],
		paddedH: (outH-1)*g.stride + reach + 1, paddedW: (g.outW-1)*g.stride + reach + 1}
	s.paddedH, s.paddedW = max(s.paddedH, g.top+g.inH), max(s.paddedW, g.left+g.inW)
	s.padded = newMemory(s.images*s.channels*s.paddedH*s.paddedW + lanes)
	return s
}

// segmentLength is the number of values in a segment.
func (s *bordered) segmentLength() int {
	if s.dilation > 1 || s.kernel > lanes {
		return 1
	}
	return s.kernel
}

func (s *bordered) segmentCount() int {
	return s.channels * s.kernel * s.kernel / s.segmentLength()
}

func (s *bordered) bytes() int { return s.segmentCount() * blockBytes }

func (s *bordered) prepare(in *buffer) int { s.in = in; return s.images * s.channels }

func (s *bordered) do(_ *worker, item int) {
	src := s.in.memory.data[item*s.inH*s.inW:]
	dst := s.padded.data[item*s.paddedH*s.paddedW:]
	for y := range s.inH {
		copy(dst[(y+s.top)*s.paddedW+s.left:][:s.inW], src[y*s.inW:])
	}
}

func (s *bordered) panel(w *worker, n, from, to int) (unsafe.Pointer, uintptr) {
	i, j := from/s.outW, from%s.outW
	for q := range to - from {
		w.offsets[q] = (i*s.paddedW + j) * s.stride * 4
		if j++; j == s.outW {
			i, j = i+1, 0
		}
	}
	step := uintptr((to - from) * blockBytes)
	a := &w.pack
	a.offsets, a.count, a.blocks = unsafe.Pointer(&w.offsets), to-from, 1
	a.outStep, a.out = 0, w.scratch.base
	each, length := s.kernel, s.segmentLength()
	each /= length // segments in a row of the window
	for c := range s.channels {
		for u := range s.kernel {
			row := unsafe.Add(s.padded.base, ((n*s.channels+c)*s.paddedH+u*s.dilation)*s.paddedW*4)
			for v := range each {
				a.base = unsafe.Add(row, v*s.dilation*4)
				s.kernels.pack(pointer(a))
				a.out = unsafe.Add(a.out, step)
			}
		}
	}
	return w.scratch.base, step
}
