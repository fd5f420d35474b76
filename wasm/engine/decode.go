//go:build js && wasm

package main

import (
	"fmt"
	"math"
	"syscall/js"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/wasm/engine/session"
)

// maxBytes is the largest file that is taken.
const maxBytes = 1 << 30

// decode reads a message; the number is right where there is one at all.
func decode(m js.Value) (id int, r session.Request, err error) {
	if m.Type() != js.TypeObject {
		return 0, r, fmt.Errorf("a message that is no object")
	}
	o := object{value: m}
	r = session.Request{
		ID: o.whole("id"), Kind: session.Kind(o.text("type")),
		Device: o.text("device"), Name: o.text("name"), Target: o.whole("target"),
		NoMap: o.refused("map"), NoTune: o.refused("tune"),
		Policy: sdk.Policy{FalseReject: o.number("falseReject"), MinArea: o.whole("minArea")},
		Learn: session.LearnOptions{
			Backbone: o.text("backbone"), Width: o.whole("width"), Height: o.whole("height"),
			Epochs: o.whole("epochs"), Seed: uint32(o.whole("seed")),
		},
	}
	if o.given("threshold") {
		threshold := o.number("threshold")
		r.Policy.Threshold = &threshold
	}
	if o.given("canvas") {
		if r.Canvas = o.value.Get("canvas"); o.value.Get("canvas").Type() != js.TypeObject {
			o.fail("canvas", "a canvas")
		}
	}
	r.Bytes = o.bytes()
	if o.given("pictures") {
		list := o.value.Get("pictures")
		if !list.InstanceOf(js.Global().Get("Array")) {
			o.fail("pictures", "an array")
		} else {
			for i := range list.Length() {
				p := object{value: list.Index(i)}
				if p.value.Type() != js.TypeObject {
					o.fail("pictures", "objects")
					break
				}
				r.Pictures = append(r.Pictures, session.Picture{Name: p.text("name"), Bytes: p.bytes()})
				if o.err == nil {
					o.err = p.err
				}
			}
		}
	}
	return r.ID, r, o.err
}

// object reads the fields of a message; a field that is missing is zero, and the
// first one of a wrong kind is the error.
type object struct {
	value js.Value
	err   error
}

func (o *object) fail(name, want string) {
	if o.err == nil {
		o.err = fmt.Errorf("%q is not %s", name, want)
	}
}

func (o *object) given(name string) bool {
	v := o.value.Get(name)
	return !v.IsUndefined() && !v.IsNull()
}

func (o *object) refused(name string) bool { return o.given(name) && !o.value.Get(name).Truthy() }

func (o *object) text(name string) string {
	if !o.given(name) {
		return ""
	}
	v := o.value.Get(name)
	if v.Type() != js.TypeString {
		o.fail(name, "a string")
		return ""
	}
	return v.String()
}

func (o *object) number(name string) float64 {
	if !o.given(name) {
		return 0
	}
	v := o.value.Get(name)
	if v.Type() != js.TypeNumber {
		o.fail(name, "a number")
		return 0
	}
	return v.Float()
}

func (o *object) whole(name string) int {
	v := o.number(name)
	if v != math.Trunc(v) || math.Abs(v) > 1<<32 {
		o.fail(name, "a whole number")
		return 0
	}
	return int(v)
}

// bytes copies the field "bytes", an ArrayBuffer or a Uint8Array.
func (o *object) bytes() []byte {
	if !o.given("bytes") {
		return nil
	}
	v := o.value.Get("bytes")
	array := js.Global().Get("Uint8Array")
	if v.Type() == js.TypeObject && v.InstanceOf(js.Global().Get("ArrayBuffer")) {
		v = array.New(v)
	}
	if v.Type() != js.TypeObject || !v.InstanceOf(array) {
		o.fail("bytes", "an ArrayBuffer or a Uint8Array")
		return nil
	}
	n := v.Length()
	if n > maxBytes {
		o.fail("bytes", fmt.Sprintf("at most %d bytes", maxBytes))
		return nil
	}
	b := make([]byte, n)
	js.CopyBytesToGo(b, v)
	return b
}
