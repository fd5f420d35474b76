package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/sdk/train"
)

type parts int

func (p parts) Len() int { return int(p) }

func (p parts) Picture(i int) (train.Picture, error) {
	img := image.NewGray(image.Rect(0, 0, 48, 48))
	random := rand.New(rand.NewPCG(uint64(i), 1))
	for k := range img.Pix {
		img.SetGray(k%48, k/48, color.Gray{Y: uint8(120 + k/48 + random.IntN(16))})
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return train.Picture{Name: fmt.Sprint(i, ".png"), Bytes: b.Bytes()}, err
}

// TestReopen: a fit whose devices are lost, at random calls or between two pictures
// that are measured, gives the same bytes as one on a single device.
func TestReopen(t *testing.T) {
	o := train.Options{Preparation: picture.Options{Width: 32, Height: 32}, Epochs: 2, Seed: 3}
	fit := func(o train.Options, dev device.Device, progress func(train.Progress)) ([]byte, error) {
		d, err := train.Fit(t.Context(), dev, o, parts(5), progress)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = d.Write(&b)
		return b.Bytes(), err
	}
	open := func(calls int) *devicetest.Fragile {
		dev, err := cpu.Open(cpu.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { dev.Close() })
		return devicetest.NewFragile(dev, calls)
	}
	whole := open(0)
	var attempts [][]int // calls at which the first, the second, ... device is lost
	want, err := fit(o, whole, func(p train.Progress) {
		if p.Phase == train.Calibrating {
			attempts = append(attempts, []int{whole.Calls() + 1})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	const seed = 11
	random := rand.New(rand.NewPCG(seed, 0))
	for range 6 {
		attempts = append(attempts, []int{1 + random.IntN(whole.Calls()), 1 + random.IntN(whole.Calls()), 1 + random.IntN(whole.Calls())})
	}
	for _, losses := range attempts {
		opened := 0
		next := func() *devicetest.Fragile {
			at := 0
			if opened < len(losses) {
				at = losses[opened]
			}
			opened++
			return open(at)
		}
		o := o
		o.Reopen = func(_ context.Context, lost error) (device.Device, error) {
			if !errors.Is(lost, device.ErrLost) {
				t.Errorf("asked for another device because of %v", lost)
			}
			return next(), nil
		}
		got, err := fit(o, next(), nil)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("seed %d, lost at %v: another detector, %v", seed, losses, err)
		}
	}
	o.Reopen = func(_ context.Context, lost error) (device.Device, error) { return nil, lost }
	if _, err := fit(o, open(whole.Calls()/2), nil); !errors.Is(err, device.ErrLost) {
		t.Errorf("nothing to reopen: %v", err)
	}
}
