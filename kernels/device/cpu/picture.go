package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// resize runs kernels.Resize; an item is one output row of a block of channels,
// or of a channel where there are few.
type resize struct {
	kernels    *kernelSet
	workers    *workers
	in, out    tensor.Shape
	planes     int // blocks or channels of all pictures
	rows       [][2]int
	down       []float32
	offsets    [][2]int // in bytes, of the two positions in a row
	right      []float32
	src, dst   *buffer
	elementary int // bytes of one position
}

func (s *setup) resize(op kernels.Resize) runner {
	r := &resize{kernels: &s.device.kernels, workers: s.device.workers, in: s.in[0], out: s.out[0], elementary: 4}
	r.planes = r.in[0] * r.in[1]
	if isBlocked(r.in) {
		r.elementary = blockBytes
		r.planes = r.in[0] * blocksOf(r.in[1])
	}
	for i := range op.Height {
		first, second, weight := op.Taps(i, op.Height, r.in[2])
		r.rows, r.down = append(r.rows, [2]int{first, second}), append(r.down, float32(weight))
	}
	for j := range op.Width {
		first, second, weight := op.Taps(j, op.Width, r.in[3])
		r.offsets = append(r.offsets, [2]int{first * r.elementary, second * r.elementary})
		r.right = append(r.right, float32(weight))
	}
	return r
}

func (r *resize) run(out, in []*buffer) {
	r.src, r.dst = in[0], out[0]
	r.workers.run(r, r.planes*r.out[2])
}

func (r *resize) do(w *worker, item int) {
	plane, i := item/r.out[2], item%r.out[2]
	row := func(y int) unsafe.Pointer {
		return unsafe.Add(r.src.memory.base, (plane*r.in[2]+y)*r.in[3]*r.elementary)
	}
	top, bottom := row(r.rows[i][0]), row(r.rows[i][1])
	out := unsafe.Add(r.dst.memory.base, item*r.out[3]*r.elementary)
	if r.elementary == blockBytes {
		w.lerp = lerpArgs{out: out, top: top, bottom: bottom, offsets: unsafe.Pointer(&r.offsets[0]),
			weights: unsafe.Pointer(&r.right[0]), count: r.out[3], down: r.down[i]}
		r.kernels.lerp(pointer(&w.lerp))
		return
	}
	at := func(row unsafe.Pointer, offset int) float32 { return *(*float32)(unsafe.Add(row, offset)) }
	values := unsafe.Slice((*float32)(out), r.out[3])
	for j, o := range r.offsets {
		a, b := at(top, o[0]), at(bottom, o[0])
		a += r.right[j] * (at(top, o[1]) - a)
		b += r.right[j] * (at(bottom, o[1]) - b)
		values[j] = a + r.down[i]*(b-a)
	}
}

// blur runs kernels.Blur: an output row is a weighted sum of rows, shifted
// copies of one reflected row or the rows around it.
type blur struct {
	kernels  *kernelSet
	workers  *workers
	op       kernels.Blur
	shape    tensor.Shape
	weights  []float32
	planes   int
	position int // bytes
	in, out  *buffer
}

func (s *setup) blur(op kernels.Blur) runner {
	if 2*op.Radius+1 > maxTaps {
		return nil
	}
	b := &blur{kernels: &s.device.kernels, workers: s.device.workers, op: op, shape: s.in[0], position: 4}
	b.planes = b.shape[0] * b.shape[1]
	if isBlocked(b.shape) {
		b.position = blockBytes
		b.planes = b.shape[0] * blocksOf(b.shape[1])
	}
	w := op.Weights()
	for k := -op.Radius; k <= op.Radius; k++ {
		b.weights = append(b.weights, w[max(k, -k)])
	}
	b.workers.need((2*b.shape[3]+2*op.Radius+2*lanes)*b.position + 2*blockBytes)
	return b
}

func (b *blur) run(out, in []*buffer) {
	b.in, b.out = in[0], out[0]
	b.workers.run(b, b.planes*b.shape[2])
}

func (b *blur) do(w *worker, item int) {
	plane, i := item/b.shape[2], item%b.shape[2]
	height, width, radius := b.shape[2], b.shape[3], b.op.Radius
	values := b.position / 4
	row := func(y int) unsafe.Pointer {
		return unsafe.Add(b.in.memory.base, (plane*height+y)*width*b.position)
	}
	// The sum is stored in whole blocks, so it goes to scratch memory first.
	sum := w.scratch.base
	reflected := unsafe.Add(sum, ceil(width*b.position, blockBytes)*blockBytes)
	if !b.op.Vertical {
		src, dst := unsafe.Slice((*float32)(row(i)), width*values), unsafe.Slice((*float32)(reflected), (width+2*radius)*values)
		copy(dst[radius*values:], src)
		for k := range radius {
			left, right := kernels.Reflect(k-radius, width), kernels.Reflect(width+k, width)
			copy(dst[k*values:(k+1)*values], src[left*values:])
			copy(dst[(width+radius+k)*values:][:values], src[right*values:])
		}
	}
	for k := range b.weights {
		if b.op.Vertical {
			w.taps[k] = row(kernels.Reflect(i+k-radius, height))
		} else {
			w.taps[k] = unsafe.Add(reflected, k*b.position)
		}
	}
	w.window = windowArgs{out: sum, taps: unsafe.Pointer(&w.taps), weights: unsafe.Pointer(&b.weights[0]),
		count: ceil(width*values, lanes), tapCount: len(b.weights), step: blockBytes}
	b.kernels.sumWindow(pointer(&w.window))
	out := unsafe.Slice((*float32)(unsafe.Add(b.out.memory.base, item*width*b.position)), width*values)
	copy(out, unsafe.Slice((*float32)(sum), width*values))
}
