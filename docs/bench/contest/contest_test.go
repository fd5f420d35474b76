package contest

import (
	"math"
	"testing"
	"time"
)

// TestMeasure: contenders take turns, only what comes after the warm-up counts,
// and ratios are those within a round.
func TestMeasure(t *testing.T) {
	calls := ""
	contender := func(name string, ms int) Contender {
		return func(times int) ([]time.Duration, error) {
			taken := make([]time.Duration, times)
			for i := range taken {
				calls += name
				taken[i] = time.Duration(ms) * time.Millisecond
			}
			return taken, nil
		}
	}
	rows := []*Row{
		{Name: "both", FLOP: 2e9, Ours: contender("a", 100), Peers: []Peer{{Name: "p", Run: contender("b", 200)}, {Name: "q", Ending: "/q", Run: contender("d", 50)}}},
		{Name: "ours alone", Ours: contender("c", 150)},
	}
	results, err := Measure(t.Context(), rows, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := "aaaa" + "bbb" + "dddddd" + "ccc" + "bb" + "ddddd" + "aaa" + "cc"; calls != want {
		t.Errorf("calls %s, want %s", calls, want)
	}
	if len(results) != 3 {
		t.Fatalf("%d results", len(results))
	}
	first, second, alone := results[0], results[1], results[2]
	if first.Name != "both" || first.Ours != 100 || *first.PeerMS != 200 || *first.Ratio != 0.5 || *first.GFLOPS != 20 || *first.Peer != "p" {
		t.Errorf("first: %+v", first)
	}
	if second.Name != "both/q" || second.Ours != 100 || *second.PeerMS != 50 || *second.Ratio != 2 || *second.Peer != "q" {
		t.Errorf("second: %+v", second)
	}
	if alone.Ours != 150 || alone.Peer != nil || alone.Ratio != nil || alone.GFLOPS != nil {
		t.Errorf("ours alone: %+v", alone)
	}
}

// TestPairs: a machine that slows down after the first round changes the times but
// not the ratio.
func TestPairs(t *testing.T) {
	r := Row{Name: "slowing", Peers: []Peer{{Name: "p"}}, turns: []turns{
		{rounds: [][]float64{{1}, {10}, {10}}},
		{rounds: [][]float64{{4}, {40}, {40}}},
	}}
	got := r.results()[0]
	if *got.Ratio != 0.25 || got.Ours != 10 || got.OursSpread != 4.5 || *got.PeerSpread != 18 {
		t.Errorf("%+v, ratio %v", got, *got.Ratio)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3}, 0.75, 3},
		{[]float64{3, 1}, 0.5, 2},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{5, 4, 3, 2, 1}, 0.25, 2},
		{[]float64{5, 4, 3, 2, 1}, 1, 5},
	} {
		if got := quantile(c.values, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile %v of %v is %v, want %v", c.q, c.values, got, c.want)
		}
	}
}
