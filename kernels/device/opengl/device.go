package opengl

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/serial"
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

	queue  *serial.Queue[job]
	closed bool

	// The rest belongs to the context's thread.
	compiled map[[32]byte]*compiled
	buffers  map[*Buffer]struct{}
	bytes    int64
	staging  []float32
	lost     bool
	fault    error // of a Run, told by the next call that can
}

// job is a Run under way.
type job struct {
	program *Program
	out, in []*Buffer
}

func newDevice(o Options) *Device {
	return &Device{variant: o.Variant, maxBytes: o.MaxBytes, compiled: map[[32]byte]*compiled{}, buffers: map[*Buffer]struct{}{}}
}

// run carries out a job; what goes wrong is told by the next call that can.
func (d *Device) run(j *job) {
	if err := d.execute(j); err != nil && d.fault == nil {
		d.fault = err
	}
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
	if len(in) != len(program.recipe.Inputs) || len(out) != len(program.recipe.Outputs) {
		return fmt.Errorf("opengl: %s has %d inputs and %d outputs, given %d and %d", program.name, len(program.recipe.Inputs), len(program.recipe.Outputs), len(in), len(out))
	}
	j := d.queue.Job()
	j.program, j.in, j.out = program, j.in[:0], j.out[:0]
	for i, b := range in {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != program.recipe.Inputs[i] {
			d.queue.Return(j)
			return fmt.Errorf("opengl: %s wants %v as input %d, given %v", program.name, program.recipe.Inputs[i], i, b.Layout())
		}
		j.in = append(j.in, buffer)
	}
	for i, b := range out {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != (device.Layout{Shape: program.recipe.Outputs[i]}) {
			d.queue.Return(j)
			return fmt.Errorf("opengl: %s gives %v as output %d, given %v", program.name, program.recipe.Outputs[i], i, b.Layout())
		}
		j.out = append(j.out, buffer)
	}
	d.queue.Run(j)
	return nil
}

// Write copies t into b; see device.Device.
func (d *Device) Write(b device.Buffer, t *tensor.Tensor) error {
	buffer, err := d.own(b, t)
	if err != nil {
		return err
	}
	d.queue.Wait(func() {
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

// Read copies b into t; see device.Device.
func (d *Device) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	buffer, err := d.own(b, t)
	if err != nil {
		return err
	}
	if buffer.layout.Packing != "" {
		return fmt.Errorf("opengl: a buffer packed as %q cannot be read", buffer.layout.Packing)
	}
	return d.queue.Read(ctx, func() error { return d.finish(ctx) }, func() error {
		memory := d.stage(buffer.floats)
		gl.BindBuffer(gl.COPY_READ_BUFFER, buffer.name)
		gl.GetBufferSubData(gl.COPY_READ_BUFFER, 0, len(memory)*4, unsafe.Pointer(&memory[0]))
		unpack(t, memory)
		return d.status()
	})
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
	d.queue.Wait(func() {
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
	d.queue.Close()
	return err
}

var (
	_ device.Device   = (*Device)(nil)
	_ device.Poisoner = (*Device)(nil)
)
