package picture

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
)

// OverlayOptions says what Overlay draws. Scores are the map's.
type OverlayOptions struct {
	Threshold float32   // the score from which the heat has its full opacity
	Regions   []Region  // outlined and numbered from 1, in canvas coordinates
	Unlabeled bool      // leaves the numbers out
	Colours   ColourMap // of the heat
	// From and To are the scores at the colour scale's ends; the heat fades out
	// towards From. When they are equal the scale follows the threshold and the
	// map's median: From lies midway, To as far above the threshold as the median
	// lies below.
	From, To float32
	Opacity  float32 // of the heat, up to 1; 0 means 0.5
	// Verdict and Detail are written on a strip below the picture, in ASCII; no
	// strip is added when both are empty.
	Verdict Verdict
	Detail  string // such as "score 3.21, threshold 2.50"
}

// Verdict is the word on an overlay.
type Verdict string

const (
	Pass   Verdict = "PASS"   // the part is like good ones
	Reject Verdict = "REJECT" // it is not
)

// Overlay draws a map on its picture, which may be larger or smaller than the
// original: heat where scores are high, outlines of regions as dark and light
// double lines that show on any background, and a strip with the verdict. Parts
// of the picture that were cropped away and not looked at are darkened.
func Overlay(img image.Image, m Map, o OverlayOptions) *image.RGBA {
	size := img.Bounds().Size()
	fit := m.Fit
	fit.Picture = size // regions and heat land on what is drawn
	strip := newStrip(size.X, o.Verdict, o.Detail)
	out := image.NewRGBA(image.Rect(0, 0, size.X, size.Y+strip.height()))
	scene := out.SubImage(image.Rectangle{Max: size}).(*image.RGBA)
	if m, ok := img.(interface{ Opaque() bool }); ok && m.Opaque() {
		draw.Draw(scene, scene.Rect, img, img.Bounds().Min, draw.Src)
	} else {
		draw.Draw(scene, scene.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(scene, scene.Rect, img, img.Bounds().Min, draw.Over)
	}

	if size.X <= 0 || size.Y <= 0 || fit.Valid().Empty() {
		return out // there is nothing to lay over anything
	}
	seen := fit.RectangleToPicture(fit.Valid())
	darken(scene, seen)
	heat(scene, seen, m, fit, newScale(m, o))

	unit := lineUnit(size)
	regions := make([]Region, len(o.Regions))
	for i, r := range o.Regions {
		regions[i] = fit.RegionToPicture(r)
		stroke(scene, loops(regions[i], unit), unit)
	}
	if !o.Unlabeled {
		for i, r := range regions {
			label(scene, r, i+1, unit)
		}
	}
	strip.draw(out, size.Y)
	return out
}

// darken halves what lies outside the part that was looked at.
func darken(scene *image.RGBA, seen image.Rectangle) {
	if seen == scene.Rect {
		return
	}
	shade := image.NewUniform(color.RGBA{A: 128})
	s := scene.Rect
	for _, r := range []image.Rectangle{
		{s.Min, image.Pt(s.Max.X, seen.Min.Y)},
		{image.Pt(s.Min.X, seen.Max.Y), s.Max},
		{image.Pt(s.Min.X, seen.Min.Y), image.Pt(seen.Min.X, seen.Max.Y)},
		{image.Pt(seen.Max.X, seen.Min.Y), image.Pt(s.Max.X, seen.Max.Y)},
	} {
		draw.Draw(scene, r, shade, image.Point{}, draw.Over)
	}
}

// scale turns a score into a colour with an opacity.
type scale struct {
	from, perScore float32
	steps          [256]color.RGBA // alpha is the opacity; not premultiplied
}

func newScale(m Map, o OverlayOptions) *scale {
	from, to := o.From, o.To
	if !(to > from) {
		from, to = automaticScale(m, o.Threshold)
	}
	opacity := o.Opacity
	if opacity <= 0 || opacity > 1 {
		opacity = 0.5
	}
	full := o.Threshold
	if !(full > from && full <= to) {
		full = to
	}
	s := &scale{from: from, perScore: 255 / (to - from)}
	for i := range s.steps {
		t := float32(i) / float32(len(s.steps)-1)
		c := o.Colours.At(t)
		c.A = uint8(255*opacity*min(1, t*(to-from)/(full-from)) + 0.5)
		s.steps[i] = c
	}
	return s
}

// automaticScale is explained at OverlayOptions.From.
func automaticScale(m Map, threshold float32) (from, to float32) {
	valid := m.Fit.Valid()
	values := make([]float32, 0, valid.Dx()*valid.Dy())
	for y := valid.Min.Y; y < valid.Max.Y; y++ {
		values = append(values, m.Values[y*m.Fit.Canvas.X+valid.Min.X:][:valid.Dx()]...)
	}
	slices.Sort(values)
	below := threshold - values[len(values)/2]
	if !(below > 0) { // most of the picture is above
		below = threshold - values[0]
	}
	if !(below > 0) {
		below = max(values[len(values)-1]-threshold, 1e-6)
	}
	return threshold - below/2, threshold + below
}

// heat blends the map's colours over the part of the picture that was looked at,
// its scores interpolated between the centres of canvas pixels.
func heat(scene *image.RGBA, seen image.Rectangle, m Map, fit Fit, s *scale) {
	valid := fit.Valid()
	type sample struct {
		left, right int
		f           float32
	}
	// along finds the two canvas pixels around a place and the second one's share.
	along := func(at float64, low, high int) sample {
		at = min(max(at-0.5, float64(low)), float64(high-1))
		left := int(at)
		return sample{left, min(left+1, high-1), float32(at - float64(left))}
	}
	columns := make([]sample, seen.Dx())
	for x := range columns {
		p := fit.ToCanvas(Point{X: float64(seen.Min.X+x) + 0.5})
		columns[x] = along(p.X, valid.Min.X, valid.Max.X)
	}
	row := make([]float32, fit.Canvas.X)
	for y := seen.Min.Y; y < seen.Max.Y; y++ {
		p := fit.ToCanvas(Point{Y: float64(y) + 0.5})
		r := along(p.Y, valid.Min.Y, valid.Max.Y)
		for x := valid.Min.X; x < valid.Max.X; x++ {
			row[x] = (1-r.f)*m.At(x, r.left) + r.f*m.At(x, r.right)
		}
		pix := scene.Pix[scene.PixOffset(seen.Min.X, y):]
		for x, c := range columns {
			v := ((1-c.f)*row[c.left] + c.f*row[c.right] - s.from) * s.perScore
			if !(v > 0) { // NaN has no colour
				continue
			}
			blend(pix[4*x:4*x+4], s.steps[int(min(v, 255))])
		}
	}
}

// blend lays a colour with opacity A, not premultiplied, over an opaque pixel.
func blend(pix []uint8, c color.RGBA) {
	a := uint32(c.A)
	pix[0] = uint8(over255(uint32(pix[0]), 255-a) + over255(uint32(c.R), a))
	pix[1] = uint8(over255(uint32(pix[1]), 255-a) + over255(uint32(c.G), a))
	pix[2] = uint8(over255(uint32(pix[2]), 255-a) + over255(uint32(c.B), a))
}
