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

// print writes the machine and the table.
func (b *bench) print(w io.Writer, results []result) {
	cpu := b.cpu.Info()
	fmt.Fprintf(w, "cpu     %s (%s), %s, %s/%s\n", cpu.Renderer, cpu.Detail, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if b.gl != nil {
		gl := b.gl.Info()
		fmt.Fprintf(w, "opengl  %s (%s)\n", gl.Renderer, gl.Detail)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "name\tours ms\tpeer ms\tours/peer\tGFLOP/s\tpeer\t\n")
	number := func(v *float64, digits int) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.*f", digits, *v)
	}
	for _, r := range results {
		peer := "-"
		if r.Peer != nil {
			peer = *r.Peer
		}
		fmt.Fprintf(t, "%s\t%.2f\t%s\t%s\t%s\t%s\t\n", r.Name, r.Ours, number(r.PeerMS, 2), number(r.Ratio, 3), number(r.GFLOPS, 1), peer)
	}
	t.Flush()
	for _, reason := range b.skipped {
		fmt.Fprintln(w, "skipped:", reason)
	}
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
