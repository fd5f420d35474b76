//go:build !js

package tune

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// fake is a device whose variants of a linear map take given times by a clock of
// its own.
type fake struct {
	devicetest.Recorder
	ways     []way
	revision string
	now      time.Duration
	prepared []string // variants in the order in which they were prepared
}

// way is a variant that takes so long, or fails where it says.
type way struct {
	name          string
	takes         time.Duration
	prepare, runs error
}

func (f *fake) Revision() string { return f.revision }

func (f *fake) Variants(op kernels.Op, _ []device.Operand) []string {
	if op.Name() != "linear" {
		return nil
	}
	var names []string
	for _, w := range f.ways {
		names = append(names, w.name)
	}
	return names
}

type fakeProgram struct {
	device.Program
	way way
}

func (f *fake) PrepareVariant(op kernels.Op, in []device.Operand, variant string) (device.Program, error) {
	i := slices.IndexFunc(f.ways, func(w way) bool { return w.name == variant })
	if f.ways[i].prepare != nil {
		return nil, f.ways[i].prepare
	}
	p, err := f.Recorder.Prepare(op, in)
	f.prepared = append(f.prepared, variant)
	return &fakeProgram{p, f.ways[i]}, err
}

func (f *fake) Run(p device.Program, out, in []device.Buffer) error {
	q, ok := p.(*fakeProgram)
	if !ok {
		return f.Recorder.Run(p, out, in)
	}
	if q.way.runs != nil {
		return q.way.runs
	}
	f.now += q.way.takes
	return f.Recorder.Run(q.Program, out, in)
}

func newFake(ways ...way) *fake {
	return &fake{ways: ways, revision: "r1"}
}

func (f *fake) tuned(o Options) *Device {
	o.clock = func() time.Duration { return f.now }
	return New(f, o)
}

var small = []device.Operand{{Shape: tensor.Rows(3, 5)}, {Shape: tensor.Shape{4, 3, 1, 1}, Constant: true}}

// choose prepares a linear map and returns the variant it got, "" for none.
func choose(t *testing.T, d *Device, in ...device.Operand) string {
	t.Helper()
	p, err := d.Prepare(kernels.Linear{}, in)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if q, ok := p.(*fakeProgram); ok {
		return q.way.name
	}
	return ""
}

var errBroken = errors.New("errBroken")

func TestChoice(t *testing.T) {
	memory := fmt.Errorf("full: %w", device.ErrOutOfMemory)
	for _, c := range []struct {
		name string
		ways []way
		want string
		kept bool
	}{
		{"fastest", []way{{name: "a", takes: 300}, {name: "b", takes: 100}, {name: "c", takes: 200}}, "b", true},
		{"default when about as fast", []way{{name: "a", takes: 100}, {name: "b", takes: 96}}, "a", true},
		{"slow ones", []way{{name: "a", takes: time.Second}, {name: "b", takes: time.Minute}}, "a", true},
		{"no time passes", []way{{name: "a"}, {name: "b"}}, "a", true},
		{"one does not compile", []way{{name: "a", takes: 100}, {name: "b", prepare: errBroken}}, "a", true},
		{"the default does not compile", []way{{name: "a", prepare: errBroken}, {name: "b", takes: 9}}, "b", true},
		{"one does not run", []way{{name: "a", runs: errBroken}, {name: "b", takes: 9}}, "b", true},
		{"short of memory", []way{{name: "a", takes: 100}, {name: "b", prepare: memory}}, "a", false},
		{"none runs", []way{{name: "a", runs: errBroken}, {name: "b", prepare: errBroken}}, "", false},
		{"no choice", []way{{name: "a", takes: 100}}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(c.ways...)
			d := f.tuned(Options{})
			if got := choose(t, d, small...); got != c.want {
				t.Errorf("chose %q, want %q", got, c.want)
			}
			if f.LiveBuffers != 0 || f.LivePrograms != 0 {
				t.Errorf("%d buffers and %d programs are left", f.LiveBuffers, f.LivePrograms)
			}
			if kept := len(d.Entries()) == 1; kept != c.kept {
				t.Errorf("kept: %v, want %v", kept, c.kept)
			}
			f.prepared = nil
			if got := choose(t, d, small...); got != c.want {
				t.Errorf("chose %q the second time, want %q", got, c.want)
			}
			if c.kept && len(f.prepared) != 1 {
				t.Errorf("prepared %q the second time", f.prepared)
			}
		})
	}
}

func TestLost(t *testing.T) {
	f := newFake(way{name: "a"}, way{name: "b", runs: device.ErrLost})
	if _, err := f.tuned(Options{}).Prepare(kernels.Linear{}, small); !errors.Is(err, device.ErrLost) {
		t.Errorf("got %v", err)
	}
	if f.LivePrograms != 0 {
		t.Errorf("%d programs are left", f.LivePrograms)
	}
}

