package fragment

import (
	"fmt"
	"math/bits"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// arrangement is how a tensor lies in a texture array. A fragment that computes
// several outputs, one for each layer, uses what it fetches several times; so
// neighbours stand one behind the other: a texel of layer (g·PY + v)·PX + u holds
// four channels of place (PX·i + u, PY·j + v), group g of G neighbouring groups of
// four channels, in block b = group / G. Blocks of BW x BH texels stand side by
// side, BX in a row.
//
// A place is (x, n·HP + y), HP being the height filled up to PY. When the height is
// 1 (rows of a matrix) it is n·W + x along one line, which is folded after every
// Fold places where the texture would become too wide.
type arrangement struct {
	PX, PY, G             int // powers of two
	Line                  bool
	Fold, HP              int
	BW, BH, BX            int
	Width, Height, Layers int
	Format                Format
}

// limits are what a context allows of a texture.
type limits struct{ size, layers int }

// arrange returns the ordinary arrangement of a shape.
func arrange(s tensor.Shape, l limits) (arrangement, error) {
	a := arrangement{PX: 1, PY: 1, G: 1, Line: s[2] == 1}
	groups := glsl.Texels(s[1])
	if s[1] == 1 {
		a.Format = Float1
	}
	if s.Len() == 0 {
		return a, fmt.Errorf("fragment: the empty shape %v", s)
	}
	if a.Line {
		places := s[0] * s[3]
		a.PX = min(4, powerOfTwo(places))
		width := (places + a.PX - 1) / a.PX
		a.BH = (width + l.size - 1) / l.size
		a.BW = (width + a.BH - 1) / a.BH
		a.Fold = a.BW * a.PX
		a.HP = 1
	} else {
		a.PX = min(4, powerOfTwo(s[3]))
		a.PY = min(2, l.layers/a.PX)
		a.HP = (s[2] + a.PY - 1) / a.PY * a.PY
		a.BW, a.BH = (s[3]+a.PX-1)/a.PX, s[0]*a.HP/a.PY
	}
	a.G = min(l.layers/(a.PX*a.PY), powerOfTwo(groups))
	blocks := (groups + a.G - 1) / a.G
	a.BX = (blocks*a.BH + l.size - 1) / l.size
	a.Width, a.Height, a.Layers = a.BX*a.BW, (blocks+a.BX-1)/a.BX*a.BH, a.PX*a.PY*a.G
	return a, a.check(s, l)
}

func (a arrangement) check(s tensor.Shape, l limits) error {
	if a.Width > l.size || a.Height > l.size {
		return fmt.Errorf("fragment: %v takes a texture of %d x %d texels, at most %d x %d are there: %w", s, a.Width, a.Height, l.size, l.size, device.ErrOutOfMemory)
	}
	return nil
}

// powerOfTwo returns the least power of two not below n.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

func log2(n int) int { return bits.Len(uint(n)) - 1 }

// floats returns the floats of the texture.
func (a arrangement) floats() int {
	n := a.Width * a.Height * a.Layers
	if a.Format == Float1 {
		return n
	}
	return 4 * n
}

// bytes returns the memory of the texture.
func (a arrangement) bytes() int64 {
	if a.Format == Half4 {
		return 2 * int64(a.floats())
	}
	return 4 * int64(a.floats())
}

// defines tells a shader the arrangement of operand name.
func (a arrangement) defines(name string) []glsl.Define {
	return []glsl.Define{
		glsl.Int(name+"_PX", a.PX), glsl.Int(name+"_PY", a.PY), glsl.Int(name+"_G", a.G),
		glsl.Int(name+"_PX_BITS", log2(a.PX)), glsl.Int(name+"_PY_BITS", log2(a.PY)), glsl.Int(name+"_G_BITS", log2(a.G)),
		glsl.Bool(name+"_LINE", a.Line), glsl.Int(name+"_FOLD", a.Fold), glsl.Int(name+"_LINES", a.BH), glsl.Int(name+"_HP", a.HP),
		glsl.Int(name+"_BW", a.BW), glsl.Int(name+"_BH", a.BH), glsl.Int(name+"_BX", a.BX), glsl.Int(name+"_LAYERS", a.Layers),
	}
}

// each calls f with runs of values of a channel: from the tensor's index at on,
// count values stand in the texture at spot, spot + step, and so on.
func (a arrangement) each(s tensor.Shape, f func(at, spot, step, count int)) {
	texel := 4
	if a.Format == Float1 {
		texel = 1
	}
	plane := a.Width * a.Height * texel
	for n := range s[0] {
		for c := range s[1] {
			group := c / 4
			block, phase := group/a.G, group%a.G*a.PY*a.PX
			left, top := block%a.BX*a.BW, block/a.BX*a.BH
			for y := range s[2] {
				at := ((n*s[1]+c)*s[2] + y) * s[3]
				for x := 0; x < s[3]; {
					px, py := x, n*a.HP+y
					end := s[3]
					if a.Line {
						p := n*s[3] + x
						px, py = p%a.Fold, p/a.Fold
						end = min(end, x+a.Fold-px)
					}
					// The values of one phase of the line are neighbours in the texture.
					for u := 0; u < a.PX && x+u < end; u++ {
						layer := phase + py%a.PY*a.PX + (px+u)%a.PX
						spot := layer*plane + ((top+py/a.PY)*a.Width+left+(px+u)/a.PX)*texel + c%4
						f(at+x+u, spot, texel, (end-x-u+a.PX-1)/a.PX)
					}
					x = end
				}
			}
		}
	}
}

// pack writes t into memory as the arrangement has it; spare places become zeros.
func (a arrangement) pack(memory []float32, t *tensor.Tensor) {
	clear(memory)
	a.each(t.Shape, func(at, spot, step, count int) {
		for i := range count {
			memory[spot+i*step] = t.Data[at+i*a.PX]
		}
	})
}

// unpack reads t from memory.
func (a arrangement) unpack(t *tensor.Tensor, memory []float32) {
	a.each(t.Shape, func(at, spot, step, count int) {
		for i := range count {
			t.Data[at+i*a.PX] = memory[spot+i*step]
		}
	})
}
