package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// jsonLines parses the output of --json.
func jsonLines(t *testing.T, out string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for text := range strings.Lines(out) {
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		all = append(all, l)
	}
	return all
}

func TestInspectJSON(t *testing.T) {
	folder := filepath.Join(fixture.pictures, "test")
	status, out, errs := flawscope(t, "inspect", fixture.detector, folder, "--json", "--device", "cpu")
	if status != exitReject {
		t.Errorf("status %d, want %d: %s", status, exitReject, errs)
	}
	lines := jsonLines(t, out)
	if len(lines) != 22 {
		t.Fatalf("%d lines, want 22", len(lines))
	}
	if !strings.Contains(errs, "22 pictures:") || !strings.Contains(errs, "threshold") {
		t.Errorf("stderr: %s", errs)
	}
	regions := 0
	var files []string
	for _, l := range lines {
		file, _ := l["file"].(string)
		files = append(files, file)
		if !strings.HasPrefix(file, folder) {
			t.Errorf("file %q does not begin with the folder as given", file)
		}
		for _, key := range []string{"score", "p_value", "threshold", "ms"} {
			if _, ok := l[key].(float64); !ok {
				t.Errorf("%s: %s is %v", file, key, l[key])
			}
		}
		score, _ := l["score"].(float64)
		threshold, _ := l["threshold"].(float64)
		if want := map[bool]string{true: "reject", false: "pass"}[score > threshold]; l["verdict"] != want {
			t.Errorf("%s: score %v, threshold %v, verdict %v", file, score, threshold, l["verdict"])
		}
		found, ok := l["regions"].([]any)
		if !ok {
			t.Errorf("%s: regions is %v", file, l["regions"])
		}
		if l["verdict"] == "reject" && len(found) == 0 {
			t.Errorf("%s is rejected without a region", file)
		}
		for _, r := range found {
			region := r.(map[string]any)
			box := region["box"].(map[string]any)
			at := func(m map[string]any, key string) float64 { v, _ := m[key].(float64); return v }
			x, y := at(region, "peak_x"), at(region, "peak_y")
			if at(region, "area") < 1 || at(box, "width") < 1 || at(box, "height") < 1 || at(box, "x")+at(box, "width") > 256 || at(box, "y")+at(box, "height") > 256 ||
				x < 0 || x > 255 || y < 0 || y > 255 {
				t.Errorf("%s: region %v outside the picture", file, region)
			}
			regions++
		}
	}
	if regions == 0 {
		t.Error("no regions at all")
	}
	if !slices.IsSorted(files) {
		t.Errorf("files out of order: %v", files)
	}
}

func TestInspectText(t *testing.T) {
	status, out, _ := flawscope(t, "inspect", fixture.detector, sample("good"), noPicture, "--device", "cpu", "--threshold", "1e9")
	if status != exitError {
		t.Errorf("status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 11 {
		t.Fatalf("%d lines, want 11:\n%s", len(lines), out)
	}
	for _, l := range lines[:10] {
		if !strings.HasPrefix(l, "pass    score ") || strings.Contains(l, "\x1b") {
			t.Errorf("line %q", l)
		}
	}
	if !strings.HasPrefix(lines[10], "ERROR") || !strings.Contains(lines[10], noPicture) {
		t.Errorf("line %q", lines[10])
	}
}

// noPicture is a file that is no picture.
const noPicture = "main_test.go"

func TestInspectOut(t *testing.T) {
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "new", "out")
	b, err := os.ReadFile(sample("hole/000.png"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"a/b.png", "a_b.png", "A_b.png", "<script>alert(1)<_script>.png", "100%#?.png", "..double.png"}
	for _, name := range names {
		path := filepath.Join(in, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Files whose names begin with a dot are not walked into, but may be named.
	args := []string{"inspect", fixture.detector, in, filepath.Join(in, "..double.png"), "--out", out, "--device", "cpu"}
	if status, _, errs := flawscope(t, args...); status == exitError {
		t.Fatalf("status %d: %s", status, errs)
	}
	overlays, err := filepath.Glob(filepath.Join(out, "*.png"))
	if err != nil || len(overlays) != len(names) {
		t.Errorf("%d overlays, want %d: %v, %v", len(overlays), len(names), overlays, err)
	}
	text, err := os.ReadFile(filepath.Join(out, reportName))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "<script") {
		t.Error("a file name became a script in the report")
	}
	for _, o := range overlays {
		if !strings.Contains(string(text), `href="`+filepath.Base(o)+`"`) {
			t.Errorf("the report has no link to %s", filepath.Base(o))
		}
	}
	for _, remote := range []string{"http:", "https:", "src=\"/"} {
		if strings.Contains(string(text), remote) {
			t.Errorf("the report is not self-contained: it has %s", remote)
		}
	}

	t.Run("a second run leaves its own output alone", func(t *testing.T) {
		inside := filepath.Join(in, "out")
		for range 2 {
			_, text, _ := flawscope(t, "inspect", fixture.detector, in, "--out", inside, "--json", "--device", "cpu")
			if n := len(jsonLines(t, text)); n != len(names)-1 {
				t.Errorf("%d pictures, want %d", n, len(names)-1)
			}
		}
	})
	t.Run("a link in the folder does not lead out of it", func(t *testing.T) {
		away := filepath.Join(t.TempDir(), "precious")
		if err := os.WriteFile(away, []byte("keep"), 0o644); err != nil {
			t.Fatal(err)
		}
		trap := t.TempDir()
		if err := os.Symlink(away, filepath.Join(trap, "000.png")); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		status, _, errs := flawscope(t, "inspect", fixture.detector, sample("good/000.png"), "--out", trap, "--device", "cpu")
		if status != exitError || !strings.Contains(errs, "000.png") {
			t.Errorf("status %d: %s", status, errs)
		}
		if b, err := os.ReadFile(away); err != nil || string(b) != "keep" {
			t.Errorf("overwrote a file outside: %q, %v", b, err)
		}
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		status, _, errs := flawscope(t, "inspect", fixture.detector, sample("good/000.png"), "--out", fixture.detector, "--device", "cpu")
		if status != exitError || !strings.Contains(errs, fixture.detector) {
			t.Errorf("status %d: %s", status, errs)
		}
	})
}
