package picture

import (
	"fmt"
	"image"
	"math"
)

// Geometry is a way to bring pictures of any size to one size.
type Geometry string

const (
	// GeometryFit shrinks or enlarges the whole picture into Width x Height,
	// keeping its aspect, and repeats its border pixels around it. It is what the
	// empty string means.
	GeometryFit Geometry = "fit"
	// GeometryPaper makes the shorter side Resize pixels long and cuts the middle
	// Crop x Crop out, as published results are measured. What lies outside is
	// not looked at.
	GeometryPaper Geometry = "paper"
)

// Options says how a picture becomes a tensor. It is part of a detector.
type Options struct {
	Geometry Geometry `json:"geometry,omitempty"`
	Width    int      `json:"width,omitempty"`  // of GeometryFit, a multiple of 16; 0 means 256
	Height   int      `json:"height,omitempty"` // of GeometryFit, a multiple of 16; 0 means 256
	Resize   int      `json:"resize,omitempty"` // of GeometryPaper; 0 means 329
	Crop     int      `json:"crop,omitempty"`   // of GeometryPaper, a multiple of 16, at most Resize; 0 means 288
}

const (
	sizeStep = 16   // the deepest tap of a backbone has one cell for so many pixels
	sizeMax  = 8192 // a texture's side
)

// Filled returns the options with defaults in place of zeros, or an error that
// says which value is wrong.
func (o Options) Filled() (Options, error) {
	fill := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	check := func(name string, v, step int) error {
		if v < step || v > sizeMax || v%step != 0 {
			if step == 1 {
				return fmt.Errorf("picture: %s is %d; it must be 1 to %d", name, v, sizeMax)
			}
			return fmt.Errorf("picture: %s is %d; it must be a multiple of %d up to %d", name, v, step, sizeMax)
		}
		return nil
	}
	switch o.Geometry {
	case "", GeometryFit:
		o.Geometry = GeometryFit
		fill(&o.Width, 256)
		fill(&o.Height, 256)
		o.Resize, o.Crop = 0, 0
		if err := check("width", o.Width, sizeStep); err != nil {
			return o, err
		}
		return o, check("height", o.Height, sizeStep)
	case GeometryPaper:
		fill(&o.Resize, 329)
		fill(&o.Crop, 288)
		o.Width, o.Height = 0, 0
		if err := check("resize", o.Resize, 1); err != nil {
			return o, err
		}
		if err := check("crop", o.Crop, sizeStep); err != nil {
			return o, err
		}
		if o.Crop > o.Resize {
			return o, fmt.Errorf("picture: crop %d is larger than resize %d", o.Crop, o.Resize)
		}
		return o, nil
	}
	return o, fmt.Errorf("picture: unknown geometry %q; %q and %q exist", o.Geometry, GeometryFit, GeometryPaper)
}

// Canvas returns the size of the pictures the network sees.
func (o Options) Canvas() (image.Point, error) {
	o, err := o.Filled()
	if err != nil {
		return image.Point{}, err
	}
	return o.canvas(), nil
}

func (o Options) canvas() image.Point {
	if o.Geometry == GeometryPaper {
		return image.Pt(o.Crop, o.Crop)
	}
	return image.Pt(o.Width, o.Height)
}

// Fit says where an original picture lies on the canvas that the network sees.
// Pixel i of either covers the coordinates from i to i+1.
type Fit struct {
	Picture image.Point     // size of the original picture, upright
	Canvas  image.Point     // size of the canvas
	Placed  image.Rectangle // the whole picture on the canvas; sticks out where it is cropped
}

// FitSize returns the fit of pictures of the given size.
func FitSize(picture image.Point, o Options) (Fit, error) {
	o, err := o.Filled()
	if err != nil {
		return Fit{}, err
	}
	return o.fit(picture)
}

func (o Options) fit(size image.Point) (Fit, error) {
	if size.X <= 0 || size.Y <= 0 || size.X > DefaultMaxSide || size.Y > DefaultMaxSide {
		return Fit{}, fmt.Errorf("picture: a picture of %dx%d pixels cannot be resized; 1 to %d a side can",
			size.X, size.Y, DefaultMaxSide)
	}
	f := Fit{Picture: size, Canvas: o.canvas()}
	var to, origin image.Point
	if o.Geometry == GeometryPaper {
		to = shorterSide(size, o.Resize)
		origin = image.Pt(-cropOffset(to.X, o.Crop), -cropOffset(to.Y, o.Crop))
	} else {
		to = inside(size, f.Canvas)
		origin = image.Pt((f.Canvas.X-to.X)/2, (f.Canvas.Y-to.Y)/2)
	}
	f.Placed = image.Rectangle{Min: origin, Max: origin.Add(to)}
	return f, nil
}

