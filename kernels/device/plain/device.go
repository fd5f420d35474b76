// Package plain runs operations on one thread in plain Go: matrix products by a
// blocked loop, everything else by its reference. It is the processor's device
// for programs that are downloaded, a tenth of package cpu.
package plain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Options of Open. The zero value is good.
type Options struct {
	// Yield is called again and again while a product is computed, some thousand
	// sums apart, so that one thread can do something else meanwhile.
	Yield func()
}

// Device implements device.Device.
type Device struct {
	options Options
	closed  bool
}

// Open returns a device.
func Open(o Options) *Device {
	if o.Yield == nil {
		o.Yield = func() {}
	}
	return &Device{options: o}
}

// Info names the architecture.
func (d *Device) Info() device.Info {
	return device.Info{Name: "cpu", Renderer: runtime.GOARCH, Detail: "plain Go, 1 thread", Tolerance: 1e-4}
}

// Close does nothing but end the device's use: its memory is Go's.
func (d *Device) Close() error {
	d.closed = true
	return nil
}

type buffer struct{ tensor *tensor.Tensor }

func (b *buffer) Layout() device.Layout { return device.Layout{Shape: b.tensor.Shape} }
func (b *buffer) Bytes() int64          { return 4 * int64(len(b.tensor.Data)) }
func (b *buffer) Close()                { b.tensor.Data = nil }

// maxFloats is the size of the largest buffer.
const maxFloats = 1 << 32

// Alloc returns a buffer. Memory that is not there ends the process, as always in
// Go; only sizes beyond every machine are refused.
func (d *Device) Alloc(l device.Layout) (device.Buffer, error) {
	if n := l.Shape.Len(); n == 0 || int64(n) > maxFloats {
		return nil, fmt.Errorf("plain: a buffer of shape %v: %w", l.Shape, device.ErrOutOfMemory)
	}
	if l.Packing != "" {
		return nil, fmt.Errorf("plain: no program wants the packing %q", l.Packing)
	}
	return &buffer{tensor.New(l.Shape)}, nil
}

// own returns the tensor of a buffer, which must have the shape.
func own(b device.Buffer, s tensor.Shape) (*tensor.Tensor, error) {
	c, ok := b.(*buffer)
	if !ok || c.tensor.Data == nil {
		return nil, errors.New("plain: a buffer of another device, or one that was closed")
	}
	if c.tensor.Shape != s {
		return nil, fmt.Errorf("plain: a buffer of %v where %v belongs", c.tensor.Shape, s)
	}
	return c.tensor, nil
}

// Write copies t into b.
func (d *Device) Write(b device.Buffer, t *tensor.Tensor) error {
	to, err := own(b, t.Shape)
	if err == nil {
		copy(to.Data, t.Data)
	}
	return err
}

// Read copies b into t.
func (d *Device) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	from, err := own(b, t.Shape)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		copy(t.Data, from.Data)
	}
	return err
}

// Poison fills b with NaN.
func (d *Device) Poison(b device.Buffer) error {
	t, err := own(b, b.Layout().Shape)
	if err != nil {
		return err
	}
	for i := range t.Data {
		t.Data[i] = float32(math.NaN())
	}
	return nil
}

// program is an operation made ready.
type program struct {
	run     func(out, in []*tensor.Tensor)
	inputs  []device.Layout
	outputs []tensor.Shape
	out, in []*tensor.Tensor // of the current run
}

func (p *program) Ready(ctx context.Context) error { return ctx.Err() }
func (p *program) Inputs() []device.Layout         { return p.inputs }
func (p *program) Close()                          {}

// Prepare chooses the routine for op.
func (d *Device) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	p := &program{run: op.Reference}
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
		p.inputs = append(p.inputs, device.Layout{Shape: o.Shape})
	}
	var err error
	if p.outputs, err = op.Outputs(shapes...); err != nil {
		return nil, err
	}
	p.in, p.out = make([]*tensor.Tensor, len(in)), make([]*tensor.Tensor, len(p.outputs))
	if m := newProduct(op, shapes, d.options.Yield); m != nil {
		p.run = m.run
	}
	return p, nil
}

// Run carries out p and returns when it is done.
func (d *Device) Run(prepared device.Program, out, in []device.Buffer) (err error) {
	p, ok := prepared.(*program)
	if !ok || len(out) != len(p.out) || len(in) != len(p.in) {
		return errors.New("plain: a program of another device or with other buffers")
	}
	if d.closed {
		return errors.New("plain: the device is closed")
	}
	for i, b := range in {
		if p.in[i], err = own(b, p.inputs[i].Shape); err != nil {
			return err
		}
	}
	for i, b := range out {
		if p.out[i], err = own(b, p.outputs[i]); err != nil {
			return err
		}
	}
	p.run(p.out, p.in)
	clear(p.in)
	clear(p.out)
	d.options.Yield()
	return nil
}
