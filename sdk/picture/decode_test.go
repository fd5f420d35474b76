package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bep/imagemeta"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeBMP(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeTIFF(t testing.TB, img image.Image, c tiff.CompressionType) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, &tiff.Options{Compression: c}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scene returns a picture whose corners differ, drawn into dst.
func scene(dst draw.Image) draw.Image {
	b := dst.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			dst.Set(x, y, color.NRGBA{uint8(8 * x), uint8(12 * y), uint8(40 * ((x / 8) ^ (y / 8))), 255})
		}
	}
	return dst
}

func TestDecodeFormats(t *testing.T) {
	r := image.Rect(0, 0, 24, 16)
	gray, gray16 := scene(image.NewGray(r)), scene(image.NewGray16(r))
	rgba, rgba64 := scene(image.NewRGBA(r)), scene(image.NewRGBA64(r))
	palette := scene(image.NewPaletted(r, color.Palette{color.Black, color.White, color.NRGBA{200, 40, 40, 255}}))
	alpha, alpha64 := image.NewNRGBA(r), image.NewNRGBA64(r)
	for y := range 16 {
		for x := range 24 {
			alpha.SetNRGBA(x, y, color.NRGBA{uint8(10 * x), 90, 7, uint8(16 * y)})
			alpha64.SetNRGBA64(x, y, color.NRGBA64{uint16(2570 * x), 9000, 777, uint16(4096 * y)})
		}
	}
	webp := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cases := []struct {
		name  string
		b     []byte
		want  image.Image
		limit int // allowed difference of a channel, of 65535
	}{
		{"PNG gray 8", encodePNG(t, gray), gray, 0},
		{"PNG gray 16", encodePNG(t, gray16), gray16, 0},
		{"PNG colour 8", encodePNG(t, rgba), rgba, 0},
		{"PNG colour 16", encodePNG(t, rgba64), rgba64, 0},
		{"PNG alpha 8", encodePNG(t, alpha), alpha, 0},
		{"PNG alpha 16", encodePNG(t, alpha64), alpha64, 0},
		{"PNG palette", encodePNG(t, palette), palette, 0},
		{"JPEG gray", encodeJPEG(t, gray), gray, 4 * 257},
		{"JPEG colour", encodeJPEG(t, rgba), rgba, 80 * 257},
		{"BMP gray", encodeBMP(t, gray), gray, 0},
		{"BMP colour", encodeBMP(t, rgba), rgba, 0},
		{"BMP palette", encodeBMP(t, palette), palette, 0},
		{"TIFF gray 8", encodeTIFF(t, gray, tiff.Uncompressed), gray, 0},
		{"TIFF gray 16", encodeTIFF(t, gray16, tiff.Deflate), gray16, 0},
		{"TIFF colour 8", encodeTIFF(t, rgba, tiff.Deflate), rgba, 0},
		{"TIFF colour 16", encodeTIFF(t, rgba64, tiff.Uncompressed), rgba64, 0},
		{"TIFF alpha 8", encodeTIFF(t, alpha, tiff.Uncompressed), alpha, 0},
		{"TIFF palette", encodeTIFF(t, palette, tiff.Deflate), palette, 0},
		{"WebP lossless", webp("scene.lossless.webp"), rgba, 0},
		{"WebP lossless alpha", webp("alpha.lossless.webp"), open(t, "alpha.png"), 0},
		{"WebP lossy", webp("scene.lossy.webp"), rgba, 80 * 257},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode(c.b, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Bounds() != r {
				t.Fatalf("bounds %v", got.Bounds())
			}
			for y := range 16 {
				for x := range 24 {
					if d := colourDistance(got.At(x, y), c.want.At(x, y)); d > c.limit {
						t.Fatalf("(%d,%d): %v, want %v", x, y, got.At(x, y), c.want.At(x, y))
					}
				}
			}
			if _, _, err := Prepare(got, Options{Width: 32, Height: 32}); err != nil {
				t.Error(err)
			}
		})
	}
}

// colourDistance compares alpha, and colours where they can be seen.
func colourDistance(a, b color.Color) int {
	r0, g0, b0, a0 := a.RGBA()
	r1, g1, b1, a1 := b.RGBA()
	worst := 0
	for _, d := range []int{int(r0) - int(r1), int(g0) - int(g1), int(b0) - int(b1), int(a0) - int(a1)} {
		worst = max(worst, d, -d)
	}
	return worst
}

// hugePNG is a PNG header of the given size, and no pixels.
func hugePNG(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	data := binary.BigEndian.AppendUint32(nil, w)
	data = binary.BigEndian.AppendUint32(data, h)
	return appendChunk(b, "IHDR", append(data, 8, 2, 0, 0, 0))
}

func appendChunk(b []byte, name string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	body := append([]byte(name), data...)
	return binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
}

