package kernels_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// grid is a tensor in float64, for the perturbed evaluations.
type grid struct {
	shape tensor.Shape
	v     []float64
}

func newGrid(s tensor.Shape) grid { return grid{s, make([]float64, s.Len())} }

func widened(t *tensor.Tensor) grid {
	g := newGrid(t.Shape)
	for i, x := range t.Data {
		g.v[i] = float64(x)
	}
	return g
}

// at returns the place of a value; along an axis of extent 1 it repeats.
func (g grid) at(p place) *float64 {
	i := 0
	for a, d := range g.shape {
		i = i*d + p[a]%d
	}
	return &g.v[i]
}

// place is a position along N, C, H and W.
type place [4]int

// each calls f with every place of shape s.
func each(s tensor.Shape, f func(p place)) {
	for i := range s.Len() {
		f(place{i / (s[1] * s[2] * s[3]), i / (s[2] * s[3]) % s[1], i / s[3] % s[2], i % s[3]})
	}
}

// gradientCase is a differentiable operation with its formula written again in
// float64, for the first output only: the others feed no loss.
type gradientCase struct {
	name    string
	op      kernels.Differentiable
	shapes  []tensor.Shape
	formula func(in []grid) grid
}

func gradientCases() []gradientCase {
	x := tensor.Shape{2, 3, 4, 2}
	var cases []gradientCase
	add := func(name string, op kernels.Differentiable, formula func(in []grid) grid, shapes ...tensor.Shape) {
		cases = append(cases, gradientCase{name, op, shapes, formula})
	}
	for a, f := range map[kernels.Activation]func(x float64) float64{
		kernels.Identity:  func(x float64) float64 { return x },
		kernels.ReLU:      func(x float64) float64 { return (x + math.Abs(x)) / 2 },
		kernels.LeakyReLU: func(x float64) float64 { return 0.75*x + 0.25*math.Abs(x) },
		kernels.SiLU:      func(x float64) float64 { return x * (1 + math.Tanh(x/2)) / 2 },
		kernels.Sigmoid:   func(x float64) float64 { return (1 + math.Tanh(x/2)) / 2 },
	} {
		add(fmt.Sprint("activation ", a), kernels.Activate{Activation: a, Slope: 0.5}, func(in []grid) grid {
			y := newGrid(x)
			for i, v := range in[0].v {
				y.v[i] = f(v)
			}
			return y
		}, x)
	}
	for _, b := range []tensor.Shape{x, {1, 3, 1, 1}, {2, 1, 4, 1}, {1, 1, 1, 2}, tensor.Scalar} {
		name := fmt.Sprintf("%v with %v", x, b)
		add(name, kernels.Add{}, func(in []grid) grid {
			y := newGrid(x)
			each(x, func(p place) { *y.at(p) = *in[0].at(p) + *in[1].at(p) })
			return y
		}, x, b)
		add(name, kernels.Multiply{}, func(in []grid) grid {
			y := newGrid(x)
			each(x, func(p place) { *y.at(p) = *in[0].at(p) * *in[1].at(p) })
			return y
		}, x, b)
		add(name, kernels.Expand{To: x}, func(in []grid) grid {
			y := newGrid(x)
			each(x, func(p place) { *y.at(p) = *in[0].at(p) })
			return y
		}, b)
	}
	for mask := range 16 {
		over := func(a int) bool { return mask>>a&1 != 0 }
		for _, kind := range []kernels.ReduceKind{kernels.Sum, kernels.Mean} {
			op := kernels.Reduce{Kind: kind, OverN: over(0), OverC: over(1), OverH: over(2), OverW: over(3)}
			add(fmt.Sprintf("kind %d over %v", kind, op.Over()), op, func(in []grid) grid {
				s, count := x, 1.0
				for a := range s {
					if over(a) {
						count *= float64(s[a])
						s[a] = 1
					}
				}
				y := newGrid(s)
				each(x, func(p place) {
					v := *in[0].at(p)
					if kind == kernels.Mean {
						v /= count
					}
					*y.at(p) += v
				})
				return y
			}, x)
		}
	}
	cases = append(cases, layerCases()...)
	return append(cases, partCases()...)
}

