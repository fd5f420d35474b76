// Package sdk learns nothing and shows everything: it loads a detector, puts it on
// a device and inspects pictures. Package train fits detectors.
package sdk

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Calibration is what a detector knows of good pictures it was not fitted on.
// From it alone follow p-values and thresholds (split conformal prediction:
// Vovk, Gammerman, Shafer 2005; Bates et al. 2023, "Testing for outliers with
// conformal p-values").
type Calibration struct {
	// Scores are the image scores of the calibration pictures, Peaks the maxima
	// of their smoothed maps, both in the order of the pictures.
	Scores, Peaks []float32
	// Folds is 0 when the pictures were held out of one fit, else the number of
	// folds that took turns; the false-reject rate is approximate then.
	Folds int
}

// DefaultFalseReject is the false-reject rate used when none is stated.
const DefaultFalseReject = 0.05

// Policy says when a picture is rejected. The zero value is the default: a
// false-reject rate of DefaultFalseReject, or the smallest that the calibration
// supports if that is larger.
type Policy struct {
	// FalseReject is the accepted share of good pictures rejected, in (0, 1]; 0
	// for the default.
	FalseReject float64
	// Threshold, where not nil, decides instead: rejected when the score exceeds it.
	Threshold *float64
	// MinArea is the smallest region reported, in pixels of the prepared picture.
	MinArea int
}

// Decision is what follows from a policy and a calibration.
type Decision struct {
	// FalseReject is the rate in force: of good pictures like the calibration's,
	// on average no more than this share is rejected.
	FalseReject float64 `json:"false_reject"`
	// Clamped is set when a smaller rate was asked for than n calibration
	// pictures support, 1/(n+1).
	Clamped bool `json:"clamped,omitempty"`
	// Approximate is set when the calibration scores come from folds.
	Approximate bool `json:"approximate,omitempty"`
	// Threshold: a picture is rejected when its score exceeds it.
	Threshold float64 `json:"threshold"`
	// RegionThreshold: pixels of the map above it belong to a region.
	RegionThreshold float64 `json:"region_threshold"`
	// MinArea is the smallest region reported, in pixels of the prepared picture.
	MinArea int `json:"min_area"`
}

// PValue returns (1 + number of calibration scores >= score)/(n + 1).
func (c Calibration) PValue(score float64) float64 {
	larger := 0
	for _, s := range c.Scores {
		if float64(s) >= score {
			larger++
		}
	}
	return float64(1+larger) / float64(len(c.Scores)+1)
}

// Decide returns the thresholds of a policy. A picture's score exceeds the
// threshold exactly when its p-value is at most the rate.
func (c Calibration) Decide(p Policy) (Decision, error) {
	n := len(c.Scores)
	if n == 0 || len(c.Peaks) != n {
		return Decision{}, fmt.Errorf("sdk: %d calibration scores and %d peaks", n, len(c.Peaks))
	}
	d := Decision{Approximate: c.Folds > 0, MinArea: p.MinArea}
	scores, peaks := descending(c.Scores), descending(c.Peaks)
	if p.Threshold != nil {
		if math.IsNaN(*p.Threshold) {
			return Decision{}, fmt.Errorf("sdk: the threshold is not a number")
		}
		d.Threshold = *p.Threshold
		above, _ := slices.BinarySearchFunc(scores, d.Threshold, func(s, t float64) int {
			if s > t {
				return -1
			}
			return 1
		})
		d.FalseReject = float64(above+1) / float64(n+1)
		d.RegionThreshold = peaks[min(above, n-1)]
		return d, nil
	}
	least := 1 / float64(n+1)
	d.FalseReject = p.FalseReject
	switch {
	case p.FalseReject == 0:
		d.FalseReject = max(DefaultFalseReject, least)
	case !(p.FalseReject > 0 && p.FalseReject <= 1):
		return Decision{}, fmt.Errorf("sdk: a false-reject rate of %v, want more than 0 and at most 1", p.FalseReject)
	case p.FalseReject < least:
		d.FalseReject, d.Clamped = least, true
	}
	// p <= R means that at most k calibration scores are >= the score: it exceeds
	// the one after them.
	const rounding = 1e-9 // R·(n+1) of R = 1/(n+1) must not fall below 1
	k := int(math.Floor(d.FalseReject*float64(n+1)+rounding)) - 1
	if k >= n {
		d.Threshold, d.RegionThreshold = -math.MaxFloat32, peaks[n-1]
		return d, nil
	}
	d.Threshold, d.RegionThreshold = scores[k], peaks[k]
	return d, nil
}

func descending(values []float32) []float64 {
	sorted := make([]float64, len(values))
	for i, v := range values {
		sorted[i] = float64(v)
	}
	sort.Sort(sort.Reverse(sort.Float64Slice(sorted)))
	return sorted
}
