package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// layer is one operation on inputs by number: 0 is the picture, i the output of
// layer i. Constants follow the inputs.
type layer struct {
	name      string
	op        kernels.Op
	inputs    []int
	constants []tensor.Shape
	flop      float64
}

// bench holds prepared layers with their buffers.
type bench struct {
	device   *Device
	programs []device.Program
	in, out  [][]device.Buffer
}

func random(s tensor.Shape, scale float32) *tensor.Tensor {
	r := rand.New(rand.NewPCG(1, uint64(s.Len())))
	t := tensor.New(s)
	for i := range t.Data {
		t.Data[i] = scale * float32(r.NormFloat64())
	}
	return t
}

func build(b testing.TB, d *Device, picture tensor.Shape, layers []layer) *bench {
	alloc := func(l device.Layout, scale float32) device.Buffer {
		buf, err := d.Alloc(l)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Write(buf, random(l.Shape, scale)); err != nil {
			b.Fatal(err)
		}
		return buf
	}
	p := &bench{device: d}
	values := []device.Buffer{alloc(device.Layout{Shape: picture}, 1)}
	for _, l := range layers {
		var operands []device.Operand
		var shapes []tensor.Shape
		for _, i := range l.inputs {
			operands = append(operands, device.Operand{Shape: values[i].Layout().Shape})
		}
		constants := make([]device.Operand, 0, 2)
		for _, s := range l.constants {
			constants = append(constants, device.Operand{Shape: s, Constant: true})
		}
		operands = append(operands[:1:1], append(constants, operands[1:]...)...)
		for _, o := range operands {
			shapes = append(shapes, o.Shape)
		}
		outputs, err := l.op.Outputs(shapes...)
		if err != nil {
			b.Fatal(err)
		}
		prog, err := d.Prepare(l.op, operands)
		if err != nil {
			b.Fatal(err)
		}
		in := []device.Buffer{values[l.inputs[0]]}
		for i, s := range l.constants {
			in = append(in, alloc(prog.Inputs()[1+i], 0.03*float32(s[1]%2)+0.02))
		}
		for _, i := range l.inputs[1:] {
			in = append(in, values[i])
		}
		out := alloc(device.Layout{Shape: outputs[0]}, 1)
		values = append(values, out)
		p.programs, p.in, p.out = append(p.programs, prog), append(p.in, in), append(p.out, []device.Buffer{out})
	}
	return p
}

// measure reports the fastest of many runs, as milliseconds and GFLOP/s: the
// machine may be busy with other things.
func measure(b *testing.B, flop float64, run func()) {
	b.ReportAllocs()
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		run()
		best = min(best, time.Since(start))
	}
	b.ReportMetric(best.Seconds()*1e3, "best-ms")
	b.ReportMetric(flop/best.Seconds()/1e9, "GFLOP/s")
}

func (p *bench) run(b testing.TB, i int) {
	if err := p.device.Run(p.programs[i], p.out[i], p.in[i]); err != nil {
		b.Fatal(err)
	}
}

// network collects layers.
type network struct{ layers []layer }

// conv adds a convolution to maps of size x size and returns its number.
// residual is the number of what is added, or -1.
func (n *network) conv(name string, from, residual, kernel, stride, in, out, size int, a kernels.Activation) int {
	op := kernels.Conv(kernel, stride, a)
	l := layer{name: name, inputs: []int{from}, constants: []tensor.Shape{{out, in, kernel, kernel}, tensor.Vector(out)}}
	if residual >= 0 {
		op.Residual = true
		l.inputs = append(l.inputs, residual)
	}
	l.op = op
	l.flop = 2 * float64(out*in*kernel*kernel) * float64(size*size)
	n.layers = append(n.layers, l)
	return len(n.layers)
}

