package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// A cloth is a plain weave. Warp threads run down the picture and weft threads
// across; thread i of the warp has its middle near (i+1/2)*pitch of u.
type cloth struct {
	pitch, shift             vec // pitch.x of the warp, pitch.y of the weft, pixels
	turn                     float64
	wander, fibre, warp, wft noise
	flaw                     weaveFlaw
}

// A weaveFlaw changes threads, or the finished cloth.
type weaveFlaw struct {
	kind     string
	strength float64
	hole     blob
	thread   int     // of the weft
	from, to float64 // along that thread, pixels
	loose    []stroke
}

// drawFabric draws undyed cloth, seen from near under slanting light.
func drawFabric(r *rand.Rand, kind string, strength float64) (image.Image, *image.Gray) {
	c := &cloth{
		pitch:  vec{7.4 * between(r, 0.985, 1.015), 7.9 * between(r, 0.985, 1.015)},
		turn:   between(r, -0.025, 0.025),
		shift:  vec{between(r, 0, 400), between(r, 0, 400)},
		wander: newNoise(r), fibre: newNoise(r), warp: newNoise(r), wft: newNoise(r),
	}
	c.flaw = c.newFlaw(r, kind, strength)
	levels, mask := shoot(r, aim(r, 1.6), c.at)
	return tinted(levels, rgb{0.10, 0.08, 0.07}, rgb{0.60, 0.53, 0.43}, rgb{0.97, 0.93, 0.84}), mask
}

func (c *cloth) newFlaw(r *rand.Rand, kind string, strength float64) weaveFlaw {
	f := weaveFlaw{kind: kind, strength: strength}
	middle := inside(r, 45)
	switch kind {
	case "hole":
		f.hole = blob{middle, between(r, 13, 19) * math.Sqrt(strength), between(r, 0.6, 0.95), between(r, 0, 3), 0.3, newNoise(r)}
		for range 5 + r.IntN(4) {
			angle := between(r, 0, 2*math.Pi)
			start := middle.add(polar(f.hole.radius*1.05, angle))
			f.loose = append(f.loose, newStroke(r, start, angle+math.Pi+r.NormFloat64()*0.7, between(r, 6, 15), 1.5, 0.6))
		}
	case "stain":
		f.hole = blob{middle, between(r, 18, 34), between(r, 0.55, 0.95), between(r, 0, 3), 0.35, newNoise(r)}
	case "missing_thread":
		f.locate(c, middle, between(r, 40, 75)*mix(0.6, 1.2, strength))
	case "slub":
		f.locate(c, middle, between(r, 18, 32))
	}
	return f
}

// locate picks the weft thread through a point and a length of it.
func (f *weaveFlaw) locate(c *cloth, p vec, half float64) {
	q := c.place(p)
	f.thread = int(math.Floor(q.y / c.pitch.y))
	f.from, f.to = q.x-half, q.x+half
}

// place turns a point of the picture into coordinates of the weave, in which
// threads wander a little.
func (c *cloth) place(p vec) vec {
	q := p.sub(vec{side / 2, side / 2}).turn(c.turn).add(vec{side / 2, side / 2}).add(c.shift)
	q.x += 1.1 * c.wander.at(q.x/55, q.y/38)
	q.y += 1.1 * c.wander.at(q.x/41+90, q.y/60+50)
	return q
}

// A yarn is what is seen of one thread at a point.
type yarn struct {
	height, light float64
	flaw          bool
}

// along returns the thread's look at a distance across (in pitches from its
// middle) and along it (pixels); wave is -1 where it dives and 1 where it rides.
func (c *cloth) along(n noise, id int, across, along, wave, thick float64) (yarn, bool) {
	row := float64(id) * 7.31
	half := thick * (0.455 + 0.035*n.at(along/26, row) + 0.02*n.cell(id, 1))
	a := (across - 0.05*n.cell(id, 2)) / half
	if math.Abs(a) >= 1 {
		return yarn{}, false
	}
	round := math.Sqrt(1 - a*a)
	light := 0.60 * (1 + 0.045*n.cell(id, 3) + 0.05*n.at(along/34, row+100))
	light *= (0.52 + 0.48*round) * (0.80 + 0.20*min(wave, 1/thick)) * (1 - 0.14*a)
	light *= 1 + 0.13*c.fibre.at(across*5.5+row, along/3.6-across*1.2+row) // twisted fibres
	return yarn{height: 0.7*round*thick + 0.45*wave, light: light}, true
}

func (c *cloth) at(p vec) (rgb, float64) {
	q := c.place(p)
	f := c.flaw
	best := yarn{height: math.Inf(-1), light: 0.075 + 0.02*c.fibre.at(p.x/9, p.y/9)}
	wi, fi := int(math.Floor(q.x/c.pitch.x)), int(math.Floor(q.y/c.pitch.y))
	defect := 0.0
	depth := math.Inf(-1)
	if f.kind == "hole" || f.kind == "stain" {
		depth = f.hole.depth(p)
	}
	torn := func(n noise, id int) bool { // each thread breaks at its own place
		return f.kind == "hole" && depth > 2.2*n.cell(id, 9)
	}
	for i := wi - 1; i <= wi+1; i++ {
		wave := math.Sin(math.Pi*q.y/c.pitch.y) * sign(i)
		if y, hit := c.along(c.warp, i, q.x/c.pitch.x-float64(i)-0.5, q.y, wave, 1); hit && y.height > best.height && !torn(c.warp, i) {
			best = y
		}
	}
	for j := fi - 1; j <= fi+1; j++ {
		wave := -math.Sin(math.Pi*q.x/c.pitch.x) * sign(j)
		across, thick := q.y/c.pitch.y-float64(j)-0.5, 1.0
		flawed := f.thread == j && (f.kind == "slub" || f.kind == "missing_thread")
		if flawed && f.kind == "slub" {
			thick += mix(0.9, 1.7, f.strength) * bell(1.4*(2*q.x-f.from-f.to)/(f.to-f.from)) * (1 + 0.3*c.fibre.at(q.x/6, 700))
			wave += 1.4 * (thick - 1)
		}
		if flawed && f.kind == "missing_thread" && q.x > f.from && q.x < f.to {
			if math.Abs(across) < 0.5 {
				defect = 1
			}
			continue
		}
		y, hit := c.along(c.wft, j, across, q.x, min(wave, 1.3), thick)
		if hit && y.height > best.height && !torn(c.wft, j) {
			best = y
			best.light *= 1 - 0.2*min(thick-1, 1) // carries more dirt
			best.flaw = flawed && thick > 1.25
		}
	}
	if best.flaw {
		defect = 1
	}
	light := best.light
	switch f.kind {
	case "hole":
		if depth > 0 {
			defect = 1
		}
		for _, s := range f.loose {
			if d, t := s.near(p); math.Abs(d) < s.half(t)+0.3 {
				light = 0.5
			}
		}
	case "stain":
		soft := step(-5, 6, depth)
		rim := bell((depth - 1.5) / 2.5)
		light *= 1 - f.strength*(0.46*soft*(1+0.25*c.wander.rough(p.x/9, p.y/9))+0.16*rim)
		if depth > -1.5 {
			defect = 1
		}
	}
	return rgb{light * 1.5}, defect
}

func sign(i int) float64 {
	if i&1 == 0 {
		return 1
	}
	return -1
}
