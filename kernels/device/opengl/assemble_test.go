package opengl

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/shaders"
)

// eachText calls f with every shader text of the case table and the names of the
// defines that its operation offers.
func eachText(t *testing.T, f func(op kernels.Op, v Variant, file, text string)) {
	for _, c := range devicetest.Cases() {
		for _, v := range []Variant{SharedMemory, BufferTexture} {
			r, err := plan(c.Op, c.Operands(), v)
			if err != nil {
				t.Fatal(err)
			}
			texts, err := texts(r, c.Op, v)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range texts {
				f(c.Op, v, r.Passes[i].File, text)
			}
		}
	}
}

// Fields that matter to an output's shape alone reach no shader, nor does what
// an empty operation has not.
var shapeOnly = map[string]bool{
	"conv2d PAD_BOTTOM": true, "conv2d PAD_RIGHT": true,
	"pool PAD_BOTTOM": true, "pool PAD_RIGHT": true,
	"slice LENGTH": true, "embed LENGTH": true, "permutation COUNT": true,
	"expand TO_N": true, "expand TO_C": true, "expand TO_H": true, "expand TO_W": true, "noise TO_N": true,
}

var defineLine = regexp.MustCompile(`(?m)^#define (\w+) .*\n`)

// A define that no line reads would hide a forgotten attribute.
func TestDefinesAreRead(t *testing.T) {
	read, offered := map[string]bool{}, map[string]bool{}
	eachText(t, func(op kernels.Op, v Variant, file, text string) {
		fields, err := glsl.Attributes(op)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range fields {
			offered[op.Name()+" "+d.Name] = true
		}
		// Names in the block of defines at the top do not count as reading.
		head, body := split(text)
		used := glsl.Identifiers(body)
		for name := range used {
			read[op.Name()+" "+name] = true
		}
		for _, m := range defineLine.FindAllStringSubmatch(head, -1) {
			if !used[m[1]] {
				t.Errorf("%s, variant %v: %s is passed and never read", file, v, m[1])
			}
		}
	})
	for name := range offered {
		if read[name] == shapeOnly[name] {
			t.Errorf("%s: read by a shader: %v", name, read[name])
		}
	}
}

// split parts a text after the defines that assemble gave it.
func split(text string) (head, body string) {
	i := strings.Index(text, "layout(local_size_x")
	return text[:i], text[i:]
}

func TestShaderFiles(t *testing.T) {
	used := map[string]bool{}
	eachText(t, func(op kernels.Op, v Variant, file, text string) {
		used[file] = true
		used[op.Name()+".glsl"] = true
	})
	files, err := fs.Glob(shaders.Files, "*.glsl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !used[name] {
			t.Errorf("no operation uses %s", name)
		}
		text, err := shaders.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(string(text), "\n"); !strings.HasPrefix(first, "// ") || !strings.ContainsAny(first, "=←") {
			t.Errorf("%s does not begin with its formula: %q", name, first)
		}
		delete(used, name)
	}
	for name := range used {
		t.Errorf("no file %s", name)
	}
}

// TestGLSLang has glslangValidator check a few texts of every shader in every
// way of running. It skips where the tool is missing, but not for make lint.
func TestGLSLang(t *testing.T) {
	tool, err := exec.LookPath("glslangValidator")
	if err != nil {
		if os.Getenv("REQUIRE_GLSLANG") != "" {
			t.Fatal(err)
		}
		t.Skip("glslangValidator is not installed (Debian: glslang-tools)")
	}
	dir := t.TempDir()
	texts, taken := map[string]bool{}, map[string]int{}
	var files []string
	eachText(t, func(op kernels.Op, v Variant, file, text string) {
		kind := fmt.Sprint(file, v)
		if texts[text] || taken[kind] == 8 {
			return
		}
		texts[text] = true
		taken[kind]++
		name := filepath.Join(dir, strings.TrimSuffix(file, ".glsl")+"."+strconv.Itoa(len(files))+".comp")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	})
	if out, err := exec.Command(tool, files...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d texts of %d shaders", len(files), len(taken))
}
