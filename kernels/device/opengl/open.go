// Package opengl is the device that runs operations as OpenGL 4.3 compute
// shaders, in a context of its own made by EGL without a window, or in the
// caller's.
package opengl

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/device/serial"
	"github.com/go-gl/gl/v4.3-core/gl"
)

// Options choose how a device works. The zero value is the good default.
type Options struct {
	// Variant forces one way of computing products and convolutions.
	Variant Variant
	// MaxBytes is the most memory that buffers may take together, 0 for no limit
	// but the driver's.
	MaxBytes int64
}

// Open makes a context of its own, on a hardware device when EGL offers one and
// else on the surfaceless platform, which is the software renderer of a machine
// without a GPU. A goroutine locked to its thread owns the context.
func Open(o Options) (*Device, error) { return openLibrary("libEGL.so.1", o) }

func openLibrary(library string, o Options) (*Device, error) {
	d := newDevice(o)
	d.queue = serial.New(d.run)
	opened := make(chan error)
	go func() {
		runtime.LockOSThread()
		context, err := openContext(library, desktopGL(4, 3))
		if err == nil {
			if err = d.start(context.procAddress); err != nil {
				context.close()
			}
		}
		opened <- err
		if err != nil {
			// The thread keeps whatever the driver did to it and ends with the goroutine.
			return
		}
		d.queue.Serve(context.close)
	}()
	if err := <-opened; err != nil {
		return nil, fmt.Errorf("opengl: %w", err)
	}
	return d, nil
}

// api is a version of OpenGL or of OpenGL ES.
type api struct {
	es           bool
	major, minor int32
}

func desktopGL(major, minor int32) api  { return api{false, major, minor} }
func embeddedGL(major, minor int32) api { return api{true, major, minor} }

func (a api) String() string {
	if a.es {
		return fmt.Sprintf("OpenGL ES %d.%d", a.major, a.minor)
	}
	return fmt.Sprintf("OpenGL %d.%d core", a.major, a.minor)
}

// openContext makes the best context there is current on this thread.
func openContext(library string, a api) (*eglContext, error) {
	e, err := loadEGL(library)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, p := range e.places() {
		context, err := e.open(p, a)
		if err == nil {
			return context, nil
		}
		failed = append(failed, err)
		if old, err := e.open(p, desktopGL(3, 1)); err == nil {
			failed[len(failed)-1] = fmt.Errorf("%s has %s, but OpenGL %d.%d is needed", p.name, old.version(), a.major, a.minor)
			old.close()
		}
	}
	return nil, errors.Join(failed...)
}

// FromCurrent makes a device of the context that is current on the calling
// thread; getProc finds GL functions, nil means through libEGL. All methods of
// the device and of its programs and buffers must be called on that thread with
// that context current. They leave the state of GL as they found it, but for the
// error flag, which they read. Closing the device leaves the context alone.
func FromCurrent(getProc func(name string) unsafe.Pointer, o Options) (*Device, error) {
	if getProc == nil {
		e, err := loadEGL("libEGL.so.1")
		if err != nil {
			return nil, fmt.Errorf("opengl: %w", err)
		}
		getProc = (&eglContext{egl: e}).procAddress
	}
	d := newDevice(o)
	var caller state
	d.queue = serial.Here(d.run, caller.save, caller.restore)
	if err := d.start(getProc); err != nil {
		return nil, fmt.Errorf("opengl: %w", err)
	}
	return d, nil
}

// start learns about the context current on this thread.
func (d *Device) start(getProc func(string) unsafe.Pointer) error {
	if err := loaded.loadAll(getProc); err != nil {
		return err
	}
	var major, minor int32
	gl.GetIntegerv(gl.MAJOR_VERSION, &major)
	gl.GetIntegerv(gl.MINOR_VERSION, &minor)
	version := text(gl.VERSION)
	if major < 4 || major == 4 && minor < 3 {
		return fmt.Errorf("OpenGL 4.3 is needed, but the context has %q", version)
	}
	d.resetStatus = getProc("glGetGraphicsResetStatus") != nil && (major > 4 || minor >= 5)
	d.info = device.Info{Name: "opengl", Renderer: text(gl.RENDERER), Detail: "OpenGL " + version, Tolerance: 1e-5}
	d.info.Software = glsl.SoftwareRenderer(d.info.Renderer)
	d.work = dispatchWork(d.info.Software)
	var block int64
	gl.GetInteger64v(gl.MAX_SHADER_STORAGE_BLOCK_SIZE, &block)
	var texels int32
	gl.GetIntegerv(gl.MAX_TEXTURE_BUFFER_SIZE, &texels)
	d.texels = int64(texels)
	if d.variant == Automatic {
		d.variant = SharedMemory
		if d.info.Software && texels >= 1<<24 {
			d.variant = BufferTexture
		}
	}
	d.info.MaxBufferBytes = block
	if d.variant == BufferTexture {
		// A texel of single channels is one float.
		d.info.MaxBufferBytes = min(block, 4*int64(texels))
	}
	return nil
}

func text(name uint32) string {
	s := gl.GetString(name)
	if s == nil {
		return ""
	}
	return gl.GoStr(s)
}
