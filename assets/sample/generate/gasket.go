package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// Sizes of the gasket, pixels at scale 1.
const (
	outer = 74.0
	bore  = 44.0
	ears  = 86.0 // from the middle to each bolt hole
	ear   = 25.0
	bolt  = 10.5
	bead  = 59.0 // radius of the printed sealing bead
	beadW = 3.4
)

// A part is a flat fibre gasket with a printed sealing bead on a light plate.
type part struct {
	centre             vec
	turn, scale        float64
	body, ground, rib  rgb
	fibre, speck, dirt noise
	shadow             vec
	flaw               partFlaw
}

type partFlaw struct {
	kind     string
	strength float64
	bite     blob
	crack    stroke
	angle    float64 // of the bead's gap
	half     float64 // half the gap, radians
	metal    bool    // contamination: a shining chip, otherwise a drop of oil
}

func drawGasket(r *rand.Rand, kind string, strength float64) (image.Image, *image.Gray) {
	g := &part{
		centre: vec{side/2 + between(r, -7, 7), side/2 + between(r, -7, 7)},
		turn:   between(r, -0.2, 0.2),
		scale:  between(r, 0.985, 1.015),
		body:   rgb{0.23, 0.31, 0.29}.mul(between(r, 0.94, 1.06)),
		ground: rgb{0.76, 0.765, 0.75}.mul(between(r, 0.97, 1.03)),
		rib:    rgb{0.70, 0.34, 0.16}.mul(between(r, 0.95, 1.05)),
		fibre:  newNoise(r), speck: newNoise(r), dirt: newNoise(r),
		shadow: vec{between(r, 2, 4), between(r, 2.5, 4.5)},
	}
	g.flaw = newPartFlaw(r, g, kind, strength)
	levels, mask := shoot(r, aim(r, 0.8), g.at)
	return full(levels), mask
}

func newPartFlaw(r *rand.Rand, g *part, kind string, strength float64) partFlaw {
	f := partFlaw{kind: kind, strength: strength}
	angle := between(r, 0, 2*math.Pi)
	for math.Abs(math.Sin(angle)) < 0.45 { // keep off the ears
		angle = between(r, 0, 2*math.Pi)
	}
	at := func(radius float64) vec { return g.out(polar(radius, angle)) }
	switch kind {
	case "chip":
		edge := outer
		if r.IntN(3) == 0 {
			edge = bore
		}
		f.bite = blob{at(edge), between(r, 11, 17) * math.Sqrt(strength), between(r, 0.6, 0.9), between(r, 0, 3), 0.35, newNoise(r)}
	case "bead_gap":
		f.angle = angle
		f.half = between(r, 0.12, 0.2) * strength
	case "tear":
		inward := angle + g.turn + math.Pi + between(r, -0.35, 0.35)
		f.crack = newStroke(r, at(outer+3), inward, (outer-bore)*mix(0.55, 1.25, strength), 0.9, mix(0.7, 1.5, strength))
	case "contamination":
		f.metal = r.IntN(2) == 0
		radius, shake := between(r, 7, 12), 0.1
		if f.metal {
			radius, shake = between(r, 4.5, 7), 0.3
		}
		f.bite = blob{at(between(r, bore+8, outer-8)), radius * mix(0.75, 1, strength), between(r, 0.45, 0.9), between(r, 0, 3), shake, newNoise(r)}
	}
	return f
}

// in turns a point of the picture into the part's own coordinates, out back.
func (g *part) in(p vec) vec  { return p.sub(g.centre).turn(-g.turn).mul(1 / g.scale) }
func (g *part) out(q vec) vec { return q.mul(g.scale).turn(g.turn).add(g.centre) }

// whole is the distance to the edge of an unbroken part, negative inside it.
func (g *part) whole(p vec) float64 {
	q := g.in(p)
	d := q.len() - outer
	lug := vec{math.Abs(q.x) - ears, q.y}.len()
	d = smoothMin(d, lug-ear, 14)
	d = max(d, bore-q.len(), bolt-lug)
	return d*g.scale + 0.25*g.fibre.at(p.x/3, p.y/3) // a punched edge is not quite clean
}

// edge is the same with what is broken off or torn.
func (g *part) edge(p vec) float64 {
	d := g.whole(p)
	switch g.flaw.kind {
	case "chip":
		d = max(d, g.flaw.bite.depth(p))
	case "tear":
		off, t := g.flaw.crack.near(p)
		// Open at the rim, closing inwards.
		d = max(d, g.flaw.crack.width*(1.25-t)*(1+0.3*g.flaw.crack.vary.at(t*8, 0))-math.Abs(off))
	}
	return d
}

