//go:build js && wasm

package webgl

import (
	"errors"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/flawscope/flawscope/kernels/device/fragment"
)

// shader is a program of the device's vertex shader and a fragment shader.
type shader struct {
	program  any
	fragment any // until it is linked
	vertex   any
	linked   bool
	err      error
	drawn    bool
	layer    any // location of the uniform "layer", nil when there is none
	layerIs  int32
}

// Compile begins to compile and link.
func (g *GL) Compile(vertex, text string) fragment.Shader {
	compile := func(kind int, text string) any {
		object := any(g.call.createShader.Invoke(kind))
		g.call.shaderSource.Invoke(object, text)
		g.call.compileShader.Invoke(object)
		return object
	}
	if g.gone() { // then some browsers make null of every object
		return fragment.Shader(g.shaders.add(&shader{err: errLost}))
	}
	if g.vertex[vertex] == nil {
		g.vertex[vertex] = compile(vertexShader, vertex)
	}
	s := &shader{program: g.call.createProgram.Invoke(), vertex: g.vertex[vertex], fragment: compile(fragmentShader, text)}
	g.call.attachShader.Invoke(s.program, s.vertex)
	g.call.attachShader.Invoke(s.program, s.fragment)
	g.call.linkProgram.Invoke(s.program)
	return fragment.Shader(g.shaders.add(s))
}

// Compiled says whether the shader is linked.
func (g *GL) Compiled(number fragment.Shader, block bool) (done bool, err error) {
	s := g.shaders.get(uint32(number))
	switch {
	case s == nil:
		return false, errors.New("webgl: no such shader")
	case s.linked || s.err != nil:
		return s.linked, s.err
	case g.gone():
		return false, errLost
	}
	if !block && g.caps.ParallelCompiles {
		// While a context is lost this is true, so that nobody waits for ever.
		if done := g.call.getProgramParameter.Invoke(s.program, completionStatus); !done.Truthy() {
			return false, nil
		}
	}
	if !g.call.getProgramParameter.Invoke(s.program, linkStatus).Truthy() {
		if g.gone() {
			return false, errLost
		}
		s.err = errors.New(g.log(s))
		return false, s.err
	}
	g.call.detachShader.Invoke(s.program, s.fragment)
	g.call.detachShader.Invoke(s.program, s.vertex)
	g.call.deleteShader.Invoke(s.fragment)
	s.vertex, s.fragment = nil, nil
	s.linked = true
	g.name(number, s)
	return true, nil
}

// log returns what the compiler and the linker said.
func (g *GL) log(s *shader) string {
	var all []string
	for _, said := range []js.Value{g.call.getShaderInfoLog.Invoke(s.vertex), g.call.getShaderInfoLog.Invoke(s.fragment), g.call.getProgramInfoLog.Invoke(s.program)} {
		if said.Type() != js.TypeString {
			continue
		}
		if text := strings.Trim(said.String(), "\x00 \n"); text != "" {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return "the browser does not say why"
	}
	return strings.Join(all, "\n")
}

// name binds the samplers to their units and finds the uniform "layer".
func (g *GL) name(number fragment.Shader, s *shader) {
	for i := range g.call.getProgramParameter.Invoke(s.program, activeUniforms).Int() {
		uniform := g.call.getActiveUniform.Invoke(s.program, i).Get("name").String()
		if uniform == "layer" {
			s.layer = g.call.getUniformLocation.Invoke(s.program, uniform)
		}
		if after, ok := strings.CutPrefix(uniform, "memory_in"); ok {
			if unit, err := strconv.Atoi(after); err == nil && unit > 0 { // 0 is what it is
				g.useShader(number, s)
				g.call.uniform1i.Invoke(g.call.getUniformLocation.Invoke(s.program, uniform), unit)
			}
		}
	}
}

// DeleteShader frees a shader.
func (g *GL) DeleteShader(number fragment.Shader) {
	s := g.shaders.remove(uint32(number))
	if s == nil || s.program == nil {
		return
	}
	g.call.deleteProgram.Invoke(s.program)
	if s.fragment != nil {
		g.call.deleteShader.Invoke(s.fragment)
	}
	if g.bound.shader == number {
		g.bound.shader = 0
	}
}
