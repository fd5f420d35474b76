package picture

import "image"

// Thumbnail returns an opaque copy no larger than side x side pixels, keeping
// the aspect. A picture that is smaller already keeps its size.
func Thumbnail(img image.Image, side int) *image.RGBA {
	size := img.Bounds().Size()
	if size.X <= 0 || size.Y <= 0 || side <= 0 {
		return image.NewRGBA(image.Rectangle{})
	}
	to := size
	if max(size.X, size.Y) > side {
		to = inside(size, image.Pt(side, side))
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	var s resizer
	r := s.resize(img, to, out.Rect, false)
	for i := range to.X * to.Y {
		red, green, blue := r.rgb(i)
		pix := out.Pix[4*i : 4*i+4]
		pix[0], pix[1], pix[2], pix[3] = red, green, blue, 255
	}
	return out
}

// rgb returns pixel i with 8 bits a channel.
func (r resized) rgb(i int) (red, green, blue uint8) {
	switch r.depth {
	case gray8:
		return r.gray[i], r.gray[i], r.gray[i]
	case rgb8:
		v := r.packed[i]
		return uint8(v), uint8(v >> 8), uint8(v >> 16)
	case gray16:
		v := uint8(r.deep[i]/257 + 0.5)
		return v, v, v
	}
	return uint8(r.deep[3*i]/257 + 0.5), uint8(r.deep[3*i+1]/257 + 0.5), uint8(r.deep[3*i+2]/257 + 0.5)
}
