package graph_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// wave fills a tensor with smooth, different values.
func wave(s tensor.Shape, phase float64) *tensor.Tensor {
	t := tensor.New(s)
	for i := range t.Data {
		t.Data[i] = float32(math.Sin(phase + 0.7*float64(i)))
	}
	return t
}

func compile(t *testing.T, g *graph.Graph, r *devicetest.Recorder) *graph.Plan {
	t.Helper()
	plan, err := g.Compile(context.Background(), r, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func read(t *testing.T, p *graph.Plan, name string, s tensor.Shape) *tensor.Tensor {
	t.Helper()
	out := tensor.New(s)
	if err := p.Read(context.Background(), name, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// block adds conv, batch norm, residual sum and activation, unfused.
func block(g *graph.Graph, x kernels.Value) kernels.Value {
	conv := kernels.Conv(3, 1, kernels.Identity)
	y := kernels.Apply1(g, conv, x, g.Constant(wave(tensor.Shape{5, 5, 3, 3}, 1)), g.Constant(wave(tensor.Vector(5), 2)))
	variance := wave(tensor.Vector(5), 3)
	for i, v := range variance.Data {
		variance.Data[i] = 1.5 + v
	}
	y = kernels.Apply1(g, kernels.BatchNormInference{Epsilon: 1e-5}, y, g.Constant(wave(tensor.Vector(5), 4)),
		g.Constant(wave(tensor.Vector(5), 5)), g.Constant(wave(tensor.Vector(5), 6)), g.Constant(variance))
	y = kernels.Apply1(g, kernels.Add{}, x, y)
	return kernels.Apply1(g, kernels.Activate{Activation: kernels.LeakyReLU, Slope: 0.2}, y)
}

// TestFuse: conv, batch norm, sum and activation become one operation that
// computes the same; a value that is also an output is not fused away.
func TestFuse(t *testing.T) {
	shape := tensor.Shape{1, 5, 6, 7}
	results := map[bool]*tensor.Tensor{}
	for _, keep := range []bool{false, true} {
		r := &devicetest.Recorder{Compute: true, Pack: true}
		g := graph.New()
		x := g.Input("x", shape)
		y := block(g, x)
		if keep {
			// Naming every step's result keeps it.
			for v := x + 1; v < y; v++ {
				if g.Shape(v) == shape {
					g.Output(string(rune('a'+int(v))), v)
				}
			}
		}
		g.Output("y", y)
		plan := compile(t, g, r)
		if want := map[bool]int{false: 1, true: 4}[keep]; plan.Operations() != want {
			t.Errorf("keep %v: %d operations, want %d", keep, plan.Operations(), want)
		}
		if err := plan.Write("x", wave(shape, 0.3)); err != nil {
			t.Fatal(err)
		}
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
		results[keep] = read(t, plan, "y", shape)
		plan.Close()
		if r.LiveBuffers != 0 || r.LivePrograms != 0 {
			t.Errorf("keep %v: after Close %d buffers and %d programs live", keep, r.LiveBuffers, r.LivePrograms)
		}
	}
	if e := devicetest.RelativeL2(results[false].Data, results[true].Data); !(e < 1e-6) {
		t.Errorf("fused and unfused differ by %.1e", e)
	}
}

// TestPlace: a chain of equal shapes needs two buffers beside its input, however
// long it is.
func TestPlace(t *testing.T) {
	r := &devicetest.Recorder{}
	g := graph.New()
	shape := tensor.Shape{1, 4, 8, 8}
	v := g.Input("x", shape)
	for range 20 {
		v = kernels.Apply1(g, kernels.Activate{Activation: kernels.SiLU}, v)
	}
	g.Output("y", v)
	plan := compile(t, g, r)
	defer plan.Close()
	if r.LiveBuffers != 3 {
		t.Errorf("%d buffers, want 3", r.LiveBuffers)
	}
	if plan.Operations() != 20 {
		t.Errorf("%d operations, want 20", plan.Operations())
	}
}

// TestDeadCode: what no output and no state needs is not run.
func TestDeadCode(t *testing.T) {
	g := graph.New()
	x := g.Input("x", tensor.Rows(3, 4))
	kernels.Apply1(g, kernels.Activate{Activation: kernels.ReLU}, x)
	g.Output("y", kernels.Apply1(g, kernels.Add{}, x, x))
	plan := compile(t, g, &devicetest.Recorder{})
	defer plan.Close()
	if plan.Operations() != 1 {
		t.Errorf("%d operations, want 1", plan.Operations())
	}
}

// TestState: a state counts up over runs, can be read and overwritten, and an
// output made from it is that of the last run.
func TestState(t *testing.T) {
	g := graph.New()
	one := g.Constant(tensor.From(tensor.Scalar, []float32{1}))
	n := g.State("n", tensor.From(tensor.Scalar, []float32{10}))
	next := kernels.Apply1(g, kernels.Add{}, n, one)
	g.Assign("n", next)
	g.Output("next", next)
	g.Output("twice", kernels.Apply1(g, kernels.Add{}, n, n))
	plan := compile(t, g, &devicetest.Recorder{Compute: true})
	defer plan.Close()
	check := func(name string, want float32) {
		t.Helper()
		if got := read(t, plan, name, tensor.Scalar).Data[0]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	check("n", 10)
	for i := range 3 {
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
		check("n", float32(11+i))
		check("next", float32(11+i))
		check("twice", float32(2*(10+i)))
	}
	if err := plan.Write("n", tensor.From(tensor.Scalar, []float32{-5})); err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(); err != nil {
		t.Fatal(err)
	}
	check("n", -4)
}

// TestDifferentiate holds the gradient of a loss through shared values, linear
// maps, batch norm and reductions to finite differences.
func TestDifferentiate(t *testing.T) {
	shapes := map[string]tensor.Shape{"w": {4, 3, 1, 1}, "b": tensor.Vector(4), "gamma": tensor.Vector(4), "v": {1, 4, 1, 1}}
	order := []string{"w", "b", "gamma", "v"}
	values := map[string]*tensor.Tensor{}
	for i, name := range order {
		values[name] = wave(shapes[name], float64(i))
	}
	build := func() (*graph.Graph, kernels.Value, []kernels.Value) {
		g := graph.New()
		var p []kernels.Value
		for _, name := range order {
			p = append(p, g.State(name, values[name]))
		}
		x := g.Constant(wave(tensor.Rows(3, 6), 0.5))
		h := kernels.Apply1(g, kernels.Linear{Bias: true}, x, p[0], p[1])
		zero, one := tensor.New(tensor.Vector(4)), wave(tensor.Vector(4), 1)
		norm := g.Apply(kernels.BatchNorm{Epsilon: 1e-3, Momentum: 0.1}, h, p[2], p[1], g.Constant(zero), g.Constant(one))
		h = kernels.Apply1(g, kernels.Activate{Activation: kernels.SiLU}, norm[0])
		h = kernels.Apply1(g, kernels.Multiply{}, h, h)
		s := kernels.Apply1(g, kernels.Linear{}, h, p[3])
		real := kernels.Apply1(g, kernels.Slice{Axis: 3, Start: 0, Length: 3}, s)
		fake := kernels.Apply1(g, kernels.Slice{Axis: 3, Start: 3, Length: 3}, s)
		loss := kernels.Apply1(g, kernels.TruncatedL1{Margin: 5}, real, fake)
		return g, loss, p
	}
	g, loss, p := build()
	for i, d := range g.Differentiate(loss, p...) {
		g.Output("d"+order[i], d)
	}
	plan := compile(t, g, &devicetest.Recorder{Compute: true})
	if err := plan.Run(); err != nil {
		t.Fatal(err)
	}
	at := func() float64 {
		g, loss, _ := build()
		g.Output("loss", loss)
		plan := compile(t, g, &devicetest.Recorder{Compute: true})
		defer plan.Close()
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
		return float64(read(t, plan, "loss", tensor.Scalar).Data[0])
	}
	const step = 1e-2
	for _, name := range order {
		got := read(t, plan, "d"+name, shapes[name])
		for i := range values[name].Data {
			kept := values[name].Data[i]
			values[name].Data[i] = kept + step
			up := at()
			values[name].Data[i] = kept - step
			down := at()
			values[name].Data[i] = kept
			if want := (up - down) / (2 * step); math.Abs(float64(got.Data[i])-want) > 2e-3*(1+math.Abs(want)) {
				t.Errorf("d%s[%d] is %v, finite differences say %v", name, i, got.Data[i], want)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		name, want string
		build      func(g *graph.Graph)
	}{
		{"shapes", "linear: weight", func(g *graph.Graph) {
			kernels.Apply1(g, kernels.Linear{}, g.Input("x", tensor.Rows(3, 2)), g.Constant(tensor.New(tensor.Shape{4, 5, 1, 1})))
		}},
		{"names", "used twice", func(g *graph.Graph) { g.Input("x", tensor.Scalar); g.Input("x", tensor.Scalar) }},
		{"unknown state", "no state", func(g *graph.Graph) { g.Assign("s", g.Input("x", tensor.Scalar)) }},
		{"no gradient", "pool has no gradient", func(g *graph.Graph) {
			x := g.Input("x", tensor.Shape{1, 1, 2, 2})
			y := kernels.Apply1(g, kernels.Pool{Kind: kernels.MaxPool, Kernel: 2, Stride: 2}, x)
			g.Differentiate(y, x)
		}},
		{"independent", "does not depend", func(g *graph.Graph) {
			x, y := g.Input("x", tensor.Scalar), g.Input("y", tensor.Scalar)
			g.Differentiate(kernels.Apply1(g, kernels.Add{}, x, x), y)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := graph.New()
			test.build(g)
			if _, err := g.Compile(ctx, &devicetest.Recorder{}, graph.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestBudget: a plan over its budget is out of memory and leaves nothing behind.
func TestBudget(t *testing.T) {
	r := &devicetest.Recorder{}
	g := graph.New()
	x := g.Input("x", tensor.Shape{1, 16, 64, 64})
	g.Output("y", kernels.Apply1(g, kernels.Activate{}, x))
	if _, err := g.Compile(context.Background(), r, graph.Options{MemoryBudget: 1000}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("error %v, want ErrOutOfMemory", err)
	}
	if r.LiveBuffers != 0 || r.LivePrograms != 0 {
		t.Errorf("%d buffers and %d programs are left", r.LiveBuffers, r.LivePrograms)
	}
}
