package cpu

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// patchPool runs kernels.PatchPool of blocked tensors for any bins: the
// neighbourhood of a position is laid out in (c, u, v) order and averaged. Equal
// disjoint bins are sums of units, runs of taps of one channel, which are added
// up for 16 channels at a time before they are laid out.
type patchPool struct {
	workers *workers
	op      kernels.PatchPool
	in, out tensor.Shape
	unit    int      // taps in a unit
	bins    [][2]int // in units
	shares  []float32
	x, y    *buffer
}

func (s *setup) patchPool(op kernels.PatchPool) runner {
	x, y := s.in[0], s.out[0]
	if !isBlocked(x) || !isBlocked(y) {
		return nil
	}
	taps := op.Kernel * op.Kernel
	if op.Dim == x[1] && taps <= maxTaps {
		// The bins are the channels: an average over windows with zeros outside.
		pad := op.Kernel / 2
		return s.pool(kernels.Pool{Kind: kernels.AveragePoolPadded, Kernel: op.Kernel, Stride: 1, PadTop: pad, PadLeft: pad, PadBottom: pad, PadRight: pad})
	}
	p := &patchPool{workers: s.device.workers, op: op, in: x, out: y, unit: 1}
	if l := x[1] * taps; l%op.Dim == 0 {
		p.unit = gcd(l/op.Dim, taps)
	}
	for i := range op.Dim {
		from, to := op.Bin(i, x[1])
		p.bins = append(p.bins, [2]int{from / p.unit, to / p.unit})
		p.shares = append(p.shares, 1/float32(to-from))
	}
	p.workers.need(blocksOf(x[1]) * lanes * taps / p.unit * 4)
	return p
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (p *patchPool) run(out, in []*buffer) {
	p.x, p.y = in[0], out[0]
	p.workers.run(p, p.in[0]*p.in[2])
}

func (p *patchPool) do(w *worker, item int) {
	n, i := item/p.in[2], item%p.in[2]
	values := w.scratch.data
	for j := range p.in[3] {
		p.neighbourhood(values, n, i, j)
		for d, bin := range p.bins {
			var sum float32
			for _, v := range values[bin[0]:bin[1]] {
				sum += v
			}
			(*vector)(position(p.y, n, d/lanes, i*p.in[3]+j))[d%lanes] = sum * p.shares[d]
		}
	}
}

// neighbourhood lays out the units of all channels around (i, j).
func (p *patchPool) neighbourhood(values []float32, n, i, j int) {
	kernel, reach := p.op.Kernel, p.op.Kernel/2
	units := kernel * kernel / p.unit
	for b := range blocksOf(p.in[1]) {
		for u := range units {
			var sum vector
			for t := u * p.unit; t < (u+1)*p.unit; t++ {
				y, x := i+t/kernel-reach, j+t%kernel-reach
				if uint(y) < uint(p.in[2]) && uint(x) < uint(p.in[3]) {
					for l, v := range (*vector)(position(p.x, n, b, y*p.in[3]+x)) {
						sum[l] += v
					}
				}
			}
			to := values[b*lanes*units+u:]
			for l, v := range sum {
				to[l*units] = v
			}
		}
	}
}
