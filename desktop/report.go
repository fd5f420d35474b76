package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/method"
)

//go:embed report.html
var reportText string

// page is a whole report.
type page struct {
	Title, Version string
	Sections       []*section
}

// section is the part of a report that one detector made.
type section struct {
	Title     string
	Explained string // the threshold, in words
	Facts     []fact
	Histogram histogram
	Cards     []card // sorted by the report: errors, then the highest scores

	Passed, Rejected, Failed int
	Plain                    int // cards without pictures

	decision    sdk.Decision
	calibration sdk.Calibration
	scores      []scored
}

// fact is a line of what is known of the detector.
type fact struct{ Name, Value string }

// card is one picture in a report.
type card struct {
	File, Kind    string
	Score, PValue float64
	Rejected      bool
	Regions       int
	Overlay       string       // file beside the report
	Picture, Heat template.URL // thumbnails, "" beyond maxThumbnails
	Error         string
}

type scored struct {
	score    float64
	rejected bool
}

func (c card) rank() int {
	if c.Error != "" {
		return 1
	}
	return 0
}

// Pictured says whether the card has thumbnails.
func (c card) Pictured() bool { return c.Heat != "" }

// count takes an outcome into the numbers.
func (s *section) count(o outcome) {
	switch {
	case o.err != nil:
		s.Failed++
		return
	case o.rejected():
		s.Rejected++
	default:
		s.Passed++
	}
	s.scores = append(s.scores, scored{o.result.Score, o.rejected()})
}

// thin takes the thumbnails of the lowest score away when they are too many.
func (s *section) thin() {
	pictured, lowest := 0, -1
	for i, c := range s.Cards {
		if !c.Pictured() {
			continue
		}
		pictured++
		if lowest < 0 || c.Score < s.Cards[lowest].Score {
			lowest = i
		}
	}
	if pictured > maxThumbnails {
		s.Cards[lowest].Picture, s.Cards[lowest].Heat = "", ""
		s.Plain++
	}
}

// describe fills in the facts.
func (s *section) describe(d *sdk.Detector, i device.Info) {
	s.Facts = detectorFacts(d)
	s.Facts = append(s.Facts, fact{"inspected on", describe(i)})
}

// detectorFacts says what a detector is.
func detectorFacts(d *sdk.Detector) []fact {
	facts := []fact{
		{"backbone", d.Backbone},
		{"method", describeMethod(d.Method)},
	}
	if size, err := d.Preparation.Canvas(); err == nil {
		facts = append(facts, fact{"picture size", fmt.Sprintf("%dx%d, %s", size.X, size.Y, d.Preparation.Geometry)})
	}
	t := d.Training
	calibration := fmt.Sprintf("%d good pictures held out", len(d.Calibration.Scores))
	if d.Calibration.Folds > 0 {
		calibration = fmt.Sprintf("%d good pictures in %d folds (approximate)", len(d.Calibration.Scores), d.Calibration.Folds)
	}
	return append(facts,
		fact{"learned from", fmt.Sprintf("%d good pictures, %d skipped", t.Pictures, t.Skipped)},
		fact{"calibrated on", calibration},
		fact{"schedule", fmt.Sprintf("%d epochs, seed %d, on %s; last loss %.4g", t.Epochs, t.Seed, t.Device, t.Loss)},
	)
}

func describeMethod(m method.Method) string {
	if s, ok := m.(*method.SimpleNet); ok {
		o := s.Options
		return fmt.Sprintf("%s: aggregation %s, channels %d and %d, hidden width %d", s.Name(), o.Aggregation, o.Channels[0], o.Channels[1], o.Hidden)
	}
	return m.Name()
}

func writeReport(w io.Writer, p page) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"number":  number,
		"percent": percent,
		"fixed":   func(v float64) string { return fmt.Sprintf("%.3f", v) },
	}).Parse(reportText)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// histogram is the drawing of how scores lie: the inspected pictures upwards,
// the calibration's downwards.
type histogram struct {
	Width, Height, Base float64
	Bars                []bar
	Ticks               []tick
	Threshold           float64 // where its line stands
	Value               float64
	Beyond              bool // the last bin holds everything beyond the scale
	Calibration, Count  int
}

type bar struct {
	Kind                string // "pass", "reject", "calibration"
	X, Y, Width, Height float64
	Count               int
	From, To            float64
}

type tick struct {
	X     float64
	Label string
}

const (
	histogramWidth  = 720
	histogramUp     = 130 // pixels for the inspected pictures
	histogramDown   = 70  // and for the calibration
	histogramBins   = 48
	histogramBeyond = 4 // times the distance from the lowest calibration score to the threshold
)

func newHistogram(calibration []float32, inspected []scored, threshold float64) histogram {
	h := histogram{Width: histogramWidth, Height: histogramUp + histogramDown, Base: histogramUp, Value: threshold, Calibration: len(calibration), Count: len(inspected)}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range calibration {
		low, high = min(low, float64(s)), max(high, float64(s))
	}
	// A threshold far outside (everything rejected) must not squeeze the rest.
	line := min(max(threshold, low-(high-low)-1), high+10*(high-low)+10)
	reach := line + histogramBeyond*max(line-low, 1)
	high = max(high, line)
	for _, s := range inspected {
		low, high = min(low, s.score), max(high, s.score)
	}
	low = min(low, line)
	h.Beyond = high > reach
	high = min(high, max(reach, low+1e-6))
	if !(high > low) {
		high = low + 1
	}
	margin := (high - low) / 50
	low, high = low-margin, high+margin
	place := func(v float64) float64 { return (v - low) / (high - low) * histogramWidth }
	h.Threshold = place(line)

	var up, rejected, down [histogramBins]int
	bin := func(v float64) int {
		return min(max(int((v-low)/(high-low)*histogramBins), 0), histogramBins-1)
	}
	for _, s := range inspected {
		up[bin(s.score)]++
		if s.rejected {
			rejected[bin(s.score)]++
		}
	}
	for _, s := range calibration {
		down[bin(float64(s))]++
	}
	mostUp, mostDown := 1, 1
	for i := range up {
		mostUp, mostDown = max(mostUp, up[i]), max(mostDown, down[i])
	}
	width := float64(histogramWidth) / histogramBins
	for i := range up {
		from := low + (high-low)*float64(i)/histogramBins
		to := low + (high-low)*float64(i+1)/histogramBins
		add := func(kind string, count int, y, height float64) {
			if count > 0 {
				h.Bars = append(h.Bars, bar{Kind: kind, X: float64(i)*width + 1, Y: y, Width: width - 2, Height: height, Count: count, From: from, To: to})
			}
		}
		unit := float64(histogramUp-10) / float64(mostUp)
		passed := up[i] - rejected[i]
		tall := unit * float64(passed)
		add(verdictPass, passed, histogramUp-tall, tall)
		over := unit * float64(rejected[i])
		add(verdictReject, rejected[i], histogramUp-tall-over, over)
		add("calibration", down[i], histogramUp, float64(histogramDown-10)/float64(mostDown)*float64(down[i]))
	}
	h.Ticks = ticks(low, high, place)
	return h
}

// ticks returns round numbers along the scale.
func ticks(low, high float64, place func(float64) float64) []tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, times := range []float64{2, 2.5, 2} {
		if (high-low)/step <= 9 {
			break
		}
		step *= times
	}
	var all []tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		all = append(all, tick{place(i * step), number(i*step + 0)}) // +0 turns -0 into 0
	}
	return all
}
