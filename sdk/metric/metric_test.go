package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func labels(s string) []bool {
	out := make([]bool, len(s))
	for i := range s {
		out[i] = s[i] == '+'
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// The wanted values were worked out by hand as fractions.
func TestPictures(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name              string
		scores            []float64
		labels            string
		auroc, ap, f1, at float64
	}{
		{"scikit-learn's example", []float64{0.1, 0.4, 0.35, 0.8}, "--++", 3.0 / 4, 5.0 / 6, 4.0 / 5, 0.35},
		{"perfect", []float64{1, 2, 3, 4}, "--++", 1, 1, 1, 3},
		{"upside down", []float64{4, 3, 2, 1}, "--++", 0, (1.0/3 + 2.0/4) / 2, 2.0 / 3, 1},
		{"all equal", []float64{7, 7, 7, 7}, "+---", 1.0 / 2, 1.0 / 4, 2.0 / 5, 7},
		{"one tie across the classes", []float64{1, 2, 2, 3}, "--++", 7.0 / 8, (1 + 2.0/3) / 2, 4.0 / 5, 2},
		{"ties on both sides", []float64{5, 5, 1, 1, 5}, "+-+-+", (1 + 0.5 + 0.5 + 1 + 0.5 + 0) / 6, (2.0/3*2 + 3.0/5) / 3, 3.0 / 4, 1},
		{"minus zero is zero", []float64{math.Copysign(0, -1), 0}, "-+", 1.0 / 2, 1.0 / 2, 2.0 / 3, 0},
		{"infinities", []float64{-inf, 0, inf}, "-++", 1, 1, 1, 0},
		{"order does not matter", []float64{0.8, 0.35, 0.4, 0.1}, "++--", 3.0 / 4, 5.0 / 6, 4.0 / 5, 0.35},
	} {
		t.Run(c.name, func(t *testing.T) {
			pos := labels(c.labels)
			a, err := AUROC(c.scores, pos)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "AUROC", a, c.auroc, 1e-15)
			ap, err := AveragePrecision(c.scores, pos)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "AP", ap, c.ap, 1e-15)
			f, err := F1Max(c.scores, pos)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "F1", f.Value, c.f1, 1e-15)
			near(t, "F1 threshold", f.Threshold, c.at, 0)
			rejected := AtLeast(c.scores, f.Threshold)
			recall, err := Recall(rejected, pos)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "recall at the F1 threshold", f.Recall, recall, 0)
		})
	}
}

func TestOneClass(t *testing.T) {
	s := []float32{1, 2}
	for _, c := range []struct {
		name, labels          string
		auroc, ap, f1, fr, rc error
	}{
		{"nothing defective", "--", ErrNoPositive, ErrNoPositive, ErrNoPositive, nil, ErrNoPositive},
		{"everything defective", "++", ErrNoNegative, nil, nil, ErrNoNegative, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pos := labels(c.labels)
			if _, err := AUROC(s, pos); !errors.Is(err, c.auroc) {
				t.Errorf("AUROC: %v", err)
			}
			if v, err := AveragePrecision(s, pos); !errors.Is(err, c.ap) || err == nil && v != 1 {
				t.Errorf("AP: %v, %v", v, err)
			}
			if v, err := F1Max(s, pos); !errors.Is(err, c.f1) || err == nil && v.Value != 1 {
				t.Errorf("F1: %v, %v", v, err)
			}
			if _, err := FalseRejectRate(pos, pos); !errors.Is(err, c.fr) {
				t.Errorf("FalseRejectRate: %v", err)
			}
			if _, err := Recall(pos, pos); !errors.Is(err, c.rc) {
				t.Errorf("Recall: %v", err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	nan := math.NaN()
	if _, err := AUROC([]float64{1, nan}, labels("+-")); !errors.Is(err, ErrNaN) {
		t.Errorf("NaN: %v", err)
	}
	if _, err := AUROC([]float64{1}, labels("+-")); err == nil {
		t.Error("different lengths passed")
	}
	if _, err := Recall(labels("+"), labels("+-")); err == nil {
		t.Error("different lengths passed")
	}
	if _, err := F1Max([]float64{}, nil); !errors.Is(err, ErrNoPositive) {
		t.Errorf("empty: %v", err)
	}
}

func TestRates(t *testing.T) {
	positive := labels("++++---")
	rejected := labels("+++-+--")
	r, err := Recall(rejected, positive)
	if err != nil || r != 0.75 {
		t.Errorf("Recall = %v, %v", r, err)
	}
	f, err := FalseRejectRate(rejected, positive)
	if err != nil || f != 1.0/3 {
		t.Errorf("FalseRejectRate = %v, %v", f, err)
	}
}

// bruteAUROC compares every pair.
func bruteAUROC(s []float64, positive []bool) float64 {
	u, pairs := 0.0, 0.0
	for i := range s {
		for j := range s {
			if positive[i] && !positive[j] {
				pairs++
				if s[i] > s[j] {
					u++
				} else if s[i] == s[j] {
					u += 0.5
				}
			}
		}
	}
	return u / pairs
}

// bruteCounts counts what scores at least the threshold.
func bruteCounts(s []float64, positive []bool, threshold float64) (tp, fp float64) {
	for i := range s {
		if s[i] >= threshold && positive[i] {
			tp++
		} else if s[i] >= threshold {
			fp++
		}
	}
	return tp, fp
}

// bruteAP gives each positive the precision at its own score, which is the step
// form written without recall.
func bruteAP(s []float64, positive []bool) float64 {
	sum, n := 0.0, 0.0
	for i := range s {
		if positive[i] {
			tp, fp := bruteCounts(s, positive, s[i])
			sum += tp / (tp + fp)
			n++
		}
	}
	return sum / n
}

func bruteF1(s []float64, positive []bool) float64 {
	best := 0.0
	for _, threshold := range s {
		tp, fp := bruteCounts(s, positive, threshold)
		all, _ := bruteCounts(s, positive, math.Inf(-1))
		precision, recall := tp/(tp+fp), tp/all
		if precision+recall > 0 {
			best = max(best, 2*precision*recall/(precision+recall))
		}
	}
	return best
}

func TestPicturesAgainstBruteForce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		n := 2 + r.IntN(60)
		levels := 1 + r.IntN(30) // few levels give many ties
		s, positive := make([]float64, n), make([]bool, n)
		for i := range s {
			s[i] = float64(r.IntN(levels)-levels/2) / 7
			positive[i] = r.IntN(3) == 0
		}
		positive[0], positive[1] = true, false
		a, err := AUROC(s, positive)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AUROC", a, bruteAUROC(s, positive), 1e-14)
		ap, err := AveragePrecision(s, positive)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AP", ap, bruteAP(s, positive), 1e-14)
		f, err := F1Max(s, positive)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "F1", f.Value, bruteF1(s, positive), 1e-14)
	}
}
