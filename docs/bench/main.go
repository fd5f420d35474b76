// Command bench times Flawscope's kernels and networks beside the peers they are
// measured against, onnxruntime and OpenBLAS, and writes the result as a table
// and as JSON. With -soak it looks at memory over many inspections instead.
// docs/PERFORMANCE.md says how to run it and what it found.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"

	"github.com/flawscope/flawscope/docs/bench/contest"
)

// options are the command line's.
type options struct {
	out     string // bench.json
	peers   string // folder with node_modules and room for models
	rounds  int
	workers int
	short   bool
	soak    bool
}

func main() {
	var o options
	flag.StringVar(&o.out, "o", "build/bench.json", "`file` for the results")
	flag.StringVar(&o.peers, "peers", "build/peers", "`folder` with onnxruntime-node's node_modules")
	flag.IntVar(&o.rounds, "rounds", 9, "`times` that all contenders take turns")
	flag.IntVar(&o.workers, "threads", runtime.NumCPU(), "`threads` of the cpu device and of its peers")
	flag.BoolVar(&o.short, "short", false, "leave out fit/compact_200")
	flag.BoolVar(&o.soak, "soak", false, "compare resident memory after 200 and after 2,000 inspections instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.soak {
		return soak(ctx, o)
	}
	b, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.prepare(); err != nil {
		return err
	}
	results, err := contest.Measure(ctx, b.rows, o.rounds)
	if err != nil {
		return err
	}
	fit, err := b.fit()
	if err != nil {
		return err
	}
	if fit != nil {
		results = append(results, *fit)
	}
	if err := b.print(os.Stdout, results); err != nil {
		return err
	}
	return contest.Write(o.out, results)
}
