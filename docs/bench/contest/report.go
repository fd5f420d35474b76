package contest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// Print writes the table. Where the best times tell another story than the
// medians, something else was running. A spread is an interquartile range.
func Print(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "name\tours ms\tspread\tpeer ms\tspread\tours/peer\tGFLOP/s\tbest ours\tbest peer\tof best\tpeer\t\n")
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
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\t%s\t\n", r.Name, r.Ours, r.OursSpread,
			number(r.PeerMS, 2), number(r.PeerSpread, 2), number(r.Ratio, 3), number(r.GFLOPS, 1), r.best[0], best, ofBest, peer)
	}
	return t.Flush()
}

// WarnOfLoad says so when more than a quarter of the processors were busy at the
// beginning.
func WarnOfLoad(w io.Writer, load float64, processors int) {
	if load > float64(processors)/4 {
		fmt.Fprintf(w, "load    %.1f when it began: the machine was not quiet, and these times are not to be relied on\n", load)
	}
}

// LoadAverage is Linux's number of running threads over the last minute, 0 where
// it is not told.
func LoadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var load float64
	fmt.Sscan(string(text), &load)
	return load
}

// Write writes the results as a JSON array.
func Write(path string, results []Result) error {
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
