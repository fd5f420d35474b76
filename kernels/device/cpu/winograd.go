package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// winograd computes a 3x3 convolution of stride 1 by F(4x4,3x3) (Lavin and Gray,
// CVPR 2016): Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A for every tile of 4x4 outputs, a
// quarter of the multiplications. The sum over channels of the elementwise
// products is 36 matrix products, done by the kernels of product.
//
// While the weights are small a worker takes some tiles through all three steps,
// so that they stay in its cache; with large weights all workers do each step
// for all tiles, so that the weights are read once.
type winograd struct {
	kernels *kernelSet
	workers *workers

	in, out              tensor.Shape
	top, left            int
	inBlocks, outBlocks  int
	tilesY, tilesX       int
	tiles                int
	panels               []panel
	starts               []int // in one matrix of weights, in floats
	matrix               int   // floats in one matrix of weights
	last                 int   // channels in the last block of inputs
	epilogue             epilogue
	hasBias, hasResidual bool
	variable             refresher

	chunk, chunks int // tiles taken through the steps together
	shared        bool
	pieces        int // of the panels in the product step
	vStep, mStep  int // bytes from one matrix of inputs or products to the next
	v, m          memory
	zeros         memory
	masks         [][6][lanes]uint32 // by column of tiles

	phase, current int
	input, output  *buffer
	residual       *buffer
	weights, bias  unsafe.Pointer
}

const (
	tileOut    = 4
	tileIn     = 6
	smallBytes = 640 << 10 // weights that every worker may read for every chunk,
	largeBytes = 4 << 20   // and that it may where there are
	manyTiles  = 128       // so many tiles (measured)
	chunkBytes = 448 << 10 // a chunk's inputs and products: within the second cache
	sharedMax  = 512       // tiles in a shared chunk
)

// winogradApplies says whether the fast algorithm can be used: 3x3, stride 1, a
// block of channels on both sides.
func winogradApplies(op kernels.Conv2D, x, y tensor.Shape) bool {
	return op.Kernel == 3 && op.Stride == 1 && op.Dilation == 1 && op.Groups == 1 &&
		max(op.PadTop, op.PadLeft, op.PadBottom, op.PadRight) <= 2 &&
		x[1] >= lanes && y[1] >= lanes
}

// winogradPays says whether it is the default: from four tiles on, which outweigh
// the reading of weights four times as large. With four tiles it was 1.5 to 3.5
// times as fast as direct from 16 to 256 channels, with one it was slower from 64
// channels on (docs/PERFORMANCE.md).
func winogradPays(y tensor.Shape) bool { return winogradTiles(y) >= 4 }

func winogradTiles(y tensor.Shape) int { return y[0] * ceil(y[2], tileOut) * ceil(y[3], tileOut) }

// winogradWantsSteps says whether by default all workers do each step for all
// tiles: with weights that are too large to be read for every chunk.
func winogradWantsSteps(x, y tensor.Shape) bool {
	weights := matrices * x[1] * blocksOf(y[1]) * lanes * 4
	return weights > largeBytes || weights > smallBytes && winogradTiles(y) < manyTiles
}

func (s *setup) winograd(op kernels.Conv2D, shared bool) runner {
	x, y := s.in[0], s.out[0]
	k := &s.device.kernels
	c := &winograd{
		kernels: k, workers: s.device.workers, in: x, out: y, top: op.PadTop, left: op.PadLeft,
		inBlocks: blocksOf(x[1]), outBlocks: blocksOf(y[1]),
		tilesY: ceil(y[2], tileOut), tilesX: ceil(y[3], tileOut),
		epilogue: newEpilogue(k, op.Activation, op.Slope),
		hasBias:  op.Bias, hasResidual: op.Residual,
		zeros: newMemory(tileIn * lanes),
	}
	c.tiles, c.shared = winogradTiles(y), shared
	c.last = x[1] - (c.inBlocks-1)*lanes
	c.panels = k.panels(c.outBlocks)
	for _, q := range c.panels {
		c.starts = append(c.starts, c.matrix)
		c.matrix += x[1] * q.n * lanes
	}
	for tx := range c.tilesX {
		var m [6][lanes]uint32
		for j := range m {
			if at := tx*tileOut - c.left + j; at >= 0 && at < x[3] {
				for l := range m[j] {
					m[j][l] = 1<<32 - 1
				}
			}
		}
		c.masks = append(c.masks, m)
	}
	c.planChunks()
	order := sequence(x[1])
	c.variable = s.weights("winograd 4x4", matrices*c.matrix, func(dst, src []float32) {
		u := winogradWeights(src, y[1], x[1])
		for e := range matrices {
			packWeights(dst[e*c.matrix:], u[e], c.panels, y[1], x[1], 1, order)
		}
	})
	return c
}

