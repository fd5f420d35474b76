package fragment

import (
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/device/glsl/glsltest"
)

// eachText makes the texts of every way of running, as a browser gets them and, rolled
// and on small textures, as OpenGL 3.3 does.
func eachText(t *testing.T) glsltest.Each {
	return func(f func(op kernels.Op, way, file, text string)) {
		for _, d := range []*Device{
			{caps: Caps{ES: true, TextureUnits: 16, DrawBuffers: 8}, limits: limits{size: 8192, layers: 8}},
			{caps: Caps{TextureUnits: 16, DrawBuffers: 4}, limits: limits{size: 2048, layers: 4}, rolled: true},
		} {
			for _, c := range devicetest.Cases() {
				for _, way := range []string{tiled, direct, plain} {
					r, err := d.plan(c.Op, c.Operands(), way)
					if err != nil {
						t.Fatalf("%s: %v", c.Name, err)
					}
					if r.way != "" && r.way != way {
						continue
					}
					texts, err := r.texts(c.Op, d.caps.ES)
					if err != nil {
						t.Fatalf("%s: %v", c.Name, err)
					}
					for i, text := range texts {
						f(c.Op, versionLine(d.caps.ES)+way, r.Passes[i].File, text)
					}
					if r.way == "" {
						break
					}
				}
			}
		}
	}
}

func TestDefinesAreRead(t *testing.T) { glsltest.DefinesAreRead(t, eachText(t)) }

func TestShaderFiles(t *testing.T) {
	glsltest.Files(t, func(name string) bool { return strings.HasSuffix(name, ".fragment.glsl") }, eachText(t))
}

func TestGLSLang(t *testing.T) {
	glsltest.GLSLang(t, "frag", eachText(t))
	for _, es := range []bool{true, false} {
		vertex, err := vertexShader(es)
		if err != nil {
			t.Fatal(err)
		}
		selftest, err := selfTestShader(es)
		if err != nil {
			t.Fatal(err)
		}
		one := func(file, text string) glsltest.Each {
			return func(f func(op kernels.Op, way, file, text string)) { f(nil, "", file, text) }
		}
		glsltest.GLSLang(t, "vert", one("vertex.glsl", vertex))
		glsltest.GLSLang(t, "frag", one("selftest.glsl", selftest))
	}
}

// Every text begins with the version of its language and declares precisions, which
// browsers need for whole numbers and samplers too.
func TestVersionLines(t *testing.T) {
	for _, es := range []bool{true, false} {
		text, err := selfTestShader(es)
		if err != nil || !strings.HasPrefix(text, versionLine(es)) {
			t.Errorf("%.40q, %v", text, err)
		}
		if used := glsl.Identifiers(text); !used["highp"] {
			t.Error("no precision is declared")
		}
	}
}
