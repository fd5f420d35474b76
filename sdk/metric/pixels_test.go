package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// picture reads rows of scores (digits) and of truth ('#' defect, '.' none,
// ' ' does not count).
func picture(scores, truth []string) Map {
	m := Map{Width: len(scores[0]), Height: len(scores)}
	for y, row := range scores {
		for x := range row {
			m.Scores = append(m.Scores, float32(row[x]-'0'))
			m.Defect = append(m.Defect, truth[y][x] == '#')
			m.Valid = append(m.Valid, truth[y][x] != ' ')
			m.Bad = m.Bad || truth[y][x] == '#'
		}
	}
	return m
}

func gather(t *testing.T, maps ...Map) *Pixels {
	t.Helper()
	p := new(Pixels)
	for _, m := range maps {
		if err := p.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// The wanted areas were worked out by hand from the listed points (FPR, PRO).
func TestAUPRO(t *testing.T) {
	for _, c := range []struct {
		name    string
		maps    []Map
		limit   float64
		regions int
		want    float64
	}{
		{"perfect", []Map{picture([]string{"9911"}, []string{"##.."})}, 0.3, 1, 1},
		{"blind: every score equal", []Map{picture([]string{"5555"}, []string{"##.."})}, 0.3, 1, 0.15},
		{"upside down", []Map{picture([]string{"1199"}, []string{"##.."})}, 0.3, 1, 0},
		// Scores 9: one of two region pixels. 5: a quarter of the background.
		// 1: the rest. (0, 1/2) (1/4, 1/2) (1, 1); at 0.3 PRO is 1/2 + 1/30.
		{"interpolated at the limit", []Map{picture([]string{"915111"}, []string{"##...."})}, 0.3, 1, (0.25*0.5 + 0.05*(0.5+1.0/60)) / 0.3},
		{"the limit falls on a point", []Map{picture([]string{"915111"}, []string{"##...."})}, 0.25, 1, 0.5},
		{"whole curve", []Map{picture([]string{"915111"}, []string{"##...."})}, 1, 1, 0.25*0.5 + 0.75*0.75},
		// A region of 1 found and a region of 3 missed count the same.
		{"regions weigh the same", []Map{picture([]string{"951115555"}, []string{"#.###...."})}, 1, 2, 0.5},
		{"touching at a corner is one region", []Map{picture([]string{"91", "19"}, []string{"#.", ".#"})}, 0.3, 1, 1},
		{"tie of region and background", []Map{picture([]string{"9911"}, []string{"#.#."})}, 1, 2, 0.5*0.5/2 + 0.5*0.75},
		{"pixels that do not count", []Map{picture([]string{"99119"}, []string{"##.. "})}, 0.3, 1, 1},
		{"cut in two by what does not count", []Map{picture([]string{"99911"}, []string{"# #.."})}, 0.3, 2, 1},
		{"a good picture only adds background", []Map{picture([]string{"91"}, []string{"#."}), picture([]string{"999"}, []string{"..."})}, 0.75, 1, 0.5},
		{"an unknown truth is left out", []Map{picture([]string{"91"}, []string{"#."}), {Width: 2, Height: 1, Scores: []float32{8, 9}, Bad: true}}, 0.3, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gather(t, c.maps...)
			if p.Regions() != c.regions {
				t.Errorf("%d regions, want %d", p.Regions(), c.regions)
			}
			got, err := p.AUPRO(c.limit)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "AUPRO", got, c.want, 1e-7)
		})
	}
}

