package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/flawscope/flawscope/sdk"
	"github.com/spf13/cobra"
)

func newModel(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "model FILE",
		Short: "Show what is inside a detector file",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return model(c, args[0]) },
	}
}

func model(c *console, path string) error {
	d, err := sdk.Open(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tensors, metadata, err := sdk.ReadTensors(path)
	if err != nil {
		return err
	}
	var about struct {
		FormatVersion int `json:"format_version"`
		Backbone      struct {
			SHA256   string `json:"sha256"`
			Embedded bool   `json:"embedded"`
		} `json:"backbone"`
	}
	if err := json.Unmarshal([]byte(metadata["flawscope"]), &about); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	decision, err := d.Calibration.Decide(sdk.Policy{})
	if err != nil {
		return err
	}
	weights := "in the file"
	if about.Backbone.Embedded {
		weights = "the program's own"
	}
	facts := append([]fact{
		{"file", fmt.Sprintf("%s, %d bytes", path, info.Size())},
		{"format version", fmt.Sprint(about.FormatVersion)},
	}, detectorFacts(d)...)
	facts = append(facts,
		fact{"backbone weights", weights + ", SHA-256 " + about.Backbone.SHA256},
		fact{"by default", explain(decision, d.Calibration, sdk.Policy{})},
		fact{"calibration scores", spread(d.Calibration.Scores)},
		fact{"calibration peaks", spread(d.Calibration.Peaks)},
	)
	for _, f := range facts {
		fmt.Fprintf(c.out, "%-20s %s\n", f.Name, f.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if _, err := fmt.Fprintf(c.out, "%-20s %-44s %v\n", "tensor", name, tensors[name].Shape); err != nil {
			return err
		}
	}
	return nil
}

// spread says how values lie: lowest, median, highest.
func spread(values []float32) string {
	s := slices.Clone(values)
	slices.Sort(s)
	n := len(s)
	return fmt.Sprintf("%s to %s, median %s", number(float64(s[0])), number(float64(s[n-1])), number(float64(s[(n-1)/2]+s[n/2])/2))
}
