//go:build !linux && !freebsd

package opengl

import (
	"errors"
	"unsafe"
)

// There is no EGL to make a context without a window; FromCurrent serves.
type egl struct{}

type eglPlace struct{ name string }

type eglContext struct{ *egl }

func loadEGL(string) (*egl, error) {
	return nil, errors.New("no EGL on this platform; use FromCurrent in a context of your own")
}

func (*egl) places() []eglPlace { return nil }

func (*egl) open(eglPlace, api) (*eglContext, error) { return nil, errors.ErrUnsupported }

func (*eglContext) procAddress(string) unsafe.Pointer { return nil }

func (*eglContext) version() string { return "" }

func (*eglContext) close() {}
