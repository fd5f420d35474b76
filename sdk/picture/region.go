package picture

import (
	"fmt"
	"image"
	"math"
	"sort"
)

// Map is a plane of anomaly scores on the canvas, higher where the picture
// differs more from good ones. Scores in the padding are never looked at.
type Map struct {
	Values []float32 // rows of Fit.Canvas.X values, Fit.Canvas.Y of them
	Fit    Fit
}

// NewMap returns the map, or an error when the values do not fill the canvas.
func NewMap(values []float32, fit Fit) (Map, error) {
	if n := fit.Canvas.X * fit.Canvas.Y; n <= 0 || len(values) != n || fit.Valid().Empty() {
		return Map{}, fmt.Errorf("picture: a map of %d values; the canvas is %dx%d", len(values), fit.Canvas.X, fit.Canvas.Y)
	}
	return Map{Values: values, Fit: fit}, nil
}

// At returns the score of the canvas pixel (x, y).
func (m Map) At(x, y int) float32 { return m.Values[y*m.Fit.Canvas.X+x] }

// Region is a connected part of a map that is above a threshold, in canvas
// pixels, or by Fit.RegionToPicture in pixels of the original picture.
type Region struct {
	Area   int             // pixels
	Box    image.Rectangle // the smallest rectangle that holds them
	Peak   float32         // highest score
	PeakAt image.Point     // pixel that has it
	// Outline is where the score, interpolated between pixels, crosses the
	// threshold: closed loops (the first point is not repeated), the region
	// on the right hand of who follows one, so that holes run the other way.
	Outline [][]Point
}

// Regions returns the parts of the map above threshold that are connected
// through sides or corners and at least minArea canvas pixels large, the highest
// peak first.
func (m Map) Regions(threshold float32, minArea int) []Region {
	valid := m.Fit.Valid()
	size := valid.Size()
	at := func(p image.Point) float32 { return m.At(valid.Min.X+p.X, valid.Min.Y+p.Y) }
	labels := make([]int32, size.X*size.Y) // of the valid part; 0 is below or not yet seen
	label := int32(0)
	var regions []Region
	var stack []image.Point
	visit := func(p image.Point) bool {
		i := p.Y*size.X + p.X
		if labels[i] != 0 || !(at(p) > threshold) { // NaN is below
			return false
		}
		labels[i] = label
		stack = append(stack, p)
		return true
	}
	for y := range size.Y {
		for x := range size.X {
			label++
			if !visit(image.Pt(x, y)) {
				label--
				continue
			}
			r := Region{Peak: float32(math.Inf(-1)), Box: image.Rect(x, y, x+1, y+1)}
			for len(stack) > 0 {
				p := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				r.Area++
				r.Box.Min.X, r.Box.Max.X = min(r.Box.Min.X, p.X), max(r.Box.Max.X, p.X+1)
				r.Box.Max.Y = max(r.Box.Max.Y, p.Y+1)
				if v := at(p); v > r.Peak || v == r.Peak && before(p, r.PeakAt) {
					r.Peak, r.PeakAt = v, p
				}
				for ny := max(p.Y-1, 0); ny <= min(p.Y+1, size.Y-1); ny++ {
					for nx := max(p.X-1, 0); nx <= min(p.X+1, size.X-1); nx++ {
						visit(image.Pt(nx, ny))
					}
				}
			}
			if r.Area < minArea {
				continue
			}
			r.Outline = m.outline(labels, label, r.Box, threshold)
			r.Box, r.PeakAt = r.Box.Add(valid.Min), r.PeakAt.Add(valid.Min)
			regions = append(regions, r)
		}
	}
	sort.Stable(byPeak(regions))
	return regions
}

// byPeak sorts regions, the highest peak first.
type byPeak []Region

func (r byPeak) Len() int           { return len(r) }
func (r byPeak) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r byPeak) Less(i, j int) bool { return r[i].Peak > r[j].Peak }

func before(a, b image.Point) bool { return a.Y < b.Y || a.Y == b.Y && a.X < b.X }

