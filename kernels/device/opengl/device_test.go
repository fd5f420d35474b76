package opengl

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// open opens a device with a context of its own. OpenGL must be there.
func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(o)
	return devicetest.Opened(t, d, err)
}

func TestDevice(t *testing.T) {
	d := open(t, Options{})
	devicetest.Run(t, d)
	devicetest.RunRandom(t, d, 2, 40)
}

// The variant that this renderer does not choose runs what it has kernels of its
// own for, and one case of everything else.
func TestOtherVariant(t *testing.T) {
	variant := SharedMemory
	if open(t, Options{}).variant == SharedMemory {
		variant = BufferTexture
	}
	d := open(t, Options{Variant: variant})
	seen := map[string]bool{}
	for _, c := range devicetest.Cases() {
		all, err := ways(c.Op, c.Operands(), variant)
		if err != nil {
			t.Fatal(err)
		}
		r, err := plan(c.Op, c.Operands(), all[0])
		if err != nil {
			t.Fatal(err)
		}
		tuned := slices.ContainsFunc(r.Passes, func(p glsl.Pass) bool { return strings.HasSuffix(p.File, variant.suffix()) })
		if seen[c.Op.Name()] && (!tuned || strings.HasSuffix(c.Name, "/variable")) {
			continue
		}
		seen[c.Op.Name()] = true
		t.Run(c.Name, func(t *testing.T) {
			if err := devicetest.Check(t.Context(), d, c); err != nil {
				t.Error(err)
			}
		})
	}
}

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, open(b, Options{})) }

// product is a linear layer on buffers, ready to run.
func product(t *testing.T, d device.Device, positions, inputs, outputs int) (device.Program, []device.Buffer, []device.Buffer) {
	t.Helper()
	p, err := d.Prepare(kernels.Linear{}, []device.Operand{{Shape: tensor.Rows(inputs, positions)}, {Shape: tensor.Shape{outputs, inputs, 1, 1}, Constant: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	var in []device.Buffer
	for _, l := range append(p.Inputs(), device.Layout{Shape: tensor.Rows(outputs, positions)}) {
		b, err := d.Alloc(l)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, b)
	}
	return p, in[2:], in[:2]
}

func TestRunDoesNotAllocate(t *testing.T) { runsWithoutAllocating(t, open(t, Options{})) }

func runsWithoutAllocating(t *testing.T, d device.Device) {
	t.Helper()
	p, out, in := product(t, d, 20, 16, 16)
	if n := testing.AllocsPerRun(100, func() {
		if err := d.Run(p, out, in); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Dispatches cut into single groups must give what whole ones give.
func TestCutDispatches(t *testing.T) {
	for _, v := range []Variant{SharedMemory, BufferTexture} {
		d := open(t, Options{Variant: v})
		d.queue.Wait(func() { d.work = 1 })
		for _, c := range []devicetest.Case{
			{Name: "conv2d", Op: kernels.Conv(3, 1, kernels.ReLU), Inputs: []devicetest.Input{{Shape: tensor.Shape{2, 5, 9, 40}}, {Shape: tensor.Shape{70, 5, 3, 3}, Constant: true}, {Shape: tensor.Vector(70)}}},
			{Name: "linear", Op: kernels.Linear{}, Inputs: []devicetest.Input{{Shape: tensor.Rows(33, 200)}, {Shape: tensor.Shape{70, 33, 1, 1}}}},
			{Name: "add", Op: kernels.Add{}, Inputs: []devicetest.Input{{Shape: tensor.Shape{2, 5, 9, 40}}, {Shape: tensor.Vector(5)}}},
		} {
			if err := devicetest.Check(t.Context(), d, c); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	p := glsl.Pass{Groups: [2]int{1000, 1}, Work: 10e9}
	if got := cut(&p, 1e9); got != 100 {
		t.Errorf("a tenth of the work is %d of 1000 groups", got)
	}
	p = glsl.Pass{Groups: [2]int{1 << 20, 1}, Work: 1}
	if got := cut(&p, 1e9); got != maxGroups {
		t.Errorf("%d groups in one dispatch", got)
	}
}

func TestOutOfMemory(t *testing.T) {
	d := open(t, Options{MaxBytes: 1 << 20})
	big, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, 60000)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, 60000)}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("over MaxBytes: %v", err)
	}
	big.Close()
	if _, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, 60000)}); err != nil {
		t.Errorf("after closing: %v", err)
	}
	huge := int(d.Info().MaxBufferBytes/16) + 1
	if _, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, huge)}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("over the driver's limit: %v", err)
	}
}

