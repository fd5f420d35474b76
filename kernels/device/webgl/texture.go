//go:build js && wasm

package webgl

import (
	"github.com/flawscope/flawscope/kernels/device/fragment"
)

// texture is a texture array. Objects of JavaScript are kept as any, which is what
// functions take, so that no call allocates for them.
type texture struct{ object any }

type target struct {
	object any
	drawn  bool // to, at least once
}

// bound is the state that drawing last set; 0 is not known, or nothing.
type bound struct {
	shader        fragment.Shader
	target        fragment.Target
	unit          int
	textures      []fragment.Texture // by unit
	width, height int                // of the viewport
	scissor       bool
}

// transfer describes how texels come from Go.
type transfer struct {
	internal, format, kind int
	size                   int // bytes of an element
}

func transferOf(f fragment.Format) transfer {
	switch f {
	case fragment.Float1:
		return transfer{r32f, red, float, 4}
	case fragment.Half4:
		return transfer{rgba16f, rgba, halfFloat, 2}
	}
	return transfer{rgba32f, rgba, float, 4}
}

// NewTexture makes a 2D texture array with nearest filtering.
func (g *GL) NewTexture(width, height, layers int, f fragment.Format) fragment.Texture {
	if g.lost {
		return fragment.Texture(g.textures.add(&texture{}))
	}
	object := any(g.call[createTexture].Invoke())
	t := fragment.Texture(g.textures.add(&texture{object}))
	g.bindTexture(g.bound.unit, t)
	g.call[texStorage3D].Invoke(texture2DArray, 1, transferOf(f).internal, width, height, layers)
	g.call[texParameteri].Invoke(texture2DArray, textureMin, nearest)
	g.call[texParameteri].Invoke(texture2DArray, textureMag, nearest)
	g.ask = true
	return t
}

// Upload fills all layers of t.
func (g *GL) Upload(t fragment.Texture, width, height, layers int, f fragment.Format, data []byte) {
	if g.lost || g.textures.get(uint32(t)) == nil {
		return
	}
	g.bindTexture(g.bound.unit, t)
	to := transferOf(f)
	constructor := g.memory.floats
	if f == fragment.Half4 {
		constructor = g.memory.halves
	}
	args := []any{texture2DArray, 0, 0, 0, 0, width, height, layers, to.format, to.kind, nil}
	if g.memory.show(data, constructor, to.size, func(view any) {
		args[len(args)-1] = view
		g.call[texSubImage3D].Invoke(args...)
	}) {
		g.forgive()
	}
}

// DeleteTexture frees a texture.
func (g *GL) DeleteTexture(t fragment.Texture) {
	was := g.textures.remove(uint32(t))
	if was == nil || g.lost {
		return
	}
	g.call[deleteTexture].Invoke(was.object)
	for unit, b := range g.bound.textures {
		if b == t { // GL binds none instead
			g.bound.textures[unit] = 0
		}
	}
}

// bindTexture binds t to a unit, which is then the active one.
func (g *GL) bindTexture(unit int, t fragment.Texture) {
	if g.bound.textures[unit] == t {
		return
	}
	if g.bound.unit != unit {
		g.call[activeTexture].Invoke(texture0 + unit)
		g.bound.unit = unit
	}
	var object any
	if was := g.textures.get(uint32(t)); was != nil {
		object = was.object
	}
	g.call[bindTexture].Invoke(texture2DArray, object)
	g.bound.textures[unit] = t
}

// NewTarget makes a framebuffer of the attachments.
func (g *GL) NewTarget(attachments []fragment.Attachment) fragment.Target {
	if g.lost {
		return fragment.Target(g.targets.add(&target{}))
	}
	object := any(g.call[createFramebuffer].Invoke())
	t := fragment.Target(g.targets.add(&target{object: object}))
	g.bindTarget(t)
	all := make([]any, len(attachments))
	for i, a := range attachments {
		all[i] = colorAttachment + i
		var object any
		if was := g.textures.get(uint32(a.Texture)); was != nil {
			object = was.object
		}
		g.call[framebufferTextureLayer].Invoke(framebuffer, colorAttachment+i, object, 0, a.Layer)
	}
	g.call[drawBuffers].Invoke(all)
	g.ask = true
	return t
}

// DeleteTarget frees a framebuffer.
func (g *GL) DeleteTarget(t fragment.Target) {
	was := g.targets.remove(uint32(t))
	if was == nil || g.lost {
		return
	}
	g.call[deleteFramebuffer].Invoke(was.object)
	if g.bound.target == t {
		g.bound.target = 0
	}
}

// bindTarget makes t what is drawn to and read from.
func (g *GL) bindTarget(t fragment.Target) {
	if g.bound.target == t && t != 0 {
		return
	}
	var object any
	if was := g.targets.get(uint32(t)); was != nil {
		object = was.object
	}
	g.call[bindFramebuffer].Invoke(framebuffer, object)
	g.bound.target = t
}
