package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far a piece of work is: a bar on a terminal, a plain line
// now and then elsewhere.
type progress struct {
	w       io.Writer
	what    string // "reading"
	unit    string // "pictures"
	from    int    // done before it began
	total   int
	bar     *progressbar.ProgressBar
	started time.Time
	said    time.Time // when the last plain line was written, zero for never
}

// quiet is the time between two plain lines.
const quiet = 10 * time.Second

// newProgress begins to show total units of work, of which from are done already.
func newProgress(w io.Writer, what, unit string, from, total int) *progress {
	p := &progress{w: w, what: what, unit: unit, from: from, total: total, started: time.Now()}
	if isTerminal(w) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(fmt.Sprintf("%-11s", what)),
			progressbar.OptionSetItsString(unit),
			progressbar.OptionShowIts(),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionUseANSICodes(true),
		)
		p.bar.StartWithoutRender()
	}
	return p
}

// set shows that done units are over.
func (p *progress) set(done int) {
	if done <= p.from {
		return
	}
	if p.bar != nil {
		// A bar that cannot be drawn is no reason to stop.
		_ = p.bar.Set(done)
		return
	}
	now := time.Now()
	if now.Sub(p.said) < quiet || done >= p.total {
		return
	}
	if p.said.IsZero() {
		fmt.Fprintf(p.w, "%s: %d %s\n", p.what, p.total, p.unit)
	} else {
		each := now.Sub(p.started) / time.Duration(max(done-p.from, 1))
		left := each * time.Duration(p.total-done)
		fmt.Fprintf(p.w, "%s: %d of %d %s, %.1f/s, %v left\n", p.what, done, p.total, p.unit, 1/each.Seconds(), left.Round(time.Second))
	}
	p.said = now
}

// clear takes the bar off the screen, so that a line can be written; the next
// set draws it again.
func (p *progress) clear() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
	}
}

// finish ends the display and says how long it took.
func (p *progress) finish() {
	p.clear()
	took := time.Since(p.started)
	fmt.Fprintf(p.w, "%s: %d %s in %v\n", p.what, p.total, p.unit, took.Round(100*time.Millisecond))
}
