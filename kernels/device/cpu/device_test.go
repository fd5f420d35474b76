package cpu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestDevice runs the table at every level this processor has.
func TestDevice(t *testing.T) {
	for level := Plain; level <= bestLevel(); level++ {
		t.Run(level.String(), func(t *testing.T) { devicetest.Run(t, open(t, Options{Level: level, Workers: 3})) })
	}
	t.Run("one worker", func(t *testing.T) { devicetest.Run(t, open(t, Options{Workers: 1})) })
	t.Run("reference", func(t *testing.T) { devicetest.Run(t, open(t, Options{Reference: true})) })
}

func TestRandom(t *testing.T) {
	for level := Plain; level <= bestLevel(); level++ {
		t.Run(level.String(), func(t *testing.T) {
			devicetest.RunRandom(t, open(t, Options{Level: level, Workers: 2}), 7, 150)
		})
	}
}

// execute runs op on fresh buffers and returns its outputs.
func execute(t testing.TB, d device.Device, op kernels.Op, constant bool, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	p, out, inputs := stage(t, d, op, constant, in...)
	if err := d.Run(p, out, inputs); err != nil {
		t.Fatal(err)
	}
	var results []*tensor.Tensor
	for _, b := range out {
		y := tensor.New(b.Layout().Shape)
		if err := d.Read(t.Context(), b, y); err != nil {
			t.Fatal(err)
		}
		results = append(results, y)
	}
	return results
}

// stage prepares op with buffers; all inputs but the first are constant or not.
func stage(t testing.TB, d device.Device, op kernels.Op, constant bool, in ...*tensor.Tensor) (p device.Program, out, inputs []device.Buffer) {
	t.Helper()
	var operands []device.Operand
	var shapes []tensor.Shape
	for i, x := range in {
		operands = append(operands, device.Operand{Shape: x.Shape, Constant: constant && i > 0})
		shapes = append(shapes, x.Shape)
	}
	outputs, err := op.Outputs(shapes...)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = d.Prepare(op, operands); err != nil {
		t.Fatal(err)
	}
	alloc := func(l device.Layout) device.Buffer {
		b, err := d.Alloc(l)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for i, x := range in {
		b := alloc(p.Inputs()[i])
		if err := d.Write(b, x); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, b)
	}
	for _, s := range outputs {
		out = append(out, alloc(device.Layout{Shape: s}))
	}
	return p, out, inputs
}

