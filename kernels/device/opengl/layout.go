package opengl

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// columns is the packing of weights that matrix products read: the matrix
// w[k, o] with k = (u, v, c), c filled up to whole texels by zeros, arranged like
// a tensor of columnsShape.
const columns = "columns"

// columnsShape returns the shape of the columns of weights (O,C,K,K).
func columnsShape(w tensor.Shape) tensor.Shape {
	return tensor.Rows(w[0], w[2]*w[3]*texels(w[1])*4)
}

// texels returns the texels that hold a vector of channels.
func texels(channels int) int { return (channels + 3) / 4 }

// arranged returns the shape by whose ordinary arrangement a layout is stored.
func arranged(l device.Layout) (tensor.Shape, error) {
	if l.Shape.Len() == 0 {
		return l.Shape, fmt.Errorf("opengl: the empty shape %v", l.Shape)
	}
	switch l.Packing {
	case "":
		return l.Shape, nil
	case columns:
		return columnsShape(l.Shape), nil
	case winograd:
		return winogradShape(l.Shape), nil
	}
	return l.Shape, fmt.Errorf("opengl: unknown packing %q", l.Packing)
}

// size returns the number of floats a tensor of shape s takes: vectors of
// channels one after the other, filled up to texels of four; a single channel
// takes one float a value, and the whole is filled up to a texel.
func size(s tensor.Shape) int64 {
	places := int64(s[0]) * int64(s[2]) * int64(s[3])
	if s[1] == 1 {
		return (places + 3) / 4 * 4
	}
	return places * int64(texels(s[1])) * 4
}

// pack writes t into memory as layout l has it; spare lanes become zeros.
func pack(memory []float32, l device.Layout, t *tensor.Tensor) {
	n, c, plane := t.Shape[0], t.Shape[1], t.Shape[2]*t.Shape[3]
	switch {
	case l.Packing == columns:
		outputs, inputs := texels(n)*4, texels(c)*4
		clear(memory)
		for o := range n {
			for i := range c {
				for uv := range plane {
					memory[(uv*inputs+i)*outputs+o] = t.Data[(o*c+i)*plane+uv]
				}
			}
		}
	case l.Packing == winograd:
		packWinograd(memory, t)
	case c == 1:
		clear(memory[copy(memory, t.Data):])
	default:
		stride := texels(c) * 4
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
	stride := texels(c) * 4
	eachTile(n, c, plane, func(b, i, from, to int) {
		memory := memory[b*plane*stride+i:]
		channel := t.Data[(b*c+i)*plane+from : (b*c+i)*plane+to]
		for k := range channel {
			channel[k] = memory[(from+k)*stride]
		}
	})
}
