package main

import (
	"fmt"
	"image"
	"image/color"

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
	weights, err := randomWeights("resnet18")
	if err != nil {
		return err
	}
	return b.backbone("resnet18_l3_256", "resnet18", weights, 256, b.devices())
}

// wideResNet adds WideResNet-50-2 to layer3 at 288x288 beside onnxruntime's, and
// the whole inspection with SimpleNet's head on it.
func (b *bench) wideResNet() error {
	weights, err := randomWeights("wide_resnet50_2")
	if err != nil {
		return err
	}
	cpu := []device.Device{b.cpu}
	if err := b.backbone("wrn50_l3_288", "wide_resnet50_2", weights, 288, cpu); err != nil {
		return err
	}
	return b.inspection("cpu/simplenet_wrn50_288", weights, 288)
}

// randomWeights are He-normal, with biases that are not zero so that the
// comparison with the peer sees them.
func randomWeights(name string) (backbone.Weights, error) {
	network, err := backbone.Named(name)
	if err != nil {
		return nil, err
	}
	w := network.Random(1)
	for _, t := range w {
		if t.Shape == tensor.Vector(t.Shape[1]) {
			copy(t.Data, random(t.Shape, 0.1, 2).Data)
		}
	}
	return w, nil
}

// backbone adds a row per device: the picture written, the network run to layer3,
// and that map read, as onnxruntime's time includes both copies.
func (b *bench) backbone(row, name string, w backbone.Weights, size int, devices []device.Device) error {
	network, err := backbone.Named(name)
	if err != nil {
		return err
	}
	g := graph.New()
	c := &counted{Builder: g}
	x := random(tensor.Shape{1, 3, size, size}, 1, 3)
	taps := network.Build(c, g.Input("picture", x.Shape), w)
	last := taps[len(taps)-1]
	g.Output("layer3", last)

	var theirs contender
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
		r := &line{name: dev.Info().Name + "/" + row, flop: c.flop, ours: timed(infer)}
		if want == nil {
			want = y.Clone()
		}
		if err := same(r.name, y, want); err != nil {
			return err
		}
		if dev == b.cpu {
			r.peer, r.theirs = peer, theirs
		}
		b.rows = append(b.rows, r)
	}
	return nil
}

// linear adds the product that decides SimpleNet's speed. Ours is timed in a
// plan, its operands where the network leaves them and its weights packed
// beforehand; OpenBLAS packs both operands at every call, as its interface asks.
func (b *bench) linear() error {
	const rows, width = 1296, 1536
	x, w := random(tensor.Rows(width, rows), 1, 4), random(tensor.Shape{width, width, 1, 1}, 1, 5)
	var want *tensor.Tensor
	if b.blas != nil {
		want = tensor.New(x.Shape)
		b.blas.linear(want, w, x)
	}
	for _, dev := range b.devices() {
		r, y, err := b.operation(dev, "linear_1296x1536x1536", kernels.Linear{}, x, w)
		if err != nil {
			return err
		}
		if want == nil {
			want = y
		}
		if err := same(r.name, y, want); err != nil {
			return err
		}
		if dev == b.cpu && b.blas != nil {
			out := tensor.New(x.Shape)
			r.peer = b.blas.name
			r.theirs = timed(func() error {
				b.blas.linear(out, w, x)
				return nil
			})
		}
	}
	return nil
}

// convolutions adds the 3x3 convolutions that ResNet-18 consists of.
func (b *bench) convolutions() error {
	for _, s := range []struct{ channels, size int }{{64, 64}, {128, 32}, {256, 16}} {
		x := random(tensor.Shape{1, s.channels, s.size, s.size}, 1, 6)
		w := random(tensor.Shape{s.channels, s.channels, 3, 3}, 0.1, 7)
		var want *tensor.Tensor
		for _, dev := range b.devices() {
			name := fmt.Sprintf("conv%d_%dx%d", s.channels, s.size, s.size)
			r, y, err := b.operation(dev, name, kernels.Conv(3, 1, kernels.ReLU), x, w, random(tensor.Vector(s.channels), 1, 8))
			if err != nil {
				return err
			}
			if want == nil {
				want = y
			}
			if err := same(r.name, y, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// operation adds a row of one operation with constant weights and returns its
// result. Only the run is timed; a value read back waits for it to end.
func (b *bench) operation(dev device.Device, name string, op kernels.Op, x *tensor.Tensor, constants ...*tensor.Tensor) (*line, *tensor.Tensor, error) {
	g := graph.New()
	c := &counted{Builder: g}
	in := []kernels.Value{g.Input("x", x.Shape)}
	for _, t := range constants {
		in = append(in, g.Constant(t))
	}
	out := kernels.Apply1(c, op, in...)
	g.Output("y", out)
	g.Input("end", tensor.Scalar)
	plan, err := g.Compile(b.ctx, dev, graph.Options{})
	if err != nil {
		return nil, nil, err
	}
	end, y := tensor.New(tensor.Scalar), tensor.New(g.Shape(out))
	if err := plan.Write("x", x); err != nil {
		return nil, nil, err
	}
	if err := plan.Write("end", end); err != nil {
		return nil, nil, err
	}
	run := func() error {
		if err := plan.Run(); err != nil {
			return err
		}
		return plan.Read(b.ctx, "end", end)
	}
	if err := run(); err != nil {
		return nil, nil, err
	}
	r := &line{name: dev.Info().Name + "/" + name, flop: c.flop, ours: timed(run)}
	b.rows = append(b.rows, r)
	return r, y, plan.Read(b.ctx, "y", y)
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
	b.rows = append(b.rows, &line{name: name, flop: flop, ours: timed(func() error {
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
	c := &counted{Builder: graph.New()}
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
		parameters[p.Name] = random(p.Shape, 0.02, uint32(i))
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
	}, c.flop, nil
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