func TestDecodeRefuses(t *testing.T) {
	small := encodePNG(t, scene(image.NewRGBA(image.Rect(0, 0, 24, 16))))
	flipped := bytes.Clone(small)
	flipped[len(flipped)/2] ^= 0x55
	palette := encodeBMP(t, scene(image.NewPaletted(image.Rect(0, 0, 24, 16), color.Palette{color.Black, color.White})))
	palette = slices.Delete(palette, 14+40+2*4, 14+40+256*4) // two colours are left
	binary.LittleEndian.PutUint32(palette[10:], 14+40+2*4)
	binary.LittleEndian.PutUint32(palette[46:], 2)
	if _, err := Decode(palette, Limits{}); err != nil {
		t.Fatal(err)
	}
	palette[len(palette)-1] = 200
	animated := []byte("RIFF\x2a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00ANMF\x00\x00\x00\x00")
	cases := []struct {
		name   string
		b      []byte
		limits Limits
		want   error
		says   string
	}{
		{"nil", nil, Limits{}, ErrEmpty, "zero bytes"},
		{"empty", []byte{}, Limits{}, ErrEmpty, "zero bytes"},
		{"text", []byte("Dear reader, this is no picture."), Limits{}, ErrFormat, `"Dear reader, this is no "`},
		{"text cut in a rune", []byte("xxxxxxxxxxxxxxxxxxxxxxx\u00e9 and more"), Limits{}, ErrFormat, "text"},
		{"binary", []byte{1, 2, 3, 0xff}, Limits{}, ErrFormat, "01 02 03 ff"},
		{"GIF", []byte("GIF89a\x01\x00\x01\x00"), Limits{}, ErrFormat, "GIF"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00"), Limits{}, ErrFormat, "HEIC"},
		{"PDF", []byte("%PDF-1.7"), Limits{}, ErrFormat, "PDF"},
		{"animated WebP", animated, Limits{}, ErrFormat, "animated"},
		{"beginning of a PNG's name", small[:5], Limits{}, ErrTruncated, "PNG"},
		{"half a PNG", small[:len(small)/2], Limits{}, ErrTruncated, "PNG"},
		{"PNG with a wrong checksum", flipped, Limits{}, ErrCorrupt, "PNG"},
		{"100000x100000 header", hugePNG(100000, 100000), Limits{}, ErrTooLarge, "100000x100000"},
		{"60000x60000 header", hugePNG(60000, 60000), Limits{}, ErrTooLarge, "100000000"},
		{"over the caller's limit", small, Limits{MaxPixels: 24*16 - 1}, ErrTooLarge, "24x16"},
		{"over the caller's side", small, Limits{MaxSide: 23}, ErrTooLarge, "23 a side"},
		{"index beyond the palette", palette, Limits{}, ErrCorrupt, "palette"},
		{"zero width", appendChunk(hugePNG(0, 5), "IEND", nil), Limits{}, ErrCorrupt, ""},
		{"header only", hugePNG(5, 5), Limits{}, ErrTruncated, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			img, err := Decode(c.b, c.limits)
			if img != nil || !errors.Is(err, c.want) {
				t.Fatalf("image %v, error %v; want %v", img, err, c.want)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "picture: ") {
				t.Errorf("the error is %q", err)
			}
		})
	}
	if _, err := Decode(small, Limits{MaxPixels: 24 * 16, MaxSide: 24}); err != nil {
		t.Errorf("a picture as large as the limit: %v", err)
	}
}

// Every format, cut anywhere, gives ErrTruncated or at worst ErrCorrupt; a few
// last bytes that hold no pixels may be missing.
func TestDecodeTruncated(t *testing.T) {
	rgba := scene(image.NewRGBA(image.Rect(0, 0, 24, 16)))
	lossy, err := os.ReadFile("testdata/scene.lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	lossless, err := os.ReadFile("testdata/scene.lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"PNG": encodePNG(t, rgba), "JPEG": encodeJPEG(t, rgba), "BMP": encodeBMP(t, rgba),
		"TIFF": encodeTIFF(t, rgba, tiff.Deflate), "TIFF plain": encodeTIFF(t, rgba, tiff.Uncompressed),
		"WebP lossy": lossy, "WebP lossless": lossless,
	} {
		t.Run(name, func(t *testing.T) {
			other := 0
			for n := 1; n < len(b)-16; n++ {
				_, err := Decode(b[:n], Limits{})
				switch {
				case err == nil:
					t.Fatalf("the first %d of %d bytes were accepted", n, len(b))
				case errors.Is(err, ErrTruncated):
				case errors.Is(err, ErrCorrupt), n < 3 && errors.Is(err, ErrFormat):
					other++
					if other == 1 {
						t.Logf("%d of %d bytes: %v", n, len(b), err)
					}
				default:
					t.Fatalf("%d of %d bytes: %v", n, len(b), err)
				}
			}
			if other > len(b)/10 {
				t.Errorf("%d of %d cuts were not called truncated", other, len(b))
			}
		})
	}
}

