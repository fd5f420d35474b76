package opengl

import (
	"fmt"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// texts returns the shader of every pass.
func texts(r *glsl.Recipe, op kernels.Op, v Variant) ([]string, error) {
	attributes, err := glsl.Attributes(op)
	if err != nil {
		return nil, err
	}
	slots := r.Slots()
	var texts []string
	for _, p := range r.Passes {
		given := attributes
		if p.Bare {
			given = nil
		}
		text, err := assemble(p, slots, given, v == BufferTexture)
		if err != nil {
			return nil, fmt.Errorf("opengl: %s: %w", p.File, err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// assemble returns the whole text of a pass in the compute dialect: the prelude,
// the defines that the text reads, accessors for every input and output, the
// kernel and, unless the kernel brings its own, the main that calls it.
func assemble(p glsl.Pass, slots []tensor.Shape, attributes []glsl.Define, textures bool) (string, error) {
	body, err := glsl.Read(p.File)
	if err != nil {
		return "", err
	}
	prelude, err := glsl.Read("dialect/compute.glsl")
	if err != nil {
		return "", err
	}
	var t glsl.Text
	t.Define(attributes...)
	t.Define(p.Defines...)
	t.Define(glsl.Int("LOCAL", p.Local), glsl.Bool("BUFFER_TEXTURES", textures))
	t.Add("dialect/compute.group.glsl")
	for i, slot := range p.In {
		name := fmt.Sprintf("IN%d", i)
		t.Define(glsl.Shape(name, slots[slot])...)
		t.Define(glsl.Int(name+"_BINDING", i))
		t.Operand("dialect/compute.input.glsl", "in", i)
	}
	for i, slot := range p.Out {
		name, binding := fmt.Sprintf("OUT%d", i), i
		if !textures {
			binding += len(p.In)
		}
		t.Define(glsl.Shape(name, slots[slot])...)
		t.Define(glsl.Int(name+"_BINDING", binding))
		t.Operand("dialect/compute.output.glsl", "out", i)
	}
	t.Write(body)
	if !strings.Contains(body, "void main()") {
		walk := glsl.Shape("WALK", p.Walk)
		t.Define(walk[0], glsl.Int("WALK_C4", glsl.Texels(p.Walk[1])), walk[2], walk[3])
		t.Add("dialect/compute.main.glsl")
	}
	return t.Whole(prelude)
}
