//go:build js && wasm

package webgl

import (
	"syscall/js"
	"unsafe"
)

// memory lets JavaScript see slices of Go's. A typed array over the program's own
// memory saves a copy; where that memory cannot be found, there is the copy.
type memory struct {
	exported              js.Value // the WebAssembly.Memory, or undefined
	bytes, halves, floats js.Value // constructors
	spare                 js.Value // a Uint8Array for copies
	room                  int      // of spare
}

func openMemory() memory {
	global := js.Global()
	return memory{
		exported: exportedMemory(),
		bytes:    global.Get("Uint8Array"), halves: global.Get("Uint16Array"), floats: global.Get("Float32Array"),
	}
}

// exportedMemory returns the program's memory, or undefined. It belongs to an object
// of wasm_exec.js that a program cannot name. But that object makes JavaScript's side
// of every js.Func by a method of its own; if that method is, for a moment, one that
// returns what it is called on, then the object comes back as the function.
func exportedMemory() (found js.Value) {
	class := js.Global().Get("Go")
	if class.Type() != js.TypeFunction {
		return js.Undefined()
	}
	const method = "_makeFuncWrapper"
	prototype := class.Get("prototype")
	original := prototype.Get(method)
	if original.Type() != js.TypeFunction {
		return js.Undefined()
	}
	prototype.Set(method, js.Global().Get("Object").Get("prototype").Get("valueOf"))
	f := js.FuncOf(func(js.Value, []js.Value) any { return nil })
	prototype.Set(method, original)
	defer f.Release()
	found = f.Value
	for _, name := range []string{"_inst", "exports", "mem"} {
		if found.Type() != js.TypeObject {
			return js.Undefined()
		}
		found = found.Get(name)
	}
	if !found.InstanceOf(js.Global().Get("WebAssembly").Get("Memory")) {
		return js.Undefined()
	}
	return found
}

// show calls use with a typed array of the data, whose elements have the given
// constructor and size. What use puts there is not seen by Go. It says whether use
// was called in vain before and GL may complain of that.
func (m *memory) show(data []byte, constructor js.Value, size int, use func(view any)) (inVain bool) {
	done, inVain := m.over(data, constructor, size, use)
	if !done {
		js.CopyBytesToJS(m.reserve(len(data)), data)
		use(constructor.New(m.spare.Get("buffer"), 0, len(data)/size))
	}
	return inVain
}

// fill calls use with a Uint8Array whose contents data has afterwards; see show.
func (m *memory) fill(data []byte, use func(view any)) (inVain bool) {
	done, inVain := m.over(data, m.bytes, 1, use)
	if !done {
		view := m.bytes.New(m.reserve(len(data)).Get("buffer"), 0, len(data))
		use(view)
		js.CopyBytesToGo(data, view)
	}
	return inVain
}

func (m *memory) reserve(bytes int) js.Value {
	if m.room < bytes {
		m.room = bytes
		m.spare = m.bytes.New(bytes)
	}
	return m.spare
}

// over calls use with a view of Go's memory, if there can be one.
func (m *memory) over(data []byte, constructor js.Value, size int, use func(view any)) (done, inVain bool) {
	at := int(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
	if m.exported.IsUndefined() || at%size != 0 || len(data) == 0 {
		return false, false
	}
	for {
		called, stayed := m.attempt(at, len(data)/size, constructor, use)
		if called && stayed {
			return true, inVain
		}
		inVain = inVain || called
	}
}

// attempt calls use with a view and says whether Go's memory stayed what it was.
// When it grows, which may happen whenever Go allocates, all views become empty:
// then use has done nothing, or JavaScript has refused.
func (m *memory) attempt(at, length int, constructor js.Value, use func(view any)) (called, stayed bool) {
	buffer := m.exported.Get("buffer")
	defer func() {
		stayed = m.exported.Get("buffer").Equal(buffer)
		if stayed {
			return
		}
		if p := recover(); p != nil {
			if _, refused := p.(js.Error); !refused {
				panic(p)
			}
		}
	}()
	made := constructor.New(buffer, at, length)
	view := any(made)
	if made.Get("length").Int() == 0 { // does not allocate
		return false, false
	}
	called = true
	use(view)
	return called, true
}

// bytesOf returns the memory of floats.
func bytesOf(data []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data))
}
