package picture

import (
	"fmt"
	"image"
	"image/color"
)

// Mask fills to, of the canvas's height times width, with a drawn mask: true
// where it is at least half white after the same resizing as a picture's (so a
// mask must have its picture's size). Padding is false, and so is what is
// transparent in the mask. Colours count by their brightness.
func (p *Preparer) Mask(to []bool, mask image.Image) (Fit, error) {
	size := p.options.canvas()
	if len(to) != size.X*size.Y {
		return Fit{}, fmt.Errorf("picture: room for %d mask pixels; the canvas is %dx%d", len(to), size.X, size.Y)
	}
	fit, r, err := p.resize(mask, true)
	if err != nil {
		return fit, err
	}
	clear(to)
	valid := fit.Valid()
	for y := range valid.Dy() {
		row := to[(valid.Min.Y+y)*size.X+valid.Min.X:][:valid.Dx()]
		for x := range row {
			row[x] = r.brightness(y*len(row)+x) >= 0.5
		}
	}
	return fit, nil
}

// brightness returns value i from 0 to 1, of colours their ITU-R 601 luma.
func (r resized) brightness(i int) float64 {
	luma := func(red, green, blue float64) float64 { return (299*red + 587*green + 114*blue) / 1000 }
	switch r.depth {
	case gray8:
		return float64(r.gray[i]) / 255
	case rgb8:
		v := r.packed[i]
		return luma(float64(uint8(v)), float64(uint8(v>>8)), float64(uint8(v>>16))) / 255
	case gray16:
		return float64(r.deep[i]) / 65535
	}
	return luma(float64(r.deep[3*i]), float64(r.deep[3*i+1]), float64(r.deep[3*i+2])) / 65535
}

// PrepareMask returns the mask (H*W) of one drawn mask; see Preparer.Mask.
func PrepareMask(mask image.Image, o Options) ([]bool, Fit, error) {
	p, err := NewPreparer(o)
	if err != nil {
		return nil, Fit{}, err
	}
	size := p.options.canvas()
	to := make([]bool, size.X*size.Y)
	fit, err := p.Mask(to, mask)
	if err != nil {
		return nil, fit, err
	}
	return to, fit, nil
}

// NonZero returns the mask that is white wherever the given one is neither black
// nor transparent, for data sets whose masks hold small class numbers.
func NonZero(mask image.Image) *image.Gray {
	b := mask.Bounds()
	out := image.NewGray(image.Rectangle{Max: b.Size()})
	for y := range b.Dy() {
		for x := range b.Dx() {
			if red, green, blue, _ := mask.At(b.Min.X+x, b.Min.Y+y).RGBA(); red|green|blue != 0 {
				out.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return out
}
