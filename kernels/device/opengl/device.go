package opengl

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/go-gl/gl/v4.3-core/gl"
)

// Device runs operations in one OpenGL context.
type Device struct {
	info        device.Info
	variant     Variant
	maxBytes    int64
	resetStatus bool    // the driver can tell of resets
	work        float64 // of one dispatch at most

	// Calls go to the goroutine that owns the context, or, when calls is nil, are
	// made where they are.
	calls  chan call
	ended  chan struct{}
	closed bool

	jobs [16]job
	free chan *job

	// The rest belongs to the context's thread.
	compiled map[[32]byte]*compiled
	buffers  map[*Buffer]struct{}
	bytes    int64
	staging  []float32
	lost     bool
	state    state // the caller's, when the context is
	fault    error // of a Run, told by the next call that can
}

// call is something for the context's thread to do: a job or a function.
type call struct {
	job *job
	do  func()
}

// job is a Run under way. Jobs are used again and again, so that Run need not
// allocate.
type job struct {
	program *Program
	out, in []*Buffer
}

func newDevice(o Options) *Device {
	d := &Device{
		variant:  o.Variant,
		maxBytes: o.MaxBytes,
		ended:    make(chan struct{}),
		compiled: map[[32]byte]*compiled{},
		buffers:  map[*Buffer]struct{}{},
	}
	d.free = make(chan *job, len(d.jobs))
	for i := range d.jobs {
		d.free <- &d.jobs[i]
	}
	return d
}

// serve carries out calls until the device is closed.
func (d *Device) serve() {
	for c := range d.calls {
		d.carryOut(c)
	}
}

func (d *Device) carryOut(c call) {
	if c.do != nil {
		c.do()
		return
	}
	if err := d.execute(c.job); err != nil && d.fault == nil {
		d.fault = err
	}
	d.free <- c.job
}

// post has the context's thread carry out c in its turn.
func (d *Device) post(c call) {
	if d.calls != nil {
		d.calls <- c
		return
	}
	d.state.save()
	d.carryOut(c)
	d.state.restore()
}

// wait has the context's thread do something and waits for it.
func (d *Device) wait(do func()) {
	if d.calls == nil {
		d.post(call{do: do})
		return
	}
	done := make(chan struct{})
	d.post(call{do: func() { do(); close(done) }})
	<-done
}

var errClosed = errors.New("opengl: the device is closed")

// Info describes the device.
func (d *Device) Info() device.Info { return d.info }

// Run carries out p; see device.Device.
func (d *Device) Run(p device.Program, out, in []device.Buffer) error {
	if d.closed {
		return errClosed
	}
	program, ok := p.(*Program)
	if !ok || program.device != d {
		return errors.New("opengl: a program of another device")
	}
	if len(in) != len(program.recipe.inputs) || len(out) != len(program.recipe.outputs) {
		return fmt.Errorf("opengl: %s has %d inputs and %d outputs, given %d and %d", program.name, len(program.recipe.inputs), len(program.recipe.outputs), len(in), len(out))
	}
	j := <-d.free
	j.program, j.in, j.out = program, j.in[:0], j.out[:0]
	for i, b := range in {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != program.recipe.inputs[i] {
			d.free <- j
			return fmt.Errorf("opengl: %s wants %v as input %d, given %v", program.name, program.recipe.inputs[i], i, b.Layout())
		}
		j.in = append(j.in, buffer)
	}
	for i, b := range out {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != (device.Layout{Shape: program.recipe.outputs[i]}) {
			d.free <- j
			return fmt.Errorf("opengl: %s gives %v as output %d, given %v", program.name, program.recipe.outputs[i], i, b.Layout())
		}
		j.out = append(j.out, buffer)
	}
	d.post(call{job: j})
	return nil
}

// Write copies t into b; see device.Device.
func (d *Device) Write(b device.Buffer, t *tensor.Tensor) error {
	buffer, err := d.own(b, t)
	if err != nil {
		return err
	}
	d.wait(func() {
		if err = d.status(); err != nil {
			return
		}
		memory := d.stage(buffer.floats)
		pack(memory, buffer.layout, t)
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, buffer.name)
		gl.BufferSubData(gl.COPY_WRITE_BUFFER, 0, len(memory)*4, unsafe.Pointer(&memory[0]))
		err = d.status()
	})
	return err
}

