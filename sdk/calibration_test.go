package sdk

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDecideAgreesWithPValue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{4, 10, 19, 40} {
		c := Calibration{Scores: make([]float32, n), Peaks: make([]float32, n)}
		for i := range c.Scores {
			c.Scores[i] = float32(rng.IntN(12)) // ties are common
			c.Peaks[i] = c.Scores[i] / 2
		}
		for _, rate := range []float64{0, 1e-6, 0.05, 1 / float64(n+1), 2 / float64(n+1), 0.2, 0.5, 0.999, 1} {
			d, err := c.Decide(Policy{FalseReject: rate})
			if err != nil {
				t.Fatal(err)
			}
			for score := -1.0; score < 14; score += 0.5 {
				byThreshold, byP := score > d.Threshold, c.PValue(score) <= d.FalseReject+1e-12
				if byThreshold != byP {
					t.Errorf("n=%d rate=%v score=%v: threshold %v says %v, p-value %v of rate %v says %v",
						n, rate, score, d.Threshold, byThreshold, c.PValue(score), d.FalseReject, byP)
				}
			}
		}
	}
}

func TestDecide(t *testing.T) {
	c := Calibration{Scores: []float32{3, 1, 2, 4}, Peaks: []float32{0.3, 0.1, 0.2, 0.4}, Folds: 4}
	threshold := 2.5
	for _, test := range []struct {
		name   string
		policy Policy
		want   Decision
	}{
		{"default is clamped up to 1/(n+1) silently", Policy{}, Decision{FalseReject: 0.2, Approximate: true, Threshold: 4, RegionThreshold: float64(float32(0.4))}},
		{"a smaller rate is clamped", Policy{FalseReject: 0.01}, Decision{FalseReject: 0.2, Clamped: true, Approximate: true, Threshold: 4, RegionThreshold: float64(float32(0.4))}},
		{"a larger rate", Policy{FalseReject: 0.4}, Decision{FalseReject: 0.4, Approximate: true, Threshold: 3, RegionThreshold: float64(float32(0.3))}},
		{"a threshold decides", Policy{Threshold: &threshold}, Decision{FalseReject: 0.6, Approximate: true, Threshold: 2.5, RegionThreshold: float64(float32(0.2))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := c.Decide(test.policy)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
	for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := c.Decide(Policy{FalseReject: bad}); err == nil {
			t.Errorf("a rate of %v was accepted", bad)
		}
	}
}

// TestFalseRejectRate simulates exchangeable scores: the rate reached must not
// exceed the stated one.
func TestFalseRejectRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, trials = 39, 20000
	rejected := 0
	for range trials {
		c := Calibration{Scores: make([]float32, n), Peaks: make([]float32, n)}
		for i := range c.Scores {
			c.Scores[i] = rng.Float32()
		}
		d, err := c.Decide(Policy{FalseReject: 0.05})
		if err != nil {
			t.Fatal(err)
		}
		if rng.Float64() > d.Threshold {
			rejected++
		}
	}
	if rate := float64(rejected) / trials; math.Abs(rate-0.05) > 0.006 {
		t.Errorf("good pictures are rejected at %v, stated 0.05", rate)
	}
}