// exif is a TIFF structure with the one tag, in either byte order.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II")
	if order.String() == "BigEndian" {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	entry := func(tag, value uint16) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, value)
		b = order.AppendUint16(b, 0)
	}
	entry(0x0100, 24)
	entry(0x0112, orientation)
	return order.AppendUint32(b, 0)
}

func jpegWith(b, exif []byte) []byte {
	data := append([]byte("Exif\x00\x00"), exif...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, byte((len(data)+2)>>8), byte(len(data)+2))
	return append(append(out, data...), b[2:]...)
}

func pngWith(b, exif []byte) []byte {
	const header = 8 + 25 // signature and IHDR
	return append(appendChunk(bytes.Clone(b[:header]), "eXIf", exif), b[header:]...)
}

// webpWith wraps the chunk of a simple WebP of 24x16 pixels in an extended one.
func webpWith(b, exif []byte) []byte {
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x17\x00\x00\x0f\x00\x00")
	body = append(body, b[12:]...)
	body = append(body, "EXIF"...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(exif)))
	body = append(body, exif...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// tiffWith puts an orientation into the directory of an encoded TIFF, in its
// sorted place and at the cost of the x resolution.
func tiffWith(t *testing.T, b []byte, orientation uint16) []byte {
	t.Helper()
	b = bytes.Clone(b)
	le := binary.LittleEndian
	at := le.Uint32(b[4:])
	entries := b[at+2:][:12*le.Uint16(b[at:])]
	for i := len(entries) - 12; i >= 0; i -= 12 {
		if tag := le.Uint16(entries[i:]); tag == 0x011a { // x resolution
			entries = entries[:i+12]
		} else if tag <= 0x0111 { // strip offsets
			entry := entries[i+12:]
			copy(entry[12:], entry)
			le.PutUint16(entry, 0x0112)
			le.PutUint16(entry[2:], 3)
			le.PutUint32(entry[4:], 1)
			le.PutUint32(entry[8:], uint32(orientation))
			return b
		}
	}
	t.Fatal("no strip offsets in the TIFF")
	return nil
}

// stored returns the picture whose pixels, turned by the orientation, show img.
// It is written from the EXIF standard's words: which side of the scene row 0
// and column 0 are.
func stored(img image.Image, orientation int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	row0 := []string{"", "top", "top", "bottom", "bottom", "left", "right", "right", "left"}[orientation]
	column0 := []string{"", "left", "right", "right", "left", "top", "top", "bottom", "bottom"}[orientation]
	// coordinate along the axis that begins at the named side
	along := func(side string, x, y int) int {
		return map[string]int{"top": y, "bottom": h - 1 - y, "left": x, "right": w - 1 - x}[side]
	}
	r := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		r = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(r)
	for y := range h {
		for x := range w {
			out.Set(along(column0, x, y), along(row0, x, y), img.At(x, y))
		}
	}
	return out
}

func TestDecodeOrientation(t *testing.T) {
	want := scene(image.NewRGBA(image.Rect(0, 0, 24, 16)))
	flat := scene(image.NewRGBA(image.Rect(0, 0, 24, 16)))
	draw.Draw(flat, image.Rect(0, 0, 24, 16), image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	draw.Draw(flat, image.Rect(0, 0, 8, 8), image.NewUniform(color.Gray{255}), image.Point{}, draw.Src)
	draw.Draw(flat, image.Rect(16, 0, 24, 8), image.NewUniform(color.Gray{0}), image.Point{}, draw.Src)
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			tag := exif(order, uint16(o))
			for name, c := range map[string]struct {
				b     []byte
				want  image.Image
				limit int
			}{
				"PNG":  {pngWith(encodePNG(t, stored(want, o)), tag), want, 0},
				"JPEG": {jpegWith(encodeJPEG(t, stored(flat, o)), tag), flat, 2 * 257},
				"TIFF": {tiffWith(t, encodeTIFF(t, stored(want, o), tiff.Uncompressed), uint16(o)), want, 0},
			} {
				got, err := Decode(c.b, Limits{})
				if err != nil {
					t.Fatalf("%s orientation %d: %v", name, o, err)
				}
				if got.Bounds() != want.Bounds() {
					t.Fatalf("%s orientation %d: bounds %v", name, o, got.Bounds())
				}
				for y := range 16 {
					for x := range 24 {
						if colourDistance(got.At(x, y), c.want.At(x, y)) > c.limit {
							t.Fatalf("%s orientation %d %v: (%d,%d) is %v, want %v", name, o, order, x, y, got.At(x, y), c.want.At(x, y))
						}
					}
				}
			}
		}
	}
}