func TestPixelEdges(t *testing.T) {
	good := picture([]string{"12", "34"}, []string{"..", ".."})
	bad := picture([]string{"12", "34"}, []string{"##", "##"})
	empty := Map{Width: 2, Height: 2, Scores: make([]float32, 4), Bad: true, Defect: make([]bool, 4)}
	for _, c := range []struct {
		name    string
		maps    []Map
		leftOut int
		want    error
	}{
		{"nothing", nil, 0, ErrNoPositive},
		{"only good", []Map{good}, 0, ErrNoPositive},
		{"only defect pixels", []Map{bad}, 0, ErrNoNegative},
		{"empty mask beside a good picture", []Map{good, empty}, 1, ErrNoPositive},
		{"empty mask beside a defect", []Map{bad, empty}, 1, ErrNoNegative},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gather(t, c.maps...)
			if p.LeftOut != c.leftOut {
				t.Errorf("left out %d, want %d", p.LeftOut, c.leftOut)
			}
			if _, err := p.AUROC(); !errors.Is(err, c.want) {
				t.Errorf("AUROC: %v, want %v", err, c.want)
			}
			if _, err := p.AUPRO(0.3); !errors.Is(err, c.want) {
				t.Errorf("AUPRO: %v, want %v", err, c.want)
			}
		})
	}
	for _, limit := range []float64{0, -1, 1.01, math.NaN()} {
		if _, err := gather(t, good, bad).AUPRO(limit); err == nil {
			t.Errorf("limit %v passed", limit)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		m    Map
		want error // nil: any error
	}{
		{"NaN", Map{Width: 2, Height: 1, Scores: []float32{1, nan}}, ErrNaN},
		{"too few scores", Map{Width: 2, Height: 2, Scores: make([]float32, 3)}, nil},
		{"no size", Map{}, nil},
		{"mask of another size", Map{Width: 1, Height: 1, Scores: make([]float32, 1), Defect: make([]bool, 2), Bad: true}, nil},
		{"valid flags of another size", Map{Width: 1, Height: 1, Scores: make([]float32, 1), Valid: make([]bool, 2)}, nil},
		{"good with defect pixels", Map{Width: 1, Height: 1, Scores: make([]float32, 1), Defect: []bool{true}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Pixels
			err := p.Add(c.m)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if n, _ := p.Len(); n != 0 || p.LeftOut != 0 || p.Regions() != 0 {
				t.Error("the refused picture left something behind")
			}
		})
	}
	var p Pixels
	if err := p.Add(Map{Width: 2, Height: 1, Scores: []float32{1, nan}, Valid: []bool{true, false}}); err != nil {
		t.Errorf("NaN in a pixel that does not count: %v", err)
	}
}

// bruteRegions spreads the smallest index through each region until nothing changes.
func bruteRegions(m Map) []int {
	id := make([]int, len(m.Defect))
	for i, d := range m.Defect {
		id[i] = -1
		if d {
			id[i] = i
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range id {
			for j := range id {
				dx, dy := i%m.Width-j%m.Width, i/m.Width-j/m.Width
				if id[i] >= 0 && id[j] > id[i] && dx*dx <= 1 && dy*dy <= 1 {
					id[j], changed = id[i], true
				}
			}
		}
	}
	return id
}

// bruteAUPRO computes FPR and the mean overlap anew for each threshold.
func bruteAUPRO(maps []Map, limit float64) float64 {
	var thresholds []float32
	for _, m := range maps {
		thresholds = append(thresholds, m.Scores...)
	}
	slices.Sort(thresholds)
	thresholds = slices.Compact(thresholds)
	slices.Reverse(thresholds)
	xs, ys := []float64{0}, []float64{0}
	for _, threshold := range thresholds {
		var fp, background, sum, regions float64
		for _, m := range maps {
			hit, size := map[int]float64{}, map[int]float64{}
			for i, r := range bruteRegions(m) {
				above := m.Scores[i] >= threshold
				if r < 0 {
					background++
					if above {
						fp++
					}
					continue
				}
				size[r]++
				if above {
					hit[r]++
				}
			}
			for r := range size {
				sum += hit[r] / size[r]
				regions++
			}
		}
		xs, ys = append(xs, fp/background), append(ys, sum/regions)
	}
	area := 0.0
	for i := 1; i < len(xs); i++ {
		x0, x1 := xs[i-1], min(xs[i], limit)
		if x1 > x0 {
			y1 := ys[i-1] + (ys[i]-ys[i-1])*(x1-x0)/(xs[i]-x0)
			area += (x1 - x0) * (ys[i-1] + y1) / 2
		}
	}
	return area / limit
}

func TestPixelsAgainstBruteForce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for range 40 {
		var maps []Map
		var scores []float64
		var positive []bool
		levels := 1 + r.IntN(40)
		for k := range 1 + r.IntN(3) {
			m := Map{Width: 2 + r.IntN(7), Height: 1 + r.IntN(7), Bad: k == 0 || r.IntN(2) == 0}
			m.Defect = make([]bool, m.Width*m.Height)
			for i := range m.Defect {
				m.Scores = append(m.Scores, float32(r.IntN(levels)-levels/2)/3)
				m.Defect[i] = m.Bad && (i == 0 || i > 1 && r.IntN(4) == 0)
				positive = append(positive, m.Defect[i])
				scores = append(scores, float64(m.Scores[i]))
			}
			maps = append(maps, m)
		}
		p := gather(t, maps...)
		a, err := p.AUROC()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AUROC", a, bruteAUROC(scores, positive), 1e-14)
		ap, err := p.AveragePrecision()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AP", ap, bruteAP(scores, positive), 1e-14)
		f, err := p.F1Max()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "F1", f.Value, bruteF1(scores, positive), 1e-14)
		for _, limit := range []float64{0.05, 0.3, 1} {
			u, err := p.AUPRO(limit)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "AUPRO", u, bruteAUPRO(maps, limit), 1e-12)
		}
	}
}

