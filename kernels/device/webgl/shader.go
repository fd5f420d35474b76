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
	if g.gone() {
		return fragment.Shader(g.shaders.add(&shader{err: errLost}))
	}
	s := &shader{program: g.call[createProgram].Invoke(), vertex: g.vertex[vertex], fragment: g.call[createShader].Invoke(fragmentShader)}
	first := s.vertex == nil
	if first {
		s.vertex = g.call[createShader].Invoke(vertexShader)
	}
	if g.gone() { // then some of them may be null
		return fragment.Shader(g.shaders.add(&shader{err: errLost}))
	}
	compile := func(object any, text string) {
		g.call[shaderSource].Invoke(object, text)
		g.call[compileShader].Invoke(object)
	}
	compile(s.fragment, text)
	if first {
		g.vertex[vertex] = s.vertex
		compile(s.vertex, vertex)
	}
	g.call[attachShader].Invoke(s.program, s.vertex)
	g.call[attachShader].Invoke(s.program, s.fragment)
	g.call[linkProgram].Invoke(s.program)
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
		if done := g.call[getProgramParameter].Invoke(s.program, completionStatus); !done.Truthy() {
			return false, nil
		}
	}
	if !g.call[getProgramParameter].Invoke(s.program, linkStatus).Truthy() {
		if g.gone() {
			return false, errLost
		}
		s.err = errors.New(g.log(s))
		return false, s.err
	}
	if !g.name(number, s) {
		return false, errLost
	}
	g.call[detachShader].Invoke(s.program, s.fragment)
	g.call[detachShader].Invoke(s.program, s.vertex)
	g.call[deleteShader].Invoke(s.fragment)
	s.vertex, s.fragment = nil, nil
	s.linked = true
	return true, nil
}

// log returns what the compiler and the linker said.
func (g *GL) log(s *shader) string {
	var all []string
	for _, said := range []js.Value{g.call[getShaderInfoLog].Invoke(s.vertex), g.call[getShaderInfoLog].Invoke(s.fragment), g.call[getProgramInfoLog].Invoke(s.program)} {
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

// name binds the samplers to their units and finds the uniform "layer", unless the
// context is lost, for which all answers are null.
func (g *GL) name(number fragment.Shader, s *shader) bool {
	count := g.call[getProgramParameter].Invoke(s.program, activeUniforms)
	for i := 0; count.Type() == js.TypeNumber && i < count.Int(); i++ {
		described := g.call[getActiveUniform].Invoke(s.program, i)
		if !described.Truthy() {
			break
		}
		uniform := described.Get("name").String()
		if uniform == "layer" {
			s.layer = g.call[getUniformLocation].Invoke(s.program, uniform)
		}
		if after, ok := strings.CutPrefix(uniform, "memory_in"); ok {
			if unit, err := strconv.Atoi(after); err == nil && unit > 0 { // 0 is what it is
				g.useShader(number, s)
				g.call[uniform1i].Invoke(g.call[getUniformLocation].Invoke(s.program, uniform), unit)
			}
		}
	}
	return !g.gone()
}

// DeleteShader frees a shader.
func (g *GL) DeleteShader(number fragment.Shader) {
	s := g.shaders.remove(uint32(number))
	if s == nil || s.program == nil || g.lost {
		return
	}
	g.call[deleteProgram].Invoke(s.program)
	if s.fragment != nil {
		g.call[deleteShader].Invoke(s.fragment)
	}
	if g.bound.shader == number {
		g.bound.shader = 0
	}
}
