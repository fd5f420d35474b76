package train

import (
	"context"
	"fmt"
	"image"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/picture"
)

// features caches the frozen backbone's vectors of every picture: computed once,
// however many epochs and folds learn from them. Vectors lie row by row, so that
// drawing one reads one piece of memory.
type features struct {
	width    int
	pictures [][]float32 // the vectors of each picture, width values a row
}

// defaultFeatureBytes bounds the cache; beyond it every picture keeps only a random
// part of its vectors.
const defaultFeatureBytes = 2 << 30

// extractor computes a picture's feature vectors.
type extractor struct {
	plan     *graph.Plan
	preparer *picture.Preparer
	canvas   *tensor.Tensor
	vectors  *tensor.Tensor
}

func newExtractor(ctx context.Context, dev device.Device, o Options) (*extractor, error) {
	preparer, err := picture.NewPreparer(o.Preparation)
	if err != nil {
		return nil, err
	}
	e := &extractor{preparer: preparer, canvas: tensor.New(preparer.Shape(1))}
	g := graph.New()
	taps := o.network.Build(g, g.Input("picture", e.canvas.Shape), o.Weights)
	vectors := o.head.Features(g, []kernels.Value{taps[o.taps[0]], taps[o.taps[1]]})
	g.Output("vectors", vectors)
	e.vectors = tensor.New(g.Shape(vectors))
	e.plan, err = g.Compile(ctx, dev, graph.Options{})
	return e, err
}

func (e *extractor) close() { e.plan.Close() }

// extract returns the vectors of the cells that show the picture, keep of them
// drawn at random by the counter when they are more.
func (e *extractor) extract(ctx context.Context, img image.Image, keep int, seed, index uint32) ([]float32, error) {
	fit, err := e.preparer.Prepare(e.canvas, 0, img)
	if err != nil {
		return nil, err
	}
	if err := e.plan.Write("picture", e.canvas); err != nil {
		return nil, &deviceError{err}
	}
	if err := e.plan.Run(); err != nil {
		return nil, &deviceError{err}
	}
	if err := e.plan.Read(ctx, "vectors", e.vectors); err != nil {
		return nil, &deviceError{err}
	}
	s := e.vectors.Shape
	shown := fit.Cells(s[3], s[2])
	cells := make([]int, 0, shown.Dx()*shown.Dy())
	for y := shown.Min.Y; y < shown.Max.Y; y++ {
		for x := shown.Min.X; x < shown.Max.X; x++ {
			cells = append(cells, y*s[3]+x)
		}
	}
	if len(cells) > keep {
		order := draw(len(cells), keep, seed, index)
		for i, at := range order {
			order[i] = cells[at]
		}
		cells = order
	}
	rows := make([]float32, len(cells)*s[1])
	plane := s[2] * s[3]
	for from := 0; from < len(cells); from += block {
		some := cells[from:min(from+block, len(cells))]
		for c := range s[1] {
			channel := e.vectors.Data[c*plane : (c+1)*plane]
			for i, cell := range some {
				rows[(from+i)*s[1]+c] = channel[cell]
			}
		}
	}
	for _, v := range rows {
		if v-v != 0 {
			return nil, fmt.Errorf("train: the backbone's features are not finite")
		}
	}
	return rows, nil
}

// block is how many vectors are turned between rows and channels at a time: one
// cache line of a channel.
const block = 16

// draw returns count different numbers below n (all of them, in random order,
// when count is n), the same for the same seed and step on every machine.
func draw(n, count int, seed, step uint32) []int {
	order := tensor.New(tensor.Rows(1, count))
	kernels.Permutation{Rows: n, Count: count}.Reference(
		[]*tensor.Tensor{order},
		[]*tensor.Tensor{tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, step)), tensor.New(tensor.Scalar)})
	drawn := make([]int, count)
	for i, v := range order.Data {
		drawn[i] = int(v)
	}
	return drawn
}

// pool fills t (1, width, 1, rows) with vectors of the named pictures, drawn at
// random when they are more than fit.
func (f *features) pool(t *tensor.Tensor, pictures []int, seed, epoch uint32) {
	total := f.count(pictures)
	rows := t.Shape[3]
	starts := make([]int, len(pictures))
	at := 0
	for i, p := range pictures {
		starts[i] = at
		at += len(f.pictures[p]) / f.width
	}
	row := func(n int) []float32 {
		low, high := 0, len(starts)
		for high-low > 1 {
			if mid := (low + high) / 2; starts[mid] <= n {
				low = mid
			} else {
				high = mid
			}
		}
		from := (n - starts[low]) * f.width
		return f.pictures[pictures[low]][from : from+f.width]
	}
	drawn := draw(total, rows, seed, epoch)
	var some [block][]float32
	for from := 0; from < rows; from += block {
		n := min(block, rows-from)
		for i := range n {
			some[i] = row(drawn[from+i])
		}
		for c := range f.width {
			to := t.Data[c*rows+from:][:n]
			for i := range to {
				to[i] = some[i][c]
			}
		}
	}
}

// count is the number of vectors of the named pictures.
func (f *features) count(pictures []int) int {
	n := 0
	for _, p := range pictures {
		n += len(f.pictures[p]) / f.width
	}
	return n
}