func smoothMin(a, b, k float64) float64 {
	h := max(k-math.Abs(a-b), 0) / k
	return min(a, b) - h*h*k/4
}

func (g *part) at(p vec) (rgb, float64) {
	f := g.flaw
	d := g.edge(p)
	defect := 0.0
	if (f.kind == "chip" || f.kind == "tear") && d > 0 && g.whole(p) < 0 {
		defect = 1
	}
	var c rgb
	if d > 0 {
		c = g.ground.mul(1 + 0.012*g.dirt.rough(p.x/30, p.y/30))
		c = c.mul(1 - 0.42*step(5, -4, g.edge(p.sub(g.shadow))))
	} else {
		c = g.surface(p, d)
	}
	switch f.kind {
	case "bead_gap":
		q := g.in(p)
		if math.Abs(q.len()-bead) < beadW+0.6 && math.Abs(angleBetween(q, f.angle)) < f.half {
			defect = 1
		}
	case "contamination":
		depth := f.bite.depth(p)
		if depth > 0 {
			defect = 1
		}
		c = g.foreign(p, c, depth)
	}
	return c, defect
}

// surface is the part's own colour, d below its edge.
func (g *part) surface(p vec, d float64) rgb {
	q := g.in(p)
	c := g.body.mul(1 + 0.10*g.fibre.rough(q.x/2.4, q.y/2.4) + 0.05*g.fibre.at(q.x/22+50, q.y/22))
	// Pale fibres, short and in two directions.
	u, v := q.turn(0.7), q.turn(-0.4)
	a := g.speck.at(u.x/4.5, u.y/1.1) - 0.80
	b := g.speck.at(v.x/1.1+300, v.y/4.5+300) - 0.80
	c = c.mix(rgb{0.52, 0.56, 0.50}, 0.5*step(0, 0.15, max(a, b)))
	// The bead stands proud: bright towards the lamp at the upper left, dark away from it.
	over := q.len() - bead
	if w := beadW * (1 + 0.07*g.fibre.at(q.x/9+8, q.y/9)); math.Abs(over) < w && !g.gap(q, w-math.Abs(over)) {
		normal := q.mul(over / w / q.len()).turn(g.turn)
		light := 1 + 0.30*normal.dot(vec{-0.7, -0.7}) + 0.04*g.fibre.at(q.x/3, q.y/3)
		c = g.rib.mul(light * (0.86 + 0.14*math.Sqrt(1-over*over/(w*w))))
	}
	// The punched edge is rounded.
	if d > -2.5 {
		const e = 0.5
		n := vec{g.edge(p.add(vec{e, 0})) - d, g.edge(p.add(vec{0, e})) - d}
		if l := n.len(); l > 0 {
			c = c.mul(1 + 0.45*step(-2.5, 0, d)*n.mul(1/l).dot(vec{-0.7, -0.7}))
		}
	}
	return c
}

// gap says whether the bead is missing at q; its ends are round and ragged.
func (g *part) gap(q vec, inside float64) bool {
	if g.flaw.kind != "bead_gap" {
		return false
	}
	reach := (g.flaw.half-math.Abs(angleBetween(q, g.flaw.angle)))*bead + 0.8*g.fibre.at(q.x/2, q.y/2)
	return reach > -1.2+0.5*inside
}

func angleBetween(q vec, angle float64) float64 {
	return math.Remainder(math.Atan2(q.y, q.x)-angle, 2*math.Pi)
}

// foreign lays a drop of oil or a chip of metal over the colour below.
func (g *part) foreign(p vec, c rgb, depth float64) rgb {
	f := g.flaw
	if f.metal {
		glint := 0.62 + 0.3*f.bite.edge.rough(p.x/2.5, p.y/2.5)
		return c.mul(1-0.35*step(-3, 0, depth)).mix(rgb{glint, glint, glint * 1.02}, f.strength*step(-0.4, 0.6, depth))
	}
	c = c.mul(1 - 0.55*f.strength*step(-1, 2.5, depth))
	q := p.sub(f.bite.centre.add(polar(f.bite.radius*0.35, -2.3)))
	return c.mix(rgb{0.95, 0.95, 0.93}, 0.75*f.strength*bell(q.len()/(f.bite.radius*0.16))) // the lamp in the drop
}
