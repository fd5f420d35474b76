package picture

import "image"

// resizer resizes pictures and keeps its memory from one to the next. Like
// Pillow it filters rows first and columns second, and rounds 8-bit pictures to
// 8 bits in between; 16-bit pictures stay float32 throughout.
type resizer struct {
	rows    rows
	across  filter
	down    filter
	row     []lanes   // one input row of an rgb8 picture
	deepRow []float32 // one input row of a 16-bit picture
	packed  []uint32  // rows filtered across: red | green<<8 | blue<<16
	plain   []uint8   // the same of a gray8 picture
	deep    []float32 // the same of a 16-bit picture
}

// resized is the outcome of a resizer, valid until its next use: one of the
// three forms, by depth, each row after row.
type resized struct {
	depth  depth
	size   image.Point
	gray   []uint8   // gray8
	packed []uint32  // rgb8: red | green<<8 | blue<<16
	deep   []float32 // gray16, rgb16: 0 to 65535, channels interleaved
}

// resize makes the picture to pixels large and returns the part of it inside
// window. With black set, transparent pixels are black instead of white.
func (s *resizer) resize(img image.Image, to image.Point, window image.Rectangle, black bool) resized {
	s.rows.open(img, black)
	defer s.rows.close()
	from := s.rows.size
	s.across.set(from.X, to.X, window.Min.X, window.Max.X)
	s.down.set(from.Y, to.Y, window.Min.Y, window.Max.Y)
	out := resized{depth: s.rows.depth, size: window.Size()}
	switch out.depth {
	case gray8:
		out.gray = s.resizeGray(out.size)
	case rgb8:
		out.packed = s.resizeRGB(out.size)
	case gray16:
		out.deep = s.resizeDeep(out.size, 1)
	default:
		out.deep = s.resizeDeep(out.size, 3)
	}
	return out
}

const half = 1 << (coefficientBits - 1)

func (s *resizer) resizeGray(size image.Point) []uint8 {
	low, high := s.down.span()
	s.plain = grown(s.plain, size.X*(high-low+size.Y))
	between, out := s.plain[:size.X*(high-low)], s.plain[size.X*(high-low):]
	for y := low; y < high; y++ {
		row := s.rows.gray8(y)
		to := between[(y-low)*size.X:][:size.X]
		for x := range to {
			weights := s.across.whole[x*s.across.width:][:s.across.taps[x]]
			from := row[s.across.first[x]:][:len(weights)]
			sum := uint64(half)
			for k, weight := range weights {
				sum += uint64(from[k]) * uint64(weight)
			}
			to[x] = uint8(min(sum>>coefficientBits, 255))
		}
	}
	for y := range size.Y {
		weights := s.down.whole[y*s.down.width:][:s.down.taps[y]]
		from := between[(s.down.first[y]-low)*size.X:]
		to := out[y*size.X:][:size.X]
		for x := range to {
			sum := uint64(half)
			at := x
			for _, weight := range weights {
				sum += uint64(from[at]) * uint64(weight)
				at += size.X
			}
			to[x] = uint8(min(sum>>coefficientBits, 255))
		}
	}
	return out
}

func (s *resizer) resizeRGB(size image.Point) []uint32 {
	const halves = half | half<<32
	low, high := s.down.span()
	s.row = grown(s.row, s.rows.size.X)
	s.packed = grown(s.packed, size.X*(high-low+size.Y))
	between, out := s.packed[:size.X*(high-low)], s.packed[size.X*(high-low):]
	for y := low; y < high; y++ {
		s.rows.rgb8(s.row, y)
		to := between[(y-low)*size.X:][:size.X]
		for x := range to {
			weights := s.across.whole[x*s.across.width:][:s.across.taps[x]]
			from := s.row[s.across.first[x]:][:len(weights)]
			rb, g := uint64(halves), uint64(half)
			for k, weight := range weights {
				rb += from[k].rb * uint64(weight)
				g += from[k].g * uint64(weight)
			}
			to[x] = pack(rb, g)
		}
	}
	for y := range size.Y {
		weights := s.down.whole[y*s.down.width:][:s.down.taps[y]]
		from := between[(s.down.first[y]-low)*size.X:]
		to := out[y*size.X:][:size.X]
		for x := range to {
			rb, g := uint64(halves), uint64(half)
			at := x
			for _, weight := range weights {
				p := uint64(from[at])
				rb += (p&0xff | p&0xff0000<<16) * uint64(weight)
				g += p >> 8 & 0xff * uint64(weight)
				at += size.X
			}
			to[x] = pack(rb, g)
		}
	}
	return out
}

// pack rounds a pixel's sums to 8 bits a channel.
func pack(rb, g uint64) uint32 {
	red := min(uint32(rb)>>coefficientBits, 255)
	green := min(uint32(g)>>coefficientBits, 255)
	blue := min(uint32(rb>>32)>>coefficientBits, 255)
	return red | green<<8 | blue<<16
}

func (s *resizer) resizeDeep(size image.Point, channels int) []float32 {
	low, high := s.down.span()
	stride := size.X * channels
	s.deepRow = grown(s.deepRow, s.rows.size.X*channels)
	s.deep = grown(s.deep, stride*(high-low+size.Y))
	between, out := s.deep[:stride*(high-low)], s.deep[stride*(high-low):]
	for y := low; y < high; y++ {
		s.rows.deep(s.deepRow, y)
		to := between[(y-low)*stride:][:stride]
		for x := range size.X {
			weights := s.across.weights[x*s.across.width:][:s.across.taps[x]]
			for c := range channels {
				at := s.across.first[x]*channels + c
				sum := 0.0
				for _, weight := range weights {
					sum += float64(s.deepRow[at]) * weight
					at += channels
				}
				to[x*channels+c] = float32(sum)
			}
		}
	}
	for y := range size.Y {
		weights := s.down.weights[y*s.down.width:][:s.down.taps[y]]
		from := between[(s.down.first[y]-low)*stride:]
		to := out[y*stride:][:stride]
		for x := range to {
			sum := 0.0
			at := x
			for _, weight := range weights {
				sum += float64(from[at]) * weight
				at += stride
			}
			to[x] = float32(sum)
		}
	}
	return out
}
