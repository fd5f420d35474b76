package kernels_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// TestGolden holds every reference to PyTorch, see testdata/golden.py. The random
// operations have no counterpart there; random_test.go checks them.
func TestGolden(t *testing.T) {
	r, err := os.Open("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := tensor.Read(r, tensor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Op   string
		Attributes json.RawMessage
	}
	if err := json.Unmarshal([]byte(f.Metadata["cases"]), &cases); err != nil {
		t.Fatal(err)
	}
	types := map[string]reflect.Type{}
	for _, op := range zero {
		types[op.Name()] = reflect.TypeOf(op)
	}
	covered := map[string]int{"noise": 1, "permutation": 1}
	for _, c := range cases {
		covered[c.Op]++
		t.Run(c.Name, func(t *testing.T) {
			op := reflect.New(types[c.Op])
			d := json.NewDecoder(bytes.NewReader(c.Attributes))
			d.DisallowUnknownFields()
			if err := d.Decode(op.Interface()); err != nil {
				t.Fatal(err)
			}
			golden(t, op.Elem().Interface().(kernels.Op), group(t, f, c.Name+".in"), group(t, f, c.Name+".out"))
		})
	}
	for name := range types {
		if covered[name] == 0 {
			t.Errorf("%s has no golden vector", name)
		}
	}
}

// group loads the tensors prefix0, prefix1 and so on.
func group(t *testing.T, f *tensor.File, prefix string) []*tensor.Tensor {
	t.Helper()
	var loaded []*tensor.Tensor
	for {
		name := fmt.Sprintf("%s%d", prefix, len(loaded))
		if f.Tensors[name] == nil {
			return loaded
		}
		x, err := f.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		loaded = append(loaded, x)
	}
}

func golden(t *testing.T, op kernels.Op, in, want []*tensor.Tensor) {
	t.Helper()
	if adam, ok := op.(kernels.Adam); ok {
		// The scalars are the only input that Go makes itself.
		fits := false
		for step := range 10 {
			scalars := tensor.From(tensor.Rows(1, 3), adam.Scalars(float64(in[4].Data[0]), step+1))
			fits = fits || devicetest.Compare(scalars, in[4], 1e-7) == nil
		}
		if !fits {
			t.Errorf("no step of Adam has the scalars %v", in[4].Data)
		}
	}
	for i, got := range evaluate(t, op, in...) {
		if err := devicetest.Compare(got, want[i], 1e-6); err != nil {
			t.Errorf("output %d: %v", i, err)
		}
	}
}

// evaluate applies op by its reference.
func evaluate(t *testing.T, op kernels.Op, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		shapes[i] = x.Shape
	}
	outputs, err := op.Outputs(shapes...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, len(outputs))
	for i, s := range outputs {
		out[i] = tensor.New(s)
	}
	op.Reference(out, in)
	return out
}
