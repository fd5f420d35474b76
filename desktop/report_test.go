package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/sdk"
)

func TestOverlayNames(t *testing.T) {
	s := &sink{taken: map[string]bool{}}
	long := strings.Repeat("ä", 200)
	for _, c := range []struct{ path, want string }{
		{"hole/000.png", "hole_000.png"},
		{"hole_000.jpg", "hole_000-2.png"},
		{"HOLE/000.PNG", "HOLE_000-3.png"},
		{"../../etc/passwd", "etc_passwd.png"},
		{"/", "picture.png"},
		{"", "picture-2.png"},
		{".png", "picture-3.png"},
		{`c:\x\y.bmp`, "c__x_y.png"},
		{"Größe 1.tif", "Größe_1.png"},
		{long + ".png", long[:maxNameLength] + ".png"},
	} {
		if got := s.name(c.path); got != c.want {
			t.Errorf("%q: %q, want %q", c.path, got, c.want)
		}
	}
}

func TestHistogram(t *testing.T) {
	for _, c := range []struct {
		name        string
		calibration []float32
		scores      []scored
		threshold   float64
		beyond      bool
	}{
		{"ordinary", []float32{0, 1, 2}, []scored{{0.5, false}, {3, true}}, 2, false},
		{"far defects", []float32{0, 1, 2}, []scored{{0.5, false}, {3000, true}}, 2, true},
		{"nothing inspected", []float32{0, 1, 2}, nil, 2, false},
		{"all alike", []float32{1, 1}, []scored{{1, false}}, 1, false},
		{"everything rejected", []float32{0, 1}, []scored{{1, true}}, -math.MaxFloat32, false},
		{"nothing rejected", []float32{0, 1}, []scored{{1, false}}, math.MaxFloat64, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistogram(c.calibration, c.scores, c.threshold)
			up, down := 0, 0
			for _, b := range h.Bars {
				if !(b.X >= 0 && b.X+b.Width <= h.Width && b.Y >= 0 && b.Height > 0 && b.Y+b.Height <= h.Height) {
					t.Errorf("bar %+v lies outside", b)
				}
				if b.Kind == "calibration" {
					down += b.Count
				} else {
					up += b.Count
				}
			}
			if up != len(c.scores) || down != len(c.calibration) {
				t.Errorf("%d and %d counted, want %d and %d", up, down, len(c.scores), len(c.calibration))
			}
			if !(h.Threshold >= 0 && h.Threshold <= h.Width) {
				t.Errorf("the threshold stands at %v", h.Threshold)
			}
			if len(h.Ticks) < 2 || len(h.Ticks) > 14 {
				t.Errorf("%d ticks: %v", len(h.Ticks), h.Ticks)
			}
			if h.Beyond != c.beyond {
				t.Errorf("beyond is %v", h.Beyond)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	scores := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(i)
		}
		return s
	}
	three := 3.0
	for _, c := range []struct {
		name        string
		calibration sdk.Calibration
		policy      sdk.Policy
		want        []string
	}{
		{"plenty", sdk.Calibration{Scores: scores(100), Peaks: scores(100)}, sdk.Policy{}, []string{"about 5 %", "100 good pictures"}},
		{"few", sdk.Calibration{Scores: scores(9), Peaks: scores(9)}, sdk.Policy{}, []string{"about 10 %", "no less than 1/10"}},
		{"clamped", sdk.Calibration{Scores: scores(9), Peaks: scores(9)}, sdk.Policy{FalseReject: 0.01}, []string{"about 10 %", "1 % was asked for"}},
		{"folds", sdk.Calibration{Scores: scores(4), Peaks: scores(4), Folds: 4}, sdk.Policy{}, []string{"approximate", "20 %", "4 turns"}},
		{"threshold", sdk.Calibration{Scores: scores(9), Peaks: scores(9)}, sdk.Policy{Threshold: &three}, []string{"threshold 3, as given", "60 %"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := c.calibration.Decide(c.policy)
			if err != nil {
				t.Fatal(err)
			}
			got := explain(d, c.calibration, c.policy)
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%q does not say %q", got, w)
				}
			}
		})
	}
}

func TestThumbnailsAreBounded(t *testing.T) {
	s := &section{}
	for i := range maxThumbnails + 50 {
		s.Cards = append(s.Cards, card{File: fmt.Sprint(i), Score: float64(i), Heat: "x"})
		s.thin()
	}
	if s.Plain != 50 || s.Cards[0].Pictured() || !s.Cards[len(s.Cards)-1].Pictured() {
		t.Errorf("%d plain, first %v, last %v", s.Plain, s.Cards[0].Pictured(), s.Cards[len(s.Cards)-1].Pictured())
	}
}
