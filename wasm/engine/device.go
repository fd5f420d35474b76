//go:build js && wasm

package main

import (
	"context"
	"errors"
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
	gl     *webgl.GL
	canvas js.Value
	owned  bool
	lost   js.Func
}

const lostEvent = "webglcontextlost"

// openWebGL opens a device on the page's canvas, or on one of its own when there is
// none or its context is lost.
func openWebGL(ctx context.Context, canvas js.Value, lost func()) (device.Device, error) {
	d := &glDevice{canvas: canvas}
	if canvas.Truthy() {
		context := canvas.Call("getContext", "webgl2")
		d.owned = !context.Truthy() || context.Call("isContextLost").Bool()
	} else {
		d.owned = true
	}
	if d.owned {
		constructor := js.Global().Get("OffscreenCanvas")
		if !constructor.Truthy() {
			return nil, errors.New("there is no OffscreenCanvas here")
		}
		d.canvas = constructor.New(1, 1)
	}
	d.lost = js.FuncOf(func(js.Value, []js.Value) any {
		lost()
		return nil
	})
	d.canvas.Call("addEventListener", lostEvent, d.lost)
	var err error
	if d.gl, err = webgl.OpenCanvas(d.canvas); err == nil {
		d.Device, err = fragment.Open(ctx, d.gl, fragment.Options{Name: "webgl"})
	}
	if err != nil {
		_ = d.Close() // what there is of it
		return nil, err
	}
	return d, nil
}

// Close frees the device and its context.
func (d *glDevice) Close() error {
	d.canvas.Call("removeEventListener", lostEvent, d.lost)
	d.lost.Release()
	var err error
	if d.Device != nil {
		err = d.Device.Close()
	}
	if d.gl != nil {
		d.gl.Close()
	}
	if d.owned && d.gl != nil {
		// A browser has room for few contexts and collects them late.
		if lose := d.canvas.Call("getContext", "webgl2").Call("getExtension", "WEBGL_lose_context"); lose.Truthy() {
			lose.Call("loseContext")
		}
	}
	return err
}
