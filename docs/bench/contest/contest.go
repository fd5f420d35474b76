// Package contest times things that do the same work, taking turns, and writes
// what it measured as a table and as JSON.
package contest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// Contender runs one thing a number of times and returns how long each took, or
// the mean of all where only the whole can be timed.
type Contender func(times int) ([]time.Duration, error)

// Row is our code and the peers, if any, that do the same work.
type Row struct {
	Name  string
	FLOP  float64 // of the direct computation, whatever the algorithm; 0 when unknown
	Ours  Contender
	Peers []Peer

	turns []turns // ours and the peers'
}

// Peer is somebody else's code.
type Peer struct {
	Name string // with its version
	// Ending tells the results beside this peer from those beside the row's first
	// one, whose name is the row's.
	Ending string
	Run    Contender
}

// Result is our code beside one peer, or alone: an object of the JSON. Times are
// medians of all runs.
type Result struct {
	Name   string   `json:"name"`
	Ours   float64  `json:"ours_ms"`
	Peer   *string  `json:"peer"`
	PeerMS *float64 `json:"peer_ms"`
	Ratio  *float64 `json:"ratio"` // ours over peer: the median of the rounds' ratios
	GFLOPS *float64 `json:"gflops"`
	// The interquartile ranges of the rounds' medians.
	OursSpread float64  `json:"ours_spread_ms"`
	PeerSpread *float64 `json:"peer_spread_ms"`
	// Machine is what all ran on, where one line says it.
	Machine string `json:"machine,omitempty"`

	best [2]float64 // the shortest times, for the table
}

const (
	// A thread pool that spins after its work would slow the next contender down:
	// OpenBLAS's does so for up to 26 ms.
	rest = 60 * time.Millisecond
	// turn is about how long a contender is timed before the next one's turn.
	turn     = 200 * time.Millisecond
	mostRuns = 10
)

// Rest waits until what ran before has come to rest.
func Rest() { time.Sleep(rest) }

// Timed makes a contender of a function.
func Timed(f func() error) Contender {
	return func(times int) ([]time.Duration, error) {
		taken := make([]time.Duration, times)
		for i := range taken {
			start := time.Now()
			if err := f(); err != nil {
				return nil, err
			}
			taken[i] = time.Since(start)
		}
		return taken, nil
	}
}

// Measure lets all contenders of a row take turns, so that whatever else the
// machine does falls on ours and on the peers alike. Each round begins with
// another one.
func Measure(ctx context.Context, rows []*Row, rounds int) ([]Result, error) {
	for _, r := range rows {
		r.turns = []turns{{run: r.Ours}}
		for _, p := range r.Peers {
			r.turns = append(r.turns, turns{run: p.Run})
		}
	}
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, r := range rows {
			for k := range r.turns {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				if err := r.turns[(k+round)%len(r.turns)].take(); err != nil {
					return nil, fmt.Errorf("%s: %w", r.Name, err)
				}
			}
		}
	}
	var results []Result
	for _, r := range rows {
		results = append(results, r.results()...)
	}
	return results, nil
}

// turns are one contender's.
type turns struct {
	run      Contender
	repeated int         // runs a turn
	rounds   [][]float64 // what every counted run took, ms
}

// take times a contender after a rest and a run to warm up.
func (t *turns) take() error {
	Rest()
	if _, err := t.run(1); err != nil {
		return err
	}
	if t.repeated == 0 {
		once, err := t.run(1) // the very first run says nothing of the others
		if err != nil {
			return err
		}
		t.repeated = min(max(int(turn/max(once[0], 1)), 1), mostRuns)
	}
	taken, err := t.run(t.repeated)
	var ms []float64
	for _, d := range taken {
		ms = append(ms, d.Seconds()*1000)
	}
	t.rounds = append(t.rounds, ms)
	return err
}

func (t *turns) all() []float64 { return slices.Concat(t.rounds...) }

// medians are the rounds'.
func (t *turns) medians() []float64 {
	var m []float64
	for _, round := range t.rounds {
		m = append(m, quantile(round, 0.5))
	}
	return m
}

func (t *turns) spread() float64 {
	m := t.medians()
	return quantile(m, 0.75) - quantile(m, 0.25)
}

// results are one for each peer, or one.
func (r *Row) results() []Result {
	ours := &r.turns[0]
	alone := Result{Name: r.Name, Ours: quantile(ours.all(), 0.5), OursSpread: ours.spread()}
	alone.best[0] = slices.Min(ours.all())
	if r.FLOP > 0 {
		speed := r.FLOP / alone.Ours / 1e6
		alone.GFLOPS = &speed
	}
	if r.Peers == nil {
		return []Result{alone}
	}
	var results []Result
	for i, p := range r.Peers {
		theirs := &r.turns[1+i]
		ratios := ours.medians()
		for round, ms := range theirs.medians() {
			ratios[round] /= ms
		}
		ms, spread, ratio := quantile(theirs.all(), 0.5), theirs.spread(), quantile(ratios, 0.5)
		beside := alone
		beside.Name += p.Ending
		beside.Peer, beside.PeerMS, beside.PeerSpread, beside.Ratio = &p.Name, &ms, &spread, &ratio
		beside.best[1] = slices.Min(theirs.all())
		results = append(results, beside)
	}
	return results
}

// Once is the result of something that was timed a single time.
func Once(name string, taken time.Duration) Result {
	ms := taken.Seconds() * 1000
	return Result{Name: name, Ours: ms, best: [2]float64{ms, ms}}
}

// quantile interpolates between the values next to the place in their order.
func quantile(values []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(values))
	place := q * float64(len(s)-1)
	i := int(place)
	return s[i] + (place-float64(i))*(s[min(i+1, len(s)-1)]-s[i])
}
