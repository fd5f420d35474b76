package picture

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// plane returns a map of the canvas, its padding filled with a high score that
// must never be seen.
func plane(t testing.TB, picture image.Point, o Options, score func(x, y int) float32) Map {
	t.Helper()
	fit, err := FitSize(picture, o)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, fit.Canvas.X*fit.Canvas.Y)
	for y := range fit.Canvas.Y {
		for x := range fit.Canvas.X {
			values[y*fit.Canvas.X+x] = 1e6
			if image.Pt(x, y).In(fit.Valid()) {
				values[y*fit.Canvas.X+x] = score(x, y)
			}
		}
	}
	m, err := NewMap(values, fit)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// disc is highest at its centre and 1 at radius r.
func disc(x, y int, cx, cy, r float64) float32 {
	return float32(1 + (r-math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy))/r)
}

func area(loop []Point) float64 {
	sum := 0.0
	for i, p := range loop {
		q := loop[(i+1)%len(loop)]
		sum += p.X*q.Y - q.X*p.Y
	}
	return sum / 2
}

// crossings counts how often a ray from p to the right meets the loops.
func crossings(loops [][]Point, p Point) int {
	n := 0
	for _, loop := range loops {
		for i, a := range loop {
			b := loop[(i+1)%len(loop)]
			if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
				n++
			}
		}
	}
	return n
}

func TestRegions(t *testing.T) {
	m := plane(t, image.Pt(200, 100), Options{Width: 64, Height: 64}, func(x, y int) float32 {
		return max(disc(x, y, 20, 30, 6), disc(x, y, 50, 40, 3)*1.1, float32(0))
	})
	got := m.Regions(1, 4)
	if len(got) != 2 {
		t.Fatalf("%d regions", len(got))
	}
	if got[0].Peak < got[1].Peak {
		t.Error("not sorted by peak")
	}
	small, large := got[0], got[1]
	if !large.PeakAt.In(image.Rect(19, 29, 21, 31)) || !large.PeakAt.In(large.Box) || !small.PeakAt.In(small.Box) {
		t.Errorf("peaks at %v and %v", large.PeakAt, small.PeakAt)
	}
	if circle := math.Pi * 36; math.Abs(float64(large.Area)-circle) > 8 || len(large.Outline) != 1 ||
		math.Abs(area(large.Outline[0])-circle) > 3 {
		t.Errorf("area %d, outline's %.1f, want %.1f", large.Area, area(large.Outline[0]), circle)
	}
	if got := m.Regions(1, 60); len(got) != 1 || got[0].Area != large.Area {
		t.Errorf("with a minimum area: %d regions", len(got))
	}
	if got := m.Regions(5, 0); len(got) != 0 {
		t.Errorf("above everything: %d regions", len(got))
	}
	if p := m.Peak(); p.PeakAt != small.PeakAt || p.Peak != small.Peak || p.Area != 1 {
		t.Errorf("peak %+v", p)
	}
}

func TestRegionsCases(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	cases := []struct {
		name  string
		rows  []string
		areas []int
		loops []int
	}{
		{"nothing", []string{"....", "...."}, nil, nil},
		{"everything", []string{"####", "####"}, []int{256}, []int{1}},
		{"one pixel", []string{"....", ".#.."}, []int{1}, []int{1}},
		{"diagonal is one", []string{"#...", ".#..", "..#."}, []int{3}, []int{1}},
		{"other diagonal", []string{"..#.", ".#..", "#..."}, []int{3}, []int{1}},
		{"ring with a hole", []string{".###", ".#.#", ".###"}, []int{8}, []int{2}},
		{"ring of corners", []string{"..#.", ".#.#", "..#."}, []int{4}, []int{2}},
		{"corner and border", []string{"#..#", "...."}, []int{1, 1}, []int{1, 1}},
		{"not a number", []string{"?#?.", "????"}, []int{1}, []int{1}},
		{"infinity", []string{".!..", "...."}, []int{1}, []int{1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := plane(t, image.Pt(16, 16), Options{Width: 16, Height: 16}, func(x, y int) float32 {
				if c.name == "everything" {
					return 2
				}
				if y < len(c.rows) && x < len(c.rows[y]) {
					switch c.rows[y][x] {
					case '#':
						return 2
					case '?':
						return nan
					case '!':
						return inf
					}
				}
				return 0
			})
			got := m.Regions(1, 0)
			if len(got) != len(c.areas) {
				t.Fatalf("%d regions, want %d", len(got), len(c.areas))
			}
			for i, r := range got {
				if r.Area != c.areas[i] || len(r.Outline) != c.loops[i] {
					t.Errorf("region %d: area %d, %d loops; want %d, %d", i, r.Area, len(r.Outline), c.areas[i], c.loops[i])
				}
				for _, loop := range r.Outline {
					for _, p := range loop {
						if math.IsNaN(p.X) || math.IsNaN(p.Y) || p.X < 0 || p.Y < 0 || p.X > 16 || p.Y > 16 {
							t.Errorf("outline point %v", p)
						}
					}
				}
			}
		})
	}
}

