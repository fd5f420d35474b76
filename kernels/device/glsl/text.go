// Package glsl makes shader texts of operations: the passes an operation takes, the
// defines that tell a shader its shapes and attributes, and the text itself, in
// whichever dialect a device runs.
package glsl

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/flawscope/flawscope/shaders"
)

// Text is a shader being put together.
type Text struct {
	body    strings.Builder
	defines []Define
	err     error
}

// Define offers defines; of equal names the first counts.
func (t *Text) Define(d ...Define) { t.defines = append(t.defines, d...) }

// Write appends text.
func (t *Text) Write(text string) { t.body.WriteString(text) }

// Add appends a file of package shaders.
func (t *Text) Add(file string) { t.body.WriteString(t.read(file)) }

// Operand appends a file that was written for operand 0 of a kind, as in0 or out0,
// renumbered.
func (t *Text) Operand(file, kind string, number int) {
	part, n := t.read(file), strconv.Itoa(number)
	if number > 0 {
		for _, k := range []string{kind, strings.ToUpper(kind), strings.ToUpper(kind[:1]) + kind[1:]} {
			part = strings.ReplaceAll(part, k+"0", k+n)
		}
	}
	t.body.WriteString(part)
}

func (t *Text) read(file string) string {
	text, err := Read(file)
	if err != nil && t.err == nil {
		t.err = err
	}
	return text
}

// Identifiers returns the set of all words of a text that may be names.
func Identifiers(text string) map[string]bool {
	used := map[string]bool{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		used[word] = true
	}
	return used
}

// Whole returns the prelude, those defines that the text reads, and the text, its
// repetitions written out.
func (t *Text) Whole(prelude string) (string, error) {
	body, values := t.body.String(), map[string]string{}
	for _, d := range t.defines {
		if _, given := values[d.Name]; !given {
			values[d.Name] = d.Value
		}
	}
	body, err := repeat(body, values)
	if t.err != nil || err != nil {
		return "", cmp.Or(t.err, err)
	}
	used := Identifiers(body)
	var whole strings.Builder
	whole.WriteString(prelude)
	for _, d := range t.defines {
		if value, left := values[d.Name]; left && used[d.Name] {
			fmt.Fprintf(&whole, "#define %s %s\n", d.Name, value)
			delete(values, d.Name)
		}
	}
	whole.WriteString(body)
	return whole.String(), nil
}

// Read returns a shader with its includes in place.
func Read(name string) (string, error) {
	file, ok := shaders.Text(name)
	if !ok {
		return "", fmt.Errorf("no shader %s", name)
	}
	var text strings.Builder
	for _, line := range strings.SplitAfter(file, "\n") {
		if included, ok := strings.CutPrefix(line, "#include "); ok {
			var err error
			if line, err = Read(strings.Trim(included, "\"\n")); err != nil {
				return "", err
			}
		}
		text.WriteString(line)
	}
	return text.String(), nil
}

// repeat writes out the repetitions of a text: the lines between "#for i COUNT" and
// "#end" stand COUNT times, $i being 0, 1, 2 and so on. Compilers leave loops rolled
// as they please; what must be in registers cannot be left to them. COUNT is a
// number or a define with a number for its value.
func repeat(text string, values map[string]string) (string, error) {
	var out strings.Builder
	for {
		at := strings.Index(text, "#for ")
		if at < 0 {
			out.WriteString(text)
			return out.String(), nil
		}
		start := strings.LastIndexByte(text[:at], '\n') + 1
		out.WriteString(text[:start])
		head, rest, _ := strings.Cut(text[at:], "\n")
		words := strings.Fields(head)
		if len(words) != 3 {
			return "", fmt.Errorf("%q names no counter and count", head)
		}
		name, count := words[1], words[2]
		if v, ok := values[count]; ok {
			count = v
		}
		n, err := strconv.Atoi(count)
		if err != nil {
			return "", fmt.Errorf("%q: %q is no number", head, count)
		}
		length, after := block(rest)
		if length < 0 {
			return "", fmt.Errorf("%q has no #end", head)
		}
		for i := range n {
			part, err := repeat(strings.ReplaceAll(rest[:length], "$"+name, strconv.Itoa(i)), values)
			if err != nil {
				return "", err
			}
			out.WriteString(part)
		}
		text = rest[after:]
	}
}

// block returns where the lines up to the matching #end end, and where the text
// goes on.
func block(text string) (length, after int) {
	depth, at := 0, 0
	for _, line := range strings.SplitAfter(text, "\n") {
		switch t := strings.TrimSpace(line); {
		case strings.HasPrefix(t, "#for "):
			depth++
		case t == "#end" && depth == 0:
			return at, at + len(line)
		case t == "#end":
			depth--
		}
		at += len(line)
	}
	return -1, -1
}

// Numbered returns the lines of text around each line that a compiler's log names,
// with their numbers.
func Numbered(text, log string) string {
	lines := strings.Split(text, "\n")
	show := map[int]bool{}
	for _, part := range strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == ' ' }) {
		// 0:12(3): of Mesa and others, 0(12) of NVIDIA.
		number := strings.FieldsFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if len(number) < 2 || number[0] != "0" {
			continue
		}
		at, _ := strconv.Atoi(number[1])
		for i := at - 3; i <= at+3; i++ {
			show[i] = true
		}
	}
	var b strings.Builder
	for i, line := range lines {
		if show[i+1] {
			fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
		}
	}
	return b.String()
}

// SoftwareRenderer recognises renderers that run on the CPU by their names.
func SoftwareRenderer(renderer string) bool {
	r := strings.ToLower(renderer)
	for _, name := range []string{"llvmpipe", "softpipe", "swiftshader", "swrast", "software rasterizer", "lavapipe", "gdi generic", "microsoft basic render"} {
		if strings.Contains(r, name) {
			return true
		}
	}
	return false
}
