package tune

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Entry is what was measured of one operation on given shapes.
type Entry struct {
	// Operation is the operation with its attributes and operands; those written
	// once are marked const.
	Operation string
	Timings   []Timing // the default first
}

// Timing is the least time of one way to run an operation, 0 when it cannot run
// here.
type Timing struct {
	Variant string
	Time    time.Duration
}

// margin is by how much another way must be faster than the default to be taken:
// less is noise.
const margin = 0.05

// Chosen returns the way to take: the fastest that runs, but the default when it
// is about as fast.
func (e Entry) Chosen() string {
	best := e.Timings[0]
	for _, t := range e.Timings[1:] {
		if t.Time > 0 && (best.Time == 0 || t.Time < best.Time) {
			best = t
		}
	}
	if first := e.Timings[0]; first.Time > 0 && float64(first.Time)*(1-margin) <= float64(best.Time) {
		return first.Variant
	}
	return best.Variant
}

// lists says whether the entry compares just these ways.
func (e Entry) lists(variants []string) bool {
	return slices.EqualFunc(e.Timings, variants, func(t Timing, v string) bool { return t.Variant == v })
}

// operation writes op, its attributes but for zeros, and its operands in a line.
func operation(op kernels.Op, in []device.Operand) string {
	var b strings.Builder
	b.WriteString(op.Name())
	for _, attribute := range strings.Fields(strings.Trim(fmt.Sprintf("%+v", op), "{}")) {
		if !strings.HasSuffix(attribute, ":0") && !strings.HasSuffix(attribute, ":false") {
			b.WriteString(" " + attribute)
		}
	}
	for _, o := range in {
		fmt.Fprintf(&b, " %v", o.Shape)
		if o.Constant {
			b.WriteString(" const")
		}
	}
	return b.String()
}

// plain returns s on one line without the tabs that part fields.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }

// table is what is known of one renderer. It is kept as text: a head that names
// the format, the renderer and the kernels; a line for each entry, its fields
// parted by tabs, times in milliseconds, - for what cannot run; and a last line
// with the number of entries, so that half a table is not taken for a whole one.
type table struct {
	name    string // in the store
	head    string
	entries map[string]Entry
}

const format = "flawscope variants 1"

func newTable(d device.Varied) table {
	i := d.Info()
	renderer := plain(i.Name + ": " + i.Renderer + ", " + i.Detail)
	h := fnv.New64a()
	h.Write([]byte(renderer))
	return table{
		name:    fmt.Sprintf("%s-%016x.txt", i.Name, h.Sum64()),
		head:    fmt.Sprintf("%s\nrenderer\t%s\nkernels\t%s\n", format, renderer, plain(d.Revision())),
		entries: map[string]Entry{},
	}
}

// load adds what the store has and this table lacks. A table of another format, of
// other kernels or not whole is as good as none.
func (t *table) load(s Store) {
	if s == nil {
		return
	}
	data, err := s.Load(t.name)
	if err != nil || len(data) > maxBytes {
		return
	}
	body, ok := strings.CutPrefix(string(data), t.head)
	if !ok {
		return
	}
	lines := strings.Split(body, "\n")
	n := len(lines) - 2 // the last line ends by a newline too
	if n < 0 || lines[n] != end(n) || lines[n+1] != "" {
		return
	}
	for _, line := range lines[:n] {
		e, ok := parse(line)
		if _, known := t.entries[e.Operation]; ok && !known {
			t.entries[e.Operation] = e
		}
	}
}

func end(entries int) string { return "entries\t" + strconv.Itoa(entries) }

func parse(line string) (Entry, bool) {
	fields := strings.Split(line, "\t")
	if len(fields) < 3 || len(fields)%2 == 0 {
		return Entry{}, false
	}
	e := Entry{Operation: fields[0]}
	for i := 1; i < len(fields); i += 2 {
		t := Timing{Variant: fields[i]}
		if fields[i+1] != "-" {
			ms, err := strconv.ParseFloat(fields[i+1], 64)
			if err != nil || !(ms > 0 && ms < 1e9) {
				return Entry{}, false
			}
			t.Time = time.Duration(math.Round(ms * 1e6))
		}
		e.Timings = append(e.Timings, t)
	}
	return e, true
}

// save stores the table with what another process added meanwhile. A store that
// cannot is left alone: then nothing is remembered.
func (t *table) save(s Store) {
	if s == nil {
		return
	}
	t.load(s)
	if text := t.text(); len(text) <= maxBytes {
		_ = s.Save(t.name, []byte(text))
	}
}

func (t *table) text() string {
	var b strings.Builder
	b.WriteString(t.head)
	for _, e := range t.sorted() {
		b.WriteString(e.Operation)
		for _, m := range e.Timings {
			ms := "-"
			if m.Time > 0 {
				ms = strconv.FormatFloat(float64(m.Time)/1e6, 'f', -1, 64)
			}
			b.WriteString("\t" + m.Variant + "\t" + ms)
		}
		b.WriteByte('\n')
	}
	b.WriteString(end(len(t.entries)) + "\n")
	return b.String()
}

func (t *table) sorted() []Entry {
	var all []Entry
	for _, key := range tensor.SortedKeys(t.entries) {
		all = append(all, t.entries[key])
	}
	return all
}
