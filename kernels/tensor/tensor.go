// Package tensor holds dense float32 arrays of four dimensions and reads and
// writes them as safetensors.
package tensor

import (
	"fmt"
	"math"
)

// Shape is the extent of a tensor along N (pictures), C (channels), H (height)
// and W (width), in that order. A matrix of rows, one vector of C values a row,
// is (1, C, 1, rows); a vector of C values is (1, C, 1, 1); a scalar is (1, 1, 1, 1).
type Shape [4]int

// Scalar is the shape of a single value.
var Scalar = Shape{1, 1, 1, 1}

// Rows returns the shape of a matrix of count rows with channels values each.
func Rows(channels, count int) Shape { return Shape{1, channels, 1, count} }

// Vector returns the shape of one vector of channels values.
func Vector(channels int) Shape { return Shape{1, channels, 1, 1} }

// Len returns the number of values, 0 when any extent is not positive and
// math.MaxInt when the product does not fit.
func (s Shape) Len() int {
	if min(s[0], s[1], s[2], s[3]) <= 0 {
		return 0
	}
	n := 1
	for _, d := range s {
		if n > math.MaxInt/d {
			return math.MaxInt
		}
		n *= d
	}
	return n
}

// Positions returns N*H*W, the number of vectors of C values.
func (s Shape) Positions() int { return s[0] * s[2] * s[3] }

// String writes the shape as "1x64x32x32".
func (s Shape) String() string {
	return fmt.Sprintf("%dx%dx%dx%d", s[0], s[1], s[2], s[3])
}

// Tensor is a dense array in N, C, H, W order: value (n, c, y, x) stands at
// Data[((n*C+c)*H+y)*W+x].
type Tensor struct {
	Shape Shape
	Data  []float32
}

// New returns a tensor of zeros.
func New(s Shape) *Tensor {
	return &Tensor{Shape: s, Data: make([]float32, s.Len())}
}

// From returns a tensor over data, which it does not copy. It panics when the
// length does not match the shape.
func From(s Shape, data []float32) *Tensor {
	if len(data) != s.Len() {
		panic(fmt.Sprintf("tensor: %d values for shape %v", len(data), s))
	}
	return &Tensor{Shape: s, Data: data}
}

// At returns value (n, c, y, x).
func (t *Tensor) At(n, c, y, x int) float32 { return t.Data[t.index(n, c, y, x)] }

// Set stores value (n, c, y, x).
func (t *Tensor) Set(n, c, y, x int, v float32) { t.Data[t.index(n, c, y, x)] = v }

func (t *Tensor) index(n, c, y, x int) int {
	return ((n*t.Shape[1]+c)*t.Shape[2]+y)*t.Shape[3] + x
}

// Clone returns an independent copy.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: t.Shape, Data: append([]float32(nil), t.Data...)}
}
