//go:build linux || freebsd

package opengl

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The few values of EGL (Khronos EGL 1.5 and the extensions named beside them)
// that a context without a window needs.
const (
	eglNone                = 0x3038
	eglExtensions          = 0x3055
	eglContextMajor        = 0x3098
	eglContextMinor        = 0x30FB
	eglContextProfile      = 0x30FD
	eglCoreProfile         = 1
	eglOpenGL              = 0x30A2
	eglOpenGLES            = 0x30A0
	eglPlatformSurfaceless = 0x31DD // EGL_MESA_platform_surfaceless
	eglPlatformDevice      = 0x313F // EGL_EXT_platform_device
	eglResetStrategy       = 0x31BD // EGL 1.5
	eglLoseContextOnReset  = 0x31BF
)

// egl holds the functions of one libEGL.
type egl struct {
	getProcAddress     func(string) uintptr
	initialize         func(display uintptr, major, minor *int32) uint32
	bindAPI            func(uint32) uint32
	createContext      func(display, config, share uintptr, attributes *int32) uintptr
	makeCurrent        func(display, draw, read, context uintptr) uint32
	destroyContext     func(display, context uintptr) uint32
	getError           func() int32
	queryString        func(display uintptr, name int32) string
	getPlatformDisplay func(platform uint32, native uintptr, attributes *int32) uintptr
	queryDevices       func(limit int32, devices *uintptr, count *int32) uint32
	queryDeviceString  func(device uintptr, name int32) string
}

func loadEGL(library string) (*egl, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("no EGL library (on Debian: apt-get install libegl1 libgl1-mesa-dri): %w", err)
	}
	e := new(egl)
	for _, f := range []struct {
		name string
		to   any
	}{
		{"eglGetProcAddress", &e.getProcAddress},
		{"eglInitialize", &e.initialize},
		{"eglBindAPI", &e.bindAPI},
		{"eglCreateContext", &e.createContext},
		{"eglMakeCurrent", &e.makeCurrent},
		{"eglDestroyContext", &e.destroyContext},
		{"eglGetError", &e.getError},
		{"eglQueryString", &e.queryString},
	} {
		address, err := purego.Dlsym(handle, f.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", library, err)
		}
		purego.RegisterFunc(f.to, address)
	}
	for name, to := range map[string]any{
		"eglGetPlatformDisplayEXT": &e.getPlatformDisplay,
		"eglQueryDevicesEXT":       &e.queryDevices,
		"eglQueryDeviceStringEXT":  &e.queryDeviceString,
	} {
		if address := e.getProcAddress(name); address != 0 {
			purego.RegisterFunc(to, address)
		}
	}
	if e.getPlatformDisplay == nil {
		return nil, errors.New("EGL without eglGetPlatformDisplayEXT")
	}
	return e, nil
}

// place is somewhere a context can be made.
type eglPlace struct {
	name     string
	platform uint32
	native   uintptr
}

// places lists the hardware devices first, then the surfaceless platform, which
// is the software renderer on a machine without a GPU.
func (e *egl) places() []eglPlace {
	var places []eglPlace
	if e.queryDevices != nil && e.queryDeviceString != nil {
		var count int32
		e.queryDevices(0, nil, &count)
		if count > 0 {
			devices := make([]uintptr, count)
			e.queryDevices(count, &devices[0], &count)
			for i, d := range devices[:count] {
				if !strings.Contains(e.queryDeviceString(d, eglExtensions), "EGL_MESA_device_software") {
					places = append(places, eglPlace{fmt.Sprintf("EGL device %d", i), eglPlatformDevice, d})
				}
			}
		}
	}
	return append(places, eglPlace{"EGL surfaceless platform", eglPlatformSurfaceless, 0})
}

// eglContext is a current context.
type eglContext struct {
	*egl
	display, context uintptr
}

// open makes a context of the given API current on this thread. The
// display is never terminated: it is the process's only one of its platform and
// may carry other contexts.
func (e *egl) open(p eglPlace, a api) (*eglContext, error) {
	display := e.getPlatformDisplay(p.platform, p.native, nil)
	if display == 0 {
		return nil, fmt.Errorf("%s: no display (EGL error %#x)", p.name, e.getError())
	}
	if e.initialize(display, nil, nil) == 0 {
		return nil, fmt.Errorf("%s: eglInitialize failed (EGL error %#x)", p.name, e.getError())
	}
	kind, version := uint32(eglOpenGL), []int32{eglContextMajor, a.major, eglContextMinor, a.minor}
	if a.es {
		kind = eglOpenGLES
	} else {
		version = append(version, eglContextProfile, eglCoreProfile)
	}
	if e.bindAPI(kind) == 0 {
		return nil, fmt.Errorf("%s: no %v (EGL error %#x)", p.name, a, e.getError())
	}
	// A driver that cannot tell of resets still serves without the notice.
	for _, attributes := range [][]int32{
		append([]int32{eglResetStrategy, eglLoseContextOnReset}, append(version, eglNone)...),
		append(version, eglNone),
	} {
		context := e.createContext(display, 0, 0, &attributes[0])
		if context == 0 {
			continue
		}
		if e.makeCurrent(display, 0, 0, context) == 0 {
			err := fmt.Errorf("%s: eglMakeCurrent failed (EGL error %#x)", p.name, e.getError())
			e.destroyContext(display, context)
			return nil, err
		}
		return &eglContext{e, display, context}, nil
	}
	return nil, fmt.Errorf("%s: no context of %v (EGL error %#x)", p.name, a, e.getError())
}

// procAddress finds a GL function.
func (c *eglContext) procAddress(name string) unsafe.Pointer {
	address := c.getProcAddress(name)
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

func (c *eglContext) close() {
	c.makeCurrent(c.display, 0, 0, 0)
	c.destroyContext(c.display, c.context)
}

// version returns the context's GL_VERSION.
func (c *eglContext) version() string {
	var getString func(uint32) string
	purego.RegisterFunc(&getString, c.getProcAddress("glGetString"))
	return getString(0x1F02)
}
