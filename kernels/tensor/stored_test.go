package tensor

import (
	"slices"
	"testing"
)

func TestStoreAndLoad(t *testing.T) {
	var f File
	for _, c := range []struct {
		name string
		s    Shape
		dims []int
	}{
		{"scalar", Scalar, []int{1}},
		{"vector", Vector(5), []int{5}},
		{"rows", Rows(3, 4), []int{1, 3, 1, 4}},
		{"matrix", Shape{3, 4, 1, 1}, []int{3, 4, 1, 1}},
		{"weight", Shape{2, 3, 5, 5}, []int{2, 3, 5, 5}},
	} {
		x := New(c.s)
		for i := range x.Data {
			x.Data[i] = float32(i) + 0.5
		}
		if err := f.Store(c.name, F32, x); err != nil {
			t.Fatal(err)
		}
		if dims := f.Tensors[c.name].Dims; !slices.Equal(dims, c.dims) {
			t.Errorf("%s is stored as %v, want %v", c.name, dims, c.dims)
		}
		back, err := f.Load(c.name)
		if err != nil || back.Shape != c.s || !slices.Equal(back.Data, x.Data) {
			t.Errorf("%s: %v, %v", c.name, back, err)
		}
	}
	for _, c := range []struct {
		dims []int
		want Shape // zero for an error
	}{
		{nil, Scalar},
		{[]int{6}, Vector(6)},
		{[]int{2, 3}, Shape{2, 3, 1, 1}},
		{[]int{1, 2, 3}, Shape{}},
		{[]int{0}, Shape{}},
		{[]int{1, 2, 3, 1, 1}, Shape{}},
	} {
		count, _ := product(c.dims)
		if err := f.Put("x", F32, c.dims, make([]float32, count)); err != nil {
			t.Fatal(err)
		}
		got, err := f.Load("x")
		if (err != nil) != (c.want == Shape{}) || err == nil && got.Shape != c.want {
			t.Errorf("dimensions %v: %v, %v, want %v", c.dims, got, err, c.want)
		}
	}
	if _, err := f.Load("none"); err == nil {
		t.Error("a missing tensor is loaded")
	}
}
