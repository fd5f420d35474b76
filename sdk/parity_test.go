package sdk_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/sdk/train"
)

var shared = filepath.Join("..", "..", "shared")

// files is a train.Source of picture files.
type files []string

func (f files) Len() int { return len(f) }

func (f files) Picture(i int) (train.Picture, error) {
	b, err := os.ReadFile(f[i])
	return train.Picture{Name: f[i], Bytes: b}, err
}

// find returns the files of a pattern below the outside data, or skips the test.
func find(t *testing.T, pattern string) files {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(shared, "data", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skipf("no outside pictures %s", pattern)
	}
	slices.Sort(names)
	return names
}

// openDevices opens the processor's device, the reference of the others, and those.
func openDevices(t *testing.T) []device.Device {
	t.Helper()
	fast, err := cpu.Open(cpu.Options{})
	compute, err2 := opengl.Open(opengl.Options{})
	drawing, err3 := opengl.OpenFragment(t.Context(), opengl.FragmentOptions{})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	devices := []device.Device{fast, compute, drawing}
	t.Cleanup(func() {
		for _, d := range devices {
			d.Close()
		}
	})
	return devices
}

// TestParity: one detector file and the same bytes give on cpu, opengl and fragment
// scores that differ by at most 1e-3·max(|score|, interquartile range of the calibration
// scores), and the same verdict unless the score is that close to the threshold;
// on 50 real pictures, with both backbones.
func TestParity(t *testing.T) {
	tiles := find(t, "magnetic_tile/train/good/*.png")
	tests := slices.Concat(find(t, "leather/test/*/*.png"), find(t, "magnetic_tile/test/*/*.png"))
	step := len(tests) / 35
	var pictures []string
	for i, name := range tests {
		if i < 15 || (i-15)%step == 0 && len(pictures) < 50 {
			pictures = append(pictures, name)
		}
	}
	if len(pictures) != 50 {
		t.Fatalf("%d pictures, want 50", len(pictures))
	}
	devices := openDevices(t)
	for _, network := range []string{"compact", "resnet18"} {
		t.Run(network, func(t *testing.T) {
			o := train.Options{Backbone: network, Epochs: 3, Seed: 1}
			if network == "resnet18" {
				weights, _, err := sdk.ReadTensors(filepath.Join(shared, "weights", "resnet18_l3.safetensors"))
				if err != nil {
					t.Skipf("no outside weights: %v", err)
				}
				o.Weights = weights
			}
			fitted, err := train.Fit(context.Background(), devices[0], o, tiles[:40], nil)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "detector")
			if err := fitted.Save(path); err != nil {
				t.Fatal(err)
			}
			compare(t, path, pictures, devices)
		})
	}
}

// compare holds the other devices to the first.
func compare(t *testing.T, path string, pictures []string, devices []device.Device) {
	d, err := sdk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	inspectors := make([]*sdk.Inspector, len(devices))
	for i, dev := range devices {
		if inspectors[i], err = d.On(dev); err != nil {
			t.Fatal(err)
		}
		defer inspectors[i].Close()
	}
	spread := quartiles(d.Calibration.Scores)
	worst := make([]float64, len(devices))
	for _, name := range pictures {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var want sdk.Result
		for i, dev := range devices {
			r, err := inspectors[i].InspectBytes(context.Background(), b)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if i == 0 {
				want = r
			}
			on := dev.Info().Name
			allowed := 1e-3 * max(math.Abs(want.Score), spread)
			apart := math.Abs(want.Score - r.Score)
			worst[i] = max(worst[i], apart/allowed)
			if !(apart <= allowed) {
				t.Errorf("%s: %v on cpu, %v on %s, allowed difference %v", name, want.Score, r.Score, on, allowed)
			}
			if want.Verdict != r.Verdict && math.Abs(want.Score-want.Decision.Threshold) > allowed {
				t.Errorf("%s: %s on cpu, %s on %s", name, want.Verdict, r.Verdict, on)
			}
		}
	}
	for i, dev := range devices[1:] {
		t.Logf("%s, %d pictures: the largest difference is %.4f of the allowed one", dev.Info().Name, len(pictures), worst[i+1])
	}
}

// quartiles returns the interquartile range.
func quartiles(scores []float32) float64 {
	s := slices.Sorted(slices.Values(scores))
	return float64(s[3*len(s)/4] - s[len(s)/4])
}

// TestInspect: a detector learned from generated parts passes them, rejects a
// defect where it is, and says the same after a round through its file.
func TestInspect(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	ctx := context.Background()
	d, err := train.Fit(ctx, dev, train.Options{Preparation: picture.Options{Width: 64, Height: 64}, Seed: 1}, parts(30), nil)
	if err != nil {
		t.Fatal(err)
	}
	inspector, err := d.On(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer inspector.Close()
	good, err := inspector.InspectBytes(ctx, part(100, false))
	if err != nil {
		t.Fatal(err)
	}
	bad, err := inspector.InspectBytes(ctx, part(101, true))
	if err != nil {
		t.Fatal(err)
	}
	if !(bad.Score > good.Score) || bad.Verdict != picture.Reject {
		t.Fatalf("good %v %s, bad %v %s, threshold %v", good.Score, good.Verdict, bad.Score, bad.Verdict, bad.Decision.Threshold)
	}
	if peak := bad.Located()[0].PeakAt; math.Abs(float64(peak.X-70)) > 12 || math.Abs(float64(peak.Y-40)) > 12 {
		t.Errorf("the peak is at %v, the defect at (70,40)", peak)
	}
	path := filepath.Join(t.TempDir(), "part.flawscope")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := sdk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.On(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if r, err := second.InspectBytes(ctx, part(101, true)); err != nil || r.Score != bad.Score || r.Decision != bad.Decision {
		t.Errorf("after the file: %v, %v, want %v", r.Score, err, bad.Score)
	}
	threshold := bad.Score + 1
	if err := second.SetPolicy(sdk.Policy{Threshold: &threshold}); err != nil {
		t.Fatal(err)
	}
	if r, err := second.InspectBytes(ctx, part(101, true)); err != nil || r.Verdict != picture.Pass || r.Score != bad.Score {
		t.Errorf("a raised threshold: %s %v %v", r.Verdict, r.Score, err)
	}
}
