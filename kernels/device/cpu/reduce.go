package cpu

import (
	"math"

	"github.com/flawscope/flawscope/kernels"
)

// reduce chooses the routine for the reductions that learning and scoring do
// often.
func (s *setup) reduce(op kernels.Reduce) runner {
	x, y := s.in[0], s.out[0]
	switch {
	case isBlocked(x) && op.Kind != kernels.Max && !op.OverC && y[2]*y[3] == 1:
		r := &sums{kernels: &s.device.kernels, workers: s.device.workers, op: op, blocks: blocksOf(x[1]), share: 1}
		if op.Kind == kernels.Mean {
			r.share = float64(y.Len()) / float64(x.Len())
		}
		return r
	case !isBlocked(x) && op == (kernels.Reduce{Kind: kernels.Max, OverH: true, OverW: true}):
		return &maxima{workers: s.device.workers, planes: x[0] * x[1], plane: x[2] * x[3]}
	}
	return nil
}

// sums runs a Reduce by Sum or Mean over whole planes of a blocked tensor.
type sums struct {
	kernels *kernelSet
	workers *workers
	op      kernels.Reduce
	blocks  int
	share   float64
	in, out *buffer
}

func (r *sums) run(out, in []*buffer) {
	r.in, r.out = in[0], out[0]
	r.workers.run(r, r.out.layout.Shape[0]*r.blocks)
}

func (r *sums) do(w *worker, item int) {
	s := r.in.layout.Shape
	first, block, end := item/r.blocks, item%r.blocks, item/r.blocks+1
	if r.out.layout.Shape[0] == 1 {
		end = s[0]
	}
	var sum, product [lanes]float64
	w.vectors[0], w.vectors[1] = vector{}, vector{}
	for n := first; n < end; n++ {
		x := position(r.in, n, block, 0)
		addMoments(r.kernels, w, x, x, s[2]*s[3], &sum, &product)
	}
	y := (*vector)(position(r.out, first, block, 0))
	for l := range y {
		y[l] = float32(sum[l] * r.share)
	}
}

// maxima takes the maximum of every plane of a tensor of few channels.
type maxima struct {
	workers       *workers
	planes, plane int
	in, out       []float32
}

func (m *maxima) run(out, in []*buffer) {
	m.in, m.out = in[0].memory.data, out[0].memory.data
	m.workers.run(m, m.planes)
}

func (m *maxima) do(_ *worker, item int) {
	// Four maxima at a time: each comparison waits for the one before.
	values := m.in[item*m.plane:][:m.plane]
	a, b, c, d := float32(math.Inf(-1)), float32(math.Inf(-1)), float32(math.Inf(-1)), float32(math.Inf(-1))
	for ; len(values) >= 4; values = values[4:] {
		a, b, c, d = max(a, values[0]), max(b, values[1]), max(c, values[2]), max(d, values[3])
	}
	for _, v := range values {
		a = max(a, v)
	}
	m.out[item] = max(a, b, c, d)
}
