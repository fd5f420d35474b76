package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

const (
	side    = 256 // pixels of a picture's side
	samples = 3   // points each way inside a pixel
)

// A vec is a point or a direction in the picture, y downwards.
type vec struct{ x, y float64 }

func (a vec) add(b vec) vec       { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y} }
func (a vec) mul(k float64) vec   { return vec{a.x * k, a.y * k} }
func (a vec) dot(b vec) float64   { return a.x*b.x + a.y*b.y }
func (a vec) len() float64        { return math.Hypot(a.x, a.y) }
func (a vec) turn(t float64) vec  { s, c := math.Sincos(t); return vec{a.x*c - a.y*s, a.x*s + a.y*c} }
func polar(r, angle float64) vec  { s, c := math.Sincos(angle); return vec{r * c, r * s} }
func mix(a, b, k float64) float64 { return a + (b-a)*k }

// step rises smoothly from 0 at lo to 1 at hi.
func step(lo, hi, x float64) float64 {
	t := min(max((x-lo)/(hi-lo), 0), 1)
	return t * t * (3 - 2*t)
}

func bell(x float64) float64 { return math.Exp(-x * x) }

// between draws a number from lo to hi.
func between(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// inside draws a point at least margin pixels from the picture's border.
func inside(r *rand.Rand, margin float64) vec {
	return vec{between(r, margin, side-margin), between(r, margin, side-margin)}
}

// rgb is a colour, 0 to 1 in each part.
type rgb [3]float64

func (a rgb) mul(k float64) rgb { return rgb{a[0] * k, a[1] * k, a[2] * k} }
func (a rgb) mix(b rgb, k float64) rgb {
	return rgb{mix(a[0], b[0], k), mix(a[1], b[1], k), mix(a[2], b[2], k)}
}

// A scene gives the colour at a point of the picture, in pixels, before light
// and camera, and how much of it is defect (0 to 1).
type scene func(p vec) (rgb, float64)

// A camera is the light and the sensor of one shot.
type camera struct {
	slope    vec     // brightness change over the picture, as a fraction
	exposure float64 // 1 is neutral
	vignette float64 // fraction lost in the corners
	noise    float64 // standard deviation in grey levels
}

// aim draws the light of a shot: no two pictures of a line are lit quite alike.
func aim(r *rand.Rand, noise float64) camera {
	return camera{
		slope:    polar(between(r, 0, 0.08), between(r, 0, 2*math.Pi)),
		exposure: between(r, 0.95, 1.05),
		vignette: between(r, 0.03, 0.08),
		noise:    noise * between(r, 0.85, 1.15),
	}
}

// shoot samples the scene and returns the picture's levels, 0 to 255, and the
// mask. A pixel belongs to the defect when at least half of it does, or when it
// touches such a pixel: hand-drawn masks are a little generous too.
func shoot(r *rand.Rand, c camera, s scene) ([]rgb, *image.Gray) {
	levels := make([]rgb, side*side)
	defect := make([]bool, side*side)
	for i := range levels {
		px, py := float64(i%side), float64(i/side)
		var sum rgb
		share := 0.0
		for k := range samples * samples {
			p := vec{px + (float64(k%samples)+0.5)/samples, py + (float64(k/samples)+0.5)/samples}
			col, d := s(p)
			sum = rgb{sum[0] + col[0], sum[1] + col[1], sum[2] + col[2]}
			share += d
		}
		m := vec{px/side - 0.5, py/side - 0.5}
		light := c.exposure * (1 + m.dot(c.slope)) * (1 - c.vignette*2*m.dot(m))
		levels[i] = sum.mul(255 * light / (samples * samples))
		defect[i] = share >= samples*samples/2.0
	}
	for i := range levels {
		n := r.NormFloat64() * c.noise // mostly brightness: sensors smooth the colours
		for k := range 3 {
			levels[i][k] += n
		}
	}
	return levels, grow(defect)
}

func grow(defect []bool) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i, d := range defect {
		if !d {
			continue
		}
		x, y := i%side, i/side
		for ny := max(y-1, 0); ny <= min(y+1, side-1); ny++ {
			for nx := max(x-1, 0); nx <= min(x+1, side-1); nx++ {
				m.Pix[ny*side+nx] = 255
			}
		}
	}
	return m
}

func level(v float64) uint8 { return uint8(min(max(math.Round(v), 0), 255)) }

// grey makes an 8-bit grayscale picture of the first part of the levels.
func grey(levels []rgb) image.Image {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i, l := range levels {
		m.Pix[i] = level(l[0])
	}
	return m
}

// tinted makes a picture of 128 colours: a ramp through three colours, of which
// the first part of the levels picks one. The sensor's noise hides the steps.
func tinted(levels []rgb, dark, middle, light rgb) image.Image {
	ramp := make(color.Palette, 128)
	for i := range ramp {
		k := float64(i) / 127
		c := dark.mix(middle, min(2*k, 1)).mix(light, max(2*k-1, 0)).mul(255)
		ramp[i] = color.RGBA{level(c[0]), level(c[1]), level(c[2]), 255}
	}
	m := image.NewPaletted(image.Rect(0, 0, side, side), ramp)
	for i, l := range levels {
		m.Pix[i] = level(l[0]) / 2
	}
	return m
}

func full(levels []rgb) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for i, l := range levels {
		m.SetRGBA(i%side, i/side, color.RGBA{level(l[0]), level(l[1]), level(l[2]), 255})
	}
	return m
}
