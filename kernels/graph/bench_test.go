package graph_test

import (
	"context"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// compact is a plan of Compact's layers, the default backbone, at 256x256. (The
// backbones themselves stand above this package.)
func compact(t testing.TB, dev device.Device) *graph.Plan {
	t.Helper()
	g := graph.New()
	conv := func(x kernels.Value, channels, kernel, stride int) kernels.Value {
		w := wave(tensor.Shape{channels, g.Shape(x)[1], kernel, kernel}, 1)
		for i := range w.Data {
			w.Data[i] /= float32(w.Shape[1] * kernel)
		}
		return kernels.Apply1(g, kernels.Conv(kernel, stride, kernels.Identity), x, g.Constant(w), g.Constant(wave(tensor.Vector(channels), 2)))
	}
	relu := func(x kernels.Value) kernels.Value {
		return kernels.Apply1(g, kernels.Activate{Activation: kernels.ReLU}, x)
	}
	x := relu(conv(g.Input("picture", tensor.Shape{1, 3, 256, 256}), 32, 5, 2))
	for _, stage := range []struct{ channels, tap int }{{48, 0}, {96, 128}, {192, 256}} {
		x = relu(conv(x, stage.channels, 3, 2))
		y := conv(relu(conv(x, stage.channels, 3, 1)), stage.channels, 3, 1)
		x = relu(kernels.Apply1(g, kernels.Add{}, y, x))
		if stage.tap > 0 {
			g.Output(map[int]string{128: "layer2", 256: "layer3"}[stage.tap], relu(conv(x, stage.tap, 1, 1)))
		}
	}
	plan, err := g.Compile(context.Background(), dev, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write("picture", wave(tensor.Shape{1, 3, 256, 256}, 0)); err != nil {
		t.Fatal(err)
	}
	return plan
}

// runner returns a function that runs a plan of Compact on dev and waits for it,
// after it has done so once.
func runner(t testing.TB, dev device.Device) (run func()) {
	plan := compact(t, dev)
	t.Cleanup(plan.Close)
	run = func() {
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
	}
	run()
	return run
}

// open opens a device or skips the test: whether the machine must have it is for
// the device's own tests to say.
func open(t testing.TB, name string) device.Device {
	t.Helper()
	var dev device.Device
	var err error
	if name == "cpu" {
		dev, err = cpu.Open(cpu.Options{})
	} else {
		dev, err = opengl.Open(opengl.Options{})
	}
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// TestRunAllocates: a plan's runs take no memory.
func TestRunAllocates(t *testing.T) {
	for _, name := range []string{"cpu", "opengl"} {
		t.Run(name, func(t *testing.T) {
			if n := testing.AllocsPerRun(20, runner(t, open(t, name))); n != 0 {
				t.Errorf("%v allocations a run, want none", n)
			}
		})
	}
}

func BenchmarkPlanRun(b *testing.B) {
	for _, name := range []string{"cpu", "opengl"} {
		b.Run(name, func(b *testing.B) {
			run := runner(b, open(b, name))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
