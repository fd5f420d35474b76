package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/flawscope/flawscope/sdk/picture"
)

// line is what --json writes of a picture.
type line struct {
	File      string     `json:"file"` // as given, or below the folder as given
	Score     float64    `json:"score"`
	PValue    float64    `json:"p_value"`
	Threshold float64    `json:"threshold"`
	Verdict   string     `json:"verdict"` // "pass" or "reject"
	Regions   []areaLine `json:"regions"` // the highest peak first
	Ms        float64    `json:"ms"`      // from the decoded picture to the verdict
}

// areaLine is a region in pixels of the picture.
type areaLine struct {
	Area  int     `json:"area"`
	Box   boxLine `json:"box"`
	Peak  float64 `json:"peak"` // highest score of the map
	PeakX int     `json:"peak_x"`
	PeakY int     `json:"peak_y"`
}

type boxLine struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// errorLine is what --json writes of a picture that could not be judged.
type errorLine struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

const (
	verdictPass   = "pass"
	verdictReject = "reject"
)

func verdict(o outcome) string {
	if o.rejected() {
		return verdictReject
	}
	return verdictPass
}

func milliseconds(o outcome) float64 {
	return math.Round(float64(o.took.Microseconds())/10) / 100
}

func writeJSON(w io.Writer, o outcome) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if o.err != nil {
		return encoder.Encode(errorLine{File: o.name, Error: o.err.Error()})
	}
	l := line{
		File: o.name, Score: o.result.Score, PValue: o.result.PValue, Threshold: o.result.Decision.Threshold,
		Verdict: verdict(o), Regions: []areaLine{}, Ms: milliseconds(o),
	}
	for _, r := range o.result.Located() {
		l.Regions = append(l.Regions, newAreaLine(r))
	}
	return encoder.Encode(l)
}

func newAreaLine(r picture.Region) areaLine {
	size := r.Box.Size()
	return areaLine{
		Area: r.Area, Box: boxLine{r.Box.Min.X, r.Box.Min.Y, size.X, size.Y},
		Peak: float64(r.Peak), PeakX: r.PeakAt.X, PeakY: r.PeakAt.Y,
	}
}

// writeText writes a line for people.
func writeText(w io.Writer, o outcome) error {
	if o.err != nil {
		_, err := fmt.Fprintf(w, "%s   %s: %v\n", paint(w, yellow, "ERROR"), o.name, o.err)
		return err
	}
	word := paint(w, green, "pass  ")
	if o.rejected() {
		word = paint(w, red, "REJECT")
	}
	_, err := fmt.Fprintf(w, "%s  score %8.3f  p %6.4f  regions %2d  %6.1f ms  %s\n",
		word, o.result.Score, o.result.PValue, len(o.result.Regions), milliseconds(o), o.name)
	return err
}
