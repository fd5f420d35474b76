package tensor

import (
	"math"
	"testing"
)

func TestShapeLen(t *testing.T) {
	for _, c := range []struct {
		s    Shape
		want int
	}{
		{Scalar, 1},
		{Shape{2, 3, 5, 7}, 210},
		{Shape{2, 0, 5, 7}, 0},
		{Shape{-1, -1, 1, 1}, 0},
		{Shape{math.MaxInt, 2, 1, 1}, math.MaxInt},
		{Shape{math.MaxInt, 2, 0, 1}, 0},
		{Rows(5, 7), 35},
		{Vector(4), 4},
	} {
		if got := c.s.Len(); got != c.want {
			t.Errorf("%v has %d values, want %d", c.s, got, c.want)
		}
	}
}

func TestTensorOrder(t *testing.T) {
	a := New(Shape{2, 3, 4, 5})
	a.Set(1, 2, 3, 4, 7)
	if a.Data[119] != 7 || a.At(1, 2, 3, 4) != 7 {
		t.Error("the last value is not last")
	}
	b := a.Clone()
	b.Data[0] = 1
	if a.Data[0] != 0 || b.Shape != a.Shape {
		t.Error("the clone is not independent")
	}
	defer func() {
		if recover() == nil {
			t.Error("From takes a wrong length")
		}
	}()
	From(Vector(3), make([]float32, 2))
}
