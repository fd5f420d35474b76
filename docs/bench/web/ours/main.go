//go:build js && wasm

// Ours is Flawscope's part of the page: it computes on the WebGL device, tells the
// peers what to compute, and compares what they did. page.js calls it by
// globalThis.ours.
package main

import (
	"context"
	"fmt"
	"syscall/js"
	"unsafe"

	"github.com/flawscope/flawscope/docs/bench/work"
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/fragment"
	"github.com/flawscope/flawscope/kernels/device/webgl"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// source is what a row computes.
type source struct {
	x     *tensor.Tensor
	build work.Build
}

// row is a source made ready.
type row struct {
	job  *work.Job
	want *tensor.Tensor // our result
}

// ours holds the device and the rows.
type ours struct {
	ctx  context.Context
	dev  *fragment.Device
	rows map[string]row
}

func main() {
	o := &ours{ctx: context.Background(), rows: map[string]row{}}
	functions := map[string]any{}
	for name, f := range map[string]func([]js.Value) (any, error){
		"open": o.open, "load": o.load, "compare": o.compare, "run": o.run,
	} {
		functions[name] = promise(f)
	}
	js.Global().Set("ours", functions)
	select {}
}

// open opens the device and returns the renderer's name.
func (o *ours) open([]js.Value) (any, error) {
	gl, err := webgl.OpenOffscreen()
	if err != nil {
		return nil, err
	}
	if o.dev, err = fragment.Open(o.ctx, gl, fragment.Options{Name: "webgl"}); err != nil {
		return nil, err
	}
	return o.dev.Info().Renderer, nil
}

// find returns what the row of that name computes.
func find(name string) (source, error) {
	if name == "linear_1296x1536x1536" {
		o := work.Linear()
		return source{o.X, o.Build}, nil
	}
	for _, o := range work.Convolutions() {
		if name == fmt.Sprintf("conv%d", o.X.Shape[1]) {
			return source{o.X, o.Build}, nil
		}
	}
	for row, network := range map[string]string{"resnet18_l3_256": "resnet18", "compact_l3_256": "compact"} {
		if name == row {
			return findBackbone(network)
		}
	}
	return source{}, fmt.Errorf("no row %q", name)
}

// findBackbone returns a backbone on a picture of 256x256, to its last tap.
func findBackbone(name string) (source, error) {
	network, err := backbone.Named(name)
	if err != nil {
		return source{}, err
	}
	w, err := work.Weights(name)
	return source{work.Picture(256), func(b kernels.Builder, x kernels.Value) kernels.Value {
		taps := network.Build(b, x, w)
		return taps[len(taps)-1]
	}}, err
}

// load (name) makes a row ready and returns its operations and the model for the
// peers.
func (o *ours) load(args []js.Value) (any, error) {
	s, err := find(args[0].String())
	if err != nil {
		return nil, err
	}
	g := graph.New()
	x := g.Input("x", s.x.Shape)
	model := work.Record(g, x)
	s.build(model, x)
	if err := g.Err(); err != nil {
		return nil, err
	}
	r := row{}
	if r.job, err = work.Compile(o.ctx, o.dev, s.x, s.build); err != nil {
		return nil, err
	}
	if r.want, err = r.job.Result(); err != nil {
		return nil, err
	}
	o.rows[args[0].String()] = r
	var nodes, tensors []any
	for _, n := range model.Nodes {
		var in []any
		for _, v := range n.In {
			in = append(in, v)
		}
		nodes = append(nodes, map[string]any{"op": n.Op, "in": in, "weight": n.Weight, "bias": n.Bias,
			"kernel": n.Kernel, "stride": n.Stride, "padding": n.Padding, "relu": n.ReLU})
	}
	for _, t := range model.Tensors {
		tensors = append(tensors, value(t))
	}
	return map[string]any{"flop": r.job.FLOP, "x": value(s.x), "nodes": nodes, "tensors": tensors}, nil
}

// run (name, times) runs a row and waits for the end.
func (o *ours) run(args []js.Value) (any, error) {
	return nil, o.rows[args[0].String()].job.Run(args[1].Int())
}

// compare (name, values) fails unless a peer's result is ours.
func (o *ours) compare(args []js.Value) (any, error) {
	r := o.rows[args[0].String()]
	got := tensor.New(r.want.Shape)
	if n := args[1].Length(); n != len(got.Data) {
		return nil, fmt.Errorf("%d values, want those of %v", n, got.Shape)
	}
	js.CopyBytesToGo(bytesOf(got.Data), bytesIn(args[1]))
	return nil, work.Same(got, r.want)
}

// value is a tensor as {shape, data}.
func value(t *tensor.Tensor) map[string]any {
	data := js.Global().Get("Float32Array").New(len(t.Data))
	js.CopyBytesToJS(bytesIn(data), bytesOf(t.Data))
	var shape []any
	for _, n := range t.Shape {
		shape = append(shape, n)
	}
	return map[string]any{"shape": shape, "data": data}
}

// bytesOf are the bytes of a slice.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// bytesIn are the bytes of a typed array.
func bytesIn(array js.Value) js.Value {
	return js.Global().Get("Uint8Array").New(array.Get("buffer"), array.Get("byteOffset"), array.Get("byteLength"))
}

// promise makes a function of JavaScript that may wait.
func promise(f func([]js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		executor := js.FuncOf(func(_ js.Value, settle []js.Value) any {
			go func() {
				if v, err := f(args); err != nil {
					settle[1].Invoke(js.Global().Get("Error").New(err.Error()))
				} else {
					settle[0].Invoke(v)
				}
			}()
			return nil
		})
		defer executor.Release()
		return js.Global().Get("Promise").New(executor)
	})
}