// Peak returns the one-pixel region at the map's highest score, without an
// outline, for a picture that is rejected though no region is large enough.
func (m Map) Peak() Region {
	valid := m.Fit.Valid()
	r := Region{Area: 1, Peak: float32(math.Inf(-1)), PeakAt: valid.Min}
	for y := valid.Min.Y; y < valid.Max.Y; y++ {
		for x := valid.Min.X; x < valid.Max.X; x++ {
			if v := m.At(x, y); v > r.Peak {
				r.Peak, r.PeakAt = v, image.Pt(x, y)
			}
		}
	}
	r.Box = image.Rectangle{Min: r.PeakAt, Max: r.PeakAt.Add(image.Pt(1, 1))}
	return r
}

// RegionToPicture returns a region of the canvas in pixels of the original picture.
func (f Fit) RegionToPicture(r Region) Region {
	sx, sy := f.Scale()
	r.Area = max(1, int(math.Round(float64(r.Area)/(sx*sy))))
	r.Box = f.RectangleToPicture(r.Box)
	p := f.ToPicture(Point{float64(r.PeakAt.X) + 0.5, float64(r.PeakAt.Y) + 0.5})
	r.PeakAt = image.Pt(
		min(max(int(p.X), 0), f.Picture.X-1),
		min(max(int(p.Y), 0), f.Picture.Y-1))
	loops := make([][]Point, len(r.Outline))
	for i, loop := range r.Outline {
		loops[i] = make([]Point, len(loop))
		for j, p := range loop {
			q := f.ToPicture(p)
			loops[i][j] = Point{
				min(max(q.X, 0), float64(f.Picture.X)),
				min(max(q.Y, 0), float64(f.Picture.Y)),
			}
		}
	}
	r.Outline = loops
	return r
}

// outline traces one label's border by marching squares. Squares have their
// corners at the centres of pixels; beyond the valid part lies a ring of pixels
// that are below, and a border towards it runs along the valid part's edge.
// Where two diagonal corners are above they are joined, as Regions joins them.
func (m Map) outline(labels []int32, label int32, box image.Rectangle, threshold float32) [][]Point {
	valid := m.Fit.Valid()
	size := valid.Size()
	above := func(p image.Point) bool {
		return p.In(image.Rectangle{Max: size}) && labels[p.Y*size.X+p.X] == label
	}
	// A side joins two neighbouring pixels. A square's loop enters through one
	// side and leaves through the next; next links them into loops.
	type side struct{ from, to image.Point } // from is above, to is not
	next := map[side]side{}
	var order []side
	for y := box.Min.Y - 1; y < box.Max.Y; y++ {
		for x := box.Min.X - 1; x < box.Max.X; x++ {
			corner := [4]image.Point{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}} // clockwise
			var in [4]bool
			for i, p := range corner {
				in[i] = above(p)
			}
			if in[0] == in[1] && in[1] == in[2] && in[2] == in[3] {
				continue
			}
			for i := range 4 {
				if !in[i] || in[(i+1)%4] {
					continue
				}
				j := (i + 1) % 4
				for !in[(j+1)%4] {
					j = (j + 1) % 4
				}
				leaving := side{corner[i], corner[(i+1)%4]}
				next[leaving] = side{corner[(j+1)%4], corner[j]}
				order = append(order, leaving)
			}
		}
	}
	crossing := func(s side) Point {
		a := Point{float64(valid.Min.X+s.from.X) + 0.5, float64(valid.Min.Y+s.from.Y) + 0.5}
		t := 0.5
		if s.to.In(image.Rectangle{Max: size}) {
			high := float64(m.At(valid.Min.X+s.from.X, valid.Min.Y+s.from.Y))
			low := float64(m.At(valid.Min.X+s.to.X, valid.Min.Y+s.to.Y))
			if v := (high - float64(threshold)) / (high - low); v >= 0 && v <= 1 { // not with NaN or infinity
				t = v
			}
		}
		return Point{a.X + t*float64(s.to.X-s.from.X), a.Y + t*float64(s.to.Y-s.from.Y)}
	}
	var loops [][]Point
	for _, start := range order {
		var loop []Point
		for s := start; ; {
			following, open := next[s]
			if !open {
				break
			}
			delete(next, s)
			loop = append(loop, crossing(s))
			s = following
		}
		if loop != nil {
			loops = append(loops, loop)
		}
	}
	return loops
}
