package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// contender runs one thing a number of times and returns how long each took.
type contender func(times int) ([]time.Duration, error)

// line is one line of the table: our code and, where there is one, a peer doing
// the same work.
type line struct {
	name     string
	flop     float64 // of the direct computation, whatever the algorithm
	ours     contender
	peer     string // its name and version
	theirs   contender
	repeated [2]int // calls a turn, ours and theirs
	taken    [2][]time.Duration
}

// result is a row's line in bench.json. Times are medians.
type result struct {
	Name   string   `json:"name"`
	Ours   float64  `json:"ours_ms"`
	Peer   *string  `json:"peer"`
	PeerMS *float64 `json:"peer_ms"`
	Ratio  *float64 `json:"ratio"` // ours over peer
	GFLOPS *float64 `json:"gflops"`

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

// timed makes a contender of a function.
func timed(f func() error) contender {
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

// measure lets all contenders take turns, so that whatever else the machine does
// falls on ours and on the peers alike, and takes medians. The first of two
// rounds starts with ours, the second with the peer.
func measure(ctx context.Context, rows []*line, rounds int) ([]result, error) {
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, r := range rows {
			for k := range 2 {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				if err := r.turn((k + round) % 2); err != nil {
					return nil, fmt.Errorf("%s: %w", r.name, err)
				}
			}
		}
	}
	var results []result
	for _, r := range rows {
		results = append(results, r.result())
	}
	return results, nil
}

// turn times ours (0) or the peer (1) after a rest and a run to warm up.
func (r *line) turn(k int) error {
	run := [2]contender{r.ours, r.theirs}[k]
	if run == nil {
		return nil
	}
	time.Sleep(rest)
	if _, err := run(1); err != nil {
		return err
	}
	if r.repeated[k] == 0 {
		once, err := run(1) // the very first run says nothing of the others
		if err != nil {
			return err
		}
		r.repeated[k] = min(max(int(turn/max(once[0], 1)), 1), mostRuns)
	}
	taken, err := run(r.repeated[k])
	r.taken[k] = append(r.taken[k], taken...)
	return err
}

func (r *line) result() result {
	line := result{Name: r.name, Ours: median(r.taken[0]), best: [2]float64{least(r.taken[0]), least(r.taken[1])}}
	if r.flop > 0 {
		speed := r.flop / line.Ours / 1e6
		line.GFLOPS = &speed
	}
	if r.theirs != nil {
		peer, ms := r.peer, median(r.taken[1])
		ratio := line.Ours / ms
		line.Peer, line.PeerMS, line.Ratio = &peer, &ms, &ratio
	}
	return line
}

// least is in milliseconds, 0 of nothing.
func least(taken []time.Duration) float64 {
	if len(taken) == 0 {
		return 0
	}
	return slices.Min(taken).Seconds() * 1000
}

// median is in milliseconds.
func median(taken []time.Duration) float64 {
	s := slices.Sorted(slices.Values(taken))
	return (s[(len(s)-1)/2] + s[len(s)/2]).Seconds() * 1000 / 2
}
