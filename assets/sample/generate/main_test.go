package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestCheckedIn draws two shots of each category again and compares them with
// the files beside the generator.
func TestCheckedIn(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the files were drawn on amd64; floating point rounds differently on " + runtime.GOARCH)
	}
	for _, c := range categories() {
		shots := c.plan()
		for _, s := range []shot{shots[0], shots[len(shots)-1]} {
			files, err := c.make(1, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				kept, err := os.ReadFile(filepath.Join("..", c.name, filepath.FromSlash(f.path)))
				if err != nil {
					t.Fatal(err)
				}
				if !samePixels(t, kept, f.data) {
					t.Errorf("%s/%s is not what the generator draws; run go run ./assets/sample/generate", c.name, f.path)
				}
			}
		}
	}
}

// samePixels compares decoded pictures: compression may change with Go.
func samePixels(t *testing.T, a, b []byte) bool {
	t.Helper()
	pixels := func(data []byte) []byte {
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 0, 3*side*side)
		for y := range side {
			for x := range side {
				r, g, b, _ := img.At(x, y).RGBA()
				out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
			}
		}
		return out
	}
	return bytes.Equal(pixels(a), pixels(b))
}

func TestPlan(t *testing.T) {
	for _, c := range categories() {
		seen := map[shot]bool{}
		for _, s := range c.plan() {
			if seen[s] {
				t.Errorf("%s: %v twice", c.name, s)
			}
			seen[s] = true
		}
		if want := trainGood + testGood + perKind*len(c.kinds); len(seen) != want {
			t.Errorf("%s: %d shots, want %d", c.name, len(seen), want)
		}
	}
}

func TestGrow(t *testing.T) {
	defect := make([]bool, side*side)
	defect[0], defect[side*side-1] = true, true
	m := grow(defect)
	want := image.NewGray(m.Rect)
	for _, i := range []int{0, 1, side, side + 1, side*side - 1, side*side - 2, side*side - 1 - side, side*side - 2 - side} {
		want.Pix[i] = 255
	}
	if !bytes.Equal(m.Pix, want.Pix) {
		t.Error("a mask does not grow by exactly one pixel inside the picture")
	}
}