// layerCases are the operations with weights, and the loss.
func layerCases() []gradientCase {
	var cases []gradientCase
	for _, bias := range []bool{false, true} {
		for _, transposed := range []bool{false, true} {
			x, y, w := tensor.Shape{2, 3, 2, 4}, tensor.Shape{2, 5, 2, 4}, tensor.Shape{5, 3, 1, 1}
			if transposed {
				w = tensor.Shape{3, 5, 1, 1}
			}
			shapes := []tensor.Shape{x, w, tensor.Vector(5)}
			if !bias {
				shapes = shapes[:2]
			}
			cases = append(cases, gradientCase{
				fmt.Sprintf("bias %v transposed %v", bias, transposed), kernels.Linear{Bias: bias, Transposed: transposed}, shapes,
				func(in []grid) grid {
					out := newGrid(y)
					each(y, func(p place) {
						for c := range x[1] {
							at := place{p[1], c}
							if transposed {
								at = place{c, p[1]}
							}
							*out.at(p) += *in[1].at(at) * *in[0].at(place{p[0], c, p[2], p[3]})
						}
						if bias {
							*out.at(p) += in[2].v[p[1]]
						}
					})
					return out
				},
			})
		}
	}
	x, v := tensor.Shape{2, 3, 4, 3}, tensor.Vector(3)
	cases = append(cases, gradientCase{
		"", kernels.BatchNorm{Epsilon: 0.125, Momentum: 0.1}, []tensor.Shape{x, v, v, v, v},
		func(in []grid) grid {
			y := newGrid(x)
			for c := range x[1] {
				var sum, squares float64
				of := func(f func(p place)) {
					each(x, func(p place) {
						if p[1] == c {
							f(p)
						}
					})
				}
				of(func(p place) { sum += *in[0].at(p); squares += *in[0].at(p) * *in[0].at(p) })
				mean := sum / 24
				deviation := math.Sqrt(squares/24 - mean*mean + 0.125)
				of(func(p place) { *y.at(p) = in[1].v[c]*(*in[0].at(p)-mean)/deviation + in[2].v[c] })
			}
			return y
		},
	}, gradientCase{
		"", kernels.TruncatedL1{Margin: 0.5}, []tensor.Shape{tensor.Rows(1, 20), {2, 1, 3, 5}},
		func(in []grid) grid {
			loss := newGrid(tensor.Scalar)
			for i, sign := range []float64{-1, 1} {
				for _, s := range in[i].v {
					if hinge := 0.5 + sign*s; hinge > 0 {
						loss.v[0] += hinge / float64(len(in[i].v))
					}
				}
			}
			return loss
		},
	})
	return cases
}

// partCases are the operations that move values.
func partCases() []gradientCase {
	var cases []gradientCase
	for axis := range 4 {
		x, y := tensor.Shape{3, 4, 3, 5}, tensor.Shape{3, 4, 3, 5}
		x[axis], y[axis] = 2, 7
		// moved copies the values of src whose place along the axis, less from,
		// fits into a tensor of shape s.
		moved := func(s tensor.Shape, src grid, from int) grid {
			out := newGrid(s)
			each(s, func(p place) {
				p2 := p
				p2[axis] += from
				if p2[axis] >= 0 && p2[axis] < src.shape[axis] {
					*out.at(p) = *src.at(p2)
				}
			})
			return out
		}
		joined := x
		joined[axis] = 2 + 7 + 2
		name := fmt.Sprint("axis ", axis)
		cases = append(cases,
			gradientCase{name, kernels.Slice{Axis: axis, Start: 3, Length: 2}, []tensor.Shape{y}, func(in []grid) grid { return moved(x, in[0], 3) }},
			gradientCase{name, kernels.Embed{Axis: axis, Start: 4, Length: 7}, []tensor.Shape{x}, func(in []grid) grid { return moved(y, in[0], -4) }},
			gradientCase{name, kernels.Concat{Axis: axis}, []tensor.Shape{x, y, x}, func(in []grid) grid {
				out := newGrid(joined)
				for i, from := range []int{0, -2, -9} {
					for j, v := range moved(joined, in[i], from).v {
						out.v[j] += v
					}
				}
				return out
			}},
		)
	}
	return cases
}

