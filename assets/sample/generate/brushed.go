package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A plate is brushed metal, the lines running across the picture.
type plate struct {
	turn, band, width float64 // the lines' angle; where the bright band lies and how wide, pixels
	contrast          float64
	shift             vec
	lines             noise
	flaw              plateFlaw
}

type plateFlaw struct {
	kind     string
	strength float64
	strokes  []stroke
	spots    []blob
	light    float64 // direction the light comes from
}

// drawBrushed draws a brushed plate in grey, a bright band where it mirrors the lamp.
func drawBrushed(r *rand.Rand, kind string, strength float64) (image.Image, *image.Gray) {
	b := &plate{
		turn:     between(r, -0.03, 0.03),
		band:     between(r, 0.3, 0.7) * side,
		width:    between(r, 0.5, 0.75) * side,
		contrast: between(r, 0.85, 1.1),
		shift:    vec{between(r, 0, 5000), between(r, 0, 5000)},
		lines:    newNoise(r),
	}
	b.flaw = newPlateFlaw(r, kind, strength)
	levels, mask := shoot(r, aim(r, 1.3), b.at)
	return grey(levels), mask
}

func newPlateFlaw(r *rand.Rand, kind string, strength float64) plateFlaw {
	f := plateFlaw{kind: kind, strength: strength, light: between(r, 0.6, 1.2) * math.Pi}
	middle := inside(r, 50)
	switch kind {
	case "scratch":
		angle := between(r, 0.35, 2.8)
		length := between(r, 70, 130) * mix(0.6, 1, strength)
		start := middle.sub(polar(length/2, angle))
		f.strokes = append(f.strokes, newStroke(r, start, angle, length, 0.35, between(r, 0.8, 1.3)))
		if r.IntN(2) == 0 { // whatever scratched often touched twice
			f.strokes = append(f.strokes, newStroke(r, start.add(vec{between(r, 4, 9), 6}), angle+0.05, length*0.5, 0.3, 0.7))
		}
	case "dent":
		f.spots = []blob{{middle, between(r, 11, 20), between(r, 0.7, 1), between(r, 0, 3), 0, newNoise(r)}}
	case "pitting":
		for range 7 + r.IntN(9) {
			p := middle.add(vec{r.NormFloat64() * 11, r.NormFloat64() * 9})
			f.spots = append(f.spots, blob{p, between(r, 1.2, 3.6), between(r, 0.6, 1), between(r, 0, 3), 0.35, newNoise(r)})
		}
	case "fingerprint":
		f.spots = []blob{{middle, between(r, 30, 38), between(r, 0.68, 0.8), between(r, 0.9, 2.2), 0.12, newNoise(r)}}
	}
	return f
}

// brush is the height of the lines at a point, -1 to 1: many lengths and widths.
func (b *plate) brush(p vec) float64 {
	q := p.turn(b.turn).add(b.shift)
	n := b.lines
	return 0.34*n.at(q.x/420, q.y/3.1) + 0.34*n.at(q.x/160+9, q.y/1.5+70) +
		0.26*n.at(q.x/60+31, q.y/1.0+400) + 0.16*n.at(q.x/24+77, q.y/0.9+900)
}

func (b *plate) at(p vec) (rgb, float64) {
	f := b.flaw
	base := 0.47 + 0.17*bell((p.x-b.band)/b.width) + 0.02*b.lines.at(p.x/120+500, p.y/120)
	gain, defect, extra := 1.0, 0.0, 0.0
	q := p
	switch f.kind {
	case "dent":
		// The rim bends the lines; the wall that faces the lamp is bright, the other dark.
		s := f.spots[0]
		d := p.sub(s.centre).turn(-s.angle)
		d.y /= s.aspect
		k := d.len() / s.radius
		slope := 2.2 * k * bell(k*1.15)
		facing := p.sub(s.centre).mul(1 / max(p.sub(s.centre).len(), 1e-9)).dot(polar(1, f.light))
		extra = -0.24 * f.strength * slope * facing
		q = p.add(p.sub(s.centre).mul(-0.25 * f.strength * bell(k)))
		if k < 1.25 {
			defect = 1
		}
	case "pitting":
		for _, s := range f.spots {
			d := s.depth(p)
			extra -= 0.30 * f.strength * step(-0.6, 0.9, d)
			extra += 0.09 * f.strength * bell((d+1.3)/0.8) // a bright rim
			if d > -0.7 {
				defect = 1
			}
		}
		extra = max(extra, -0.34*f.strength)
	case "scratch":
		for _, s := range f.strokes {
			d, t := s.near(p)
			h := max(s.half(t), 0.05)
			if math.Abs(d) > 6*h {
				continue
			}
			fade := 0.7 + 0.3*s.vary.at(t*14, 5)
			extra += f.strength * fade * (0.36*bell(d/h) - 0.16*bell((d-2.0*h)/h))
			if math.Abs(d) < 1.4*h+0.3 {
				defect = 1
			}
		}
	case "fingerprint":
		s := f.spots[0]
		depth := s.depth(p)
		area := step(-2, 7, depth)
		d := p.sub(s.centre).turn(-s.angle)
		whorl := math.Hypot(d.x*0.72+6, d.y) + 3.2*s.edge.at(d.x/13, d.y/13)
		ridge := math.Sin(whorl*2*math.Pi/4.6) * (0.55 + 0.45*s.edge.at(p.x/6+40, p.y/6))
		extra = -f.strength * area * (0.035 + 0.085*ridge)
		gain = 1 - 0.45*f.strength*area // grease fills the lines
		if depth > 0 {
			defect = 1
		}
	}
	v := base*(1+0.30*b.contrast*gain*b.brush(q)) + extra
	return rgb{v, v, v}, defect
}
