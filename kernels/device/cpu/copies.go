package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// copies runs Concat, Slice and Embed: parts of tensors moved along one axis.
type copies struct {
	workers *workers
	zero    bool // clear the output first
	parts   []part
	in      []*buffer
	out     *buffer
}

// part is length values along axis, from position from of input number input to
// position to of the output.
type part struct{ input, axis, from, to, length int }

func (s *setup) concat(op kernels.Concat) runner {
	c := &copies{workers: s.device.workers}
	at := 0
	for i, x := range s.in {
		c.parts = append(c.parts, part{input: i, axis: op.Axis, to: at, length: x[op.Axis]})
		at += x[op.Axis]
	}
	return c
}

func (s *setup) slice(op kernels.Slice) runner {
	return &copies{workers: s.device.workers, parts: []part{{axis: op.Axis, from: op.Start, length: op.Length}}}
}

func (s *setup) embed(op kernels.Embed) runner {
	return &copies{workers: s.device.workers, zero: true, parts: []part{{axis: op.Axis, to: op.Start, length: s.in[0][op.Axis]}}}
}

func (c *copies) run(out, in []*buffer) {
	c.in, c.out = in, out[0]
	c.workers.run(c, out[0].layout.Shape[0])
}

// do fills one picture of the output.
func (c *copies) do(_ *worker, n int) {
	if c.zero {
		size := len(c.out.memory.data) / c.out.layout.Shape[0]
		clear(c.out.memory.data[n*size : (n+1)*size])
	}
	for _, p := range c.parts {
		from := n
		if p.axis == 0 {
			if n < p.to || n >= p.to+p.length {
				continue
			}
			from = n - p.to + p.from
		}
		c.copyPicture(p, c.in[p.input], from, n)
	}
}

func (c *copies) copyPicture(p part, x *buffer, from, to int) {
	xs, ys := x.layout.Shape, c.out.layout.Shape
	switch p.axis {
	case 0:
		size := len(x.memory.data) / xs[0]
		copy(c.out.memory.data[to*size:(to+1)*size], x.memory.data[from*size:])
	case 1:
		c.copyChannels(p, x, from, to)
	default:
		// Rows of whole positions: the same number of groups on both sides.
		inner, groups := 1, xs[1]
		if isBlocked(xs) {
			inner, groups = lanes, blocksOf(xs[1])
		}
		if p.axis == 2 {
			inner *= xs[3]
		} else {
			groups *= xs[2]
		}
		for g := range groups {
			src := x.memory.data[((from*groups+g)*xs[p.axis]+p.from)*inner:]
			copy(c.out.memory.data[((to*groups+g)*ys[p.axis]+p.to)*inner:][:p.length*inner], src)
		}
	}
}

// copyChannels copies whole blocks where they meet and else channel by channel.
func (c *copies) copyChannels(p part, x *buffer, from, to int) {
	plane := x.layout.Shape[2] * x.layout.Shape[3]
	channel := 0
	if isBlocked(x.layout.Shape) && isBlocked(c.out.layout.Shape) && p.from%lanes == 0 && p.to%lanes == 0 {
		for ; channel+lanes <= p.length; channel += lanes {
			dst := unsafe.Slice((*float32)(position(c.out, to, (p.to+channel)/lanes, 0)), plane*lanes)
			copy(dst, unsafe.Slice((*float32)(position(x, from, (p.from+channel)/lanes, 0)), plane*lanes))
		}
	}
	for ; channel < p.length; channel++ {
		dst, dstStep := channelOf(c.out, to, p.to+channel)
		src, srcStep := channelOf(x, from, p.from+channel)
		for i := range plane {
			dst[i*dstStep] = src[i*srcStep]
		}
	}
}

// channelOf returns a channel of a picture and the distance between its values.
func channelOf(b *buffer, n, c int) ([]float32, int) {
	s := b.layout.Shape
	plane := s[2] * s[3]
	if isBlocked(s) {
		return b.memory.data[(n*blocksOf(s[1])+c/lanes)*plane*lanes+c%lanes:], lanes
	}
	return b.memory.data[(n*s[1]+c)*plane:], 1
}

// gather picks rows of a blocked matrix.
type gather struct {
	kernels    *kernelSet
	workers    *workers
	in, index  *buffer
	out        *buffer
	rows, take int
}

