// Package picture turns the bytes of a picture into an image and the image into
// the tensor a network reads, and turns a map of scores back into what a person
// looks at: regions, their outlines, and an overlay on the picture.
//
// Every device uses this one routine, in a browser too, so the same bytes give
// the same numbers everywhere. It reads no files and keeps no global state.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// The reasons for which Decode refuses a picture. The error it returns wraps one
// of them and says what was found.
var (
	// ErrEmpty means that there were zero bytes.
	ErrEmpty = errors.New("zero bytes")
	// ErrFormat means a type of file, or a variant of it, that is not read.
	ErrFormat = errors.New("not a picture that can be read")
	// ErrTooLarge means more pixels than the limit.
	ErrTooLarge = errors.New("picture too large")
	// ErrTruncated means that the data ends before the picture does.
	ErrTruncated = errors.New("picture is cut short")
	// ErrCorrupt means damaged data.
	ErrCorrupt = errors.New("picture is damaged")
)

const accepted = "PNG, JPEG, BMP, TIFF and WebP are accepted"

// Default limits of Decode.
const (
	DefaultMaxPixels = 100_000_000
	DefaultMaxSide   = 65_535
)

// Limits says which pictures are too large to decode. They are compared with the
// size in the header, before memory for pixels is taken. A decoded picture takes
// 1 to 8 bytes a pixel, and as much again while it is being turned upright.
type Limits struct {
	MaxPixels int64 // width times height; 0 means DefaultMaxPixels
	MaxSide   int   // width and height each; 0 means DefaultMaxSide
}

func (l Limits) check(width, height int) error {
	if l.MaxPixels == 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	if l.MaxSide == 0 {
		l.MaxSide = DefaultMaxSide
	}
	switch {
	case width <= 0 || height <= 0:
		return fmt.Errorf("%w: its size is %dx%d", ErrCorrupt, width, height)
	case width > l.MaxSide || height > l.MaxSide:
		return fmt.Errorf("%w: %dx%d pixels, the limit is %d a side", ErrTooLarge, width, height, l.MaxSide)
	case int64(width) > l.MaxPixels/int64(height):
		return fmt.Errorf("%w: %dx%d pixels, the limit is %d in all", ErrTooLarge, width, height, l.MaxPixels)
	}
	return nil
}

// Decode reads a PNG, JPEG, BMP, TIFF (its first page) or WebP picture and turns
// it upright by its EXIF orientation. The image has the standard library's type
// that fits its pixels, for instance *image.Gray16 for a 16-bit grayscale PNG.
//
// Damaged EXIF data is ignored; anything else that is wrong gives an error that
// wraps ErrEmpty, ErrFormat, ErrTooLarge, ErrTruncated or ErrCorrupt. Decode
// never panics, whatever the bytes.
func Decode(b []byte, limits Limits) (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
		if err != nil {
			err = fmt.Errorf("picture: %w", err)
		}
	}()
	if len(b) == 0 {
		return nil, ErrEmpty
	}
	f, err := sniff(b)
	if err != nil {
		return nil, err
	}
	config, err := f.config(bytes.NewReader(b))
	if err != nil {
		return nil, f.explain(b, err)
	}
	if err := limits.check(config.Width, config.Height); err != nil {
		return nil, err
	}
	img, err = f.decode(bytes.NewReader(b))
	if err != nil {
		return nil, f.explain(b, err)
	}
	// The header that was checked and the pixels are read by different code.
	if size := img.Bounds().Size(); size.X != config.Width || size.Y != config.Height {
		return nil, fmt.Errorf("%w: its header says %dx%d, its pixels %dx%d",
			ErrCorrupt, config.Width, config.Height, size.X, size.Y)
	}
	return upright(img, orientation(b)), nil
}

type format struct {
	name   string
	magic  string // '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	cut    func([]byte) bool // whether data that did not decode lacks its end
}

func formats() []format {
	return []format{
		{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, cutPNG},
		{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode, cutJPEG},
		{"BMP", "BM", bmp.DecodeConfig, bmp.Decode, nil},
		{"TIFF", "II\x2a\x00", tiff.DecodeConfig, tiff.Decode, nil},
		{"TIFF", "MM\x00\x2a", tiff.DecodeConfig, tiff.Decode, nil},
		{"WebP", "RIFF????WEBP", webp.DecodeConfig, webp.Decode, cutRIFF},
	}
}

