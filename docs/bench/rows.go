package main

import (
	"fmt"
	"image"
	"image/color"

	"github.com/flawscope/flawscope/docs/bench/contest"
	"github.com/flawscope/flawscope/docs/bench/work"
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/flawscope/flawscope/sdk/method"
	"github.com/flawscope/flawscope/sdk/picture"
)

// resnet adds ResNet-18 to layer3 at 256x256 on both devices.
func (b *bench) resnet() error {
	weights, err := work.Weights("resnet18")
	if err != nil {
		return err
	}
	return b.backbone("resnet18_l3_256", "resnet18", weights, 256, b.devices())
}

// wideResNet adds WideResNet-50-2 to layer3 at 288x288 beside onnxruntime's, and
// the whole inspection with SimpleNet's head on it.
func (b *bench) wideResNet() error {
	weights, err := work.Weights("wide_resnet50_2")
	if err != nil {
		return err
	}
	cpu := []device.Device{b.cpu}
	if err := b.backbone("wrn50_l3_288", "wide_resnet50_2", weights, 288, cpu); err != nil {
		return err
	}
	return b.inspection("cpu/simplenet_wrn50_288", weights, 288)
}

// backbone adds a row per device: the picture written, the network run to layer3,
// and that map read, as onnxruntime's time includes both copies.
func (b *bench) backbone(row, name string, w backbone.Weights, size int, devices []device.Device) error {
	network, err := backbone.Named(name)
	if err != nil {
		return err
	}
	g := graph.New()
	c := &work.Counted{Builder: g}
	x := work.Picture(size)
	taps := network.Build(c, g.Input("picture", x.Shape), w)
	last := taps[len(taps)-1]
	g.Output("layer3", last)

	var theirs contest.Contender
	var peer string
	var want *tensor.Tensor
	if b.ort != nil {
		if want, theirs, peer, err = b.ort.network(name, w, x, g.Shape(last)); err != nil {
			return err
		}
	}
	for _, dev := range devices {
		plan, err := g.Compile(b.ctx, dev, graph.Options{})
		if err != nil {
			return err
		}
		y := tensor.New(g.Shape(last))
		infer := func() error {
			if err := plan.Write("picture", x); err != nil {
				return err
			}
			if err := plan.Run(); err != nil {
				return err
			}
			return plan.Read(b.ctx, "layer3", y)
		}
		if err := infer(); err != nil {
			return err
		}
		r := &contest.Row{Name: dev.Info().Name + "/" + row, FLOP: c.FLOP, Ours: contest.Timed(infer)}
		if want == nil {
			want = y.Clone()
		}
		if err := same(r, y, want); err != nil {
			return err
		}
		if dev == b.cpu && theirs != nil {
			r.Peers = []contest.Peer{{Name: peer, Run: theirs}}
		}
		b.rows = append(b.rows, r)
	}
	return nil
}

// linear adds the linear map. Ours is timed in a plan, its operands where the
// network leaves them and its weights packed beforehand; OpenBLAS packs both
// operands at every call, as its interface asks.
func (b *bench) linear() error {
	o := work.Linear()
	w := o.Constants[0]
	var want *tensor.Tensor
	if b.blas != nil {
		want = tensor.New(o.X.Shape)
		b.blas.linear(want, w, o.X)
	}
	for _, dev := range b.devices() {
		r, y, err := b.operation(dev, "linear_1296x1536x1536", o)
		if err != nil {
			return err
		}
		if want == nil {
			want = y
		}
		if err := same(r, y, want); err != nil {
			return err
		}
		if dev == b.cpu && b.blas != nil {
			out := tensor.New(o.X.Shape)
			r.Peers = []contest.Peer{{Name: b.blas.name, Run: contest.Timed(func() error {
				b.blas.linear(out, w, o.X)
				return nil
			})}}
		}
	}
	return nil
}

// convolutions adds the 3x3 convolutions.
func (b *bench) convolutions() error {
	for _, o := range work.Convolutions() {
		var want *tensor.Tensor
		for _, dev := range b.devices() {
			s := o.X.Shape
			r, y, err := b.operation(dev, fmt.Sprintf("conv%d_%dx%d", s[1], s[2], s[3]), o)
			if err != nil {
				return err
			}
			if want == nil {
				want = y
			}
			if err := same(r, y, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// operation adds a row of one operation and returns its result. Only the run is
// timed.
func (b *bench) operation(dev device.Device, name string, o work.Operation) (*contest.Row, *tensor.Tensor, error) {
	job, err := work.Compile(b.ctx, dev, o.X, o.Build)
	if err != nil {
		return nil, nil, err
	}
	y, err := job.Result()
	if err != nil {
		return nil, nil, err
	}
	r := &contest.Row{Name: dev.Info().Name + "/" + name, FLOP: job.FLOP, Ours: contest.Timed(func() error { return job.Run(1) })}
	b.rows = append(b.rows, r)
	return r, y, nil
}

// same returns an error unless a row's result is the expected one.
func same(r *contest.Row, got, want *tensor.Tensor) error {
	if err := work.Same(got, want); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return nil
}

// inspection adds a whole inspection: the picture prepared and written, backbone,
// head and smoothing run, score and map read, regions found.
func (b *bench) inspection(name string, w backbone.Weights, size int) error {
	d, flop, err := randomDetector("wide_resnet50_2", w, size)
	if err != nil {
		return err
	}
	inspector, err := d.On(b.cpu)
	if err != nil {
		return err
	}
	img := gradient(size, size)
	b.rows = append(b.rows, &contest.Row{Name: name, FLOP: flop, Ours: contest.Timed(func() error {
		_, err := inspector.Inspect(b.ctx, img)
		return err
	})})
	return nil
}

// randomDetector returns a detector that knows nothing but costs what a fitted
// one does, and the operations of an inspection.
func randomDetector(name string, w backbone.Weights, size int) (*sdk.Detector, float64, error) {
	network, err := backbone.Named(name)
	if err != nil {
		return nil, 0, err
	}
	c := &work.Counted{Builder: graph.New()}
	all := network.Build(c, c.Builder.(*graph.Graph).Input("picture", tensor.Shape{1, 3, size, size}), w)
	var taps []kernels.Value
	var channels [2]int
	for i, name := range method.SimpleNetTaps {
		tap, place, err := network.Tap(name)
		if err != nil {
			return nil, 0, err
		}
		taps, channels[i] = append(taps, all[place]), tap.Channels
	}
	o := method.DefaultSimpleNet(name, channels)
	parameters := map[string]*tensor.Tensor{}
	for i, p := range o.Shapes() {
		parameters[p.Name] = work.Random(p.Shape, 0.02, uint32(i))
	}
	for i := range parameters["discriminator.norm.running_var"].Data {
		parameters["discriminator.norm.running_var"].Data[i] = 1
	}
	head, err := method.NewSimpleNet(o, 0, 1, parameters)
	if err != nil {
		return nil, 0, err
	}
	head.Head(c, taps)
	return &sdk.Detector{
		Backbone: name, Weights: w, Method: head,
		Preparation: picture.Options{Width: size, Height: size},
		Calibration: sdk.Calibration{Scores: []float32{0}, Peaks: []float32{0}},
	}, c.FLOP, nil
}

// gradient is a picture of smooth colours.
func gradient(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / width), uint8(255 * y / height), uint8((x ^ y) & 255), 255})
		}
	}
	return img
}