func (c *winograd) planChunks() {
	perTile := matrices * (c.inBlocks + c.outBlocks) * blockBytes
	if c.shared {
		c.chunk = min(c.tiles, sharedMax)
	} else {
		tile := c.kernels.positions[min(2, c.panels[0].n)]
		c.chunk = tile
		for (c.chunk+tile)*perTile <= chunkBytes && ceil(c.tiles, c.chunk+tile) >= 2*len(c.workers.all) {
			c.chunk += tile
		}
	}
	c.chunks = ceil(c.tiles, c.chunk)
	c.chunk = ceil(c.tiles, c.chunks)
	// An odd number of cache lines from matrix to matrix, so that the 36 values of
	// a tile fall into different sets of the cache.
	c.vStep = (c.inBlocks*c.chunk | 1) * blockBytes
	c.mStep = (c.outBlocks*c.chunk | 1) * blockBytes
	if c.shared {
		c.v, c.m = newMemory(matrices*c.vStep/4), newMemory(matrices*c.mStep/4)
		c.pieces = min(len(c.panels), 4)
	} else {
		c.workers.need(matrices * (c.vStep + c.mStep))
	}
}

func (c *winograd) run(out, in []*buffer) {
	c.input, c.output = in[0], out[0]
	c.weights, c.bias, c.residual = in[1].memory.base, nil, nil
	if c.variable != nil {
		c.weights = c.variable.refresh(in[1])
	}
	if c.hasBias {
		c.bias = in[2].memory.base
	}
	if c.hasResidual {
		c.residual = in[len(in)-1]
	}
	if !c.shared {
		c.workers.run(c, c.chunks)
		return
	}
	for c.current = range c.chunks {
		n := cut(c.tiles, c.chunks, c.current+1) - cut(c.tiles, c.chunks, c.current)
		c.phase = 0
		c.workers.run(c, ceil(n, tileGroup))
		c.phase = 1
		c.workers.run(c, matrices*c.pieces)
		c.phase = 2
		c.workers.run(c, ceil(n, tileGroup))
	}
}

// tileGroup is the number of tiles a worker transforms at a time in a shared
// chunk.
const tileGroup = 4

func (c *winograd) do(w *worker, item int) {
	if !c.shared {
		first, end := cut(c.tiles, c.chunks, item), cut(c.tiles, c.chunks, item+1)
		v, m := w.scratch.base, unsafe.Add(w.scratch.base, matrices*c.vStep)
		c.transformInput(w, v, first, end, first)
		for e := range matrices {
			c.multiply(w, v, m, end-first, e, 0, len(c.panels))
		}
		c.transformOutput(w, m, first, end, first)
		return
	}
	start, stop := cut(c.tiles, c.chunks, c.current), cut(c.tiles, c.chunks, c.current+1)
	switch c.phase {
	case 0:
		c.transformInput(w, c.v.base, start+item*tileGroup, min(start+(item+1)*tileGroup, stop), start)
	case 1:
		e, piece := item/c.pieces, item%c.pieces
		c.multiply(w, c.v.base, c.m.base, stop-start, e, cut(len(c.panels), c.pieces, piece), cut(len(c.panels), c.pieces, piece+1))
	case 2:
		c.transformOutput(w, c.m.base, start+item*tileGroup, min(start+(item+1)*tileGroup, stop), start)
	}
}

// place returns the picture, row and column of a tile.
func (c *winograd) place(tile int) (n, ty, tx int) {
	return tile / (c.tilesY * c.tilesX), tile / c.tilesX % c.tilesY, tile % c.tilesX
}

