// Package tune chooses among a device's ways to run an operation by measuring
// them, once for each operation and shape on a renderer, and remembers what it
// measured. Which way is fastest depends on the processor, the graphics card and
// its driver; no rule in the code knows them all.
//
// The ways of one operation differ in rounding. Where a result must not depend on
// what a clock said, as in learning on the cpu, use the device without tuning
// (Device.Untuned): buffers serve both.
package tune

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Options of New. The zero value measures and remembers as long as the process
// lives.
type Options struct {
	// Store keeps tables between processes, nil for nowhere.
	Store Store
	// Time is about how long each way of an operation is measured, 0 for 50 ms.
	Time time.Duration
	// Measured, if set, is called after each operation that had to be measured.
	Measured func(Entry)

	clock func() time.Duration // nil for the real one
}

// Device is a device whose Prepare takes the fastest way it measured. Its
// programs and buffers are the inner device's own, and so are all other methods.
// Prepare of an operation that was not met before takes as long as measuring it.
type Device struct {
	inner   device.Varied
	options Options

	mu    sync.Mutex
	table table
	tick  time.Duration // of the clock, 0 until it is asked for
	wait  time.Duration // for nothing, 0 until it is measured
}

// New returns inner with tuning. Closing it closes inner.
func New(inner device.Varied, o Options) *Device {
	if o.Time <= 0 {
		o.Time = 50 * time.Millisecond
	}
	if o.clock == nil {
		start := time.Now()
		o.clock = func() time.Duration { return time.Since(start) }
	}
	d := &Device{inner: inner, options: o, table: newTable(inner)}
	d.table.load(o.Store)
	return d
}

// Untuned returns the inner device, which takes its defaults.
func (d *Device) Untuned() device.Varied { return d.inner }

// Entries returns all that is known of this renderer, by operation.
func (d *Device) Entries() []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.sorted()
}

// Text returns the table as it is kept, for people and for programs: a line for each
// operation, with the milliseconds of each way, the default first, parted by tabs.
func (d *Device) Text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.text()
}

// Poison fills b with NaN where the inner device can, and does nothing elsewhere.
func (d *Device) Poison(b device.Buffer) error {
	if p, ok := d.inner.(device.Poisoner); ok {
		return p.Poison(b)
	}
	return nil
}

// Prepare builds the program of op by the fastest way. When no way can be
// measured it is the default's, error included.
func (d *Device) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	variants := d.inner.Variants(op, in)
	if len(variants) < 2 {
		return d.inner.Prepare(op, in)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := operation(op, in)
	if e, ok := d.table.entries[key]; ok && e.lists(variants) {
		return d.inner.PrepareVariant(op, in, e.Chosen())
	}
	m, err := d.measure(op, in, variants)
	if errors.Is(err, device.ErrLost) {
		return nil, err
	}
	if err != nil {
		return d.inner.Prepare(op, in)
	}
	e := Entry{Operation: key, Timings: m.timings}
	if !m.shortOfMemory {
		// What failed for want of memory may work another time.
		d.table.entries[key] = e
		d.table.save(d.options.Store)
	}
	if d.options.Measured != nil {
		d.options.Measured(e)
	}
	return m.take(e.Chosen()), nil
}

// Info is the inner device's.
func (d *Device) Info() device.Info { return d.inner.Info() }

// Alloc is the inner device's.
func (d *Device) Alloc(l device.Layout) (device.Buffer, error) { return d.inner.Alloc(l) }

// Run is the inner device's.
func (d *Device) Run(p device.Program, out, in []device.Buffer) error { return d.inner.Run(p, out, in) }

// Write is the inner device's.
func (d *Device) Write(b device.Buffer, t *tensor.Tensor) error { return d.inner.Write(b, t) }

// Read is the inner device's.
func (d *Device) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	return d.inner.Read(ctx, b, t)
}

// Close closes the inner device.
func (d *Device) Close() error { return d.inner.Close() }

var (
	_ device.Device   = (*Device)(nil)
	_ device.Poisoner = (*Device)(nil)
)