// TestGradient checks every Gradient against central differences: the loss is a
// random combination of the outputs, evaluated in float64.
func TestGradient(t *testing.T) {
	cases := gradientCases()
	covered := map[string]bool{}
	for _, c := range cases {
		covered[c.op.Name()] = true
		t.Run(c.op.Name()+" "+c.name, func(t *testing.T) { checkGradient(t, c) })
	}
	for _, name := range declared(t, "Gradient") {
		if op := zero[name]; op == nil || !covered[op.Name()] {
			t.Errorf("the gradient of %s has no case", name)
		}
	}
	t.Logf("%d cases", len(cases))
}

func checkGradient(t *testing.T, c gradientCase) {
	r := rand.New(rand.NewPCG(1, 2))
	b := &eager{t: t}
	var in []kernels.Value
	var points []grid
	for _, s := range c.shapes {
		x := tensor.New(s)
		devicetest.Normal(r, x.Data)
		in = append(in, b.Constant(x))
		points = append(points, widened(x))
	}
	out := b.Apply(c.op, in...)
	forward := c.formula(points)
	rounded := tensor.New(forward.shape)
	for i, v := range forward.v {
		rounded.Data[i] = float32(v)
	}
	if err := devicetest.Compare(b.tensor(out[0]), rounded, 1e-6); err != nil {
		t.Fatalf("the reference is not the formula: %v", err)
	}
	direction := tensor.New(forward.shape)
	devicetest.Normal(r, direction.Data)
	grads := make([]kernels.Value, len(out))
	grads[0] = b.Constant(direction)
	derivatives := c.op.Gradient(b, in, out, grads)
	if b.err != nil {
		t.Fatal(b.err)
	}
	if len(derivatives) != len(in) {
		t.Fatalf("%d gradients for %d inputs", len(derivatives), len(in))
	}
	loss := func() (sum float64) {
		for i, v := range c.formula(points).v {
			sum += v * float64(direction.Data[i])
		}
		return sum
	}
	const step = 1e-5
	for i, p := range points {
		want := tensor.New(p.shape)
		for j, v := range p.v {
			p.v[j] = v + step
			above := loss()
			p.v[j] = v - step
			want.Data[j] = float32((above - loss()) / (2 * step))
			p.v[j] = v
		}
		got := tensor.New(p.shape)
		if derivatives[i] != kernels.None {
			got = b.tensor(derivatives[i])
		}
		if err := devicetest.Compare(got, want, 1e-5); err != nil {
			t.Errorf("by input %d: %v", i, err)
		}
	}
}

// TestGradientRefused names what cannot be differentiated.
func TestGradientRefused(t *testing.T) {
	x := tensor.Shape{1, 2, 1, 3}
	for _, c := range []struct {
		op     kernels.Differentiable
		shapes []tensor.Shape
	}{
		{kernels.Linear{Activation: kernels.ReLU}, []tensor.Shape{x, {4, 2, 1, 1}}},
		{kernels.Reduce{Kind: kernels.Max, OverW: true}, []tensor.Shape{x}},
	} {
		b := &eager{t: t}
		var in []kernels.Value
		for _, s := range c.shapes {
			in = append(in, b.Constant(tensor.New(s)))
		}
		out := b.Apply(c.op, in...)
		if c.op.Gradient(b, in, out, out); b.err == nil {
			t.Errorf("%+v is differentiated", c.op)
		}
	}
}

// eager is a Builder that evaluates operations as they are applied.
type eager struct {
	t      *testing.T
	values []*tensor.Tensor
	err    error
}

func (b *eager) tensor(v kernels.Value) *tensor.Tensor { return b.values[v-1] }

func (b *eager) Shape(v kernels.Value) tensor.Shape { return b.tensor(v).Shape }

func (b *eager) Constant(t *tensor.Tensor) kernels.Value {
	b.values = append(b.values, t)
	return kernels.Value(len(b.values))
}

func (b *eager) Apply(op kernels.Op, in ...kernels.Value) []kernels.Value {
	b.t.Helper()
	inputs := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		inputs[i] = b.tensor(v)
	}
	var values []kernels.Value
	for _, out := range evaluate(b.t, op, inputs...) {
		values = append(values, b.Constant(out))
	}
	return values
}

func (b *eager) Fail(err error) { b.err = err }
