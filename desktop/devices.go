package main

import (
	"context"
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/spf13/cobra"
)

func newDevices(c *console) *cobra.Command {
	var variants, asJSON bool
	command := &cobra.Command{
		Use:   "devices",
		Short: "List what can compute here, its limits, and test it",
		Long: `Devices lists what can compute here, with its limits, and tests it.

With --variants it shows instead which ways there are to run an operation, how
long each took, and which is taken. They are measured when a network is first used
on a device, and remembered in the user's cache folder; bench uses some networks.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			switch {
			case asJSON && !variants:
				return usagef("--json is for --variants")
			case variants:
				return showVariants(command.Context(), c, asJSON)
			}
			return devices(command.Context(), c)
		},
	}
	command.Flags().BoolVar(&variants, "variants", false, "show the measured ways to run operations")
	command.Flags().BoolVar(&asJSON, "json", false, "write the variants as one JSON array")
	return command
}

func devices(ctx context.Context, c *console) error {
	var failed error
	for _, name := range deviceNames {
		dev, err := openDevice(ctx, name)
		if err != nil {
			fmt.Fprintf(c.out, "%-9s not available: %v\n", name, err)
			continue
		}
		if err := showDevice(ctx, c, dev); err != nil && failed == nil {
			failed = err
		}
		if err := dev.Close(); err != nil {
			return err
		}
	}
	return failed
}

func showDevice(ctx context.Context, c *console, dev device.Device) error {
	i := dev.Info()
	kind := "hardware"
	switch {
	case i.Software:
		kind = "software renderer: not used by --device auto"
	case i.Name == "cpu":
		kind = "processor"
	}
	limit := "the machine's memory"
	if i.MaxBufferBytes > 0 {
		limit = fmt.Sprintf("%.0f MiB", float64(i.MaxBufferBytes)/(1<<20))
	}
	fmt.Fprintf(c.out, "%-9s %s\n", i.Name, i.Renderer)
	fmt.Fprintf(c.out, "          %s\n          %s\n          largest buffer: %s\n", i.Detail, kind, limit)
	worst, err := selfTest(ctx, dev)
	if err == nil && !(worst <= i.Tolerance) {
		err = fmt.Errorf("%s: relative error %.1e, at most %.0e is allowed", i.Name, worst, i.Tolerance)
	}
	if err != nil {
		fmt.Fprintf(c.out, "          self-test: FAIL: %v\n", err)
		return err
	}
	_, err = fmt.Fprintf(c.out, "          self-test: OK, relative error %.1e, at most %.0e is allowed\n", worst, i.Tolerance)
	return err
}

// selfTest runs a convolution and a linear map and returns the larger relative
// L2 error against the reference.
func selfTest(ctx context.Context, dev device.Device) (float64, error) {
	x := noise(tensor.Shape{1, 21, 30, 35}, 1)
	worst := 0.0
	for k, test := range []struct {
		op kernels.Op
		in []*tensor.Tensor
	}{
		{kernels.Conv(3, 1, kernels.ReLU), []*tensor.Tensor{x, noise(tensor.Shape{37, 21, 3, 3}, 2), noise(tensor.Vector(37), 3)}},
		{kernels.Linear{Bias: true}, []*tensor.Tensor{x, noise(tensor.Shape{37, 21, 1, 1}, 4), noise(tensor.Vector(37), 5)}},
	} {
		g := graph.New()
		in := []kernels.Value{g.Input("x", x.Shape)}
		for _, t := range test.in[1:] {
			in = append(in, g.Constant(t))
		}
		y := kernels.Apply1(g, test.op, in...)
		g.Output("y", y)
		want, got := tensor.New(g.Shape(y)), tensor.New(g.Shape(y))
		test.op.Reference([]*tensor.Tensor{want}, test.in)
		plan, err := g.Compile(ctx, dev, graph.Options{})
		if err != nil {
			return 0, err
		}
		err = plan.Write("x", x)
		if err == nil {
			err = plan.Run()
		}
		if err == nil {
			err = plan.Read(ctx, "y", got)
		}
		plan.Close()
		if err != nil {
			return 0, fmt.Errorf("test %d: %w", k+1, err)
		}
		worst = max(worst, relative(got.Data, want.Data))
	}
	return worst, nil
}

// noise returns a tensor of normal values.
func noise(s tensor.Shape, seed uint32) *tensor.Tensor {
	t := tensor.New(s)
	counter := tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, 0))
	kernels.Noise{To: s, Std: 1}.Reference([]*tensor.Tensor{t}, []*tensor.Tensor{counter})
	return t
}

func relative(got, want []float32) float64 {
	var difference, size float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		difference += d * d
		size += float64(w) * float64(w)
	}
	return math.Sqrt(difference / size)
}
