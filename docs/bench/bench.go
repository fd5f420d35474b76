package main

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/flawscope/flawscope/docs/bench/contest"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
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
	rows    []*contest.Row
	skipped []string // what was left out, and why
}

func open(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, ctx: ctx, load: contest.LoadAverage()}
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

// print writes the machine, the table and what is missing from it.
func (b *bench) print(w io.Writer, results []contest.Result) error {
	cpu := b.cpu.Info()
	fmt.Fprintf(w, "cpu     %s (%s), %s, %s/%s\n", cpu.Renderer, cpu.Detail, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if b.gl != nil {
		gl := b.gl.Info()
		fmt.Fprintf(w, "opengl  %s (%s)\n", gl.Renderer, gl.Detail)
	}
	contest.WarnOfLoad(w, b.load, b.workers)
	fmt.Fprintln(w)
	if err := contest.Print(w, results); err != nil {
		return err
	}
	for _, reason := range b.skipped {
		fmt.Fprintln(w, "skipped:", reason)
	}
	return nil
}
