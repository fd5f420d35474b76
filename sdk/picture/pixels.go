package picture

import (
	"encoding/binary"
	"image"
	"image/color"
)

// depth says how a picture's pixels are read and filtered.
type depth int

const (
	gray8  depth = iota // one channel of 8 bits
	rgb8                // three channels of 8 bits
	gray16              // one channel of 16 bits
	rgb16               // three channels of 16 bits
)

// lanes is an 8-bit pixel spread out so that one 64-bit multiplication by a
// filter's weight serves two channels.
type lanes struct {
	rb uint64 // red + blue<<32
	g  uint64
}

// rows reads a picture row by row in the one form its filter wants. Transparent
// pixels are laid over a background, white unless black is set.
type rows struct {
	img   image.Image
	min   image.Point
	size  image.Point
	depth depth
	black bool

	palette [256]lanes
	row8    *image.RGBA   // one row, for types with no loop of their own
	row16   *image.RGBA64 // the same with 16 bits
}

// open looks at the picture's type. It keeps the reader's memory.
func (r *rows) open(img image.Image, black bool) {
	b := img.Bounds()
	r.img, r.min, r.size, r.black = img, b.Min, b.Size(), black
	line := image.Rect(0, 0, r.size.X, 1)
	switch m := img.(type) {
	case *image.Gray:
		r.depth = gray8
	case *image.Gray16:
		r.depth = gray16
	case *image.RGBA, *image.NRGBA:
		r.depth = rgb8
	case *image.Paletted:
		r.depth = rgb8
		clear(r.palette[:])
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			r.palette[i] = r.nrgba(uint32(n.R) | uint32(n.G)<<8 | uint32(n.B)<<16 | uint32(n.A)<<24)
		}
	case *image.YCbCr:
		r.depth = rgb8
	case *image.NYCbCrA, *image.CMYK:
		r.depth = rgb8
		if r.row8 == nil || r.row8.Rect != line {
			r.row8 = image.NewRGBA(line)
		}
	default:
		r.depth = rgb16
		if r.row16 == nil || r.row16.Rect != line {
			r.row16 = image.NewRGBA64(line)
		}
	}
}

// close forgets the picture, so that its pixels can be freed.
func (r *rows) close() { r.img = nil }

// ground is the background's value that shows through where alpha is a of top.
func (r *rows) ground(a, top uint32) uint32 {
	if r.black {
		return 0
	}
	return top - a
}

// rgba spreads a pixel of premultiplied red, green, blue, alpha, lowest byte first.
func (r *rows) rgba(p uint32) lanes {
	if p>>24 != 0xff {
		ground := r.ground(p>>24, 0xff)
		red := min(p&0xff+ground, 0xff)
		green := min(p>>8&0xff+ground, 0xff)
		blue := min(p>>16&0xff+ground, 0xff)
		return lanes{rb: uint64(red) | uint64(blue)<<32, g: uint64(green)}
	}
	return lanes{rb: uint64(p&0xff) | uint64(p>>16&0xff)<<32, g: uint64(p >> 8 & 0xff)}
}

// nrgba spreads a pixel whose colours are not premultiplied.
func (r *rows) nrgba(p uint32) lanes {
	if a := p >> 24; a != 0xff {
		p = over255(p&0xff, a) | over255(p>>8&0xff, a)<<8 | over255(p>>16&0xff, a)<<16 | a<<24
	}
	return r.rgba(p)
}

// over255 returns c*a/255, rounded.
func over255(c, a uint32) uint32 { return (c*a + 127) / 255 }

// gray8 returns row y of a picture of that depth, not to be written to.
func (r *rows) gray8(y int) []uint8 {
	m := r.img.(*image.Gray)
	at := m.PixOffset(r.min.X, r.min.Y+y)
	return m.Pix[at : at+r.size.X]
}

// rgb8 fills to with row y.
func (r *rows) rgb8(to []lanes, y int) {
	switch m := r.img.(type) {
	case *image.RGBA:
		at := m.PixOffset(r.min.X, r.min.Y+y)
		r.spread(to, m.Pix[at:at+4*len(to)])
	case *image.NRGBA:
		at := m.PixOffset(r.min.X, r.min.Y+y)
		pix := m.Pix[at : at+4*len(to)]
		for x := range to {
			to[x] = r.nrgba(binary.LittleEndian.Uint32(pix[4*x:]))
		}
	case *image.Paletted:
		at := m.PixOffset(r.min.X, r.min.Y+y)
		for x, index := range m.Pix[at : at+len(to)] {
			to[x] = r.palette[index]
		}
	case *image.YCbCr:
		spreadYCbCr(to, m, r.min.X, r.min.Y+y)
	default:
		copyRow8(r.row8.Pix, r.img, r.min.Add(image.Pt(0, y)))
		r.spread(to, r.row8.Pix)
	}
}

