package sdk

import (
	"image"
	"slices"

	"github.com/flawscope/flawscope/sdk/picture"
)

// Result is what an inspection says of one picture.
type Result struct {
	// Score is the image score: 0 is the median of the pictures learned from, 1
	// their spread above it; larger is less normal, without bound.
	Score float64
	// PValue is the share of good pictures, as the calibration estimates it, that
	// score at least as high.
	PValue float64
	// Decision holds the thresholds in force.
	Decision Decision
	Verdict  picture.Verdict
	// Regions are the parts of the map above the region threshold, in pixels of
	// the prepared picture, the highest peak first; Located gives them in pixels
	// of the picture. A rejected picture always has at least its peak.
	Regions []picture.Region
	// Map is the smoothed anomaly map on the prepared picture, in units of Score.
	Map picture.Map
}

// Located returns the regions in pixels of the original picture.
func (r Result) Located() []picture.Region {
	located := make([]picture.Region, len(r.Regions))
	for i, region := range r.Regions {
		located[i] = r.Map.Fit.RegionToPicture(region)
	}
	return located
}

// Overlay draws the heat map and the outlined regions on the picture.
func (r Result) Overlay(img image.Image, o picture.OverlayOptions) image.Image {
	o.Threshold, o.Regions, o.Verdict = float32(r.Decision.RegionThreshold), r.Regions, r.Verdict
	return picture.Overlay(img, r.Map, o)
}

// judge makes a result of the score and of the map in i.full.
func (i *Inspector) judge(fit picture.Fit, score float32) Result {
	d := i.decision
	r := Result{
		Score:    float64(score),
		PValue:   i.detector.Calibration.PValue(float64(score)),
		Decision: d,
		Verdict:  picture.Pass,
		Map:      picture.Map{Values: slices.Clone(i.full.Data), Fit: fit},
	}
	r.Regions = r.Map.Regions(float32(d.RegionThreshold), d.MinArea)
	if r.Score > d.Threshold {
		r.Verdict = picture.Reject
		if len(r.Regions) == 0 {
			r.Regions = []picture.Region{r.Map.Peak()}
		}
	}
	return r
}
