package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation finds the EXIF orientation, 1 to 8, of a picture's bytes; 1, which
// means upright, when there is none or it makes no sense.
//
// This one number is read here rather than by a metadata library because such a
// library would enlarge the program a browser downloads by a quarter.
func orientation(b []byte) int {
	switch {
	case hasMagic(b, "\xff\xd8"):
		return tiffOrientation(jpegEXIF(b))
	case hasMagic(b, "\x89PNG"):
		return tiffOrientation(pngEXIF(b))
	case hasMagic(b, "RIFF"):
		return tiffOrientation(webpEXIF(b))
	}
	return tiffOrientation(b)
}

// jpegEXIF returns the TIFF structure in the first APP1 segment that has one.
func jpegEXIF(b []byte) []byte {
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker := b[1]
		if marker == 0xff { // fill byte
			b = b[1:]
			continue
		}
		size := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xda || size < 4 || size > len(b) { // start of scan, or damaged
			return nil
		}
		if data, ok := bytes.CutPrefix(b[4:size], []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return data
		}
		b = b[size:]
	}
	return nil
}

// pngEXIF returns the contents of the eXIf chunk.
func pngEXIF(b []byte) []byte {
	for b = b[8:]; len(b) >= 12; {
		size := binary.BigEndian.Uint32(b)
		if uint64(size)+12 > uint64(len(b)) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+size]
		}
		b = b[12+size:]
	}
	return nil
}

// webpEXIF returns the contents of the EXIF chunk, which some writers begin with
// the prefix that belongs in a JPEG.
func webpEXIF(b []byte) []byte {
	for b = b[12:]; len(b) >= 8; {
		size := uint64(binary.LittleEndian.Uint32(b[4:]))
		if size+8 > uint64(len(b)) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			return bytes.TrimPrefix(b[8:8+size], []byte("Exif\x00\x00"))
		}
		b = b[min(8+size+size&1, uint64(len(b))):] // chunks are padded to an even length
	}
	return nil
}

// tiffOrientation reads tag 0x0112 of the first directory of a TIFF structure.
func tiffOrientation(b []byte) int {
	const upright = 1
	if len(b) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(b[4:]))
	if order.Uint16(b[2:]) != 42 || at+2 > uint64(len(b)) {
		return upright
	}
	entries := b[at+2:]
	for n := order.Uint16(b[at:]); n > 0 && len(entries) >= 12; n-- {
		tag, kind, count := order.Uint16(entries), order.Uint16(entries[2:]), order.Uint32(entries[4:])
		if tag == 0x0112 {
			const short = 3
			if v := order.Uint16(entries[8:]); kind == short && count == 1 && v >= 1 && v <= 8 {
				return int(v)
			}
			return upright
		}
		entries = entries[12:]
	}
	return upright
}

// upright returns the picture turned and mirrored as its EXIF orientation asks:
// 2 mirrored, 3 turned by 180 degrees, 4 upside down, 5 transposed, 6 to be
// turned clockwise, 7 transposed along the other diagonal, 8 anticlockwise.
func upright(img image.Image, orientation int) image.Image {
	if orientation == 1 {
		return img
	}
	b := img.Bounds()
	size := b.Size()
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	r := image.Rectangle{Max: size}
	turn := func(dst, src []byte, dstStride, srcStride, pixel int) {
		turnPixels(dst, src, dstStride, srcStride, pixel, size, orientation)
	}
	switch m := img.(type) {
	case *image.Gray:
		out := image.NewGray(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 1)
		return out
	case *image.Gray16:
		out := image.NewGray16(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 2)
		return out
	case *image.Paletted:
		out := image.NewPaletted(r, m.Palette)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 1)
		return out
	case *image.RGBA:
		out := image.NewRGBA(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 4)
		return out
	case *image.NRGBA:
		out := image.NewNRGBA(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 4)
		return out
	case *image.CMYK:
		out := image.NewCMYK(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 4)
		return out
	case *image.RGBA64:
		out := image.NewRGBA64(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 8)
		return out
	case *image.NRGBA64:
		out := image.NewNRGBA64(r)
		turn(out.Pix, m.Pix, out.Stride, m.Stride, 8)
		return out
	}
	// What is left has planes of different sizes: *image.YCbCr, *image.NYCbCrA.
	return upright(flatten(img), orientation)
}

// flatten returns the picture as four bytes a pixel, premultiplied.
func flatten(img image.Image) *image.RGBA {
	b := img.Bounds()
	flat := image.NewRGBA(image.Rectangle{Max: b.Size()})
	for y := range b.Dy() {
		copyRow8(flat.Pix[y*flat.Stride:][:4*b.Dx()], img, b.Min.Add(image.Pt(0, y)))
	}
	return flat
}

// turnPixels fills dst, of the given upright size, with src's pixels of pixel bytes.
func turnPixels(dst, src []byte, dstStride, srcStride, pixel int, size image.Point, orientation int) {
	// Upright pixel (x, y) is stored at origin + x*stepX + y*stepY.
	w, h := size.X, size.Y
	var origin, stepX, stepY int
	switch orientation {
	case 2:
		origin, stepX, stepY = (w-1)*pixel, -pixel, srcStride
	case 3:
		origin, stepX, stepY = (h-1)*srcStride+(w-1)*pixel, -pixel, -srcStride
	case 4:
		origin, stepX, stepY = (h-1)*srcStride, pixel, -srcStride
	case 5:
		origin, stepX, stepY = 0, srcStride, pixel
	case 6:
		origin, stepX, stepY = (w-1)*srcStride, -srcStride, pixel
	case 7:
		origin, stepX, stepY = (w-1)*srcStride+(h-1)*pixel, -srcStride, -pixel
	case 8:
		origin, stepX, stepY = (h-1)*pixel, srcStride, -pixel
	}
	for y := range h {
		to := dst[y*dstStride : y*dstStride+w*pixel]
		from := origin + y*stepY
		for x := 0; x < len(to); x += pixel {
			copy(to[x:x+pixel], src[from:from+pixel])
			from += stepX
		}
	}
}