// Time is spent on each variant for about as long as asked, and on a hopeless one
// less.
func TestTime(t *testing.T) {
	f := newFake(way{name: "a", takes: 10 * time.Millisecond}, way{name: "b", takes: 100 * time.Millisecond})
	choose(t, f.tuned(Options{Time: 30 * time.Millisecond}), small...)
	// Two runs to warm up and begin, three rounds of a.
	if want := 230 * time.Millisecond; f.now != want+20*time.Millisecond {
		t.Errorf("took %v, want %v", f.now, want+20*time.Millisecond)
	}
}

// Browsers have coarse clocks: samples last longer there, and by one that is too
// coarse nothing is measured.
func TestCoarseClock(t *testing.T) {
	for _, c := range []struct {
		tick time.Duration
		want string
	}{{time.Millisecond, "b"}, {100 * time.Millisecond, ""}} {
		f := newFake(way{name: "a", takes: 150 * time.Microsecond}, way{name: "b", takes: 100 * time.Microsecond}, way{name: "c", takes: 5 * time.Millisecond})
		d := New(f, Options{clock: func() time.Duration {
			f.now += time.Microsecond
			return f.now.Truncate(c.tick)
		}})
		if got := choose(t, d, small...); got != c.want || len(d.Entries()) == 1 != (c.want == "b") {
			t.Errorf("by a clock of %v: chose %q, want %q; %v", c.tick, got, c.want, d.Entries())
		}
	}
}

func TestShapesApart(t *testing.T) {
	f := newFake(way{name: "a", takes: 200}, way{name: "b", takes: 100})
	measured := 0
	d := f.tuned(Options{Measured: func(Entry) { measured++ }})
	variable := slices.Clone(small)
	variable[1].Constant = false
	for range 2 {
		choose(t, d, small...)
		choose(t, d, variable...)
	}
	if measured != 2 || len(d.Entries()) != 2 {
		t.Errorf("measured %d operations, %d entries", measured, len(d.Entries()))
	}
	if _, err := d.Prepare(kernels.Add{}, []device.Operand{{Shape: tensor.Scalar}, {Shape: tensor.Scalar}}); err != nil || measured != 2 {
		t.Errorf("an operation without variants: %v, %d measured", err, measured)
	}
	if _, err := d.Prepare(kernels.Linear{}, small[:1]); err == nil {
		t.Error("too few inputs were accepted")
	}
}

// memory is a Store that may fail.
type memory struct {
	tables map[string][]byte
	failed error
}

func (m *memory) Load(name string) ([]byte, error) { return m.tables[name], m.failed }

func (m *memory) Save(name string, data []byte) error {
	if m.failed == nil {
		m.tables[name] = data
	}
	return m.failed
}

