package work

import (
	"context"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Build adds what is computed of x.
type Build func(b kernels.Builder, x kernels.Value) kernels.Value

// Operation is one operation with constant weights.
type Operation struct {
	Op        kernels.Op
	X         *tensor.Tensor
	Constants []*tensor.Tensor
}

// Build adds the operation.
func (o Operation) Build(b kernels.Builder, x kernels.Value) kernels.Value {
	in := []kernels.Value{x}
	for _, t := range o.Constants {
		in = append(in, b.Constant(t))
	}
	return kernels.Apply1(b, o.Op, in...)
}

// Linear is the product that decides SimpleNet's speed.
func Linear() Operation {
	const rows, width = 1296, 1536
	return Operation{kernels.Linear{}, Random(tensor.Rows(width, rows), 1, 4),
		[]*tensor.Tensor{Random(tensor.Shape{width, width, 1, 1}, 1, 5)}}
}

// Convolutions are the 3x3 convolutions, with bias and ReLU, that ResNet-18
// consists of, by their channels: 64, 128, 256.
func Convolutions() []Operation {
	var all []Operation
	for _, s := range []struct{ channels, size int }{{64, 64}, {128, 32}, {256, 16}} {
		all = append(all, Operation{kernels.Conv(3, 1, kernels.ReLU), Random(tensor.Shape{1, s.channels, s.size, s.size}, 1, 6),
			[]*tensor.Tensor{Random(tensor.Shape{s.channels, s.channels, 3, 3}, 0.1, 7), Random(tensor.Vector(s.channels), 1, 8)}})
	}
	return all
}

// Job is something to compute, ready on a device, its input written.
type Job struct {
	FLOP float64

	ctx  context.Context
	plan *graph.Plan
	y    *tensor.Tensor
	end  *tensor.Tensor
}

// Compile prepares a job.
func Compile(ctx context.Context, dev device.Device, x *tensor.Tensor, build Build) (*Job, error) {
	g := graph.New()
	c := &Counted{Builder: g}
	y := build(c, g.Input("x", x.Shape))
	end := kernels.Apply1(g, kernels.Slice{Axis: 1, Length: 1}, y)
	g.Output("y", y)
	g.Output("end", end)
	plan, err := g.Compile(ctx, dev, graph.Options{})
	if err != nil {
		return nil, err
	}
	return &Job{FLOP: c.FLOP, ctx: ctx, plan: plan, y: tensor.New(g.Shape(y)), end: tensor.New(g.Shape(end))}, plan.Write("x", x)
}

// Run computes it a number of times and waits for the end by reading the result's
// first channel.
func (j *Job) Run(times int) error {
	for range times {
		if err := j.plan.Run(); err != nil {
			return err
		}
	}
	return j.plan.Read(j.ctx, "end", j.end)
}

// Result runs it and returns the whole result.
func (j *Job) Result() (*tensor.Tensor, error) {
	if err := j.Run(1); err != nil {
		return nil, err
	}
	return j.y, j.plan.Read(j.ctx, "y", j.y)
}
