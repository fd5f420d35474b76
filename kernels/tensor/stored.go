package tensor

import "fmt"

// Load returns a stored tensor in four dimensions: rank 4 as it stands, (O,I) as
// (O,I,1,1), (C) as (1,C,1,1) and a scalar as (1,1,1,1).
func (f *File) Load(name string) (*Tensor, error) {
	values, dims, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	var s Shape
	switch len(dims) {
	case 0:
		s = Scalar
	case 1:
		s = Vector(dims[0])
	case 2:
		s = Shape{dims[0], dims[1], 1, 1}
	case 4:
		s = Shape(dims)
	default:
		return nil, fmt.Errorf("safetensors: tensor %q: rank %d, want 0, 1, 2 or 4", name, len(dims))
	}
	if s.Len() != len(values) || s.Len() == 0 {
		return nil, fmt.Errorf("safetensors: tensor %q: dimensions %v are empty", name, dims)
	}
	return From(s, values), nil
}

// Store puts t under name so that Load returns it: a vector with rank 1, others
// with rank 4.
func (f *File) Store(name string, as DType, t *Tensor) error {
	dims := t.Shape[:]
	if t.Shape == Vector(t.Shape[1]) {
		dims = t.Shape[1:2]
	}
	return f.Put(name, as, dims, t.Data)
}