func (r *rows) spread(to []lanes, pix []uint8) {
	for x := range to {
		p := binary.LittleEndian.Uint32(pix[4*x:])
		if p>>24 == 0xff {
			to[x] = lanes{rb: uint64(p&0xff) | uint64(p>>16&0xff)<<32, g: uint64(p >> 8 & 0xff)}
		} else {
			to[x] = r.rgba(p)
		}
	}
}

// spreadYCbCr fills to with the row that begins at (x0, y), by JFIF's formulas in
// 16-bit fixed point, exactly as color.YCbCrToRGB has them:
//
//	R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y + 1.772 Cb
//
// The chroma terms are computed once for all pixels that share them.
func spreadYCbCr(to []lanes, m *image.YCbCr, x0, y int) {
	shared := 1 // pixels side by side with one chroma sample
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shared = 2
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shared = 4
	}
	if x0 < 0 {
		shared = 1 // the standard library divides towards zero there
	}
	at, first := m.YOffset(x0, y), m.COffset(x0, y)
	luma := m.Y[at : at+len(to)]
	for x, n := 0, 0; x < len(to); n++ {
		end := min(len(to), x+shared-(x0+x)&(shared-1))
		i := first + n
		if x0 < 0 {
			i = m.COffset(x0+x, y)
		}
		cb, cr := int32(m.Cb[i])-128, int32(m.Cr[i])-128
		red, green, blue := 91881*cr, -22554*cb-46802*cr, 116130*cb
		for ; x < end; x++ {
			yy := int32(luma[x]) * 0x10101
			to[x] = lanes{rb: clamped(yy+red) | clamped(yy+blue)<<32, g: clamped(yy + green)}
		}
	}
}

// clamped returns v/65536 within 0..255.
func clamped(v int32) uint64 { return uint64(min(max(v>>16, 0), 255)) }

// deep fills to with row y of a 16-bit picture, one or three values a pixel, 0 to 65535.
func (r *rows) deep(to []float32, y int) {
	if m, ok := r.img.(*image.Gray16); ok {
		at := m.PixOffset(r.min.X, r.min.Y+y)
		pix := m.Pix[at : at+2*len(to)]
		for x := range to {
			to[x] = float32(binary.BigEndian.Uint16(pix[2*x:]))
		}
		return
	}
	pix := r.row16.Pix
	if m, ok := r.img.(*image.RGBA64); ok {
		pix = m.Pix[m.PixOffset(r.min.X, r.min.Y+y):]
	} else {
		from := r.min.Add(image.Pt(0, y))
		for x := range len(pix) / 8 {
			c := pixelAt(r.img, from.X+x, from.Y)
			binary.BigEndian.PutUint64(pix[8*x:], uint64(c.R)<<48|uint64(c.G)<<32|uint64(c.B)<<16|uint64(c.A))
		}
	}
	for i := 0; i < len(to); i += 3 {
		p := binary.BigEndian.Uint64(pix[i/3*8:])
		ground := r.ground(uint32(p&0xffff), 0xffff)
		to[i] = float32(min(uint32(p>>48)+ground, 0xffff))
		to[i+1] = float32(min(uint32(p>>32&0xffff)+ground, 0xffff))
		to[i+2] = float32(min(uint32(p>>16&0xffff)+ground, 0xffff))
	}
}

// copyRow8 fills to with premultiplied pixels of a row, four bytes each. (image/draw
// does the same, and much more that a browser would download.)
func copyRow8(to []uint8, img image.Image, from image.Point) {
	for x := range len(to) / 4 {
		c := pixelAt(img, from.X+x, from.Y)
		to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = uint8(c.R>>8), uint8(c.G>>8), uint8(c.B>>8), uint8(c.A>>8)
	}
}

func pixelAt(img image.Image, x, y int) color.RGBA64 {
	if m, ok := img.(image.RGBA64Image); ok {
		return m.RGBA64At(x, y)
	}
	return color.RGBA64Model.Convert(img.At(x, y)).(color.RGBA64)
}