// inside returns the largest size of size's aspect that lies within box.
func inside(size, box image.Point) image.Point {
	if size.X*box.Y >= size.Y*box.X { // relatively wider than the box
		return image.Pt(box.X, max(1, (2*size.Y*box.X+size.X)/(2*size.X)))
	}
	return image.Pt(max(1, (2*size.X*box.Y+size.Y)/(2*size.Y)), box.Y)
}

// shorterSide returns the size whose shorter side is short; the longer one is
// rounded down, as torchvision's Resize does.
func shorterSide(size image.Point, short int) image.Point {
	if size.X <= size.Y {
		return image.Pt(short, short*size.Y/size.X)
	}
	return image.Pt(short*size.X/size.Y, short)
}

// cropOffset is (size-crop)/2 rounded half to even, as torchvision's CenterCrop does.
func cropOffset(size, crop int) int {
	return int(math.RoundToEven(float64(size-crop) / 2))
}

// Valid returns the part of the canvas that shows the picture. The rest is padding.
func (f Fit) Valid() image.Rectangle {
	return f.Placed.Intersect(image.Rectangle{Max: f.Canvas})
}

// Cells returns which cells show the picture when the canvas is divided into
// width x height cells: those whose centre does, and always at least one.
func (f Fit) Cells(width, height int) image.Rectangle {
	v := f.Valid()
	x0, x1 := cells(v.Min.X, v.Max.X, f.Canvas.X, width)
	y0, y1 := cells(v.Min.Y, v.Max.Y, f.Canvas.Y, height)
	return image.Rect(x0, y0, x1, y1)
}

// cells returns the cells [first, end) of n whose centres (i+0.5)*size/n lie in [low, high).
func cells(low, high, size, n int) (first, end int) {
	ceil := func(v int) int { // smallest i with (2i+1)*size >= 2*v*n
		return max(0, (2*v*n-size+2*size-1)/(2*size))
	}
	first, end = ceil(low), min(ceil(high), n)
	if first >= end {
		first = min((low+high)*n/(2*size), n-1)
		end = first + 1
	}
	return first, end
}

// Scale returns how many canvas pixels one pixel of the picture becomes, along x and y.
func (f Fit) Scale() (x, y float64) {
	return float64(f.Placed.Dx()) / float64(f.Picture.X), float64(f.Placed.Dy()) / float64(f.Picture.Y)
}

// Point is a place on a canvas or a picture. The centre of pixel (0, 0) is (0.5, 0.5).
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// ToPicture returns where a place on the canvas lies in the original picture. A
// place in the padding gives one outside the picture.
func (f Fit) ToPicture(p Point) Point {
	x, y := f.Scale()
	return Point{(p.X - float64(f.Placed.Min.X)) / x, (p.Y - float64(f.Placed.Min.Y)) / y}
}

// ToCanvas returns where a place in the original picture lies on the canvas.
func (f Fit) ToCanvas(p Point) Point {
	x, y := f.Scale()
	return Point{p.X*x + float64(f.Placed.Min.X), p.Y*y + float64(f.Placed.Min.Y)}
}

// RectangleToPicture returns the smallest rectangle of whole pixels of the
// original picture that holds a rectangle of the canvas, cut at its borders.
func (f Fit) RectangleToPicture(r image.Rectangle) image.Rectangle {
	low := f.ToPicture(Point{float64(r.Min.X), float64(r.Min.Y)})
	high := f.ToPicture(Point{float64(r.Max.X), float64(r.Max.Y)})
	const slack = 1e-6 // keeps a rounding error from adding a pixel
	return image.Rect(
		int(math.Floor(low.X+slack)), int(math.Floor(low.Y+slack)),
		int(math.Ceil(high.X-slack)), int(math.Ceil(high.Y-slack)),
	).Intersect(image.Rectangle{Max: f.Picture})
}