func TestScoreBits(t *testing.T) {
	inf := float32(math.Inf(1))
	order := []float32{inf, math.MaxFloat32, 2, 1, math.SmallestNonzeroFloat32, 0, -math.SmallestNonzeroFloat32, -1, -math.MaxFloat32, -inf}
	for i, s := range order {
		if got := fromDescending(descending(s)); got != s {
			t.Errorf("%v came back as %v", s, got)
		}
		if i > 0 && descending(order[i-1]) >= descending(s) {
			t.Errorf("%v does not come before %v", order[i-1], s)
		}
	}
	if descending(float32(math.Copysign(0, -1))) != descending(0) {
		t.Error("-0 and 0 differ")
	}
}

func TestAddAfterMeasuring(t *testing.T) {
	a := picture([]string{"915111"}, []string{"##...."})
	b := picture([]string{"327"}, []string{"#.."})
	p := gather(t, a)
	if _, err := p.AUROC(); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(b); err != nil {
		t.Fatal(err)
	}
	got, err := p.AUROC()
	if err != nil {
		t.Fatal(err)
	}
	want, err := gather(t, b, a).AUROC()
	if err != nil || got != want {
		t.Errorf("AUROC %v after measuring in between, %v at once (%v)", got, want, err)
	}
}

// BenchmarkPixels measures a test set as large as MVTec AD pill at 288x288: 167
// pictures, 13.9 million pixels, one sort and four metrics.
func BenchmarkPixels(b *testing.B) {
	const side, pictures = 288, 167
	r := rand.New(rand.NewPCG(1, 3))
	var maps []Map
	for range pictures {
		m := Map{Width: side, Height: side, Bad: true, Scores: make([]float32, side*side), Defect: make([]bool, side*side)}
		for i := range m.Scores {
			m.Defect[i] = i/side/40 == 2 && i%side/40 == 3
			m.Scores[i] = float32(r.NormFloat64())
		}
		maps = append(maps, m)
	}
	for b.Loop() {
		var p Pixels
		start := time.Now()
		for _, m := range maps {
			if err := p.Add(m); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/add")
		start = time.Now()
		if _, err := p.AUROC(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/auroc")
		start = time.Now()
		if _, err := p.AUPRO(0.3); err != nil {
			b.Fatal(err)
		}
		if _, err := p.AveragePrecision(); err != nil {
			b.Fatal(err)
		}
		if _, err := p.F1Max(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/rest")
	}
}
