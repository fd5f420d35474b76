package main

import (
	"math"
	"math/rand/v2"
)

// A noise is a smooth random field with values of about -1 to 1 that changes
// over a distance of 1 (value noise on a lattice).
type noise uint64

func newNoise(r *rand.Rand) noise { return noise(r.Uint64()) }

// cell is the lattice value at whole coordinates, -1 to 1.
func (n noise) cell(x, y int) float64 {
	h := uint64(n) ^ uint64(int64(x))*0x9e3779b97f4a7c15 ^ uint64(int64(y))*0xc2b2ae3d27d4eb4f
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11)/(1<<52) - 1
}

func (n noise) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	i, j := int(fx), int(fy)
	tx, ty := step(0, 1, x-fx), step(0, 1, y-fy)
	top := mix(n.cell(i, j), n.cell(i+1, j), tx)
	bottom := mix(n.cell(i, j+1), n.cell(i+1, j+1), tx)
	return mix(top, bottom, ty)
}

// rough adds finer and weaker copies of the field.
func (n noise) rough(x, y float64) float64 {
	return (n.at(x, y) + n.at(2*x+17.3, 2*y+5.1)/2 + n.at(4*x+3.7, 4*y+29.9)/4) / 1.75
}

// A blob is an irregular spot: about an ellipse, its edge shaken.
type blob struct {
	centre vec
	radius float64 // along the long axis, pixels
	aspect float64 // short over long
	angle  float64
	shake  float64 // how irregular, as a fraction of the radius
	edge   noise
}

// depth is the distance from the blob's edge inwards, in pixels, about.
func (b blob) depth(p vec) float64 {
	q := p.sub(b.centre).turn(-b.angle)
	q.y /= b.aspect
	k := 4 / b.radius
	return (b.radius*(1+b.shake*b.edge.rough(q.x*k*0.5, q.y*k*0.5)) - q.len()) * b.aspect
}

// A stroke is a slightly bent line with a width that varies along it.
type stroke struct {
	points []vec
	width  float64 // half the width, pixels
	vary   noise
}

func newStroke(r *rand.Rand, from vec, angle, length, bend, width float64) stroke {
	const parts = 24
	s := stroke{width: width, vary: newNoise(r), points: []vec{from}}
	turn := r.NormFloat64() * bend / parts
	for range parts {
		from = from.add(polar(length/parts, angle))
		angle += turn
		turn += r.NormFloat64() * bend / (parts * 6)
		s.points = append(s.points, from)
	}
	return s
}

// near returns the signed distance from the middle line, in pixels, and the
// position along the line, 0 to 1.
func (s stroke) near(p vec) (distance, along float64) {
	best := math.Inf(1)
	for i := 1; i < len(s.points); i++ {
		a, b := s.points[i-1], s.points[i]
		d := b.sub(a)
		t := min(max(p.sub(a).dot(d)/d.dot(d), 0), 1)
		off := p.sub(a.add(d.mul(t)))
		if l := off.len(); l < best {
			best = l
			distance = math.Copysign(l, d.x*off.y-d.y*off.x)
			along = (float64(i-1) + t) / float64(len(s.points)-1)
		}
	}
	return distance, along
}

// half is half the width at a position along the line; it tapers at the ends.
func (s stroke) half(along float64) float64 {
	return s.width * (1 + 0.3*s.vary.at(along*9, 0)) * math.Sqrt(step(0, 0.12, along)*step(0, 0.12, 1-along))
}
