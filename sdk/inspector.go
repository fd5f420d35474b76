package sdk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/picture"
)

// outside is added to the raw scores of cells that show no picture: they are
// never the largest.
const outside = -1e30

// Inspector is a detector made ready on a device. It is used by one goroutine at
// a time and allocates nothing on the device per picture.
type Inspector struct {
	detector *Detector
	plan     *graph.Plan
	preparer *picture.Preparer
	decision Decision

	canvas, cells, inside, weight *tensor.Tensor
	score, full                   *tensor.Tensor
	valid                         image.Rectangle // what cells, inside and weight stand for
}

// On compiles the detector's network on dev, which the caller closes after the
// inspector.
func (d *Detector) On(dev device.Device) (*Inspector, error) {
	return d.on(context.Background(), dev, graph.Options{})
}

// OnContext is On that can be cancelled and reports how many of the network's
// programs are compiled.
func (d *Detector) OnContext(ctx context.Context, dev device.Device, progress func(done, total int)) (*Inspector, error) {
	return d.on(ctx, dev, graph.Options{Progress: progress})
}

func (d *Detector) on(ctx context.Context, dev device.Device, o graph.Options) (*Inspector, error) {
	preparer, err := picture.NewPreparer(d.Preparation)
	if err != nil {
		return nil, err
	}
	i := &Inspector{detector: d, preparer: preparer, canvas: tensor.New(preparer.Shape(1))}
	if len(d.Calibration.Scores) > 0 {
		if i.decision, err = d.Calibration.Decide(Policy{}); err != nil {
			return nil, err
		}
	}
	g := graph.New()
	i.build(g)
	if i.plan, err = g.Compile(ctx, dev, o); err != nil {
		return nil, fmt.Errorf("sdk: %w", err)
	}
	return i, nil
}

// build adds everything from the prepared picture to score and map to g:
//
//	score = max over the cells that show the picture of raw
//	map   = blur(up(raw)·inside) / blur(inside)
func (i *Inspector) build(g *graph.Graph) {
	x := g.Input("picture", i.canvas.Shape)
	taps := i.detector.taps(g, x)
	raw := i.detector.Method.Head(g, taps)
	cells := g.Shape(raw)
	full := tensor.Shape{1, 1, i.canvas.Shape[2], i.canvas.Shape[3]}

	masked := kernels.Apply1(g, kernels.Add{}, raw, g.Input("cells", cells))
	g.Output("score", kernels.Apply1(g, kernels.Reduce{Kind: kernels.Max, OverH: true, OverW: true}, masked))

	up := kernels.Apply1(g, kernels.Resize{Kind: kernels.Bilinear, Height: full[2], Width: full[3]}, raw)
	up = kernels.Apply1(g, kernels.Multiply{}, up, g.Input("inside", full))
	across := i.blur()
	down := across
	down.Vertical = true
	up = kernels.Apply1(g, down, kernels.Apply1(g, across, up))
	g.Output("map", kernels.Apply1(g, kernels.Multiply{}, up, g.Input("weight", full)))

	i.cells, i.inside, i.weight = tensor.New(cells), tensor.New(full), tensor.New(full)
	i.score, i.full = tensor.New(tensor.Scalar), tensor.New(full)
}

// blur is SimpleNet's smoothing: a Gaussian cut at four σ.
func (i *Inspector) blur() kernels.Blur {
	sigma := i.detector.Method.Smoothing()
	return kernels.Blur{Sigma: sigma, Radius: int(4*sigma + 0.5)}
}

// Detector returns the detector that inspects.
func (i *Inspector) Detector() *Detector { return i.detector }

// Decision returns the thresholds in force.
func (i *Inspector) Decision() Decision { return i.decision }

// SetPolicy changes when pictures are rejected. Nothing is fitted again.
func (i *Inspector) SetPolicy(p Policy) error {
	d, err := i.detector.Calibration.Decide(p)
	if err == nil {
		i.decision = d
	}
	return err
}

