package opengl

import (
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/glsl/glsltest"
)

func eachText(t *testing.T) glsltest.Each {
	return func(f func(op kernels.Op, way, file, text string)) {
		for _, c := range devicetest.Cases() {
			for _, v := range []Variant{SharedMemory, BufferTexture} {
				all, err := ways(c.Op, c.Operands(), v)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range all {
					r, err := plan(c.Op, c.Operands(), w)
					if err != nil {
						t.Fatal(err)
					}
					texts, err := texts(r, c.Op, w.reads)
					if err != nil {
						t.Fatal(err)
					}
					for i, text := range texts {
						f(c.Op, w.String(), r.Passes[i].File, text)
					}
				}
			}
		}
	}
}

func TestDefinesAreRead(t *testing.T) { glsltest.DefinesAreRead(t, eachText(t)) }

func TestShaderFiles(t *testing.T) {
	glsltest.Files(t, func(name string) bool {
		return !strings.HasSuffix(name, ".fragment.glsl") && name != "selftest.glsl"
	}, eachText(t))
}

func TestGLSLang(t *testing.T) { glsltest.GLSLang(t, "comp", eachText(t)) }
