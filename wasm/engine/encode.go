//go:build js && wasm

package main

import (
	"syscall/js"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/wasm/engine/session"
)

// emit posts a reply to the page. Large arrays change hands without a copy.
func emit(r session.Reply) {
	var e encoder
	message := map[string]any{"type": string(r.Kind)}
	if r.ID != 0 {
		message["id"] = r.ID
	}
	switch v := r.Value.(type) {
	case *session.Error:
		message["error"] = map[string]any{"name": string(v.Code), "message": v.Error()}
	case session.Started:
		message["protocol"], message["learns"] = v.Protocol, v.Learns
	case session.Progress:
		message["phase"], message["done"], message["total"], message["fraction"] = v.Phase, v.Done, v.Total, v.Fraction
		if v.Phase == "learning" {
			message["loss"] = v.Loss
		}
		if v.Skipped != "" {
			message["skipped"] = v.Skipped
		}
	default:
		if result := e.result(r.Value); result != nil {
			message["result"] = result
		}
	}
	js.Global().Call("postMessage", js.ValueOf(message), js.ValueOf(e.transfer))
}

// encoder turns results into JavaScript's values.
type encoder struct{ transfer []any }

func (e *encoder) result(value any) any {
	switch v := value.(type) {
	case session.Opened:
		return deviceObject(v.Device)
	case session.Summary:
		return summary(v)
	case session.Inspection:
		return e.inspection(v)
	case session.Learned:
		o := summary(v.Summary)
		o["bytes"] = e.bytes(v.Bytes)
		return o
	case session.Saved:
		return map[string]any{"bytes": e.bytes(v.Bytes)}
	case session.Table:
		return map[string]any{"text": v.Text, "measured": v.Measured}
	case session.Count:
		return map[string]any{"pictures": v.Pictures}
	case session.Found:
		return map[string]any{"found": v.Found}
	case sdk.Decision:
		return decision(v)
	}
	return nil
}

func deviceObject(i device.Info) map[string]any {
	return map[string]any{"name": i.Name, "renderer": i.Renderer, "detail": i.Detail, "software": i.Software}
}

func summary(s session.Summary) map[string]any {
	t := s.Training
	return map[string]any{
		"backbone": s.Backbone, "width": s.Width, "height": s.Height, "calibration": s.Calibration, "folds": s.Folds,
		"decision": decision(s.Decision),
		"training": map[string]any{
			"pictures": t.Pictures, "heldOut": t.HeldOut, "skipped": t.Skipped, "epochs": t.Epochs,
			"seed": float64(t.Seed), "loss": t.Loss, "device": t.Device,
		},
	}
}

func decision(d sdk.Decision) map[string]any {
	return map[string]any{
		"falseReject": d.FalseReject, "clamped": d.Clamped, "approximate": d.Approximate,
		"threshold": d.Threshold, "regionThreshold": d.RegionThreshold, "minArea": d.MinArea,
	}
}

func (e *encoder) inspection(i session.Inspection) map[string]any {
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
		regions[k] = map[string]any{
			"area": r.Area, "peak": r.Peak, "peakX": r.PeakAt.X, "peakY": r.PeakAt.Y,
			"x": r.Box.Min.X, "y": r.Box.Min.Y, "width": r.Box.Dx(), "height": r.Box.Dy(), "outline": outline,
		}
	}
	fit := i.Map.Fit
	valid := fit.Valid()
	o := map[string]any{
		"score": i.Score, "pValue": i.PValue, "threshold": i.Decision.Threshold, "verdict": verdict,
		"decision": decision(i.Decision), "regions": regions,
		"pictureWidth": fit.Picture.X, "pictureHeight": fit.Picture.Y,
		"width": fit.Canvas.X, "height": fit.Canvas.Y,
		"valid": map[string]any{"x": valid.Min.X, "y": valid.Min.Y, "width": valid.Dx(), "height": valid.Dy()},
	}
	if !i.NoMap {
		o["map"] = e.floats(i.Map.Values)
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
