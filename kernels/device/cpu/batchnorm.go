package cpu

import (
	"math"
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// norm runs the batch norms on blocked tensors, a block of channels an item.
// Sums over positions are taken by the vector kernels in chunks of fixed size and
// added up in float64.
type norm struct {
	kernels *kernelSet
	workers *workers
	shape   tensor.Shape
	blocks  int
	each    func(n *norm, w *worker, block int)
	op      kernels.BatchNorm
	in, out []*buffer
}

const momentChunk = 256

func (s *setup) norm(each func(n *norm, w *worker, block int)) *norm {
	if !isBlocked(s.in[0]) {
		return nil
	}
	return &norm{kernels: &s.device.kernels, workers: s.device.workers, shape: s.in[0], blocks: blocksOf(s.in[0][1]), each: each}
}

func (s *setup) batchNorm(op kernels.BatchNorm) runner {
	n := s.norm((*norm).forward)
	if n == nil {
		return nil
	}
	n.op = op
	return n
}

func (s *setup) batchNormGradient() runner {
	if n := s.norm((*norm).backward); n != nil {
		return n
	}
	return nil
}

func (s *setup) batchNormInference(op kernels.BatchNormInference) runner {
	n := s.norm((*norm).inference)
	if n == nil {
		return nil
	}
	n.op.Epsilon = op.Epsilon
	return n
}

func (n *norm) run(out, in []*buffer) {
	n.out, n.in = out, in
	n.workers.run(n, n.blocks)
}

func (n *norm) do(w *worker, item int) { n.each(n, w, item) }

// moments returns Σ(a−c0) and Σ(a−c0)(b−c1) over all positions of a block, c0
// and c1 being w.vectors[0] and [1].
func moments(k *kernelSet, w *worker, a, b *buffer, block int) (sum, product [lanes]float64) {
	s := a.layout.Shape
	for n := range s[0] {
		addMoments(k, w, position(a, n, block, 0), position(b, n, block, 0), s[2]*s[3], &sum, &product)
	}
	return sum, product
}

func addMoments(k *kernelSet, w *worker, a, b unsafe.Pointer, count int, sum, product *[lanes]float64) {
	for from := 0; from < count; from += momentChunk {
		w.sums = [2]vector{}
		w.vector = vectorArgs{
			out: unsafe.Pointer(&w.sums), c: unsafe.Pointer(&w.vectors), count: min(momentChunk, count-from),
			a: unsafe.Add(a, from*blockBytes), b: unsafe.Add(b, from*blockBytes),
		}
		k.moments(pointer(&w.vector))
		for l := range lanes {
			sum[l] += float64(w.sums[0][l])
			product[l] += float64(w.sums[1][l])
		}
	}
}

// channels returns the values of a block of a vector of channels.
func channels(b *buffer, block int) *vector {
	return (*vector)(unsafe.Pointer(&b.memory.data[block*lanes]))
}

func (n *norm) forward(w *worker, block int) {
	x, y := n.in[0], n.out[0]
	m := float64(n.shape.Positions())
	gamma, beta := channels(n.in[1], block), channels(n.in[2], block)
	oldMean, oldVariance := channels(n.in[3], block), channels(n.in[4], block)
	newMean, newVariance := channels(n.out[1], block), channels(n.out[2], block)
	keepMean, keepInv := channels(n.out[3], block), channels(n.out[4], block)
	w.vectors = [4]vector{}
	sum, _ := moments(n.kernels, w, x, x, block)
	var center vector
	for l := range lanes {
		center[l] = float32(sum[l] / m)
	}
	w.vectors[0], w.vectors[1] = center, center
	rest, squares := moments(n.kernels, w, x, x, block)
	take := float64(n.op.Momentum)
	for l := range lanes {
		mean := float64(center[l]) + rest[l]/m
		variance := max((squares[l]-rest[l]*rest[l]/m)/m, 0)
		inv := 1 / math.Sqrt(variance+float64(n.op.Epsilon))
		scale := float64(gamma[l]) * inv
		w.vectors[0][l], w.vectors[1][l] = float32(scale), float32(float64(beta[l])-scale*mean)
		newMean[l] = float32((1-take)*float64(oldMean[l]) + take*mean)
		newVariance[l] = float32((1-take)*float64(oldVariance[l]) + take*variance*m/(m-1))
		keepMean[l], keepInv[l] = float32(mean), float32(inv)
	}
	n.scale(w, x, y, block)
}

// scale computes y = x·w.vectors[0] + w.vectors[1] for a block.
func (n *norm) scale(w *worker, x, y *buffer, block int) {
	for picture := range n.shape[0] {
		w.vector = vectorArgs{
			out: position(y, picture, block, 0), a: position(x, picture, block, 0), count: n.shape[2] * n.shape[3],
			b: unsafe.Pointer(&w.vectors[0]), c: unsafe.Pointer(&w.vectors[1]),
		}
		n.kernels.scale(pointer(&w.vector))
	}
}

func (n *norm) backward(w *worker, block int) {
	x, dy, dx := n.in[0], n.in[4], n.out[0]
	m := float64(n.shape.Positions())
	gamma, mean, inv := channels(n.in[1], block), channels(n.in[2], block), channels(n.in[3], block)
	dGamma, dBeta := channels(n.out[1], block), channels(n.out[2], block)
	w.vectors[0], w.vectors[1] = vector{}, *mean
	sum, product := moments(n.kernels, w, dy, x, block)
	for l := range lanes {
		i := float64(inv[l])
		g := product[l] * i
		dGamma[l], dBeta[l] = float32(g), float32(sum[l])
		scale := float64(gamma[l]) * i
		slope := -scale * i * g / m
		w.vectors[0][l], w.vectors[1][l] = float32(scale), float32(slope)
		w.vectors[2][l] = float32(-scale*sum[l]/m - slope*float64(mean[l]))
	}
	for picture := range n.shape[0] {
		w.vector = vectorArgs{
			out: position(dx, picture, block, 0), a: position(dy, picture, block, 0), b: position(x, picture, block, 0),
			c: unsafe.Pointer(&w.vectors), count: n.shape[2] * n.shape[3],
		}
		n.kernels.blend(pointer(&w.vector))
	}
}

func (n *norm) inference(w *worker, block int) {
	gamma, beta := channels(n.in[1], block), channels(n.in[2], block)
	mean, variance := channels(n.in[3], block), channels(n.in[4], block)
	for l := range lanes {
		scale := float64(gamma[l]) / math.Sqrt(float64(variance[l])+float64(n.op.Epsilon))
		w.vectors[0][l], w.vectors[1][l] = float32(scale), float32(float64(beta[l])-scale*float64(mean[l]))
	}
	n.scale(w, n.in[0], n.out[0], block)
}