// own returns b as a buffer of this device that t fits.
func (d *Device) own(b device.Buffer, t *tensor.Tensor) (*Buffer, error) {
	if d.closed {
		return nil, errClosed
	}
	buffer, ok := b.(*Buffer)
	if !ok || buffer.device != d {
		return nil, errors.New("opengl: a buffer of another device")
	}
	if t.Shape != buffer.layout.Shape || len(t.Data) != t.Shape.Len() {
		return nil, fmt.Errorf("opengl: a tensor of shape %v and %d values for a buffer of shape %v", t.Shape, len(t.Data), buffer.layout.Shape)
	}
	return buffer, nil
}

func (d *Device) stage(floats int64) []float32 {
	if int64(cap(d.staging)) < floats {
		d.staging = make([]float32, floats)
	}
	return d.staging[:floats]
}

// The states of a reading, so that whoever waits can leave before the copying
// begins but not in its midst.
const (
	readWaiting = iota
	readCopying
	readLeft
)

// Read copies b into t; see device.Device.
func (d *Device) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	buffer, err := d.own(b, t)
	if err != nil {
		return err
	}
	if buffer.layout.Packing != "" {
		return fmt.Errorf("opengl: a buffer packed as %q cannot be read", buffer.layout.Packing)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var state atomic.Int32
	result := make(chan error, 1)
	read := func() {
		err := d.finish(ctx)
		if err == nil && state.CompareAndSwap(readWaiting, readCopying) {
			memory := d.stage(buffer.floats)
			gl.BindBuffer(gl.COPY_READ_BUFFER, buffer.name)
			gl.GetBufferSubData(gl.COPY_READ_BUFFER, 0, len(memory)*4, unsafe.Pointer(&memory[0]))
			unpack(t, memory)
			err = d.status()
		}
		result <- err
	}
	if d.calls == nil {
		d.post(call{do: read})
		return <-result
	}
	select {
	case d.calls <- call{do: read}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if state.CompareAndSwap(readWaiting, readLeft) {
			return ctx.Err()
		}
		return <-result
	}
}

// finish waits for the work so far by a fence.
func (d *Device) finish(ctx context.Context) error {
	if err := d.status(); err != nil {
		return err
	}
	gl.MemoryBarrier(gl.BUFFER_UPDATE_BARRIER_BIT)
	fence := gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
	defer gl.DeleteSync(fence)
	for {
		switch gl.ClientWaitSync(fence, gl.SYNC_FLUSH_COMMANDS_BIT, uint64(5*time.Millisecond)) {
		case gl.ALREADY_SIGNALED, gl.CONDITION_SATISFIED:
			return nil
		case gl.WAIT_FAILED:
			if err := d.status(); err != nil {
				return err
			}
			return errors.New("opengl: waiting for the device failed")
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.status(); err != nil {
			return err
		}
	}
}

// status returns and forgets what went wrong since it was asked last, and
// ErrLost for ever once the context is lost.
func (d *Device) status() error {
	code := gl.GetError()
	if code == gl.CONTEXT_LOST || d.resetStatus && !d.lost && gl.GetGraphicsResetStatus() != gl.NO_ERROR {
		d.lost = true
	}
	if d.lost {
		return fmt.Errorf("opengl: %s: %w", d.info.Renderer, device.ErrLost)
	}
	if err := d.fault; err != nil {
		d.fault = nil
		return err
	}
	return glError(code)
}

func glError(code uint32) error {
	switch code {
	case gl.NO_ERROR:
		return nil
	case gl.OUT_OF_MEMORY:
		return fmt.Errorf("opengl: %w", device.ErrOutOfMemory)
	}
	return fmt.Errorf("opengl: GL error %#x", code)
}

// Close frees everything the device still holds and ends its context.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	var err error
	d.wait(func() {
		if err = d.status(); errors.Is(err, device.ErrLost) {
			err = nil
		}
		for b := range d.buffers {
			d.drop(b)
		}
		for id, c := range d.compiled {
			gl.DeleteProgram(c.name)
			delete(d.compiled, id)
		}
		d.staging = nil
	})
	d.closed = true
	if d.calls != nil {
		close(d.calls)
		<-d.ended
	}
	return err
}

var (
	_ device.Device   = (*Device)(nil)
	_ device.Poisoner = (*Device)(nil)
)