func (s *setup) gather() runner {
	if !isBlocked(s.in[0]) {
		return nil
	}
	return &gather{kernels: &s.device.kernels, workers: s.device.workers, rows: s.in[0][3], take: s.out[0][3]}
}

func (g *gather) run(out, in []*buffer) {
	g.in, g.index, g.out = in[0], in[1], out[0]
	g.workers.run(g, ceil(g.take, maxGroup))
}

func (g *gather) do(w *worker, item int) {
	from := item * maxGroup
	count := min(maxGroup, g.take-from)
	for i, at := range g.index.memory.data[from:][:count] {
		w.offsets[i] = min(max(int(at), 0), g.rows-1) * blockBytes
	}
	w.pack = packArgs{
		base: g.in.memory.base, offsets: unsafe.Pointer(&w.offsets), out: position(g.out, 0, 0, from), count: count,
		blocks: blocksOf(g.in.layout.Shape[1]), blockStep: uintptr(g.rows * blockBytes), outStep: uintptr(g.take * blockBytes),
	}
	g.kernels.pack(pointer(&w.pack))
}

// broadcast runs Add, Multiply and Expand of a blocked tensor whose second
// operand repeats.
type broadcast struct {
	workers *workers
	kernels *kernelSet
	shape   tensor.Shape
	from    tensor.Shape // of what repeats
	combine func(out, a, b *vector)
	scale   bool // one block of factors or terms a channel block: y = x·b or x + b
	product bool
	a, b    *buffer
	out     *buffer
}

func (s *setup) repeat(to, from tensor.Shape, scalable, product bool, combine func(out, a, b *vector)) runner {
	if !isBlocked(to) {
		return nil
	}
	return &broadcast{workers: s.device.workers, kernels: &s.device.kernels, shape: to, from: from, combine: combine,
		scale: scalable && from[0] == 1 && from[2]*from[3] == 1, product: product}
}

func addVectors(out, a, b *vector) {
	for l := range out {
		out[l] = a[l] + b[l]
	}
}

func multiplyVectors(out, a, b *vector) {
	for l := range out {
		out[l] = a[l] * b[l]
	}
}

func copyVector(out, _, b *vector) { *out = *b }

func (r *broadcast) run(out, in []*buffer) {
	r.out, r.a, r.b = out[0], in[0], in[len(in)-1]
	r.workers.run(r, r.shape[0]*blocksOf(r.shape[1])*r.shape[2])
}

func (r *broadcast) do(w *worker, item int) {
	blocks := blocksOf(r.shape[1])
	y, block, n := item%r.shape[2], item/r.shape[2]%blocks, item/r.shape[2]/blocks
	width := r.shape[3]
	out := position(r.out, n, block, y*width)
	a := out
	if r.a.layout.Shape == r.shape {
		a = position(r.a, n, block, y*width)
	}
	if r.scale {
		w.vectors[0], w.vectors[1] = vector{}, vector{}
		terms := &w.vectors[1]
		if r.product {
			terms = &w.vectors[0]
		} else {
			for l := range lanes {
				w.vectors[0][l] = 1
			}
		}
		r.load(terms, n, block, y, 0)
		w.vector = vectorArgs{out: out, a: a, b: unsafe.Pointer(&w.vectors[0]), c: unsafe.Pointer(&w.vectors[1]), count: width}
		r.kernels.scale(pointer(&w.vector))
		return
	}
	b := &w.vectors[0]
	for x := range width {
		if x == 0 || r.from[3] > 1 {
			r.load(b, n, block, y, x)
		}
		r.combine(vectorAt(out, x*blockBytes), vectorAt(a, x*blockBytes), b)
	}
}

// load reads what stands at a position of the operand that repeats.
func (r *broadcast) load(to *vector, n, block, y, x int) {
	n, y, x = min(n, r.from[0]-1), min(y, r.from[2]-1), min(x, r.from[3]-1)
	if r.from[1] == r.shape[1] {
		*to = *(*vector)(position(r.b, n, block, y*r.from[3]+x))
		return
	}
	value := r.b.memory.data[(n*r.from[2]+y)*r.from[3]+x]
	for l := range to {
		to[l] = value
	}
}
