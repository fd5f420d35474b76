//go:build js && wasm

package main

import (
	"syscall/js"
	"unsafe"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/wasm/engine/session"
)

// emit posts a reply to the page. Large arrays change hands without a copy.
func emit(r session.Reply) {
	var e encoder
	message := newObject("type", string(r.Kind))
	if r.ID != 0 {
		message.Set("id", r.ID)
	}
	switch v := r.Value.(type) {
	case *session.Error:
		message.Set("error", newObject("name", string(v.Code), "message", v.Error()))
	case session.Started:
		set(message, "protocol", v.Protocol, "learns", v.Learns)
	case session.Progress:
		set(message, "phase", v.Phase, "done", v.Done, "total", v.Total, "fraction", v.Fraction)
		if v.Phase == "learning" {
			message.Set("loss", v.Loss)
		}
		if v.Skipped != "" {
			message.Set("skipped", v.Skipped)
		}
	default:
		if result := e.result(r.Value); result.Truthy() {
			message.Set("result", result)
		}
	}
	js.Global().Call("postMessage", message, js.ValueOf(e.transfer))
}

// newObject makes an object of names and values in turn, which takes less code than a map.
func newObject(pairs ...any) js.Value {
	o := js.Global().Get("Object").New()
	set(o, pairs...)
	return o
}

func set(o js.Value, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
}

// encoder turns results into JavaScript's values.
type encoder struct{ transfer []any }

func (e *encoder) result(value any) js.Value {
	switch v := value.(type) {
	case session.Opened:
		i := v.Device
		return newObject("name", i.Name, "renderer", i.Renderer, "detail", i.Detail, "software", i.Software)
	case session.Summary:
		return summary(v)
	case session.Inspection:
		return e.inspection(v)
	case session.Learned:
		o := summary(v.Summary)
		o.Set("bytes", e.bytes(v.Bytes))
		return o
	case session.Saved:
		return newObject("bytes", e.bytes(v.Bytes))
	case session.Table:
		return newObject("text", v.Text, "measured", v.Measured)
	case session.Count:
		return newObject("pictures", v.Pictures)
	case session.Found:
		return newObject("found", v.Found)
	case sdk.Decision:
		return decision(v)
	}
	return js.Undefined()
}

func summary(s session.Summary) js.Value {
	t := s.Training
	return newObject(
		"backbone", s.Backbone, "width", s.Width, "height", s.Height, "calibration", s.Calibration, "folds", s.Folds,
		"decision", decision(s.Decision),
		"training", newObject(
			"pictures", t.Pictures, "heldOut", t.HeldOut, "skipped", t.Skipped, "epochs", t.Epochs,
			"seed", float64(t.Seed), "loss", t.Loss, "device", t.Device,
		),
	)
}

func decision(d sdk.Decision) js.Value {
	return newObject(
		"falseReject", d.FalseReject, "clamped", d.Clamped, "approximate", d.Approximate,
		"threshold", d.Threshold, "regionThreshold", d.RegionThreshold, "minArea", d.MinArea,
	)
}

func (e *encoder) inspection(i session.Inspection) js.Value {
	verdict := "pass"
	if i.Verdict == picture.Reject {
		verdict = "reject"
	}
	regions := make([]any, len(i.Regions))
	for k, r := range i.Regions {
		outline := make([]any, len(r.Outline))
		for n, loop := range r.Outline {
			points := make([]float32, 0, 2*len(loop))
			for _, p := range loop {
				points = append(points, float32(p.X), float32(p.Y))
			}
			outline[n] = e.floats(points)
		}
		regions[k] = newObject("area", r.Area, "peak", r.Peak, "peakX", r.PeakAt.X, "peakY", r.PeakAt.Y,
			"x", r.Box.Min.X, "y", r.Box.Min.Y, "width", r.Box.Dx(), "height", r.Box.Dy(), "outline", outline)
	}
	fit := i.Map.Fit
	valid := fit.Valid()
	o := newObject(
		"score", i.Score, "pValue", i.PValue, "threshold", i.Decision.Threshold, "verdict", verdict,
		"decision", decision(i.Decision), "regions", regions,
		"pictureWidth", fit.Picture.X, "pictureHeight", fit.Picture.Y,
		"width", fit.Canvas.X, "height", fit.Canvas.Y,
		"valid", newObject("x", valid.Min.X, "y", valid.Min.Y, "width", valid.Dx(), "height", valid.Dy()),
	)
	if !i.NoMap {
		o.Set("map", e.floats(i.Map.Values))
	}
	return o
}

func (e *encoder) bytes(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	e.transfer = append(e.transfer, array.Get("buffer"))
	return array
}

// floats returns a Float32Array; WebAssembly's bytes are in JavaScript's order.
func (e *encoder) floats(values []float32) js.Value {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
	return js.Global().Get("Float32Array").New(e.bytes(b).Get("buffer"))
}
