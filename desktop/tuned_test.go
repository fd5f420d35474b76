package main

import (
	"math"
	"testing"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/tune"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// BenchmarkTuned runs networks by measured kernels and by default ones in turns
// and reports the fastest run of each, and how long compiling took with measuring.
func BenchmarkTuned(b *testing.B) {
	for _, name := range deviceNames {
		for _, network := range []string{"compact", "resnet18", "wide_resnet50_2"} {
			b.Run(name+"/"+network, func(b *testing.B) { benchmarkTuned(b, name, network) })
		}
	}
}

func benchmarkTuned(b *testing.B, name, networkName string) {
	dev, err := openDevice(b.Context(), name)
	if err != nil {
		b.Skip(err)
	}
	defer dev.Close()
	network, err := backbone.Named(networkName)
	if err != nil {
		b.Fatal(err)
	}
	x := noise(tensor.Shape{1, 3, 256, 256}, 1)
	contenders := []struct {
		name string
		dev  device.Device
		plan *graph.Plan
		best time.Duration
	}{{name: "default", dev: dev}, {name: "tuned", dev: tune.New(dev.(device.Varied), tune.Options{})}}
	result := new(tensor.Tensor)
	var compiling time.Duration
	for i := range contenders {
		c := &contenders[i]
		g := graph.New()
		taps := network.Build(g, g.Input("picture", x.Shape), network.Random(1))
		last := taps[len(taps)-1]
		g.Output("last", last)
		result = tensor.New(g.Shape(last))
		began := time.Now()
		if c.plan, err = g.Compile(b.Context(), c.dev, graph.Options{}); err != nil {
			b.Fatal(err)
		}
		defer c.plan.Close()
		compiling, c.best = time.Since(began), math.MaxInt64
	}
	for b.Loop() {
		for i := range contenders {
			c := &contenders[i]
			// The first of two runs warms up.
			for range 2 {
				began := time.Now()
				if err := c.plan.Write("picture", x); err != nil {
					b.Fatal(err)
				}
				if err := c.plan.Run(); err != nil {
					b.Fatal(err)
				}
				if err := c.plan.Read(b.Context(), "last", result); err != nil {
					b.Fatal(err)
				}
				c.best = min(c.best, time.Since(began))
			}
		}
	}
	for _, c := range contenders {
		b.ReportMetric(c.best.Seconds()*1e3, c.name+"-ms")
	}
	b.ReportMetric(compiling.Seconds(), "compiling-s")
}
