package opengl

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// functions is the table of GL functions, which package gl keeps for the whole
// process. All contexts of a process share it: their functions come from one
// dispatch library.
type functions struct {
	sync.Mutex
	some, all bool // those of drawing, or all of OpenGL 4.3, are loaded
}

var loaded functions

// loadAll loads all functions of OpenGL 4.3.
func (f *functions) loadAll(getProc func(string) unsafe.Pointer) error {
	f.Lock()
	defer f.Unlock()
	if f.all {
		return nil
	}
	if err := gl.InitWithProcAddrFunc(getProc); err != nil {
		// It may have forgotten what was there.
		f.some = false
		return fmt.Errorf("OpenGL 4.3 is needed, but the driver lacks a function: %w", err)
	}
	f.some, f.all = true, true
	return nil
}

// loadDrawing loads the functions of OpenGL 3.3 and OpenGL ES 3.0 that a fragment
// device calls, and what else there is.
func (f *functions) loadDrawing(getProc func(string) unsafe.Pointer) error {
	f.Lock()
	defer f.Unlock()
	if f.some {
		return nil
	}
	for _, name := range drawing {
		if getProc("gl"+name) == nil {
			return fmt.Errorf("the driver lacks gl%s", name)
		}
	}
	// Package gl stops at the first function of OpenGL 4.3 that is missing. In the
	// place of one stands a function that any call leaves unharmed; none is made.
	harmless := getProc("glFlush")
	err := gl.InitWithProcAddrFunc(func(name string) unsafe.Pointer {
		if p := getProc(name); p != nil {
			return p
		}
		return harmless
	})
	f.some = err == nil
	return err
}

// drawing are the functions that a fragment device calls.
var drawing = [...]string{
	"ActiveTexture", "AttachShader", "BindBuffer", "BindFramebuffer", "BindTexture", "BindVertexArray", "BufferData", "ClientWaitSync",
	"CompileShader", "CreateProgram", "CreateShader", "DeleteBuffers", "DeleteFramebuffers", "DeleteProgram", "DeleteShader", "DeleteSync",
	"DeleteTextures", "Disable", "DrawArrays", "DrawBuffers", "Enable", "FenceSync", "Flush", "FramebufferTextureLayer", "GenBuffers",
	"GenFramebuffers", "GenTextures", "GenVertexArrays", "GetAttachedShaders", "GetError", "GetIntegerv", "GetProgramInfoLog", "GetProgramiv",
	"GetShaderInfoLog", "GetShaderiv", "GetString", "GetStringi", "GetUniformLocation", "LinkProgram", "MapBufferRange", "PixelStorei",
	"ReadBuffer", "ReadPixels", "Scissor", "ShaderSource", "TexImage3D", "TexParameteri", "TexSubImage3D", "Uniform1i", "UnmapBuffer",
	"UseProgram", "Viewport",
}
