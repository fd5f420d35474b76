package opengl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/shaders"
)

var (
	includeLine = regexp.MustCompile(`(?m)^#include "(.*)"\n`)
	identifier  = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// assemble returns the whole text of a pass in the compute dialect: the prelude,
// the defines that the text reads, accessors for every input and output, the
// kernel and, unless the kernel brings its own, the main that calls it.
func assemble(p pass, in, out []tensor.Shape, attributes []define, textures bool) (string, error) {
	body, err := read(p.file)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	if err := add(&text, "dialect/compute.group.glsl", "", 0); err != nil {
		return "", err
	}
	defines := append(append([]define(nil), attributes...), p.defines...)
	defines = append(defines, defineInt("LOCAL", p.local), define{"BUFFER_TEXTURES", "0"})
	if textures {
		defines[len(defines)-1].value = "1"
	}
	for i, s := range in {
		name := fmt.Sprintf("IN%d", i)
		defines = append(append(defines, defineShape(name, s)...), defineInt(name+"_BINDING", i))
		if err := add(&text, "dialect/compute.input.glsl", "in", i); err != nil {
			return "", err
		}
	}
	for i, s := range out {
		name := fmt.Sprintf("OUT%d", i)
		binding := i
		if !textures {
			binding += len(in)
		}
		defines = append(append(defines, defineShape(name, s)...), defineInt(name+"_BINDING", binding))
		if err := add(&text, "dialect/compute.output.glsl", "out", i); err != nil {
			return "", err
		}
	}
	text.WriteString(body)
	if !strings.Contains(body, "void main()") {
		walk := defineShape("WALK", p.walk)
		defines = append(defines, walk[0], defineInt("WALK_C4", texels(p.walk[1])), walk[2], walk[3])
		if err := add(&text, "dialect/compute.main.glsl", "", 0); err != nil {
			return "", err
		}
	}
	var whole strings.Builder
	if err := add(&whole, "dialect/compute.glsl", "", 0); err != nil {
		return "", err
	}
	used := map[string]bool{}
	for _, name := range identifier.FindAllString(text.String(), -1) {
		used[name] = true
	}
	given := map[string]bool{}
	for _, d := range defines {
		if used[d.name] && !given[d.name] {
			fmt.Fprintf(&whole, "#define %s %s\n", d.name, d.value)
			given[d.name] = true
		}
	}
	whole.WriteString(text.String())
	return whole.String(), nil
}

// add appends a file of package shaders; one written for operand 0 of a kind is
// renumbered.
func add(text *strings.Builder, name, kind string, number int) error {
	part, err := read(name)
	if err != nil {
		return err
	}
	if number > 0 {
		n := strconv.Itoa(number)
		for _, k := range []string{kind, strings.ToUpper(kind), strings.ToUpper(kind[:1]) + kind[1:]} {
			part = strings.ReplaceAll(part, k+"0", k+n)
		}
	}
	text.WriteString(part)
	return nil
}

// read returns a shader with its includes in place.
func read(name string) (string, error) {
	b, err := shaders.Files.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("opengl: no shader: %w", err)
	}
	var failed error
	text := includeLine.ReplaceAllStringFunc(string(b), func(line string) string {
		part, err := read(includeLine.FindStringSubmatch(line)[1])
		if err != nil {
			failed = err
		}
		return part
	})
	return text, failed
}

var logLine = regexp.MustCompile(`\b0[:(](\d+)`)

// numbered returns the lines of text around each line that a compiler's log
// names, with their numbers.
func numbered(text, log string) string {
	lines := strings.Split(text, "\n")
	show := map[int]bool{}
	for _, m := range logLine.FindAllStringSubmatch(log, 8) {
		at, _ := strconv.Atoi(m[1])
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