// InspectBytes decodes a picture file and inspects it.
func (i *Inspector) InspectBytes(ctx context.Context, b []byte) (Result, error) {
	img, err := picture.Decode(b, picture.Limits{})
	if err != nil {
		return Result{}, err
	}
	return i.Inspect(ctx, img)
}

// Inspect judges one picture of any size.
func (i *Inspector) Inspect(ctx context.Context, img image.Image) (Result, error) {
	fit, score, err := i.run(ctx, img)
	if err != nil {
		return Result{}, err
	}
	return i.judge(fit, score), nil
}

// run leaves the smoothed map in i.full and returns the image score.
func (i *Inspector) run(ctx context.Context, img image.Image) (picture.Fit, float32, error) {
	if i.plan == nil {
		return picture.Fit{}, 0, errors.New("sdk: the inspector is closed")
	}
	if err := ctx.Err(); err != nil {
		return picture.Fit{}, 0, err
	}
	fit, err := i.preparer.Prepare(i.canvas, 0, img)
	if err != nil {
		return fit, 0, err
	}
	if err := i.look(fit); err != nil {
		return fit, 0, err
	}
	if err := i.plan.Write("picture", i.canvas); err != nil {
		return fit, 0, err
	}
	if err := i.plan.Run(); err != nil {
		return fit, 0, err
	}
	if err := i.plan.Read(ctx, "score", i.score); err != nil {
		return fit, 0, err
	}
	return fit, i.score.Data[0], i.plan.Read(ctx, "map", i.full)
}

// look tells the plan which part of the canvas shows the picture.
func (i *Inspector) look(fit picture.Fit) error {
	valid := fit.Valid()
	if valid == i.valid {
		return nil
	}
	h, w := i.cells.Shape[2], i.cells.Shape[3]
	shown := fit.Cells(w, h)
	for k := range i.cells.Data {
		i.cells.Data[k] = outside
		if image.Pt(k%w, k/w).In(shown) {
			i.cells.Data[k] = 0
		}
	}
	height, width := i.inside.Shape[2], i.inside.Shape[3]
	columns := i.coverage(valid.Min.X, valid.Max.X, width)
	rows := i.coverage(valid.Min.Y, valid.Max.Y, height)
	for k := range i.inside.Data {
		i.inside.Data[k], i.weight.Data[k] = 0, 0
		if at := image.Pt(k%width, k/width); at.In(valid) {
			i.inside.Data[k], i.weight.Data[k] = 1, float32(1/(columns[at.X]*rows[at.Y]))
		}
	}
	for name, t := range map[string]*tensor.Tensor{"cells": i.cells, "inside": i.inside, "weight": i.weight} {
		if err := i.plan.Write(name, t); err != nil {
			return err
		}
	}
	i.valid = valid
	return nil
}

// coverage is the blur of one axis's indicator of from..to, whose product along
// both axes is blur(inside).
func (i *Inspector) coverage(from, to, n int) []float64 {
	blur := i.blur()
	weights := blur.Weights()
	c := make([]float64, n)
	for at := range c {
		for k := -blur.Radius; k <= blur.Radius; k++ {
			if s := kernels.Reflect(at+k, n); from <= s && s < to {
				c[at] += float64(weights[max(k, -k)])
			}
		}
	}
	return c
}

// Close frees the plan, not the device.
func (i *Inspector) Close() error {
	if i.plan != nil {
		i.plan.Close()
		i.plan = nil
	}
	return nil
}

// Measure returns a picture's image score and the maximum of its smoothed map,
// without judging: what calibration collects.
func (i *Inspector) Measure(ctx context.Context, img image.Image) (score, peak float64, err error) {
	fit, s, err := i.run(ctx, img)
	if err != nil {
		return 0, 0, err
	}
	valid := fit.Valid()
	width := i.full.Shape[3]
	peak = math.Inf(-1)
	for y := valid.Min.Y; y < valid.Max.Y; y++ {
		for _, v := range i.full.Data[y*width+valid.Min.X : y*width+valid.Max.X] {
			peak = max(peak, float64(v))
		}
	}
	return float64(s), peak, nil
}
