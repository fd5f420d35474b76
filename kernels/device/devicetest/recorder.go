package devicetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Recorder is a device that counts what is asked of it, for testing schedules. It
// refuses what the contract forbids: closed buffers and programs, buffers of the
// wrong layout, an output that is also an input, reading a packed buffer. Its
// zero value is ready.
type Recorder struct {
	// Compute makes Run compute by the reference; otherwise outputs are zero.
	Compute bool
	// Pack makes programs of Conv2D and Linear want constant weights in a packing
	// of their own.
	Pack bool
	// Budget is the number of bytes Alloc gives out at most at a time, 0 for no limit.
	Budget int64

	// Prepares, Allocs, Runs, Writes and Reads count the calls that succeeded.
	Prepares, Allocs, Runs, Writes, Reads int
	// LivePrograms and LiveBuffers are those not closed yet.
	LivePrograms, LiveBuffers int
	// LiveBytes and PeakBytes are the memory of buffers, now and at its highest.
	LiveBytes, PeakBytes int64
	// Ran lists the operations run, in order.
	Ran []kernels.Op

	closed bool
}

// Reset sets the counts of calls back to zero and empties Ran.
func (r *Recorder) Reset() {
	r.Prepares, r.Allocs, r.Runs, r.Writes, r.Reads = 0, 0, 0, 0, 0
	r.PeakBytes = r.LiveBytes
	r.Ran = nil
}

var errClosed = errors.New("recorder: closed")

// Info describes the recorder.
func (r *Recorder) Info() device.Info {
	return device.Info{Name: "recorder", Renderer: "none", Tolerance: 1e-6, MaxBufferBytes: r.Budget}
}

// Prepare checks the shapes.
func (r *Recorder) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	if r.closed {
		return nil, errClosed
	}
	shapes := make([]tensor.Shape, len(in))
	p := &recordedProgram{recorder: r, op: op}
	for i, operand := range in {
		shapes[i] = operand.Shape
		l := device.Layout{Shape: operand.Shape}
		if name := op.Name(); r.Pack && i == 1 && operand.Constant && (name == "conv2d" || name == "linear") {
			l.Packing = name + " weights"
		}
		p.in = append(p.in, l)
	}
	var err error
	if p.out, err = op.Outputs(shapes...); err != nil {
		return nil, err
	}
	r.Prepares++
	r.LivePrograms++
	return p, nil
}

// Alloc hands out memory within the budget.
func (r *Recorder) Alloc(l device.Layout) (device.Buffer, error) {
	if r.closed {
		return nil, errClosed
	}
	n := l.Shape.Len()
	if n == 0 || n > math.MaxInt/8 {
		return nil, fmt.Errorf("recorder: shape %v", l.Shape)
	}
	b := &recordedBuffer{recorder: r, layout: l, values: tensor.New(l.Shape)}
	if r.Budget > 0 && r.LiveBytes+b.Bytes() > r.Budget {
		return nil, fmt.Errorf("recorder: %d bytes: %w", b.Bytes(), device.ErrOutOfMemory)
	}
	r.Allocs++
	r.LiveBuffers++
	r.LiveBytes += b.Bytes()
	r.PeakBytes = max(r.PeakBytes, r.LiveBytes)
	return b, nil
}

// Run notes the operation.
func (r *Recorder) Run(program device.Program, out, in []device.Buffer) error {
	p, ok := program.(*recordedProgram)
	if !ok || p.recorder != r || p.closed || r.closed {
		return errClosed
	}
	if len(in) != len(p.in) || len(out) != len(p.out) {
		return fmt.Errorf("recorder: %s: %d inputs and %d outputs, want %d and %d", p.op.Name(), len(in), len(out), len(p.in), len(p.out))
	}
	inputs, outputs := make([]*tensor.Tensor, len(in)), make([]*tensor.Tensor, len(out))
	for i, b := range in {
		own, err := r.own(b, p.in[i])
		if err != nil {
			return fmt.Errorf("recorder: %s: input %d: %w", p.op.Name(), i, err)
		}
		inputs[i] = own.values
	}
	for i, b := range out {
		own, err := r.own(b, device.Layout{Shape: p.out[i]})
		if err != nil {
			return fmt.Errorf("recorder: %s: output %d: %w", p.op.Name(), i, err)
		}
		if slices.Contains(in, b) || slices.Contains(out[:i], b) {
			return fmt.Errorf("recorder: %s: output %d is used twice", p.op.Name(), i)
		}
		outputs[i] = own.values
	}
	if r.Compute {
		p.op.Reference(outputs, inputs)
	} else {
		for _, t := range outputs {
			clear(t.Data)
		}
	}
	r.Runs++
	r.Ran = append(r.Ran, p.op)
	return nil
}

// Write copies t into b.
func (r *Recorder) Write(b device.Buffer, t *tensor.Tensor) error {
	own, err := r.own(b, device.Layout{Shape: t.Shape, Packing: b.Layout().Packing})
	if err != nil {
		return fmt.Errorf("recorder: write: %w", err)
	}
	copy(own.values.Data, t.Data)
	r.Writes++
	return nil
}

// Read copies b into t.
func (r *Recorder) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	own, err := r.own(b, device.Layout{Shape: t.Shape})
	if err != nil {
		return fmt.Errorf("recorder: read: %w", err)
	}
	copy(t.Data, own.values.Data)
	r.Reads++
	return nil
}

// Poison fills b with NaN.
func (r *Recorder) Poison(b device.Buffer) error {
	own, err := r.own(b, b.Layout())
	if err != nil {
		return fmt.Errorf("recorder: poison: %w", err)
	}
	for i := range own.values.Data {
		own.values.Data[i] = float32(math.NaN())
	}
	return nil
}

// Close refuses everything from here on.
func (r *Recorder) Close() error {
	r.closed = true
	return nil
}

func (r *Recorder) own(b device.Buffer, want device.Layout) (*recordedBuffer, error) {
	own, ok := b.(*recordedBuffer)
	if !ok || own.recorder != r || own.closed || r.closed {
		return nil, errClosed
	}
	if own.layout != want {
		return nil, fmt.Errorf("layout %+v, want %+v", own.layout, want)
	}
	return own, nil
}

type recordedProgram struct {
	recorder *Recorder
	op       kernels.Op
	in       []device.Layout
	out      []tensor.Shape
	closed   bool
}

func (p *recordedProgram) Ready(ctx context.Context) error { return ctx.Err() }

func (p *recordedProgram) Inputs() []device.Layout { return p.in }

func (p *recordedProgram) Close() {
	if !p.closed {
		p.closed = true
		p.recorder.LivePrograms--
	}
}

type recordedBuffer struct {
	recorder *Recorder
	layout   device.Layout
	values   *tensor.Tensor
	closed   bool
}

func (b *recordedBuffer) Layout() device.Layout { return b.layout }

func (b *recordedBuffer) Bytes() int64 { return 4 * int64(len(b.values.Data)) }

func (b *recordedBuffer) Close() {
	if !b.closed {
		b.closed = true
		b.recorder.LiveBuffers--
		b.recorder.LiveBytes -= b.Bytes()
	}
}
