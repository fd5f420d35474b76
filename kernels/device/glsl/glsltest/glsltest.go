// Package glsltest checks the shader texts that a dialect makes of every operation.
package glsltest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/shaders"
)

// Each calls f with every shader text of the case table, the operation it belongs
// to, the way of running and the kernel's file.
type Each func(f func(op kernels.Op, way, file, text string))

// Fields that matter to an output's shape alone reach no shader, nor does what
// an empty operation has not.
var shapeOnly = map[string]bool{
	"conv2d PAD_BOTTOM": true, "conv2d PAD_RIGHT": true,
	"pool PAD_BOTTOM": true, "pool PAD_RIGHT": true,
	"slice LENGTH": true, "embed LENGTH": true, "permutation COUNT": true,
	"expand TO_N": true, "expand TO_C": true, "expand TO_H": true, "expand TO_W": true, "noise TO_N": true,
}

var defineLine = regexp.MustCompile(`(?m)^#define (\w+) .*\n`)

// DefinesAreRead fails when a define is passed that no line reads, which would hide a
// forgotten attribute. Shape-only fields aside, each attribute is read by some text.
func DefinesAreRead(t *testing.T, each Each) {
	read, offered := map[string]bool{}, map[string]bool{}
	each(func(op kernels.Op, way, file, text string) {
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
				t.Errorf("%s, %s: %s is passed and never read", file, way, m[1])
			}
		}
	})
	for name := range offered {
		if read[name] == shapeOnly[name] {
			t.Errorf("%s: read by a shader: %v", name, read[name])
		}
	}
}

// split parts a text after the defines that were given to it: the first block of them.
func split(text string) (head, body string) {
	at, inside := 0, false
	for _, line := range strings.SplitAfter(text, "\n") {
		define := strings.HasPrefix(line, "#define ")
		if inside && !define {
			break
		}
		inside = inside || define
		at += len(line)
	}
	return text[:at], text[at:]
}

// Files fails when a shader of the kind that mine picks is used by no operation, or does
// not begin with its formula.
func Files(t *testing.T, mine func(name string) bool, each Each) {
	used := map[string]bool{}
	each(func(op kernels.Op, way, file, text string) {
		used[file] = true
	})
	for name, text := range shaders.All() {
		if strings.Contains(name, "/") || !mine(name) {
			continue
		}
		if !used[name] {
			t.Errorf("no operation uses %s", name)
		}
		if first, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "// ") || !strings.ContainsAny(first, "=←") {
			t.Errorf("%s does not begin with its formula: %q", name, first)
		}
	}
}

// GLSLang has glslangValidator check a few texts of every shader in every way of
// running; stage is comp, vert or frag. It skips where the tool is missing, but not for make lint.
func GLSLang(t *testing.T, stage string, each Each) {
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
	each(func(op kernels.Op, way, file, text string) {
		kind := file + " " + way
		if texts[text] || taken[kind] == 8 {
			return
		}
		texts[text] = true
		taken[kind]++
		name := filepath.Join(dir, strings.TrimSuffix(file, ".glsl")+"."+strconv.Itoa(len(files))+"."+stage)
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
