//go:build !inferonly

package session

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/assets"
)

// memory is a store of tables that may fail.
type memory struct {
	tables map[string]string
	fails  bool
}

func (m *memory) Load(name string) ([]byte, error) {
	if text, ok := m.tables[name]; ok && !m.fails {
		return []byte(text), nil
	}
	return nil, errors.New("nothing there")
}

func (m *memory) Save(name string, data []byte) error {
	if m.fails {
		return errors.New("no room")
	}
	m.tables[name] = string(data)
	return nil
}

// The first session measures and says so, the next remembers, one that shall not
// measures nothing, and a store that fails changes nothing; the scores are the same but
// for rounding.
func TestTune(t *testing.T) {
	_, file := learned(t)
	picture := part(t, 9, 64, 64, true).Bytes
	store := &memory{tables: map[string]string{}}
	want := math.NaN()
	for _, c := range []struct {
		name            string
		store           *memory
		noTune          bool
		measures, shows bool
	}{
		{"nothing is measured", store, true, false, false},
		{"the first", store, false, true, true},
		{"the second", store, false, false, true},
		{"no store", &memory{fails: true}, false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := startWith(t, c.store)
			e.refused(Request{Kind: Variants}, CodeNotOpen)
			must[any](e, Request{Kind: Weights, Name: "compact", Bytes: assets.Compact()})
			must[Opened](e, Request{Kind: Open, Device: "varied", NoTune: c.noTune})
			must[Summary](e, Request{Kind: Load, Bytes: file.Bytes})
			id := e.post(Request{Kind: Compile})
			if _, err := e.end(id); err != nil {
				t.Fatal(err)
			}
			score := must[Inspection](e, Request{Kind: Inspect, Bytes: picture}).Score
			if math.IsNaN(want) {
				want = score
			}
			if !(math.Abs(score-want) <= 1e-4*math.Abs(want)) {
				t.Errorf("the score is %v, %v by default kernels", score, want)
			}
			table := must[Table](e, Request{Kind: Variants})
			if table.Measured > 0 != c.measures || strings.Contains(table.Text, "conv2d Kernel:3") != c.shows {
				t.Errorf("measured %d operations; the table is\n%s", table.Measured, table.Text)
			}
			told := 0
			e.mu.Lock()
			for _, r := range e.replies {
				if p, ok := r.Value.(Progress); ok && r.ID == id && p.Phase == "measuring" {
					told = p.Done
				}
			}
			e.mu.Unlock()
			if told > 0 != c.measures {
				t.Errorf("progress told of %d operations measured", told)
			}
		})
	}
}
