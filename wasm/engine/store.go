//go:build js && wasm

package main

import (
	"errors"
	"syscall/js"
)

// tables is the tune.Store that worker.js keeps: texts by name, which it read before
// Go ran.
type tables struct{}

// Load returns a text.
func (tables) Load(name string) ([]byte, error) {
	if all := js.Global().Get("tables"); all.Type() == js.TypeObject {
		if text := all.Get(name); text.Type() == js.TypeString {
			return []byte(text.String()), nil
		}
	}
	return nil, errors.New("not measured yet")
}

// Save hands a text over; it is written later, and where that fails, forgotten.
func (tables) Save(name string, data []byte) error {
	if keep := js.Global().Get("keep"); keep.Type() == js.TypeFunction {
		keep.Invoke(name, string(data))
	}
	return nil
}
