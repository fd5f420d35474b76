package picture

import (
	"encoding/binary"
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/tiff"
)

func FuzzDecode(f *testing.F) {
	r := image.Rect(0, 0, 24, 16)
	rgba, gray16 := scene(image.NewRGBA(r)), scene(image.NewGray16(r))
	tag := exif(binary.BigEndian, 6)
	f.Add([]byte{})
	f.Add([]byte("text"))
	f.Add(hugePNG(100000, 100000))
	f.Add(pngWith(encodePNG(f, gray16), tag))
	f.Add(jpegWith(encodeJPEG(f, rgba), tag))
	f.Add(encodeBMP(f, rgba))
	f.Add(encodeTIFF(f, gray16, tiff.Deflate))
	for _, name := range []string{"scene.lossy.webp", "scene.lossless.webp", "alpha.lossless.webp"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(webpWith(b, tag))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		limits := Limits{MaxPixels: 1 << 16}
		img, err := Decode(b, limits)
		if err != nil {
			known := false
			for _, want := range []error{ErrEmpty, ErrFormat, ErrTooLarge, ErrTruncated, ErrCorrupt} {
				known = known || errors.Is(err, want)
			}
			if !known || img != nil {
				t.Fatalf("image %v with error %v", img, err)
			}
			return
		}
		if s := img.Bounds().Size(); s.X <= 0 || s.Y <= 0 || s.X*s.Y > 1<<16 {
			t.Fatalf("size %v", s)
		}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				img.At(x, y) // must not panic
			}
		}
		if _, _, err := Prepare(img, Options{Width: 16, Height: 16}); err != nil {
			t.Fatal(err)
		}
	})
}

// The search for an orientation survives anything behind a format's first bytes.
func FuzzOrientation(f *testing.F) {
	tag := exif(binary.LittleEndian, 8)
	r := image.Rect(0, 0, 24, 16)
	for _, b := range [][]byte{
		jpegWith(encodeJPEG(f, scene(image.NewGray(r))), tag)[3:],
		pngWith(encodePNG(f, scene(image.NewGray(r))), tag)[8:],
		tag[4:], {},
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range formats() {
			if o := orientation(append([]byte(format.magic), b...)); o < 1 || o > 8 {
				t.Fatalf("%s: orientation %d", format.name, o)
			}
		}
	})
}
