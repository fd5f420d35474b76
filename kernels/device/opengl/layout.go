package opengl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Packings of weights (O,C,K,K), each in panels of some texels of outputs, whose
// number follows the word: one group of a product reads one panel from end to end.
const (
	// columns: the matrix w[k, o] with k = (u, v, c), c and the panels of o filled
	// up by zeros.
	columns = "columns"
	// winograd: 36 matrices w[c, o] for F(4x4, 3x3).
	winograd = "winograd"
)

func packing(kind string, panel int) string { return kind + strconv.Itoa(panel) }

// packed returns the shape by whose ordinary arrangement weights w are packed.
func packed(kind string, panel int, w tensor.Shape) tensor.Shape {
	s := tensor.Shape{(glsl.Texels(w[0]) + panel - 1) / panel, 4 * panel, 1, w[2] * w[3] * glsl.Texels(w[1]) * 4}
	if kind == winograd {
		s[0], s[3] = 36*s[0], glsl.Texels(w[1])*4
	}
	return s
}

// unpacked takes a packing apart; the kind of the ordinary one is empty.
func unpacked(packing string) (kind string, panel int, err error) {
	if packing == "" {
		return "", 0, nil
	}
	for _, kind := range []string{columns, winograd} {
		if number, ok := strings.CutPrefix(packing, kind); ok {
			if panel, err := strconv.Atoi(number); err == nil && panel > 0 {
				return kind, panel, nil
			}
		}
	}
	return "", 0, fmt.Errorf("opengl: unknown packing %q", packing)
}

// arranged returns the shape by whose ordinary arrangement a layout is stored.
func arranged(l device.Layout) (tensor.Shape, error) {
	if l.Shape.Len() == 0 {
		return l.Shape, fmt.Errorf("opengl: the empty shape %v", l.Shape)
	}
	kind, panel, err := unpacked(l.Packing)
	if err != nil || kind == "" {
		return l.Shape, err
	}
	return packed(kind, panel, l.Shape), nil
}

// size returns the number of floats a tensor of shape s takes: vectors of
// channels one after the other, filled up to texels of four; a single channel
// takes one float a value, and the whole is filled up to a texel.
func size(s tensor.Shape) int64 {
	places := int64(s[0]) * int64(s[2]) * int64(s[3])
	if s[1] == 1 {
		return (places + 3) / 4 * 4
	}
	return places * int64(glsl.Texels(s[1])) * 4
}

// pack writes t into memory as layout l has it; spare lanes become zeros.
func pack(memory []float32, l device.Layout, t *tensor.Tensor) {
	n, c, plane := t.Shape[0], t.Shape[1], t.Shape[2]*t.Shape[3]
	kind, panel, _ := unpacked(l.Packing)
	switch {
	case kind == columns:
		clear(memory)
		width, inputs := 4*panel, glsl.Texels(c)*4
		for o := range n {
			to := memory[o/width*width*plane*inputs+o%width:]
			for i := range c {
				for uv, v := range t.Data[(o*c+i)*plane:][:plane] {
					to[(uv*inputs+i)*width] = v
				}
			}
		}
	case kind == winograd:
		packWinograd(memory, panel, t)
	case c == 1:
		clear(memory[copy(memory, t.Data):])
	default:
		stride := glsl.Texels(c) * 4
		eachTile(n, c, plane, func(b, i, from, to int) {
			memory := memory[b*plane*stride+i:]
			for k, v := range t.Data[(b*c+i)*plane+from : (b*c+i)*plane+to] {
				memory[(from+k)*stride] = v
			}
		})
		for place := range n * plane {
			clear(memory[place*stride+c : (place+1)*stride])
		}
	}
}

// eachTile calls f with every picture, channel and a short range of positions,
// channels before positions, so that transposing stays within the cache.
func eachTile(n, c, plane int, f func(b, i, from, to int)) {
	for b := range n {
		for from := 0; from < plane; from += 32 {
			for i := range c {
				f(b, i, from, min(from+32, plane))
			}
		}
	}
}

// unpack reads t from memory in the ordinary arrangement.
func unpack(t *tensor.Tensor, memory []float32) {
	n, c, plane := t.Shape[0], t.Shape[1], t.Shape[2]*t.Shape[3]
	if c == 1 {
		copy(t.Data, memory)
		return
	}
	stride := glsl.Texels(c) * 4
	eachTile(n, c, plane, func(b, i, from, to int) {
		memory := memory[b*plane*stride+i:]
		channel := t.Data[(b*c+i)*plane+from : (b*c+i)*plane+to]
		for k := range channel {
			channel[k] = memory[(from+k)*stride]
		}
	})
}
