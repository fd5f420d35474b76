package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// flat runs a routine over whole arrays of one shape: what stands in spare lanes
// goes into spare lanes.
type flat struct {
	workers *workers
	call    kernel
	slope   float32
	blocks  int
	args    vectorArgs
}

// flatBlocks is the number of blocks of 64 bytes in an item.
const flatBlocks = 512

func (s *setup) flat(call kernel, slope float32, shape tensor.Shape) runner {
	return &flat{workers: s.device.workers, call: call, slope: slope, blocks: ceil(span(shape), lanes)}
}

func (f *flat) run(out, in []*buffer) {
	f.args = vectorArgs{out: out[0].memory.base, a: in[0].memory.base, slope: f.slope}
	if len(in) > 1 {
		f.args.b = in[1].memory.base
	}
	f.workers.run(f, ceil(f.blocks, flatBlocks))
}

func (f *flat) do(w *worker, item int) {
	from := item * flatBlocks
	w.vector = f.args
	w.vector.shift(from * blockBytes)
	w.vector.count = min(flatBlocks, f.blocks-from)
	f.call(pointer(&w.vector))
}

// shift moves the arrays on by bytes.
func (a *vectorArgs) shift(bytes int) {
	a.out, a.a = unsafe.Add(a.out, bytes), unsafe.Add(a.a, bytes)
	if a.b != nil {
		a.b = unsafe.Add(a.b, bytes)
	}
}

func (s *setup) activate(op kernels.Activate) runner {
	k := &s.device.kernels
	switch op.Activation {
	case kernels.ReLU:
		return s.flat(k.leaky, 0, s.in[0])
	case kernels.LeakyReLU:
		return s.flat(k.leaky, op.Slope, s.in[0])
	case kernels.SiLU:
		return s.flat(k.silu, 0, s.in[0])
	case kernels.Sigmoid:
		return s.flat(k.sigmoid, 0, s.in[0])
	}
	return nil
}

func (s *setup) activateGradient(op kernels.ActivateGradient) runner {
	switch op.Activation {
	case kernels.ReLU:
		return s.flat(s.device.kernels.rectifierGradient, 0, s.in[0])
	case kernels.LeakyReLU:
		return s.flat(s.device.kernels.rectifierGradient, op.Slope, s.in[0])
	}
	return nil
}

// adamStep runs kernels.Adam.
type adamStep struct {
	workers *workers
	call    kernel
	op      kernels.Adam
	blocks  int
	args    adamArgs
}

func (s *setup) adam(op kernels.Adam) runner {
	return &adamStep{workers: s.device.workers, call: s.device.kernels.adam, op: op, blocks: ceil(span(s.in[0]), lanes)}
}

func (a *adamStep) run(out, in []*buffer) {
	rate, c1, c2 := float64(in[4].memory.data[0]), float64(in[4].memory.data[1]), float64(in[4].memory.data[2])
	op := a.op
	a.args = adamArgs{
		outP: out[0].memory.base, outM: out[1].memory.base, outV: out[2].memory.base,
		p: in[0].memory.base, g: in[1].memory.base, m: in[2].memory.base, v: in[3].memory.base,
		decay: op.WeightDecay, keep: 1,
		beta1: op.Beta1, rest1: float32(1 - float64(op.Beta1)), beta2: op.Beta2, rest2: float32(1 - float64(op.Beta2)),
		rate: float32(rate / c1), scale: float32(1 / c2), epsilon: op.Epsilon,
	}
	if op.Decoupled {
		a.args.decay, a.args.keep = 0, float32(1-rate*float64(op.WeightDecay))
	}
	a.workers.run(a, ceil(a.blocks, flatBlocks))
}

func (a *adamStep) do(w *worker, item int) {
	from := item * flatBlocks
	w.adam = a.args
	for _, p := range []*unsafe.Pointer{&w.adam.outP, &w.adam.outM, &w.adam.outV, &w.adam.p, &w.adam.g, &w.adam.m, &w.adam.v} {
		*p = unsafe.Add(*p, from*blockBytes)
	}
	w.adam.count = min(flatBlocks, a.blocks-from)
	a.call(pointer(&w.adam))
}

// normals runs kernels.Noise.
type normals struct {
	workers *workers
	call    kernel
	op      kernels.Noise
	items   int
	keys    [3]uint32
	out     *buffer
}

func (s *setup) noise(op kernels.Noise) runner {
	n := &normals{workers: s.device.workers, call: s.device.kernels.noise, op: op}
	n.items = ceil(span(op.To), lanes*flatBlocks)
	if isBlocked(op.To) {
		n.items = op.To[0] * blocksOf(op.To[1])
	}
	return n
}

func (r *normals) run(out, in []*buffer) {
	c := in[0].memory.data
	k0, k1 := uint32(c[0])|uint32(c[1])<<16, uint32(c[2])|uint32(c[3])<<16
	r.keys = [3]uint32{k0, k1, 0x1BD11BDA ^ k0 ^ k1}
	r.out = out[0]
	r.workers.run(r, r.items)
}

func (r *normals) do(w *worker, item int) {
	a := &w.noise
	s := r.op.To
	a.keys, a.std, a.counters = r.keys, r.op.Std, unsafe.Pointer(&w.counters)
	if !isBlocked(s) {
		from := item * flatBlocks * lanes
		for l := range w.counters {
			w.counters[l] = uint32(from + l)
		}
		a.step, a.count = lanes, min(flatBlocks, ceil(s.Len()-from, lanes))
		a.out = unsafe.Add(r.out.memory.base, from*4)
		r.call(pointer(a))
		return
	}
	plane, blocks := s[2]*s[3], blocksOf(s[1])
	n, block := item/blocks, item%blocks
	for l := range w.counters {
		w.counters[l] = uint32((n*s[1] + block*lanes + l) * plane)
	}
	a.step, a.count, a.out = 1, plane, position(r.out, n, block, 0)
	r.call(pointer(a))
}