func (c *winograd) transformInput(w *worker, v unsafe.Pointer, from, to, start int) {
	a := &w.input
	a.step, a.blockStep = uintptr(c.vStep), uintptr(c.chunk*blockBytes)
	a.blocks, a.scratch = c.inBlocks, w.small
	plane := uintptr(c.in[2] * c.in[3] * blockBytes)
	for tile := from; tile < to; tile++ {
		n, ty, tx := c.place(tile)
		x := tx*tileOut - c.left
		for r := range tileIn {
			y := ty*tileOut - c.top + r
			if y < 0 || y >= c.in[2] {
				a.rows[r], a.rowSteps[r] = c.zeros.base, 0
				continue
			}
			a.rows[r], a.rowSteps[r] = position(c.input, n, 0, y*c.in[3]+x), plane
		}
		a.masks = unsafe.Pointer(&c.masks[tx])
		a.out = unsafe.Add(v, (tile-start)*blockBytes)
		c.kernels.winogradInput(pointer(a))
	}
}

// multiply computes matrix e of the products for count tiles and some panels.
func (c *winograd) multiply(w *worker, v, m unsafe.Pointer, count, e, from, to int) {
	a := &w.gemm
	a.bias, a.residual, a.flags = nil, nil, 0
	a.xSegment, a.outBlock = uintptr(c.chunk*blockBytes), uintptr(c.chunk*blockBytes)
	a.segments, a.fours, a.ones, a.lastFours, a.lastOnes = c.inBlocks, lanes/4, 0, c.last/4, c.last%4
	x, out := unsafe.Add(v, e*c.vStep), unsafe.Add(m, e*c.mStep)
	for i := from; i < to; i++ {
		q := c.panels[i]
		a.w = unsafe.Add(c.weights, (e*c.matrix+c.starts[i])*4)
		tiles := ceil(count, c.kernels.positions[q.n])
		for t := range tiles {
			first, end := cut(count, tiles, t), cut(count, tiles, t+1)
			a.x = unsafe.Add(x, first*blockBytes)
			a.out = unsafe.Add(out, (q.first*c.chunk+first)*blockBytes)
			c.kernels.gemm[q.n][end-first](pointer(a))
		}
	}
}

func (c *winograd) transformOutput(w *worker, m unsafe.Pointer, from, to, start int) {
	a := &w.output
	a.step, a.sixSteps, a.blockStep = uintptr(c.mStep), uintptr(6*c.mStep), uintptr(c.chunk*blockBytes)
	a.outRow, a.outBlock = uintptr(c.out[3]*blockBytes), uintptr(c.out[2]*c.out[3]*blockBytes)
	a.bias, a.blocks, a.scratch = c.bias, c.outBlocks, w.small
	a.flags, a.slope = c.epilogue.flags, c.epilogue.slope
	for tile := from; tile < to; tile++ {
		n, ty, tx := c.place(tile)
		a.m = unsafe.Add(m, (tile-start)*blockBytes)
		p := ty*tileOut*c.out[3] + tx*tileOut
		a.out = position(c.output, n, 0, p)
		a.residual = nil
		if c.residual != nil {
			a.residual = position(c.residual, n, 0, p)
		}
		a.rows, a.columns = min(tileOut, c.out[2]-ty*tileOut), min(tileOut, c.out[3]-tx*tileOut)
		c.kernels.winogradOutput(pointer(a))
		if c.epilogue.after != nil {
			c.activate(w, a)
		}
	}
}

func (c *winograd) activate(w *worker, a *winogradOutputArgs) {
	for b := range c.outBlocks {
		for r := range a.rows {
			w.vector.out = unsafe.Add(a.out, b*int(a.outBlock)+r*int(a.outRow))
			w.vector.a, w.vector.count = w.vector.out, a.columns
			c.epilogue.after(pointer(&w.vector))
		}
	}
}

// winogradWeights returns G·g·Gᵀ, computed in float64, as 36 matrices [o][c].
func winogradWeights(src []float32, outputs, inputs int) [][]float32 {
	g := [tileIn][3]float64{{1.0 / 4, 0, 0}, {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6},
		{1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}}
	u := make([][]float32, matrices)
	for e := range u {
		u[e] = make([]float32, outputs*inputs)
	}
	for i := range outputs * inputs {
		w := src[i*9:][:9]
		var t [tileIn][3]float64
		for r := range g {
			for j := range 3 {
				t[r][j] = g[r][0]*float64(w[j]) + g[r][1]*float64(w[3+j]) + g[r][2]*float64(w[6+j])
			}
		}
		for r := range t {
			for s := range g {
				u[r*tileIn+s][i] = float32(t[r][0]*g[s][0] + t[r][1]*g[s][1] + t[r][2]*g[s][2])
			}
		}
	}
	return u
}
