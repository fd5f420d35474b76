package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
)

// print writes the machine and the table. Where the best times tell another story
// than the medians, something else was running.
func (b *bench) print(w io.Writer, results []result) {
	cpu := b.cpu.Info()
	fmt.Fprintf(w, "cpu     %s (%s), %s, %s/%s\n", cpu.Renderer, cpu.Detail, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if b.gl != nil {
		gl := b.gl.Info()
		fmt.Fprintf(w, "opengl  %s (%s)\n", gl.Renderer, gl.Detail)
	}
	if b.load > float64(b.workers)/4 {
		fmt.Fprintf(w, "load    %.1f when it began: the machine was not quiet, and these times are not to be relied on\n", b.load)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "name\tours ms\tpeer ms\tours/peer\tGFLOP/s\tbest ours\tbest peer\tof best\tpeer\t\n")
	number := func(v *float64, digits int) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.*f", digits, *v)
	}
	for _, r := range results {
		peer, best, ofBest := "-", "-", "-"
		if r.Peer != nil {
			peer, best, ofBest = *r.Peer, fmt.Sprintf("%.2f", r.best[1]), fmt.Sprintf("%.3f", r.best[0]/r.best[1])
		}
		fmt.Fprintf(t, "%s\t%.2f\t%s\t%s\t%s\t%.2f\t%s\t%s\t%s\t\n",
			r.Name, r.Ours, number(r.PeerMS, 2), number(r.Ratio, 3), number(r.GFLOPS, 1), r.best[0], best, ofBest, peer)
	}
	t.Flush()
	for _, reason := range b.skipped {
		fmt.Fprintln(w, "skipped:", reason)
	}
}

// loadAverage is Linux's number of running threads over the last minute, 0 where
// it is not told.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var load float64
	fmt.Sscan(string(text), &load)
	return load
}

// write writes the results as a JSON array.
func write(path string, results []result) error {
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
