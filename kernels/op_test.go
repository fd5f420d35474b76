package kernels_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// declared returns the types of this package that have the named method, from
// its source, so that a new operation cannot be forgotten.
func declared(t *testing.T, method string) []string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				types = append(types, receiver.Name)
			}
		}
	}
	if len(types) == 0 {
		t.Fatalf("no type has a method %s", method)
	}
	slices.Sort(types)
	return types
}

// zero holds one value of every operation by its type's name.
var zero = map[string]kernels.Op{
	"Activate":             kernels.Activate{},
	"ActivateGradient":     kernels.ActivateGradient{},
	"Adam":                 kernels.Adam{},
	"Add":                  kernels.Add{},
	"BatchNorm":            kernels.BatchNorm{},
	"BatchNormGradient":    kernels.BatchNormGradient{},
	"BatchNormInference":   kernels.BatchNormInference{},
	"Blur":                 kernels.Blur{},
	"Concat":               kernels.Concat{},
	"Conv2D":               kernels.Conv2D{},
	"Embed":                kernels.Embed{},
	"Expand":               kernels.Expand{},
	"Gather":               kernels.Gather{},
	"Linear":               kernels.Linear{},
	"LinearWeightGradient": kernels.LinearWeightGradient{},
	"Multiply":             kernels.Multiply{},
	"Noise":                kernels.Noise{},
	"PatchPool":            kernels.PatchPool{},
	"Permutation":          kernels.Permutation{},
	"Pool":                 kernels.Pool{},
	"Reduce":               kernels.Reduce{},
	"Resize":               kernels.Resize{},
	"Slice":                kernels.Slice{},
	"TruncatedL1":          kernels.TruncatedL1{},
	"TruncatedL1Gradient":  kernels.TruncatedL1Gradient{},
}

// TestEveryOpIsCovered fails for an operation that this list or the devices'
// table of cases lacks.
func TestEveryOpIsCovered(t *testing.T) {
	cases := map[string]int{}
	for _, c := range devicetest.Cases() {
		cases[c.Op.Name()]++
	}
	names := map[string]bool{}
	types := declared(t, "Reference")
	for _, name := range types {
		op, ok := zero[name]
		if !ok {
			t.Errorf("%s is missing here", name)
			continue
		}
		if cases[op.Name()] == 0 {
			t.Errorf("%s has no case in devicetest", name)
		}
		if names[op.Name()] {
			t.Errorf("two operations are named %q", op.Name())
		}
		names[op.Name()] = true
	}
	if len(types) != len(zero) {
		t.Errorf("%d operations are declared, %d listed", len(types), len(zero))
	}
}

