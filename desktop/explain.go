package main

import (
	"fmt"

	"github.com/flawscope/flawscope/sdk"
)

// explain says in a sentence what the threshold is and how it was chosen.
func explain(d sdk.Decision, c sdk.Calibration, p sdk.Policy) string {
	n := len(c.Scores)
	from := fmt.Sprintf("%d good pictures that were not learned from", n)
	if c.Folds > 0 {
		from = fmt.Sprintf("%d good pictures, judged in %d turns by detectors that had not seen them", n, c.Folds)
	}
	about := "about "
	if d.Approximate {
		about = "approximately "
	}
	if p.Threshold != nil {
		return fmt.Sprintf("threshold %s, as given: %s%s of good parts would be rejected, by %s", number(d.Threshold), about, percent(d.FalseReject), from)
	}
	s := fmt.Sprintf("threshold %s: %s%s of good parts are rejected, by %s", number(d.Threshold), about, percent(d.FalseReject), from)
	switch {
	case d.Clamped:
		s += fmt.Sprintf("; %s was asked for, but so few pictures support no less than 1/%d", percent(p.FalseReject), n+1)
	case p.FalseReject == 0 && d.FalseReject > sdk.DefaultFalseReject:
		s += fmt.Sprintf("; so few pictures support no less than 1/%d", n+1)
	}
	return s
}

func number(v float64) string  { return fmt.Sprintf("%.4g", v) }
func percent(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }
