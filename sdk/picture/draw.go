package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// lineUnit is half the width of the light line on a picture of that size, in pixels.
func lineUnit(size image.Point) float64 {
	return max(0.75, float64(max(size.X, size.Y))/1024)
}

// loops returns what to draw around a region: its outline, or a ring around its
// peak when the outline would be too small to see.
func loops(r Region, unit float64) [][]Point {
	radius := 8 * unit
	if len(r.Outline) > 0 && float64(max(r.Box.Dx(), r.Box.Dy())) >= radius {
		return r.Outline
	}
	const corners = 24
	ring := make([]Point, corners)
	for i := range ring {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		ring[i] = Point{float64(r.PeakAt.X) + 0.5 + radius*cos, float64(r.PeakAt.Y) + 0.5 + radius*sin}
	}
	return [][]Point{ring}
}

// stroke draws closed loops as a light line of two units on a dark one of four,
// with smooth edges.
func stroke(scene *image.RGBA, loops [][]Point, unit float64) {
	reach := 2*unit + 1
	low, high := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, loop := range loops {
		for _, p := range loop {
			low = Point{min(low.X, p.X), min(low.Y, p.Y)}
			high = Point{max(high.X, p.X), max(high.Y, p.Y)}
		}
	}
	box := image.Rect(int(low.X-reach), int(low.Y-reach), int(high.X+reach)+1, int(high.Y+reach)+1).Intersect(scene.Rect)
	if box.Empty() {
		return
	}
	// Squared distance of every pixel's centre from the nearest line.
	distance := make([]float32, box.Dx()*box.Dy())
	far := float32(reach * reach)
	for i := range distance {
		distance[i] = far
	}
	for _, loop := range loops {
		for i, p := range loop {
			near(distance, box, p, loop[(i+1)%len(loop)], reach)
		}
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		pix := scene.Pix[scene.PixOffset(box.Min.X, y):]
		for x, d := range distance[(y-box.Min.Y)*box.Dx():][:box.Dx()] {
			if d >= far {
				continue
			}
			away := math.Sqrt(float64(d))
			cover := func(radius float64) uint8 { return uint8(255*min(max(radius+0.5-away, 0), 1) + 0.5) }
			blend(pix[4*x:4*x+4], color.RGBA{A: cover(2 * unit)})
			blend(pix[4*x:4*x+4], color.RGBA{R: 255, G: 255, B: 255, A: cover(unit)})
		}
	}
}

// near lowers the squared distances of the pixels within reach of the segment pq.
func near(distance []float32, box image.Rectangle, p, q Point, reach float64) {
	r := image.Rect(
		int(min(p.X, q.X)-reach), int(min(p.Y, q.Y)-reach),
		int(max(p.X, q.X)+reach)+1, int(max(p.Y, q.Y)+reach)+1,
	).Intersect(box)
	dx, dy := q.X-p.X, q.Y-p.Y
	length := dx*dx + dy*dy
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			fx, fy := float64(x)+0.5-p.X, float64(y)+0.5-p.Y
			t := 0.0
			if length > 0 {
				t = min(max((fx*dx+fy*dy)/length, 0), 1)
			}
			ex, ey := fx-t*dx, fy-t*dy
			i := (y-box.Min.Y)*box.Dx() + x - box.Min.X
			distance[i] = min(distance[i], float32(ex*ex+ey*ey))
		}
	}
}

// letter is the size of a character of the font.
func letter() image.Point { return image.Pt(basicfont.Face7x13.Advance, basicfont.Face7x13.Height) }

// write draws a line of ASCII text, every pixel of the font enlarged.
func write(to *image.RGBA, at image.Point, text string, enlarge int, c color.Color) {
	face := basicfont.Face7x13
	size := image.Pt(len(text)*face.Advance, face.Height)
	mask := image.NewAlpha(image.Rectangle{Max: size})
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: fixed.P(0, face.Ascent)}
	d.DrawString(text)
	ink := image.NewUniform(c)
	for y := range size.Y {
		for x := range size.X {
			if mask.AlphaAt(x, y).A > 0 {
				r := image.Rect(x, y, x+1, y+1)
				r.Min, r.Max = r.Min.Mul(enlarge), r.Max.Mul(enlarge)
				draw.Draw(to, r.Add(at), ink, image.Point{}, draw.Src)
			}
		}
	}
}

// label writes a region's number on a dark tag above it, or below where there is
// no room, always within the scene.
func label(scene *image.RGBA, r Region, number int, unit float64) {
	text := strconv.Itoa(number)
	enlarge := max(1, int(2*unit))
	gap := int(4*unit + 0.5)
	size := image.Pt(len(text)*letter().X, letter().Y).Mul(enlarge).Add(image.Pt(2*enlarge, 0))
	box := r.Box
	if ring := int(8 * unit); max(box.Dx(), box.Dy()) < ring {
		box = image.Rectangle{Min: r.PeakAt, Max: r.PeakAt}.Inset(-ring)
	}
	at := image.Pt(box.Min.X, box.Min.Y-gap-size.Y)
	if at.Y < 0 {
		at.Y = box.Max.Y + gap
	}
	at.X = max(0, min(at.X, scene.Rect.Max.X-size.X))
	at.Y = max(0, min(at.Y, scene.Rect.Max.Y-size.Y))
	draw.Draw(scene, image.Rectangle{Min: at, Max: at.Add(size)}, image.Black, image.Point{}, draw.Src)
	write(scene, at.Add(image.Pt(enlarge, 0)), text, enlarge, color.White)
}

// strip is the band of text below an overlay.
type strip struct {
	lines   []string
	enlarge int
	ground  color.RGBA
}

// newStrip breaks the verdict and detail into lines that fit the width.
func newStrip(width int, verdict Verdict, detail string) strip {
	s := strip{enlarge: max(1, (width+180)/360), ground: color.RGBA{40, 40, 40, 255}}
	switch verdict {
	case Pass:
		s.ground = color.RGBA{0, 90, 50, 255}
	case Reject:
		s.ground = color.RGBA{160, 20, 20, 255}
	}
	room := max(1, width/(letter().X*s.enlarge)-1)
	for _, word := range strings.Fields(string(verdict) + " " + detail) {
		last := len(s.lines) - 1
		if last >= 0 && len(s.lines[last])+1+len(word) <= room {
			s.lines[last] += " " + word
		} else {
			s.lines = append(s.lines, word)
		}
	}
	return s
}

func (s strip) height() int {
	if len(s.lines) == 0 {
		return 0
	}
	return (len(s.lines)*letter().Y + 6) * s.enlarge
}

func (s strip) draw(to *image.RGBA, top int) {
	band := image.Rect(0, top, to.Rect.Max.X, top+s.height())
	draw.Draw(to, band, image.NewUniform(s.ground), image.Point{}, draw.Src)
	for i, line := range s.lines {
		write(to, image.Pt(letter().X/2, 3+i*letter().Y).Mul(s.enlarge).Add(image.Pt(0, top)), line, s.enlarge, color.White)
	}
}