// TestOutputsNeverPanic gives every operation, its attributes zero, all counts of
// inputs of plain and of broken shapes.
func TestOutputsNeverPanic(t *testing.T) {
	shapes := []tensor.Shape{{}, {1, 1, 1, 1}, {2, 3, 4, 5}, {1, 3, 1, 1}, {-1, 3, 1, 1}, {1 << 40, 1 << 40, 1, 1}}
	for name, op := range zero {
		for _, s := range shapes {
			for count := range 8 {
				in := make([]tensor.Shape, count)
				for i := range in {
					in[i] = s
				}
				out, err := op.Outputs(in...)
				if err == nil && (count == 0 || s.Len() == 0 || len(out) == 0) {
					t.Errorf("%s takes %d inputs of shape %v and gives %v", name, count, s, out)
				}
				if err != nil && !strings.HasPrefix(err.Error(), op.Name()+": ") {
					t.Errorf("%s: error %q does not begin with the operation", name, err)
				}
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	conv := kernels.Conv(3, 1, kernels.ReLU)
	x := tensor.Shape{2, 4, 5, 6}
	v := tensor.Vector(4)
	weight := tensor.Shape{7, 4, 3, 3}
	with := func(change func(o *kernels.Conv2D)) kernels.Conv2D { o := conv; change(&o); return o }
	for _, c := range []struct {
		name string
		op   kernels.Op
		in   []tensor.Shape
		want []tensor.Shape // nil for an error
	}{
		{"conv", conv, []tensor.Shape{x, weight, tensor.Vector(7)}, []tensor.Shape{{2, 7, 5, 6}}},
		{"conv without bias", conv, []tensor.Shape{x, weight}, nil},
		{"conv bias", conv, []tensor.Shape{x, weight, tensor.Vector(8)}, nil},
		{"conv channels", conv, []tensor.Shape{x, {7, 3, 3, 3}, tensor.Vector(7)}, nil},
		{"conv kernel", conv, []tensor.Shape{x, {7, 4, 3, 1}, tensor.Vector(7)}, nil},
		{"conv groups", with(func(o *kernels.Conv2D) { o.Groups = 2 }), []tensor.Shape{x, {7, 2, 3, 3}, tensor.Vector(7)}, nil},
		{"conv no groups", with(func(o *kernels.Conv2D) { o.Groups = 0 }), []tensor.Shape{x, weight, tensor.Vector(7)}, nil},
		{"conv stride", with(func(o *kernels.Conv2D) { o.Stride = 0 }), []tensor.Shape{x, weight, tensor.Vector(7)}, nil},
		{"conv pad", with(func(o *kernels.Conv2D) { o.PadLeft = -1 }), []tensor.Shape{x, weight, tensor.Vector(7)}, nil},
		{"conv reach", with(func(o *kernels.Conv2D) { o.Dilation = 4 }), []tensor.Shape{x, weight, tensor.Vector(7)}, nil},
		{"conv residual", with(func(o *kernels.Conv2D) { o.Residual = true }), []tensor.Shape{x, weight, tensor.Vector(7), x}, nil},
		{"linear", kernels.Linear{}, []tensor.Shape{x, {7, 4, 1, 1}}, []tensor.Shape{{2, 7, 5, 6}}},
		{"linear transposed", kernels.Linear{Transposed: true}, []tensor.Shape{x, {4, 7, 1, 1}}, []tensor.Shape{{2, 7, 5, 6}}},
		{"linear weight", kernels.Linear{}, []tensor.Shape{x, {4, 7, 1, 1}}, nil},
		{"linear bias", kernels.Linear{Bias: true}, []tensor.Shape{x, {7, 4, 1, 1}, v}, nil},
		{"linear weight gradient", kernels.LinearWeightGradient{}, []tensor.Shape{x, {2, 3, 5, 7}}, nil},
		{"pool", kernels.Pool{Kernel: 3, Stride: 2}, []tensor.Shape{x}, []tensor.Shape{{2, 4, 2, 2}}},
		{"pool pad", kernels.Pool{Kernel: 3, Stride: 2, PadTop: 3}, []tensor.Shape{x}, nil},
		{"pool window", kernels.Pool{Kernel: 7, Stride: 1}, []tensor.Shape{x}, nil},
		{"resize", kernels.Resize{Height: 3, Width: 9}, []tensor.Shape{x}, []tensor.Shape{{2, 4, 3, 9}}},
		{"resize to nothing", kernels.Resize{Height: 3}, []tensor.Shape{x}, nil},
		{"reduce", kernels.Reduce{OverC: true, OverW: true}, []tensor.Shape{x}, []tensor.Shape{{2, 1, 5, 1}}},
		{"add", kernels.Add{}, []tensor.Shape{x, v}, []tensor.Shape{x}},
		{"add repeats a", kernels.Add{}, []tensor.Shape{v, x}, nil},
		{"expand", kernels.Expand{To: x}, []tensor.Shape{v}, []tensor.Shape{x}},
		{"expand to nothing", kernels.Expand{To: tensor.Shape{0, 1, 1, 1}}, []tensor.Shape{tensor.Scalar}, nil},
		{"expand the other way", kernels.Expand{To: v}, []tensor.Shape{x}, nil},
		{"concat", kernels.Concat{Axis: 1}, []tensor.Shape{x, x, {2, 1, 5, 6}}, []tensor.Shape{{2, 9, 5, 6}}},
		{"concat axis", kernels.Concat{Axis: 4}, []tensor.Shape{x}, nil},
		{"concat extents", kernels.Concat{Axis: 1}, []tensor.Shape{x, v}, nil},
		{"slice", kernels.Slice{Axis: 3, Start: 2, Length: 4}, []tensor.Shape{x}, []tensor.Shape{{2, 4, 5, 4}}},
		{"slice too long", kernels.Slice{Axis: 3, Start: 3, Length: 4}, []tensor.Shape{x}, nil},
		{"slice overflow", kernels.Slice{Axis: 3, Start: 1 << 62, Length: 1 << 62}, []tensor.Shape{x}, nil},
		{"embed", kernels.Embed{Axis: 3, Start: 2, Length: 8}, []tensor.Shape{x}, []tensor.Shape{{2, 4, 5, 8}}},
		{"embed too short", kernels.Embed{Axis: 3, Start: 3, Length: 8}, []tensor.Shape{x}, nil},
		{"gather", kernels.Gather{}, []tensor.Shape{tensor.Rows(4, 9), tensor.Rows(1, 20)}, []tensor.Shape{tensor.Rows(4, 20)}},
		{"gather of pictures", kernels.Gather{}, []tensor.Shape{x, tensor.Rows(1, 20)}, nil},
		{"gather by a matrix", kernels.Gather{}, []tensor.Shape{tensor.Rows(4, 9), tensor.Rows(2, 20)}, nil},
		{"permutation", kernels.Permutation{Rows: 9, Count: 4}, []tensor.Shape{tensor.Rows(1, 4), tensor.Scalar}, []tensor.Shape{tensor.Rows(1, 4)}},
		{"permutation too large", kernels.Permutation{Rows: 1<<24 + 1, Count: 4}, []tensor.Shape{tensor.Rows(1, 4), tensor.Scalar}, nil},
		{"noise counter", kernels.Noise{To: x}, []tensor.Shape{tensor.Scalar}, nil},
		{"batchnorm", kernels.BatchNorm{}, []tensor.Shape{x, v, v, v, v}, []tensor.Shape{x, v, v, v, v}},
		{"batchnorm of one value", kernels.BatchNorm{}, []tensor.Shape{v, v, v, v, v}, nil},
		{"batchnorm vector", kernels.BatchNorm{}, []tensor.Shape{x, v, v, v, tensor.Rows(1, 4)}, nil},
		{"batchnorm inference", kernels.BatchNormInference{}, []tensor.Shape{v, v, v, v, v}, []tensor.Shape{v}},
		{"patchpool", kernels.PatchPool{Kernel: 3, Dim: 100}, []tensor.Shape{x}, []tensor.Shape{{2, 100, 5, 6}}},
		{"patchpool even", kernels.PatchPool{Kernel: 2, Dim: 100}, []tensor.Shape{x}, nil},
		{"blur without sigma", kernels.Blur{Radius: 3}, []tensor.Shape{x}, nil},
		{"adam", kernels.Adam{}, []tensor.Shape{x, x, x, x, tensor.Rows(1, 3)}, []tensor.Shape{x, x, x}},
		{"adam scalars", kernels.Adam{}, []tensor.Shape{x, x, x, x, tensor.Scalar}, nil},
		{"loss", kernels.TruncatedL1{}, []tensor.Shape{x, v}, []tensor.Shape{tensor.Scalar}},
		{"loss gradient", kernels.TruncatedL1Gradient{}, []tensor.Shape{x, v, tensor.Scalar}, []tensor.Shape{x, v}},
	} {
		got, err := c.op.Outputs(c.in...)
		if (err != nil) != (c.want == nil) || err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}
