// Package shaders holds the GLSL text of every operation: one file with the stem
// of the operation's Go file, formula in its first line, tuned versions beside it
// (conv2d.sharedmemory.glsl). Kernels speak of tensors through accessors:
//
//	vec4  load4_in0(n, c4, y, x)   channels 4·c4 to 4·c4+3; lanes beyond the last channel are 0
//	float load_in0(n, c, y, x)     one value
//	vec4  repeat4_in0(n, c4, y, x) load4 with axes of extent 1 repeated
//	int   place_in0(n, y, x)       the number of a vector of channels, for at4_in0(place, c4)
//	void  store4_out0(n, c4, y, x, v), store_out0(n, c, y, x, v)
//
// which the files in dialect/ define for a way of running. A kernel without its
// own main is called once for each group of four channels of its first output.
// Attributes and shapes arrive as defines: PadTop as PAD_TOP, the first input's
// channels as IN0_C. A line #include "file" is replaced by that file.
package shaders

import "iter"

//go:generate go run ./generate

// file is a shader; its text is known to the linker only.
type file struct {
	name string
	text *string
}

// all are the lists of the generated files.
var all [][]file

// Text returns the text of a shader by its name, as in dialect/compute.glsl.
func Text(name string) (text string, ok bool) {
	for each, text := range All() {
		if each == name {
			return text, true
		}
	}
	return "", false
}

// All are the names and texts of all shaders of this build, always in the same order.
func All() iter.Seq2[string, string] {
	return func(yield func(name, text string) bool) {
		for _, files := range all {
			for _, f := range files {
				if !yield(f.name, *f.text) {
					return
				}
			}
		}
	}
}
