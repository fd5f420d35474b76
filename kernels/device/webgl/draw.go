//go:build js && wasm

package webgl

import "github.com/flawscope/flawscope/kernels/device/fragment"

// Draw draws one triangle over the target.
func (g *GL) Draw(d *fragment.Draw) {
	s := g.shaders.get(uint32(d.Shader))
	t := g.targets.get(uint32(d.Target))
	if s == nil || t == nil || !s.linked || g.lost {
		return
	}
	g.useShader(d.Shader, s)
	g.bindTarget(d.Target)
	for unit, t := range d.Textures {
		g.bindTexture(unit, t)
	}
	if s.layer != nil && s.layerIs != d.Layer {
		g.call[uniform1i].Invoke(s.layer, d.Layer)
		s.layerIs = d.Layer
	}
	if g.bound.width != d.Width || g.bound.height != d.Height {
		g.call[viewport].Invoke(0, 0, d.Width, d.Height)
		g.bound.width, g.bound.height = d.Width, d.Height
	}
	part := d.From > 0 || d.To < d.Height
	if part != g.bound.scissor {
		if part {
			g.call[enable].Invoke(scissorTest)
		} else {
			g.call[disable].Invoke(scissorTest)
		}
		g.bound.scissor = part
	}
	if part {
		g.call[scissor].Invoke(0, d.From, d.Width, d.To-d.From)
	}
	g.call[drawArrays].Invoke(triangles, 0, 3)
	if !s.drawn || !t.drawn {
		s.drawn, t.drawn = true, true
		g.ask = true
	}
}

func (g *GL) useShader(number fragment.Shader, s *shader) {
	if g.bound.shader != number {
		g.call[useProgram].Invoke(s.program)
		g.bound.shader = number
	}
}
