package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// scripts is where the peers' programs lie, from the repository's root.
const scripts = "docs/bench"

// bench holds the devices, the peers that are there, and the rows.
type bench struct {
	options
	ctx     context.Context
	load    float64 // of the machine before the benchmark's own
	cpu     device.Device
	gl      device.Device // nil when there is none
	blas    *openBLAS     // nil when there is none
	ort     *onnxRuntime  // nil when there is none
	rows    []*line
	skipped []string // what was left out, and why
}

func open(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, ctx: ctx, load: loadAverage()}
	var err error
	if b.cpu, err = cpu.Open(cpu.Options{Workers: o.workers}); err != nil {
		return nil, err
	}
	if gl, err := opengl.Open(opengl.Options{}); err != nil {
		b.skip("opengl/*", err)
	} else {
		b.gl = gl
	}
	if b.blas, err = openOpenBLAS(o.workers); err != nil {
		b.skip("peer OpenBLAS", err)
	}
	if b.ort, err = openONNXRuntime(ctx, o.peers, scripts, o.workers); err != nil {
		b.skip("peer onnxruntime", err)
	}
	return b, nil
}

func (b *bench) close() {
	if b.ort != nil {
		b.ort.close()
	}
	if b.gl != nil {
		b.gl.Close()
	}
	b.cpu.Close()
}

func (b *bench) skip(what string, why error) {
	b.skipped = append(b.skipped, fmt.Sprintf("%s: %v", what, why))
}

// prepare makes the rows of both devices. What two contenders of a row compute is
// compared before anything is timed.
func (b *bench) prepare() error {
	for _, step := range []func() error{b.resnet, b.linear, b.convolutions, b.wideResNet} {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// devices are those that are there, by name.
func (b *bench) devices() []device.Device {
	if b.gl == nil {
		return []device.Device{b.cpu}
	}
	return []device.Device{b.cpu, b.gl}
}

// same returns an error unless two results agree as single precision allows.
func same(name string, got, want *tensor.Tensor) error {
	var away, size float64
	for i, w := range want.Data {
		d := float64(got.Data[i]) - float64(w)
		away += d * d
		size += float64(w) * float64(w)
	}
	if size == 0 {
		return errors.New(name + ": the expected result is all zeros")
	}
	const tolerance = 1e-3
	if e := math.Sqrt(away / size); !(e < tolerance) {
		return fmt.Errorf("%s: relative L2 error %.1e to the peer's result, want less than %.0e", name, e, tolerance)
	}
	return nil
}

// random returns independent normal values.
func random(s tensor.Shape, deviation float64, seed uint32) *tensor.Tensor {
	t := tensor.New(s)
	kernels.Noise{To: s, Std: float32(deviation)}.Reference([]*tensor.Tensor{t},
		[]*tensor.Tensor{tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, 0))})
	return t
}

// counted is a builder that counts the floating-point operations of the products
// and convolutions it is given, two for a multiplication with its addition.
type counted struct {
	kernels.Builder
	flop float64
}

func (c *counted) Apply(op kernels.Op, in ...kernels.Value) []kernels.Value {
	out := c.Builder.Apply(op, in...)
	switch op.(type) {
	case kernels.Conv2D, kernels.Linear:
		// Every output value takes as many products as one filter has weights.
		w := c.Shape(in[1])
		c.flop += 2 * float64(c.Shape(out[0]).Len()) * float64(w[1]*w[2]*w[3])
	}
	return out
}