func TestLost(t *testing.T) {
	d := open(t, Options{})
	p, out, in := product(t, d, 20, 16, 16)
	d.queue.Wait(func() { d.lost = true })
	if err := d.Run(p, out, in); err != nil {
		t.Errorf("Run: %v", err)
	}
	result := tensor.New(out[0].Layout().Shape)
	if err := d.Read(t.Context(), out[0], result); !errors.Is(err, device.ErrLost) {
		t.Errorf("Read: %v", err)
	}
	if err := d.Write(out[0], result); !errors.Is(err, device.ErrLost) {
		t.Errorf("Write: %v", err)
	}
	if _, err := d.Alloc(out[0].Layout()); !errors.Is(err, device.ErrLost) {
		t.Errorf("Alloc: %v", err)
	}
	q, err := d.Prepare(kernels.Add{}, []device.Operand{{Shape: tensor.Scalar}, {Shape: tensor.Scalar}})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Ready(t.Context()); !errors.Is(err, device.ErrLost) {
		t.Errorf("Ready: %v", err)
	}
}

// Who waits for a reading may leave although the device is busy.
func TestReadCancelled(t *testing.T) {
	d := open(t, Options{})
	b, err := d.Alloc(device.Layout{Shape: tensor.Scalar})
	if err != nil {
		t.Fatal(err)
	}
	busy, begun := make(chan struct{}), make(chan struct{})
	d.queue.Post(func() { close(begun); <-busy })
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- d.Read(ctx, b, tensor.New(tensor.Scalar)) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(busy)
}

func TestClose(t *testing.T) {
	d := open(t, Options{})
	p, out, in := product(t, d, 20, 16, 16)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if len(d.buffers) != 0 || len(d.compiled) != 0 || d.bytes != 0 {
		t.Errorf("%d buffers, %d programs, %d bytes left", len(d.buffers), len(d.compiled), d.bytes)
	}
	if err := d.Run(p, out, in); err == nil {
		t.Error("a closed device runs")
	}
	p.Close()
	in[0].Close()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestWrongOperands(t *testing.T) {
	d := open(t, Options{})
	p, out, in := product(t, d, 20, 16, 16)
	for name, err := range map[string]error{
		"too few inputs": d.Run(p, out, in[:1]),
		"swapped":        d.Run(p, out, []device.Buffer{in[1], in[0]}),
		"wrong output":   d.Run(p, in[1:], in),
		"wrong tensor":   d.Write(in[0], tensor.New(tensor.Scalar)),
		"packed":         d.Read(t.Context(), in[1], tensor.New(in[1].Layout().Shape)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Winograd's tiles must fit pictures of every size, padding and batch.
func TestWinograd(t *testing.T) {
	d := open(t, Options{Variant: BufferTexture})
	for _, c := range []struct {
		name             string
		x                tensor.Shape
		outputs          int
		top, left, below int
		residual         bool
	}{
		{"whole tiles", tensor.Shape{1, 64, 16, 16}, 64, 1, 1, 1, true},
		{"parts of tiles, odd channels", tensor.Shape{1, 33, 17, 23}, 37, 1, 1, 1, true},
		{"no padding, two pictures", tensor.Shape{2, 32, 18, 13}, 48, 0, 0, 0, false},
		{"more padding above", tensor.Shape{1, 34, 14, 19}, 32, 2, 0, 1, false},
	} {
		op := kernels.Conv2D{Kernel: 3, Stride: 1, Dilation: 1, Groups: 1, PadTop: c.top, PadLeft: c.left, PadBottom: c.below, PadRight: 1, Bias: true, Residual: c.residual, Activation: kernels.ReLU}
		in := []devicetest.Input{{Shape: c.x}, {Shape: tensor.Shape{c.outputs, c.x[1], 3, 3}, Constant: true}, {Shape: tensor.Vector(c.outputs), Constant: true}}
		y, err := op.Outputs(in[0].Shape, in[1].Shape, in[2].Shape, tensor.Shape{c.x[0], c.outputs, c.x[2] + c.top + c.below - 2, c.x[3] + c.left - 1})
		if !c.residual {
			y, err = op.Outputs(in[0].Shape, in[1].Shape, in[2].Shape)
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.residual {
			in = append(in, devicetest.Input{Shape: y[0]})
		}
		if !winogradApplies(op, c.x, y[0]) || !winogradPays(c.x, y[0]) {
			t.Errorf("%s: not computed by tiles", c.name)
		}
		if err := devicetest.Check(t.Context(), d, devicetest.Case{Name: c.name, Op: op, Inputs: in}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