// hasMagic compares as many bytes as there are in both.
func hasMagic(b []byte, magic string) bool {
	for i := 0; i < len(magic) && i < len(b); i++ {
		if magic[i] != '?' && magic[i] != b[i] {
			return false
		}
	}
	return true
}

func sniff(b []byte) (format, error) {
	for _, f := range formats() {
		if !hasMagic(b, f.magic) {
			continue
		}
		if len(b) < len(f.magic) {
			return format{}, fmt.Errorf("%w: %d bytes that begin like a %s", ErrTruncated, len(b), f.name)
		}
		return f, nil
	}
	return format{}, fmt.Errorf("%w: %s; %s", ErrFormat, looksLike(b), accepted)
}

// looksLike says in words what unreadable data begins with.
func looksLike(b []byte) string {
	known := []struct{ magic, name string }{
		{"GIF8", "a GIF"},
		{"%PDF", "a PDF"},
		{"PK\x03\x04", "a ZIP archive"},
		{"\x1f\x8b", "a gzip file"},
		{"????ftypavif", "an AVIF picture"},
		{"????ftyphe", "a HEIC picture"},
		{"????ftypmif1", "a HEIC picture"},
		{"????ftyp", "a video"},
		{"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"},
		{"\xff\x0a", "a JPEG XL picture"},
		{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"},
		{"\xff\x4f\xff\x51", "a JPEG 2000 picture"},
		{"II\x2b\x00", "a BigTIFF"},
		{"MM\x00\x2b", "a BigTIFF"},
		{"8BPS", "a Photoshop document"},
		{"\x76\x2f\x31\x01", "an OpenEXR picture"},
		{"<svg", "an SVG drawing"},
		{"\x93NUMPY", "a NumPy array"},
	}
	for _, k := range known {
		if len(b) >= len(k.magic) && hasMagic(b, k.magic) {
			return "it is " + k.name
		}
	}
	head := b[:min(len(b), 24)]
	for len(head) > 0 && len(head) < len(b) && !utf8.Valid(head) && len(head) > 20 {
		head = head[:len(head)-1] // a rune may have been cut in two
	}
	text := utf8.Valid(head) && strings.IndexFunc(string(head), func(r rune) bool {
		return !strconv.IsPrint(r) && !strings.ContainsRune("\t\n\v\f\r", r)
	}) < 0
	if text {
		return fmt.Sprintf("it is text that begins with %q", head)
	}
	return fmt.Sprintf("it begins with the bytes % x", b[:min(len(b), 8)])
}

// explain sorts a decoder's error into this package's few.
func (f format) explain(b []byte, err error) error {
	var unsupportedJPEG jpeg.UnsupportedError
	var unsupportedPNG png.UnsupportedError
	var unsupportedTIFF tiff.UnsupportedError
	switch {
	case f.name == "WebP" && animated(b):
		return fmt.Errorf("%w: an animated WebP; still pictures are accepted", ErrFormat)
	case errors.As(err, &unsupportedJPEG), errors.As(err, &unsupportedPNG), errors.As(err, &unsupportedTIFF),
		errors.Is(err, bmp.ErrUnsupported):
		return fmt.Errorf("%w: this kind of %s: %w", ErrFormat, f.name, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), f.cut != nil && f.cut(b):
		return fmt.Errorf("%w: the %s ends after %d bytes", ErrTruncated, f.name, len(b))
	}
	return fmt.Errorf("%w (%s): %w", ErrCorrupt, f.name, err)
}

// animated reports whether the VP8X chunk of a WebP has its animation bit set.
func animated(b []byte) bool {
	return len(b) > 20 && string(b[12:16]) == "VP8X" && b[20]&2 != 0
}

// cutPNG reports whether the data ends before the chunk IEND.
func cutPNG(b []byte) bool {
	for b = b[8:]; len(b) >= 12; {
		size := uint64(binary.BigEndian.Uint32(b)) + 12
		if string(b[4:8]) == "IEND" {
			return false
		}
		if size > uint64(len(b)) {
			return true
		}
		b = b[size:]
	}
	return true
}

// cutJPEG reports whether the marker EOI is missing near the end.
func cutJPEG(b []byte) bool {
	const padding = 64
	return !bytes.Contains(b[max(0, len(b)-padding):], []byte{0xff, 0xd9})
}

// cutRIFF reports whether the container claims more bytes than there are.
func cutRIFF(b []byte) bool {
	return uint64(binary.LittleEndian.Uint32(b[4:]))+8 > uint64(len(b))
}