func TestOrientationOfEveryPixelType(t *testing.T) {
	r := image.Rect(0, 0, 6, 4)
	for _, img := range []draw.Image{
		image.NewGray(r), image.NewGray16(r), image.NewRGBA(r), image.NewNRGBA(r), image.NewRGBA64(r),
		image.NewNRGBA64(r), image.NewCMYK(r), image.NewPaletted(r, color.Palette{color.Black, color.White}),
	} {
		scene(img)
		for o := 1; o <= 8; o++ {
			got := upright(img, o)
			turned := stored(got, o)
			for y := range 4 {
				for x := range 6 {
					if d := colourDistance(turned.At(x, y), img.At(x, y)); d > 256 {
						t.Fatalf("%T orientation %d: (%d,%d) differs by %d", img, o, x, y, d)
					}
				}
			}
		}
	}
}

func TestOrientationWebP(t *testing.T) {
	b, err := os.ReadFile("testdata/scene.lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "Exif\x00\x00"} {
		wrapped := webpWith(b, append([]byte(prefix), exif(binary.LittleEndian, 6)...))
		img, err := Decode(wrapped, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != image.Rect(0, 0, 16, 24) {
			t.Errorf("prefix %q: bounds %v", prefix, img.Bounds())
		}
	}
}

// A well-known metadata library finds the same orientations.
func TestOrientationPeer(t *testing.T) {
	gray := scene(image.NewGray(image.Rect(0, 0, 24, 16)))
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			tag := exif(order, uint16(o))
			for format, b := range map[imagemeta.ImageFormat][]byte{
				imagemeta.JPEG: jpegWith(encodeJPEG(t, gray), tag),
				imagemeta.PNG:  pngWith(encodePNG(t, gray), tag),
				imagemeta.TIFF: tiffWith(t, encodeTIFF(t, gray, tiff.Uncompressed), uint16(o)),
			} {
				var peer any
				_, err := imagemeta.Decode(imagemeta.Options{
					R: bytes.NewReader(b), ImageFormat: format, Sources: imagemeta.EXIF,
					HandleTag: func(info imagemeta.TagInfo) error {
						if info.Tag == "Orientation" {
							peer = info.Value
						}
						return nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := orientation(b); fmt.Sprint(peer) != fmt.Sprint(got) {
					t.Errorf("%v %v: %d, the peer says %v", format, order, got, peer)
				}
			}
		}
	}
}

// Damaged EXIF data never fails a picture.
func TestOrientationDamaged(t *testing.T) {
	b := encodeJPEG(t, scene(image.NewGray(image.Rect(0, 0, 24, 16))))
	whole := exif(binary.BigEndian, 6)
	far := bytes.Clone(whole)
	binary.BigEndian.PutUint32(far[4:], 0xffffffff)
	many := bytes.Clone(whole)
	binary.BigEndian.PutUint16(many[8:], 0xffff)
	cases := map[string][]byte{
		"empty": {}, "directory beyond the end": far, "orientation 0": exif(binary.BigEndian, 0),
		"orientation 9": exif(binary.LittleEndian, 9), "not a TIFF": []byte("MM\x00\x2bxxxxxxxx"),
	}
	for n := range len(whole) {
		cases[fmt.Sprintf("cut to %d bytes", n)] = whole[:n]
	}
	for name, tag := range cases {
		img, err := Decode(jpegWith(b, tag), Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if s := img.Bounds().Size(); s != image.Pt(24, 16) && s != image.Pt(16, 24) {
			t.Errorf("%s: %v", name, s)
		}
	}
	if orientation(jpegWith(b, many)) != 6 {
		t.Error("too many entries claimed: the one that is there was not read")
	}
}

func BenchmarkDecode(b *testing.B) {
	r := image.Rect(0, 0, 1024, 1024)
	img := scene(image.NewRGBA(r))
	for name, bytes := range map[string][]byte{"PNG": encodePNG(b, img), "JPEG": encodeJPEG(b, img)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(bytes, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestFlatten holds flatten to image/draw.
func TestFlatten(t *testing.T) {
	r := image.Rect(3, 5, 20, 16)
	ycbcr := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	alpha := image.NewNYCbCrA(r, image.YCbCrSubsampleRatio422)
	for _, plane := range [][]byte{ycbcr.Y, ycbcr.Cb, ycbcr.Cr, alpha.Y, alpha.Cb, alpha.Cr, alpha.A} {
		for i := range plane {
			plane[i] = byte(i*i*31 + 7)
		}
	}
	for _, img := range []image.Image{ycbcr, alpha} {
		want := image.NewRGBA(image.Rectangle{Max: r.Size()})
		draw.Draw(want, want.Bounds(), img, r.Min, draw.Src)
		if got := flatten(img); !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%T: other pixels than image/draw's", img)
		}
	}
}
