package fragment

import (
	"fmt"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/glsl"
)

// bringsMain says whether the shader of a pass draws to every layer of its output
// at once. Others are walked: they are drawn layer by layer and compute one texel.
func bringsMain(p glsl.Pass) bool { return strings.HasSuffix(p.File, ".fragment.glsl") }

// versionLine is the first line of every shader.
func versionLine(es bool) string {
	if es {
		return "#version 300 es\n"
	}
	return "#version 330 core\n"
}

// texts returns the shader of every pass.
func (r *recipe) texts(op kernels.Op, es bool) ([]string, error) {
	attributes, err := glsl.Attributes(op)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, p := range r.Passes {
		given := attributes
		if p.Bare {
			given = nil
		}
		text, err := r.assemble(p, given, es)
		if err != nil {
			return nil, fmt.Errorf("fragment: %s: %w", p.File, err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// assemble returns the whole text of a pass in the fragment dialect.
func (r *recipe) assemble(p glsl.Pass, attributes []glsl.Define, es bool) (string, error) {
	body, err := glsl.Read(p.File)
	if err != nil {
		return "", err
	}
	prelude, err := glsl.Read("dialect/fragment.glsl")
	if err != nil {
		return "", err
	}
	shapes := r.Slots()
	var t glsl.Text
	t.Define(attributes...)
	t.Define(p.Defines...)
	for i, slot := range p.In {
		name := fmt.Sprintf("IN%d", i)
		t.Define(glsl.Shape(name, shapes[slot])...)
		t.Define(r.arrangements[slot].defines(name)...)
		t.Operand("dialect/fragment.input.glsl", "in", i)
	}
	for i, slot := range p.Out {
		name := fmt.Sprintf("OUT%d", i)
		t.Define(glsl.Shape(name, shapes[slot])...)
		t.Define(r.arrangements[slot].defines(name)...)
		t.Operand("dialect/fragment.output.glsl", "out", i)
	}
	t.Define(glsl.Int("OUTPUTS", len(p.Out)))
	if bringsMain(p) {
		t.Define(glsl.Int("LAYERS", r.arrangements[p.Out[0]].Layers))
		t.Add("dialect/fragment.layers.glsl")
	}
	t.Write(body)
	if !bringsMain(p) {
		t.Add("dialect/fragment.main.glsl")
	}
	return t.Whole(versionLine(es) + prelude)
}

// vertexShader returns the one vertex shader.
func vertexShader(es bool) (string, error) {
	text, err := glsl.Read("dialect/vertex.glsl")
	return versionLine(es) + text, err
}