// On random maps the outlines enclose exactly the centres of the regions' pixels.
func TestRegionOutlinesEnclose(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	for round := range 30 {
		m := plane(t, image.Pt(1+rng.IntN(60), 1+rng.IntN(60)), Options{Width: 32, Height: 48}, func(x, y int) float32 {
			return float32(rng.Float64())
		})
		regions := m.Regions(0.6, 0)
		v := m.Fit.Valid()
		pixels, total := 0, 0
		for y := v.Min.Y; y < v.Max.Y; y++ {
			for x := v.Min.X; x < v.Max.X; x++ {
				inside := 0
				for _, r := range regions {
					inside += crossings(r.Outline, Point{float64(x) + 0.5, float64(y) + 0.5}) % 2
				}
				want := 0
				if m.At(x, y) > 0.6 {
					want = 1
					pixels++
				}
				if inside != want {
					t.Fatalf("seed %d round %d: pixel (%d,%d) is in %d outlines, want %d", seed, round, x, y, inside, want)
				}
			}
		}
		for _, r := range regions {
			total += r.Area
			signed := 0.0
			for _, loop := range r.Outline {
				signed += area(loop)
			}
			if !(signed > 0) {
				t.Fatalf("seed %d round %d: outline of signed area %v", seed, round, signed)
			}
			if r.Box.Intersect(v) != r.Box || m.At(r.PeakAt.X, r.PeakAt.Y) != r.Peak {
				t.Fatalf("seed %d round %d: region %+v", seed, round, r)
			}
		}
		if total != pixels {
			t.Fatalf("seed %d round %d: regions of %d pixels, %d are above", seed, round, total, pixels)
		}
	}
}

func TestRegionToPicture(t *testing.T) {
	m := plane(t, image.Pt(640, 320), Options{Width: 64, Height: 64}, func(x, y int) float32 {
		return disc(x, y, 20, 30, 5)
	})
	r := m.Regions(1, 0)[0]
	got := m.Fit.RegionToPicture(r)
	// The canvas is a tenth; the picture lies 16 rows down.
	if want := image.Rect(10*r.Box.Min.X, 10*(r.Box.Min.Y-16), 10*r.Box.Max.X, 10*(r.Box.Max.Y-16)); got.Box != want {
		t.Errorf("box %v, want %v", got.Box, want)
	}
	if got.Area != 100*r.Area {
		t.Errorf("area %d, want %d", got.Area, 100*r.Area)
	}
	if want := image.Pt(10*r.PeakAt.X+5, 10*(r.PeakAt.Y-16)+5); got.PeakAt != want {
		t.Errorf("peak at %v, want %v", got.PeakAt, want)
	}
	if math.Abs(area(got.Outline[0])-100*area(r.Outline[0])) > 1e-6 {
		t.Errorf("outline's area %v, want %v", area(got.Outline[0]), 100*area(r.Outline[0]))
	}
}

func TestNewMapRefuses(t *testing.T) {
	fit, err := FitSize(image.Pt(10, 10), Options{Width: 16, Height: 16})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewMap(make([]float32, 255), fit); err == nil {
		t.Error("too few values were accepted")
	}
	if _, err := NewMap(nil, Fit{}); err == nil {
		t.Error("an empty fit was accepted")
	}
}

func BenchmarkRegions(b *testing.B) {
	m := plane(b, image.Pt(1024, 1024), Options{}, func(x, y int) float32 {
		return max(disc(x, y, 60, 60, 20), disc(x, y, 180, 140, 30), disc(x, y, 90, 200, 8))
	})
	for b.Loop() {
		m.Regions(1, 4)
	}
}
