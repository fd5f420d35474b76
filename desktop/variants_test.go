package main

import (
	"encoding/json"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestVariants measures on the first use, remembers, shows what was measured, and
// leaves that to --no-tune and learning.
func TestVariants(t *testing.T) {
	for _, device := range []string{"cpu", "fragment"} {
		t.Run(device, func(t *testing.T) { testVariants(t, device) })
	}
}

func testVariants(t *testing.T, device string) {
	cache := t.TempDir()
	run := func(args ...string) (out, errs string) {
		t.Helper()
		command := exec.Command(fixture.program, args...)
		command.Env = append(command.Environ(), "XDG_CACHE_HOME="+cache)
		status, out, errs := runCommand(t, command)
		if status != exitPass {
			t.Fatalf("%q: status %d\n%s", args, status, errs)
		}
		return out, errs
	}
	inspect := []string{"inspect", fixture.detector, sample("good/000.png"), "--device", device, "--threshold", "1e9"}
	const measuring = "first use here"
	if _, errs := run(append(inspect, "--no-tune")...); strings.Contains(errs, measuring) {
		t.Errorf("--no-tune measured:\n%s", errs)
	}
	if strings.Contains(fixture.fitLog, measuring) {
		t.Errorf("learning on the cpu depends on a clock:\n%s", fixture.fitLog)
	}
	if out, _ := run("devices", "--variants"); !strings.Contains(out, "nothing was measured yet") {
		t.Errorf("before the first use:\n%s", out)
	}
	if _, errs := run(inspect...); !strings.Contains(errs, measuring) {
		t.Errorf("the first use measured nothing:\n%s", errs)
	}
	if _, errs := run(inspect...); strings.Contains(errs, measuring) {
		t.Errorf("the second use measured again:\n%s", errs)
	}
	if out, _ := run("devices", "--variants"); !strings.Contains(out, "conv2d Kernel:3") || !strings.Contains(out, "taken") {
		t.Errorf("the table:\n%s", out)
	}
	// The ways differ by rounding only.
	var scores []float64
	for _, more := range [][]string{{"--json"}, {"--json", "--no-tune"}} {
		out, _ := run(append(inspect, more...)...)
		var line struct{ Score float64 }
		if err := json.Unmarshal([]byte(out), &line); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		scores = append(scores, line.Score)
	}
	if math.Abs(scores[0]-scores[1]) > 1e-4*max(math.Abs(scores[1]), 1) {
		t.Errorf("score %v, without tuning %v", scores[0], scores[1])
	}
	out, _ := run("devices", "--variants", "--json")
	var tables []variantTable
	if err := json.Unmarshal([]byte(out), &tables); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	i := slices.IndexFunc(tables, func(v variantTable) bool { return v.Device == device })
	if i < 0 || len(tables[i].Operations) == 0 {
		t.Fatalf("no operations of the %s in %s", device, out)
	}
	for _, o := range tables[i].Operations {
		if len(o.Variants) < 2 || !slices.ContainsFunc(o.Variants, func(v variant) bool { return v.Name == o.Chosen && *v.MS > 0 }) {
			t.Errorf("operation %+v", o)
		}
	}
}
