package picture

import (
	"errors"
	"fmt"
	"image"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// mean and deviation of ImageNet's red, green and blue, of pictures from 0 to 1,
// as torchvision's pretrained weights expect them.
func imageNet() (mean, deviation [3]float32) {
	return [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
}

// Preparer turns images into tensors. It keeps its memory from one picture to
// the next, so a long run does not grow. It serves one goroutine at a time.
type Preparer struct {
	options   Options
	resizer   resizer
	mean, dev [3]float32
	levels    [3][256]float32 // normalised value of every 8-bit level
}

// NewPreparer returns a preparer, or an error when the options are wrong.
func NewPreparer(o Options) (*Preparer, error) {
	o, err := o.Filled()
	if err != nil {
		return nil, err
	}
	p := &Preparer{options: o}
	p.mean, p.dev = imageNet()
	for c := range p.levels {
		for v := range p.levels[c] {
			p.levels[c][v] = (float32(v)/255 - p.mean[c]) / p.dev[c]
		}
	}
	return p, nil
}

// Options returns the preparer's options with defaults filled in.
func (p *Preparer) Options() Options { return p.options }

// Shape returns the shape of the tensor of n pictures.
func (p *Preparer) Shape(n int) tensor.Shape {
	size := p.options.canvas()
	return tensor.Shape{n, 3, size.Y, size.X}
}

// Prepare fills picture n of to, of shape (N,3,H,W), with the image: resized by
// an antialiased bilinear filter (Pillow's, to the level), grayscale repeated in
// three channels, transparency laid over white, and then per channel
//
//	(value/255 - mean) / deviation
//
// with ImageNet's means and deviations; 16-bit pictures are divided by 65535 and
// are not rounded on the way.
func (p *Preparer) Prepare(to *tensor.Tensor, n int, img image.Image) (Fit, error) {
	size := p.options.canvas()
	if s := to.Shape; n < 0 || n >= s[0] || s != p.Shape(s[0]) {
		return Fit{}, fmt.Errorf("picture: picture %d of a tensor %v; want %v", n, to.Shape, p.Shape(n+1))
	}
	fit, r, err := p.resize(img, false)
	if err != nil {
		return fit, err
	}
	plane := size.X * size.Y
	planes := to.Data[n*3*plane : (n+1)*3*plane]
	valid := fit.Valid()
	for y := range valid.Dy() {
		at := (valid.Min.Y+y)*size.X + valid.Min.X
		red := planes[at:][:valid.Dx()]
		green := planes[plane+at:][:valid.Dx()]
		blue := planes[2*plane+at:][:valid.Dx()]
		p.normalise(red, green, blue, r, y)
	}
	for c := range 3 {
		pad(planes[c*plane:(c+1)*plane], size, valid)
	}
	return fit, nil
}

// normalise writes row y of a resized picture to its three channels.
func (p *Preparer) normalise(red, green, blue []float32, r resized, y int) {
	switch r.depth {
	case gray8:
		for x, v := range r.gray[y*len(red):][:len(red)] {
			red[x], green[x], blue[x] = p.levels[0][v], p.levels[1][v], p.levels[2][v]
		}
	case rgb8:
		for x, v := range r.packed[y*len(red):][:len(red)] {
			red[x], green[x], blue[x] = p.levels[0][uint8(v)], p.levels[1][uint8(v>>8)], p.levels[2][uint8(v>>16)]
		}
	default:
		channels := 1
		if r.depth == rgb16 {
			channels = 3
		}
		row := r.deep[y*channels*len(red):][:channels*len(red)]
		for c, to := range [3][]float32{red, green, blue} {
			for x := range to {
				to[x] = (row[x*channels+c%channels]/65535 - p.mean[c]) / p.dev[c]
			}
		}
	}
}

// pad repeats the border of a plane's valid part outwards.
func pad(plane []float32, size image.Point, valid image.Rectangle) {
	for y := valid.Min.Y; y < valid.Max.Y; y++ {
		row := plane[y*size.X:][:size.X]
		for x := range valid.Min.X {
			row[x] = row[valid.Min.X]
		}
		for x := valid.Max.X; x < size.X; x++ {
			row[x] = row[valid.Max.X-1]
		}
	}
	first := plane[valid.Min.Y*size.X:][:size.X]
	for y := range valid.Min.Y {
		copy(plane[y*size.X:], first)
	}
	last := plane[(valid.Max.Y-1)*size.X:][:size.X]
	for y := valid.Max.Y; y < size.Y; y++ {
		copy(plane[y*size.X:], last)
	}
}

func (p *Preparer) resize(img image.Image, black bool) (Fit, resized, error) {
	if img == nil {
		return Fit{}, resized{}, errors.New("picture: no image")
	}
	fit, err := p.options.fit(img.Bounds().Size())
	if err != nil {
		return fit, resized{}, err
	}
	window := fit.Valid().Sub(fit.Placed.Min)
	return fit, p.resizer.resize(img, fit.Placed.Size(), window, black), nil
}

// Prepare returns the tensor (1,3,H,W) of one image; see Preparer.Prepare.
func Prepare(img image.Image, o Options) (*tensor.Tensor, Fit, error) {
	p, err := NewPreparer(o)
	if err != nil {
		return nil, Fit{}, err
	}
	to := tensor.New(p.Shape(1))
	fit, err := p.Prepare(to, 0, img)
	if err != nil {
		return nil, fit, err
	}
	return to, fit, nil
}
