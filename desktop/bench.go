package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/spf13/cobra"
)

func newBench(c *console) *cobra.Command {
	var where deviceFlags
	var size int
	command := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast networks run here",
		Long: `Bench runs backbones with random weights on one picture at a time and prints the
fastest and the median time. Decoding and the detector's head are not in it.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if size <= 0 || size%backbone.Multiple != 0 {
				return usagef("--size %d: want a multiple of %d", size, backbone.Multiple)
			}
			return bench(command.Context(), c, where, size)
		},
	}
	where.add(command)
	command.Flags().IntVar(&size, "size", 256, "side of the square picture, a multiple of 16")
	return command
}

func bench(ctx context.Context, c *console, where deviceFlags, size int) error {
	dev, err := where.open(ctx, c)
	if err != nil {
		return err
	}
	defer dev.Close()
	fmt.Fprintln(c.err, describe(dev.Info()))
	fmt.Fprintf(c.out, "%-18s %9s %10s %10s %12s\n", "network", "size", "best ms", "median ms", "pictures/s")
	for _, network := range []string{"compact", "resnet18", "wide_resnet50_2"} {
		best, median, err := benchNetwork(ctx, dev, network, size)
		if err != nil {
			return fmt.Errorf("%s: %w", network, err)
		}
		if _, err := fmt.Fprintf(c.out, "%-18s %9s %10.2f %10.2f %12.1f\n",
			network, fmt.Sprintf("%dx%d", size, size), 1e3*best.Seconds(), 1e3*median.Seconds(), 1/median.Seconds()); err != nil {
			return err
		}
	}
	return nil
}

const (
	benchTime = 3 * time.Second // for a network
	benchRuns = 5               // at least
)

func benchNetwork(ctx context.Context, dev device.Device, name string, size int) (best, median time.Duration, err error) {
	network, err := backbone.Named(name)
	if err != nil {
		return 0, 0, err
	}
	g := graph.New()
	x := noise(tensor.Shape{1, 3, size, size}, 1)
	taps := network.Build(g, g.Input("picture", x.Shape), network.Random(1))
	last := taps[len(taps)-1]
	g.Output("last", last)
	result := tensor.New(g.Shape(last))
	plan, err := g.Compile(ctx, dev, graph.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer plan.Close()
	once := func() (time.Duration, error) {
		started := time.Now()
		if err := plan.Write("picture", x); err != nil {
			return 0, err
		}
		if err := plan.Run(); err != nil {
			return 0, err
		}
		err := plan.Read(ctx, "last", result)
		return time.Since(started), err
	}
	var times []time.Duration
	for began := time.Now(); len(times) < benchRuns+1 || time.Since(began) < benchTime; {
		took, err := once()
		if err != nil {
			return 0, 0, err
		}
		times = append(times, took)
	}
	times = times[1:] // the first warms up
	slices.Sort(times)
	return times[0], times[len(times)/2], nil
}
