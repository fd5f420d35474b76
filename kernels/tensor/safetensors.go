package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrFormat is what errors about bytes that are no acceptable safetensors file
// match (errors.Is).
var ErrFormat = errors.New("not an acceptable safetensors file")

// formatError is an ErrFormat with its own words.
type formatError struct{ text string }

func (e *formatError) Error() string { return e.text }

func (e *formatError) Is(target error) bool { return target == ErrFormat }

func malformed(format string, a ...any) error {
	return &formatError{"safetensors: " + fmt.Sprintf(format, a...)}
}

// DType is the type of a stored tensor's values.
type DType string

// The types that are read. F32 and F16 are written from float32 values.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	F64  DType = "F64"
	I64  DType = "I64"
)

// Width returns the number of bytes of one value, 0 for an unknown type.
func (t DType) Width() int {
	switch t {
	case F16, BF16:
		return 2
	case F32:
		return 4
	case F64, I64:
		return 8
	}
	return 0
}

// Entry is one stored tensor of any rank; a scalar has no dimensions.
type Entry struct {
	Type DType
	Dims []int
	Data []byte // little endian, row-major, Width bytes a value
}

// Len returns the number of values.
func (e *Entry) Len() int { return len(e.Data) / max(e.Type.Width(), 1) }

// File is what a safetensors file holds.
type File struct {
	Metadata map[string]string
	Tensors  map[string]*Entry
}

// Names returns the tensors' names in order.
func (f *File) Names() []string { return SortedKeys(f.Tensors) }

// Tensor returns a copy of the values of a tensor as float32, rounded to the
// nearest where the type is wider, and its dimensions.
func (f *File) Tensor(name string) ([]float32, []int, error) {
	e, ok := f.Tensors[name]
	if !ok {
		return nil, nil, fmt.Errorf("safetensors: no tensor %q", name)
	}
	return e.Floats(), slices.Clone(e.Dims), nil
}

// Put stores values under name as t, which is F32 or F16 (rounded to the
// nearest, ties to even). It refuses values that are not finite, or not in F16's
// range, and dimensions that do not fit.
func (f *File) Put(name string, t DType, dims []int, values []float32) error {
	if t != F32 && t != F16 {
		return fmt.Errorf("safetensors: tensor %q: cannot write type %q", name, t)
	}
	count, ok := product(dims)
	if !ok || count != len(values) {
		return fmt.Errorf("safetensors: tensor %q: %d values for dimensions %v", name, len(values), dims)
	}
	e := &Entry{Type: t, Dims: slices.Clone(dims), Data: make([]byte, 0, count*t.Width())}
	for i, v := range values {
		if t == F32 {
			e.Data = binary.LittleEndian.AppendUint32(e.Data, math.Float32bits(v))
		} else {
			e.Data = binary.LittleEndian.AppendUint16(e.Data, ToHalf(v))
		}
		if !e.finite(i) {
			return fmt.Errorf("safetensors: tensor %q: value %d is %v, which %s does not hold", name, i, v, t)
		}
	}
	if f.Tensors == nil {
		f.Tensors = map[string]*Entry{}
	}
	f.Tensors[name] = e
	return nil
}

// Floats returns a copy of the values as float32.
func (e *Entry) Floats() []float32 {
	values := make([]float32, e.Len())
	for i := range values {
		switch e.Type {
		case F32:
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(e.Data[4*i:]))
		case F16:
			values[i] = FromHalf(binary.LittleEndian.Uint16(e.Data[2*i:]))
		case BF16:
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(e.Data[2*i:])) << 16)
		case F64:
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(e.Data[8*i:])))
		case I64:
			values[i] = float32(int64(binary.LittleEndian.Uint64(e.Data[8*i:])))
		}
	}
	return values
}

// finite tells whether value i is a number that float32 holds.
func (e *Entry) finite(i int) bool {
	switch e.Type {
	case F32:
		return binary.LittleEndian.Uint32(e.Data[4*i:])&0x7f800000 != 0x7f800000
	case F16:
		return binary.LittleEndian.Uint16(e.Data[2*i:])&0x7c00 != 0x7c00
	case BF16:
		return binary.LittleEndian.Uint16(e.Data[2*i:])&0x7f80 != 0x7f80
	case F64:
		v := float32(math.Float64frombits(binary.LittleEndian.Uint64(e.Data[8*i:])))
		return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
	}
	return true
}

// product returns the number of values of dims, false when one is negative or
// their product does not fit.
func product(dims []int) (int, bool) {
	n := 1
	for _, d := range dims {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}