// operations are ones whose work is cut in every way there is.
var operations = []struct {
	name     string
	op       kernels.Op
	constant bool
	in       []tensor.Shape
}{
	{"direct", kernels.Conv(3, 2, kernels.ReLU), true, []tensor.Shape{{1, 40, 33, 31}, {72, 40, 3, 3}, tensor.Vector(72)}},
	{"stem", kernels.Conv(7, 2, kernels.SiLU), true, []tensor.Shape{{1, 3, 61, 64}, {48, 3, 7, 7}, tensor.Vector(48)}},
	{"winograd, weights in the cache", kernels.Conv(3, 1, kernels.ReLU), true, []tensor.Shape{{2, 48, 37, 30}, {80, 48, 3, 3}, tensor.Vector(80)}},
	{"winograd, weights read once", kernels.Conv(3, 1, kernels.ReLU), true, []tensor.Shape{{1, 200, 14, 14}, {176, 200, 3, 3}, tensor.Vector(176)}},
	{"winograd, large weights, many tiles", kernels.Conv(3, 1, kernels.ReLU), true, []tensor.Shape{{1, 96, 50, 50}, {96, 96, 3, 3}, tensor.Vector(96)}},
	{"linear", kernels.Linear{Bias: true}, true, []tensor.Shape{tensor.Rows(300, 517), {130, 300, 1, 1}, tensor.Vector(130)}},
	{"linear of few rows", kernels.Linear{}, true, []tensor.Shape{tensor.Rows(999, 3), {333, 999, 1, 1}}},
	{"linear with changing weights", kernels.Linear{Transposed: true}, false, []tensor.Shape{tensor.Rows(130, 517), {130, 300, 1, 1}}},
	{"weight gradient", kernels.LinearWeightGradient{}, false, []tensor.Shape{tensor.Rows(130, 1001), tensor.Rows(77, 1001)}},
	{"weight gradient of one output", kernels.LinearWeightGradient{}, false, []tensor.Shape{tensor.Rows(130, 1001), tensor.Rows(1, 1001)}},
	{"batch norm", kernels.BatchNorm{Epsilon: 1e-5, Momentum: 0.1}, false, []tensor.Shape{tensor.Rows(50, 1001), tensor.Vector(50), tensor.Vector(50), tensor.Vector(50), tensor.Vector(50)}},
	{"bias gradient", kernels.Reduce{OverN: true, OverH: true, OverW: true}, false, []tensor.Shape{{2, 50, 1, 1001}}},
	{"noise", kernels.Noise{To: tensor.Rows(50, 1001), Std: 1}, false, []tensor.Shape{tensor.Rows(1, 4)}},
	{"pool", kernels.Pool{Kernel: 3, Stride: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, false, []tensor.Shape{{1, 70, 31, 30}}},
	{"blur", kernels.Blur{Sigma: 4, Radius: 16}, false, []tensor.Shape{{1, 1, 100, 90}}},
	{"resize", kernels.Resize{Height: 90, Width: 77}, false, []tensor.Shape{{1, 40, 30, 31}}},
	{"patch pool", kernels.PatchPool{Kernel: 3, Dim: 100}, false, []tensor.Shape{{1, 40, 9, 10}}},
}

// TestSameBits holds the results to the last bit whatever the number of workers.
func TestSameBits(t *testing.T) {
	for level := Plain; level <= bestLevel(); level++ {
		var want [][]*tensor.Tensor
		for _, workers := range []int{1, 2, 3, 8} {
			d := open(t, Options{Level: level, Workers: workers})
			for i, o := range operations {
				got := execute(t, d, o.op, o.constant, inputs(o.in)...)
				if workers == 1 {
					want = append(want, got)
					continue
				}
				for j := range got {
					if err := devicetest.Equal(got[j], want[i][j]); err != nil {
						t.Errorf("%v, %s, %d workers: output %d: %v", level, o.name, workers, j, err)
					}
				}
			}
		}
	}
}

func inputs(shapes []tensor.Shape) []*tensor.Tensor {
	var in []*tensor.Tensor
	for i, s := range shapes {
		x := tensor.New(s)
		devicetest.Normal(rand.New(rand.NewPCG(uint64(i), 5)), x.Data)
		if i > 0 && s[2] == 1 && s[3] == 1 {
			for j, v := range x.Data {
				x.Data[j] = max(v, -v)
			}
		}
		in = append(in, x)
	}
	return in
}

func TestRunDoesNotAllocate(t *testing.T) {
	d := open(t, Options{Workers: 2})
	for _, o := range operations {
		p, out, in := stage(t, d, o.op, o.constant, inputs(o.in)...)
		if n := testing.AllocsPerRun(5, func() {
			if err := d.Run(p, out, in); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", o.name, n)
		}
	}
}

// TestWinogradError keeps the fast convolution's rounding far below what a
// network of them may show.
func TestWinogradError(t *testing.T) {
	d := open(t, Options{})
	in := inputs([]tensor.Shape{{1, 96, 17, 18}, {64, 96, 3, 3}})
	op := kernels.Conv(3, 1, kernels.Identity)
	op.Bias = false
	got := execute(t, d, op, true, in...)[0]
	want := tensor.New(got.Shape)
	op.Reference([]*tensor.Tensor{want}, in)
	if e := devicetest.RelativeL2(got.Data, want.Data); e > 5e-6 {
		t.Errorf("relative L2 %.3g", e)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := Open(Options{Level: AVX512 + 1}); err == nil {
		t.Error("a level that does not exist was accepted")
	}
	d := open(t, Options{Workers: 1})
	if _, err := d.Alloc(device.Layout{Shape: tensor.Shape{1 << 20, 1 << 20, 1, 1}}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("4 TiB: %v", err)
	}
	if _, err := d.Alloc(device.Layout{Shape: tensor.Vector(3), Packing: "unheard of"}); err == nil {
		t.Error("an unknown packing was accepted")
	}
	x := tensor.New(tensor.Vector(20))
	p, out, in := stage(t, d, kernels.Activate{Activation: kernels.ReLU}, false, x)
	other, err := d.Alloc(device.Layout{Shape: tensor.Vector(21)})
	if err != nil {
		t.Fatal(err)
	}
	if d.Run(p, out, []device.Buffer{other}) == nil {
		t.Error("a buffer of another shape was accepted")
	}
	in[0].Close()
	if d.Run(p, out, in) == nil {
		t.Error("a closed buffer was accepted")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d.Run(p, out, in) == nil {
		t.Error("a closed device ran")
	}
}

func TestLevelNames(t *testing.T) {
	for l, want := range map[Level]string{Best: "best", Plain: "plain Go", AVX2: "AVX2", AVX512: "AVX-512", 9: "level 9"} {
		if got := fmt.Sprint(l); got != want {
			t.Errorf("%d is %q, want %q", int(l), got, want)
		}
	}
}