func TestRemembered(t *testing.T) {
	files := Files{filepath.Join(t.TempDir(), "a", "b")}
	first := newFake(way{name: "a", takes: 200}, way{name: "b", takes: 100})
	d := first.tuned(Options{Store: files})
	// Another process began before this one saved, and adds another shape.
	meanwhile := newFake(first.ways...).tuned(Options{Store: files})
	other := device.Operand{Shape: tensor.Rows(3, 6)}
	choose(t, d, small...)
	choose(t, meanwhile, other, small[1])

	second := newFake(way{name: "a", takes: 100}, way{name: "b", takes: 200})
	again := second.tuned(Options{Store: files})
	if got := choose(t, again, small...); got != "b" || len(second.prepared) != 1 {
		t.Errorf("chose %q after preparing %q", got, second.prepared)
	}
	if got := choose(t, again, other, small[1]); got != "b" {
		t.Errorf("the second process's entry: chose %q", got)
	}
	if !slices.EqualFunc(again.Entries()[0].Timings, d.Entries()[0].Timings, func(a, b Timing) bool { return a == b }) {
		t.Errorf("%v came back as %v", d.Entries()[0], again.Entries()[0])
	}
	left, err := os.ReadDir(files.Folder)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// Tables that do not fit are forgotten and replaced by good ones.
func TestForeignTables(t *testing.T) {
	ways := []way{{name: "a", takes: 200}, {name: "b", takes: 100}}
	store := &memory{tables: map[string][]byte{}}
	choose(t, newFake(ways...).tuned(Options{Store: store}), small...)
	var name, good string
	for n, data := range store.tables {
		name, good = n, string(data)
	}
	if !strings.Contains(good, "linear 1x3x") || !strings.HasPrefix(good, format) {
		t.Fatalf("table %q", good)
	}
	for what, table := range map[string]string{
		"empty":                "",
		"binary":               "\x00\xff\x00",
		"another format":       strings.Replace(good, format, "flawscope variants 2", 1),
		"other kernels":        strings.Replace(good, "r1", "r2", 1),
		"another renderer":     strings.Replace(good, "none", "some", 1),
		"cut off":              good[:len(good)-5],
		"cut off in an entry":  good[:strings.LastIndex(good, "entries")-3],
		"no entries":           good[:strings.Index(good, "linear")],
		"wrong count":          strings.Replace(good, "entries\t1", "entries\t2", 1),
		"no number":            strings.Replace(good, "\tb\t0.", "\tb\tx.", 1),
		"not finite":           strings.Replace(good, "\tb\t0.0001", "\tb\tNaN", 1),
		"negative":             strings.Replace(good, "\tb\t0", "\tb\t-0", 1),
		"a field too many":     strings.Replace(good, "\tb\t0", "\tb\tc\t0", 1),
		"other variants":       strings.Replace(good, "\tb\t", "\tz\t", 1),
		"too large":            good + strings.Repeat("x", maxBytes),
		"only half a variant":  strings.Replace(good, "\tb\t0.0001", "\tb", 1),
		"other order of lines": "kernels\tr1\n" + good,
	} {
		t.Run(what, func(t *testing.T) {
			if table == good {
				t.Fatal("nothing is wrong with the table")
			}
			store.tables[name] = []byte(table)
			f := newFake(ways...)
			if got := choose(t, f.tuned(Options{Store: store}), small...); got != "b" || len(f.prepared) != 2 {
				t.Errorf("chose %q after preparing %q", got, f.prepared)
			}
			if got := string(store.tables[name]); got != good {
				t.Errorf("replaced by %q", got)
			}
		})
	}
}

// A store that fails costs nothing but remembering.
func TestStoreFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]Store{"errors": &memory{failed: errBroken}, "no folder": Files{filepath.Join(file, "tune")}, "none": nil} {
		t.Run(name, func(t *testing.T) {
			f := newFake(way{name: "a", takes: 200}, way{name: "b", takes: 100})
			d := f.tuned(Options{Store: store})
			if got := choose(t, d, small...); got != "b" {
				t.Errorf("chose %q", got)
			}
			if got := choose(t, d, small...); got != "b" || len(f.prepared) != 3 {
				t.Errorf("then chose %q after preparing %q", got, f.prepared)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	files := Files{t.TempDir()}
	if err := os.Mkdir(filepath.Join(files.Folder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files.Folder, "large"), make([]byte, maxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"folder", "large", "nothing"} {
		if _, err := files.Load(name); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if err := files.Save("folder", []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(files.Folder); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Several devices of one renderer may be tuned at once, and one by several
// goroutines.
func TestConcurrent(t *testing.T) {
	files := Files{t.TempDir()}
	var group sync.WaitGroup
	for range 3 {
		f := newFake(way{name: "a", takes: 200}, way{name: "b", takes: 100})
		d := f.tuned(Options{Store: files})
		for i := range 4 {
			group.Go(func() {
				for n := range 5 {
					p, err := d.Prepare(kernels.Linear{}, []device.Operand{{Shape: tensor.Rows(3, 1+n+i)}, small[1]})
					if err != nil || p.(*fakeProgram).way.name != "b" {
						t.Errorf("%v, %v", p, err)
					}
				}
			})
		}
	}
	group.Wait()
	f := newFake(way{name: "a"}, way{name: "b"})
	if got := choose(t, f.tuned(Options{Store: files}), device.Operand{Shape: tensor.Rows(3, 4)}, small[1]); got != "b" || len(f.prepared) != 1 {
		t.Errorf("chose %q after preparing %q", got, f.prepared)
	}
}

func TestPoison(t *testing.T) {
	d := newFake().tuned(Options{})
	b, err := d.Alloc(device.Layout{Shape: tensor.Vector(3)})
	if err != nil {
		t.Fatal(err)
	}
	got := tensor.New(tensor.Vector(3))
	if err := d.Poison(b); err != nil {
		t.Fatal(err)
	}
	if err := d.Read(t.Context(), b, got); err != nil || got.Data[2] == got.Data[2] {
		t.Errorf("read %v, %v", got.Data, err)
	}
	if d.Untuned() == nil || d.Info().Name != "recorder" {
		t.Errorf("%v", d.Info())
	}
}

// Run adds no allocation to the inner device's.
func TestRunDoesNotAllocate(t *testing.T) {
	f := &silent{*newFake(way{name: "a"}, way{name: "b"})}
	d := New(f, Options{})
	var out, in []device.Buffer
	if n := testing.AllocsPerRun(100, func() {
		if err := d.Run(nil, out, in); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// silent runs nothing.
type silent struct{ fake }

func (*silent) Run(device.Program, []device.Buffer, []device.Buffer) error { return nil }

func TestOrdinary(t *testing.T) {
	sum := 0.0
	x := ordinary(tensor.Rows(1, 10000), 1)
	for _, v := range x.Data {
		if !(v >= -1 && v <= 1) || v != 0 && v < 1e-7 && v > -1e-7 {
			t.Fatalf("value %v", v)
		}
		sum += float64(v)
	}
	if sum < -300 || sum > 300 {
		t.Errorf("sum %v", sum)
	}
}
