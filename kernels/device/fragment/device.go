// Package fragment is the device that runs operations as fragment shaders of OpenGL
// 3.3, OpenGL ES 3.0 or WebGL 2, where there are no compute shaders. It draws over a
// thin interface, GL, that packages opengl and webgl supply. Tensors stand in texture
// arrays (see arrangement).
package fragment

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/device/serial"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Options choose how a device works. The zero value is the good default.
type Options struct {
	// Name is the device's name in Info, "fragment" when empty.
	Name string
	// MaxBytes is the most memory that textures may take together, 0 for no limit
	// but the driver's.
	MaxBytes int64
	// TextureSize is the most texels along an axis of a texture, 0 for what the
	// context allows, at most 8192.
	TextureSize int
	// DrawBuffers is the most outputs that a fragment computes, 0 for what the context
	// allows; 4 or 8 are used.
	DrawBuffers int
	// Half keeps feature maps (four dimensions, 8 channels and more) in half floats,
	// where the self-test finds that the context rounds them to the nearest. It halves
	// memory and its traffic; results differ by about 1e-3.
	Half bool
	// Rolled leaves loops of convolutions rolled, as is always done on SwiftShader,
	// which takes minutes to compile them written out.
	Rolled bool
}

// Device runs operations in one context.
type Device struct {
	info     device.Info
	gl       GL
	caps     Caps
	limits   limits
	rolled   bool
	half     bool // half floats were asked for and, once tested, are rounded well
	maxBytes int64
	work     float64 // of one draw at most
	queue    *serial.Queue[job]
	closed   bool

	// The rest belongs to the context's thread.
	vertex   string
	compiled map[string]*compiled
	buffers  map[*Buffer]struct{}
	joint    map[joint]Target
	bytes    int64
	staging  []float32
	halves   []uint16
	draw     Draw
	fault    error // of a run, told by the next call that can
}

// job is a run under way.
type job struct {
	program *Program
	out, in []*Buffer
}

// maxOutputs is the most outputs an operation's pass may have.
const maxOutputs = 4

// joint are the textures whose layer of the given number is drawn to at once.
type joint struct {
	textures [maxOutputs]Texture
	layer    int
}

// keeper is a GL in somebody else's context, whose state it can put back.
type keeper interface {
	Save()
	Restore()
}