func (n *network) stem(size int) int {
	n.conv("conv1", 0, -1, 7, 2, 3, 64, size/2, kernels.ReLU)
	n.layers = append(n.layers, layer{name: "maxpool", op: kernels.Pool{Kernel: 3, Stride: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, inputs: []int{1}})
	return 2
}

func (n *network) flop() (sum float64) {
	for _, l := range n.layers {
		sum += l.flop
	}
	return sum
}

// resnet18 is ResNet-18 to layer3 on a picture of size x size, batch norm folded.
func resnet18(size int) *network {
	n := &network{}
	at, channels := n.stem(size), 64
	for stage := range 3 {
		width := 64 << stage
		s := size / 4 >> stage
		for block := range 2 {
			name := fmt.Sprintf("layer%d.%d", stage+1, block)
			stride, shortcut := 1, at
			if block == 0 && stage > 0 {
				stride = 2
				shortcut = n.conv(name+".down", at, -1, 1, 2, channels, width, s, kernels.Identity)
			}
			mid := n.conv(name+".conv1", at, -1, 3, stride, channels, width, s, kernels.ReLU)
			at = n.conv(name+".conv2", mid, shortcut, 3, 1, width, width, s, kernels.ReLU)
			channels = width
		}
	}
	return n
}

// wideResNet50 is WideResNet-50-2 to layer3.
func wideResNet50(size int) *network {
	n := &network{}
	at, channels := n.stem(size), 64
	for stage, blocks := range []int{3, 4, 6} {
		width, out := 128<<stage, 256<<stage
		s := size / 4 >> stage
		for block := range blocks {
			name := fmt.Sprintf("layer%d.%d", stage+1, block)
			stride, shortcut, before := 1, at, s
			if block == 0 {
				if stage > 0 {
					stride, before = 2, 2*s
				}
				shortcut = n.conv(name+".down", at, -1, 1, stride, channels, out, s, kernels.Identity)
			}
			mid := n.conv(name+".conv1", at, -1, 1, 1, channels, width, before, kernels.ReLU)
			mid = n.conv(name+".conv2", mid, -1, 3, stride, width, width, s, kernels.ReLU)
			at = n.conv(name+".conv3", mid, shortcut, 1, 1, width, out, s, kernels.ReLU)
			channels = out
		}
	}
	return n
}

// compact18 is the backbone Compact.
func compact18(size int) *network {
	n := &network{}
	at := n.conv("stem", 0, -1, 5, 2, 3, 32, size/2, kernels.ReLU)
	for i, c := range [][2]int{{32, 48}, {48, 96}, {96, 192}} {
		s := size / 4 >> i
		name := fmt.Sprint(4 << i)
		at = n.conv("reduce"+name, at, -1, 3, 2, c[0], c[1], s, kernels.ReLU)
		mid := n.conv("stage"+name+".conv1", at, -1, 3, 1, c[1], c[1], s, kernels.ReLU)
		at = n.conv("stage"+name+".conv2", mid, at, 3, 1, c[1], c[1], s, kernels.ReLU)
		if i > 0 {
			n.conv("tap"+fmt.Sprint(i+1), at, -1, 1, 1, c[1], 64<<i, s, kernels.Identity)
		}
	}
	return n
}

// within reports the fastest time of every layer within runs of the whole
// network, when its weights have left the caches.
func (p *bench) within(b *testing.B, layers []layer) {
	best := make([]time.Duration, len(layers))
	for i := range best {
		best[i] = math.MaxInt64
	}
	for b.Loop() {
		for i := range layers {
			start := time.Now()
			p.run(b, i)
			best[i] = min(best[i], time.Since(start))
		}
	}
	for i, l := range layers {
		b.ReportMetric(best[i].Seconds()*1e3, l.name+"-ms")
	}
}

func BenchmarkNetwork(b *testing.B) {
	for _, c := range []struct {
		name    string
		network *network
		size    int
	}{{"resnet18_256", resnet18(256), 256}, {"wide_resnet50_2_288", wideResNet50(288), 288}, {"compact_256", compact18(256), 256}} {
		for _, workers := range []int{1, 2} {
			name := fmt.Sprintf("%s/%d threads/", c.name, workers)
			layers := c.network.layers
			p := build(b, open(b, Options{Workers: workers}), tensor.Shape{1, 3, c.size, c.size}, layers)
			b.Run(name+"all", func(b *testing.B) {
				measure(b, c.network.flop(), func() {
					for i := range layers {
						p.run(b, i)
					}
				})
			})
			for i, l := range layers {
				b.Run(name+l.name, func(b *testing.B) { measure(b, l.flop, func() { p.run(b, i) }) })
			}
			b.Run(name+"within", func(b *testing.B) { p.within(b, layers) })
		}
	}
}

func BenchmarkLinear(b *testing.B) {
	for _, level := range []Level{AVX512, AVX2} {
		for _, workers := range []int{1, 2} {
			for _, s := range [][3]int{{1296, 1536, 1536}, {4096, 384, 384}} {
				b.Run(fmt.Sprintf("%dx%dx%d/%v/%d", s[0], s[1], s[2], level, workers), func(b *testing.B) {
					l := layer{op: kernels.Linear{Bias: true}, inputs: []int{0}, constants: []tensor.Shape{{s[2], s[1], 1, 1}, tensor.Vector(s[2])}}
					p := build(b, open(b, Options{Workers: workers, Level: level}), tensor.Rows(s[1], s[0]), []layer{l})
					measure(b, 2*float64(s[0]*s[1]*s[2]), func() { p.run(b, 0) })
				})
			}
		}
	}
}

// BenchmarkLearn runs the operations of a step of learning on 4096 rows.
func BenchmarkLearn(b *testing.B) {
	const rows, width = 4096, 384
	x, w, v := tensor.Rows(width, rows), tensor.Shape{width, width, 1, 1}, tensor.Vector(width)
	product := 2.0 * rows * width * width
	d := open(b, Options{})
	for _, c := range []struct {
		name string
		op   kernels.Op
		in   []tensor.Shape
		flop float64
	}{
		{"forward", kernels.Linear{Bias: true}, []tensor.Shape{x, w, v}, product},
		{"input gradient", kernels.Linear{Transposed: true}, []tensor.Shape{x, w}, product},
		{"weight gradient", kernels.LinearWeightGradient{}, []tensor.Shape{x, x}, product},
		{"one output", kernels.Linear{}, []tensor.Shape{x, {1, width, 1, 1}}, 2 * rows * width},
		{"weight gradient of one output", kernels.LinearWeightGradient{}, []tensor.Shape{x, tensor.Rows(1, rows)}, 2 * rows * width},
		{"input gradient of one output", kernels.Linear{Transposed: true}, []tensor.Shape{tensor.Rows(1, rows), {1, width, 1, 1}}, 2 * rows * width},
		{"batch norm", kernels.BatchNorm{Epsilon: 1e-5, Momentum: 0.1}, []tensor.Shape{x, v, v, v, v}, 0},
		{"batch norm gradient", kernels.BatchNormGradient{}, []tensor.Shape{x, v, v, v, x}, 0},
		{"leaky gradient", kernels.ActivateGradient{Activation: kernels.LeakyReLU, Slope: 0.2}, []tensor.Shape{x, x}, 0},
		{"bias gradient", kernels.Reduce{OverN: true, OverH: true, OverW: true}, []tensor.Shape{x}, 0},
		{"adam", kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, []tensor.Shape{w, w, w, w, tensor.Rows(1, 3)}, 0},
		{"noise", kernels.Noise{To: x, Std: 0.015}, []tensor.Shape{tensor.Rows(1, 4)}, 0},
		{"add", kernels.Add{}, []tensor.Shape{x, x}, 0},
		{"gather", kernels.Gather{}, []tensor.Shape{x, tensor.Rows(1, rows)}, 0},
		{"permutation", kernels.Permutation{Rows: 100000, Count: rows}, []tensor.Shape{tensor.Rows(1, 4), tensor.Scalar}, 0},
		{"loss gradient", kernels.TruncatedL1Gradient{Margin: 0.5}, []tensor.Shape{tensor.Rows(1, rows), tensor.Rows(1, rows), tensor.Scalar}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			var operands []device.Operand
			var in, out []device.Buffer
			alloc := func(s tensor.Shape) device.Buffer {
				buf, err := d.Alloc(device.Layout{Shape: s})
				if err != nil {
					b.Fatal(err)
				}
				t := random(s, 1)
				for i := range t.Data {
					t.Data[i] = t.Data[i]*t.Data[i] + 0.01
				}
				if err := d.Write(buf, t); err != nil {
					b.Fatal(err)
				}
				return buf
			}
			for _, s := range c.in {
				operands, in = append(operands, device.Operand{Shape: s}), append(in, alloc(s))
			}
			outputs, err := c.op.Outputs(c.in...)
			if err != nil {
				b.Fatal(err)
			}
			for _, s := range outputs {
				out = append(out, alloc(s))
			}
			p, err := d.Prepare(c.op, operands)
			if err != nil {
				b.Fatal(err)
			}
			measure(b, c.flop, func() {
				if err := d.Run(p, out, in); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
