//go:build js && wasm

package main

import (
	"context"
	"fmt"
	"syscall/js"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/fragment"
	"github.com/flawscope/flawscope/kernels/device/plain"
	"github.com/flawscope/flawscope/kernels/device/webgl"
)

// opener opens devices for a session.
type opener struct{ breathe func() }

func (o opener) open(ctx context.Context, kind string, canvas any, lost func()) (device.Device, error) {
	switch kind {
	case "cpu":
		return o.openPlain(), nil
	case "webgl":
		given, _ := canvas.(js.Value)
		return openWebGL(ctx, given, lost)
	case "auto", "":
		given, _ := canvas.(js.Value)
		d, err := openWebGL(ctx, given, lost)
		if err == nil || ctx.Err() != nil {
			return d, err
		}
		return o.openPlain(), nil
	}
	return nil, fmt.Errorf("a device %q; there are auto, webgl and cpu", kind)
}

func (o opener) openPlain() device.Device { return plain.Open(plain.Options{Yield: o.breathe}) }

// glDevice is a fragment device with the context it draws in.
type glDevice struct {
	*fragment.Device
	gl *webgl.GL
}

// openWebGL opens a device on the page's canvas, or on one of its own when there is
// none or its context is lost.
func openWebGL(ctx context.Context, canvas js.Value, lost func()) (device.Device, error) {
	gl, err := openGL(canvas)
	if err != nil {
		return nil, err
	}
	gl.OnLost(lost)
	d, err := fragment.Open(ctx, gl, fragment.Options{Name: "webgl"})
	if err != nil {
		gl.Close()
		return nil, err
	}
	return &glDevice{d, gl}, nil
}

func openGL(canvas js.Value) (*webgl.GL, error) {
	if canvas.Truthy() {
		context := canvas.Call("getContext", "webgl2")
		if context.Truthy() && !context.Call("isContextLost").Bool() {
			return webgl.OpenCanvas(canvas)
		}
	}
	return webgl.OpenOffscreen()
}

// Close frees the device and its context.
func (d *glDevice) Close() error {
	err := d.Device.Close()
	d.gl.Close()
	return err
}