// Open makes a device whose calls are made on the goroutine that calls its methods,
// which owns the context of gl. A context that fails the self-test is refused.
func Open(ctx context.Context, gl GL, o Options) (*Device, error) {
	d, err := newDevice(gl, o)
	if err != nil {
		return nil, err
	}
	save, restore := func() {}, func() {}
	if k, ok := gl.(keeper); ok {
		save, restore = k.Save, k.Restore
	}
	d.queue = serial.Here(d.run, save, restore)
	if err := d.SelfTest(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Serve makes a device, hands it to opened and carries out its calls on the calling
// goroutine until it is closed; then it calls end. Who opened it has it test itself.
func Serve(gl GL, o Options, opened func(*Device, error), end func()) {
	d, err := newDevice(gl, o)
	if err != nil {
		opened(nil, err)
		end()
		return
	}
	d.queue = serial.New(d.run)
	opened(d, nil)
	d.queue.Serve(end)
}

func newDevice(gl GL, o Options) (*Device, error) {
	caps := gl.Caps()
	d := &Device{gl: gl, caps: caps, half: o.Half, maxBytes: o.MaxBytes, compiled: map[string]*compiled{}, buffers: map[*Buffer]struct{}{}, joint: map[joint]Target{}}
	d.info = device.Info{Name: o.Name, Renderer: caps.Renderer, Detail: caps.Version, Software: glsl.SoftwareRenderer(caps.Renderer), Tolerance: 1e-4}
	if o.Name == "" {
		d.info.Name = "fragment"
	}
	if !caps.FloatTargets {
		return nil, fmt.Errorf("fragment: %s cannot draw to float textures", caps.Renderer)
	}
	if caps.DrawBuffers < 4 || caps.TextureLayers < 8 || caps.TextureUnits < 8 {
		return nil, fmt.Errorf("fragment: %s has %d draw buffers, %d layers and %d texture units, needed are 4, 8 and 8", caps.Renderer, caps.DrawBuffers, caps.TextureLayers, caps.TextureUnits)
	}
	d.limits = limits{size: min(caps.TextureSize, 8192), layers: 8}
	if caps.DrawBuffers < 8 || o.DrawBuffers > 0 && o.DrawBuffers < 8 {
		d.limits.layers = 4
	}
	if o.TextureSize > 0 {
		d.limits.size = min(d.limits.size, o.TextureSize)
	}
	d.info.MaxBufferBytes = int64(d.limits.size) * int64(d.limits.size) * int64(d.limits.layers) * 16
	d.rolled = o.Rolled || rollsLoops(caps.Renderer)
	d.work = drawWork(d.info.Software)
	var err error
	d.vertex, err = vertexShader(caps.ES)
	return d, err
}

// drawWork is the work of one draw: at most about 100 ms on a slow machine of its
// class, so that a page stays alive and no watchdog strikes.
func drawWork(software bool) float64 {
	if software {
		return 0.5e9
	}
	return 5e9
}

var errClosed = errors.New("fragment: the device is closed")

// Info describes the device.
func (d *Device) Info() device.Info { return d.info }

// Bytes returns the memory that the device's textures take.
func (d *Device) Bytes() int64 {
	if d.closed {
		return 0
	}
	var n int64
	d.queue.Wait(func() { n = d.bytes })
	return n
}

// Run carries out p; see device.Device.
func (d *Device) Run(p device.Program, out, in []device.Buffer) error {
	if d.closed {
		return errClosed
	}
	program, ok := p.(*Program)
	if !ok || program.device != d {
		return errors.New("fragment: a program of another device")
	}
	r := program.recipe
	if len(in) != len(r.Inputs) || len(out) != len(r.Outputs) {
		return fmt.Errorf("fragment: %s has %d inputs and %d outputs, given %d and %d", program.name, len(r.Inputs), len(r.Outputs), len(in), len(out))
	}
	j := d.queue.Job()
	j.program, j.in, j.out = program, j.in[:0], j.out[:0]
	for i, b := range in {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != r.Inputs[i] {
			d.queue.Return(j)
			return fmt.Errorf("fragment: %s wants %v as input %d, given %v", program.name, r.Inputs[i], i, b.Layout())
		}
		j.in = append(j.in, buffer)
	}
	for i, b := range out {
		buffer, ok := b.(*Buffer)
		if !ok || buffer.layout != (device.Layout{Shape: r.Outputs[i]}) {
			d.queue.Return(j)
			return fmt.Errorf("fragment: %s gives %v as output %d, given %v", program.name, r.Outputs[i], i, b.Layout())
		}
		j.out = append(j.out, buffer)
	}
	d.queue.Run(j)
	return nil
}

// run carries out a job; what goes wrong is told by the next call that can.
func (d *Device) run(j *job) {
	if err := d.execute(j); err != nil && d.fault == nil {
		d.fault = err
	}
}

// Write copies t into b; see device.Device.
func (d *Device) Write(b device.Buffer, t *tensor.Tensor) error {
	buffer, err := d.own(b, t)
	if err != nil {
		return err
	}
	d.queue.Wait(func() {
		memory := d.stage(buffer.arrangement.floats())
		if buffer.layout.Packing == "" {
			buffer.arrangement.pack(memory, t)
		} else {
			packWeights(memory, buffer.layout, buffer.arrangement, t)
		}
		d.upload(buffer, memory)
		err = d.status()
	})
	return err
}

func (d *Device) upload(b *Buffer, memory []float32) {
	a := b.arrangement
	data := unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), 4*len(memory))
	if a.Format == Half4 {
		d.halves = d.halves[:0]
		for _, x := range memory {
			d.halves = append(d.halves, tensor.ToHalf(x))
		}
		data = unsafe.Slice((*byte)(unsafe.Pointer(&d.halves[0])), 2*len(memory))
	}
	d.gl.Upload(b.texture, a.Width, a.Height, a.Layers, a.Format, data)
}

// own returns b as a buffer of this device that t fits.
func (d *Device) own(b device.Buffer, t *tensor.Tensor) (*Buffer, error) {
	if d.closed {
		return nil, errClosed
	}
	buffer, ok := b.(*Buffer)
	if !ok || buffer.device != d {
		return nil, errors.New("fragment: a buffer of another device")
	}
	if t.Shape != buffer.layout.Shape || len(t.Data) != t.Shape.Len() {
		return nil, fmt.Errorf("fragment: a tensor of shape %v and %d values for a buffer of shape %v", t.Shape, len(t.Data), buffer.layout.Shape)
	}
	return buffer, nil
}

func (d *Device) stage(floats int) []float32 {
	if cap(d.staging) < floats {
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
		return fmt.Errorf("fragment: a buffer packed as %q cannot be read", buffer.layout.Packing)
	}
	var memory []float32
	return d.queue.Read(ctx, func() error {
		memory = d.stage(buffer.arrangement.floats())
		return d.fetch(ctx, buffer, memory)
	}, func() error {
		buffer.arrangement.unpack(t, memory)
		return nil
	})
}

// fetch waits for the work so far and copies a texture into memory.
func (d *Device) fetch(ctx context.Context, b *Buffer, memory []float32) error {
	if err := d.status(); err != nil {
		return err
	}
	for layer := range b.arrangement.Layers {
		b.layerTarget(layer)
	}
	r := d.gl.Read(b.targets, b.arrangement.Width, b.arrangement.Height, b.arrangement.Format)
	for {
		done, err := d.gl.Wait(r, memory)
		if err != nil {
			return err
		}
		if done {
			return d.status()
		}
		if err := ctx.Err(); err != nil {
			d.gl.Drop(r)
			return err
		}
	}
}

// status returns and forgets what went wrong since it was asked last, and
// device.ErrLost for ever once the context is lost.
func (d *Device) status() error {
	err := d.gl.Status()
	if errors.Is(err, device.ErrLost) {
		return err
	}
	if fault := d.fault; fault != nil {
		d.fault = nil
		return fault
	}
	return err
}

// Close frees everything the device still holds.
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
		for text, c := range d.compiled {
			d.gl.DeleteShader(c.shader)
			delete(d.compiled, text)
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
