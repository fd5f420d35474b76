package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/sdk/train"
)

func small(epochs int) train.Options {
	return train.Options{Preparation: picture.Options{Width: 64, Height: 64}, Epochs: epochs, Seed: 5}
}

// fit returns the bytes of a detector fitted on so many cores.
func fit(t *testing.T, ctx context.Context, workers int, o train.Options, pictures train.Source, progress func(train.Progress)) ([]byte, error) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	d, err := train.Fit(ctx, dev, o, pictures, progress)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), nil
}

// TestSameDetector: the same seed gives the same bytes whatever the number of
// cores, another seed others.
func TestSameDetector(t *testing.T) {
	ctx := context.Background()
	one, err := fit(t, ctx, 1, small(1), parts(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	three, err := fit(t, ctx, 3, small(1), parts(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, three) {
		t.Error("one and three workers give different detectors")
	}
	o := small(1)
	o.Seed++
	other, err := fit(t, ctx, 1, o, parts(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, other) {
		t.Error("another seed gives the same detector")
	}
}

// TestResume: a fit cancelled in any phase and resumed gives the same bytes as one
// that ran through, and leaves no checkpoint.
func TestResume(t *testing.T) {
	ctx := context.Background()
	want, err := fit(t, ctx, 2, small(1), parts(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{1, 2, 5} {
		o := small(1)
		o.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
		cancelled, cancel := context.WithCancel(ctx)
		epochs := 0
		_, err := fit(t, cancelled, 2, o, parts(4), func(p train.Progress) {
			if p.Phase == train.Learning {
				epochs++
			}
			if epochs == after {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled after %d epochs: %v", after, err)
		}
		if _, err := os.Stat(o.Checkpoint); err != nil {
			t.Fatalf("cancelled after %d epochs: no checkpoint: %v", after, err)
		}
		o.Resume = true
		again := 0
		got, err := fit(t, ctx, 2, o, parts(4), func(p train.Progress) {
			if p.Phase == train.Learning {
				again++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("resumed after %d epochs: another detector", after)
		}
		if epochs+again != 5 {
			t.Errorf("resumed after %d epochs: %d epochs more, of 5 in all", epochs, again)
		}
		if _, err := os.Stat(o.Checkpoint); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the checkpoint is left: %v", err)
		}
		// Of other pictures it must not be used.
		if err := os.WriteFile(o.Checkpoint, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := fit(t, ctx, 2, o, parts(4), nil); !errors.Is(err, sdk.ErrFormat) {
			t.Errorf("an empty checkpoint: %v", err)
		}
	}
}

// broken is a source with pictures that cannot be used among good ones.
type broken struct{ parts }

func (b broken) Picture(i int) (train.Picture, error) {
	switch i {
	case 0:
		return train.Picture{Name: "gone.png"}, os.ErrPermission
	case 1:
		return train.Picture{Name: "empty.png"}, nil
	}
	return b.parts.Picture(i)
}

func TestFitSkips(t *testing.T) {
	ctx := context.Background()
	var skipped []string
	_, err := fit(t, ctx, 2, small(1), broken{6}, func(p train.Progress) {
		if p.Skipped != nil {
			skipped = append(skipped, p.Skipped.Error())
		}
	})
	if err != nil || len(skipped) != 2 || !strings.HasPrefix(skipped[0], "gone.png: ") || !strings.HasPrefix(skipped[1], "empty.png: ") {
		t.Errorf("skipped %q, %v", skipped, err)
	}
	if _, err := fit(t, ctx, 2, small(1), broken{5}, nil); !errors.Is(err, train.ErrTooFew) {
		t.Errorf("three usable pictures: %v", err)
	}
	o := small(1)
	o.Backbone = "resnet18"
	if _, err := fit(t, ctx, 2, o, parts(4), nil); err == nil || !strings.Contains(err.Error(), "not built in") {
		t.Errorf("a backbone without weights: %v", err)
	}
}

// TestLoadRefuses: damage of a detector is ErrFormat, in words.
func TestLoadRefuses(t *testing.T) {
	good, err := fit(t, context.Background(), 2, small(1), parts(4), nil)
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) []byte {
		b := bytes.Replace(good, []byte(old), []byte(new), 1)
		if bytes.Equal(b, good) {
			t.Fatalf("no %q in the file", old)
		}
		return b
	}
	for _, test := range []struct {
		name, want string
		bytes      []byte
	}{
		{"empty", "safetensors", nil},
		{"truncated", "safetensors", good[:len(good)/2]},
		{"newer", "format version 9", replaced(`format_version\":1`, `format_version\":9`)},
		{"method", `unknown method "simplenex"`, replaced(`simplenet`, `simplenex`)},
		{"backbone", `no network "compacx"`, replaced(`name\":\"compact`, `name\":\"compacx`)},
		{"tensor", "unknown tensor", replaced(`"method.adaptor.bias"`, `"mexhod.adaptor.bias"`)},
		{"spread", "spread", replaced(`\"spread\":`, `\"sprexd\":`)},
		{"fingerprint", "SHA-256", replaced(`\"sha256\":\"`, `\"sha256\":\"0`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A changed length of the header must not hide what is tested.
			b := test.bytes
			if d := len(b) - len(good); d > 0 {
				b = append([]byte(nil), b...)
				n := int(b[0]) + int(b[1])<<8 + int(b[2])<<16 + d
				b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16)
			}
			if _, err := sdk.Load(bytes.NewReader(b)); !errors.Is(err, sdk.ErrFormat) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want ErrFormat with %q", err, test.want)
			}
		})
	}
	for i := 0; i < len(good); i += 1 + len(good)/300 {
		b := append([]byte(nil), good...)
		b[i] ^= 0x41
		// It may still be a detector; it must not panic.
		_, _ = sdk.Load(bytes.NewReader(b))
	}
}
