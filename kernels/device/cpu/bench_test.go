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

func open(b testing.TB, o Options) *Device {
	d, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
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

// resnet18 is ResNet-18 to layer3 on a picture of size x size, batch norm folded.
func resnet18(size int) []layer {
	var ls []layer
	conv := func(name string, from, residual, kernel, stride, in, out, size int, a kernels.Activation) int {
		op := kernels.Conv(kernel, stride, a)
		l := layer{name: name, inputs: []int{from}, constants: []tensor.Shape{{out, in, kernel, kernel}, tensor.Vector(out)}}
		if residual >= 0 {
			op.Residual = true
			l.inputs = append(l.inputs, residual)
		}
		l.op = op
		l.flop = 2 * float64(out*in*kernel*kernel) * float64(size*size)
		ls = append(ls, l)
		return len(ls)
	}
	conv("conv1", 0, -1, 7, 2, 3, 64, size/2, kernels.ReLU)
	ls = append(ls, layer{name: "maxpool", op: kernels.Pool{Kernel: 3, Stride: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, inputs: []int{1}})
	at, channels := 2, 64
	for stage := range 3 {
		width := 64 << stage
		s := size / 4 >> stage
		for block := range 2 {
			name := fmt.Sprintf("layer%d.%d", stage+1, block)
			stride, shortcut := 1, at
			if block == 0 && stage > 0 {
				stride = 2
				shortcut = conv(name+".down", at, -1, 1, 2, channels, width, s, kernels.Identity)
			}
			mid := conv(name+".conv1", at, -1, 3, stride, channels, width, s, kernels.ReLU)
			at = conv(name+".conv2", mid, shortcut, 3, 1, width, width, s, kernels.ReLU)
			channels = width
		}
	}
	return ls
}

func BenchmarkResNet18(b *testing.B) {
	for _, workers := range []int{1, 2} {
		layers := resnet18(256)
		p := build(b, open(b, Options{Workers: workers}), tensor.Shape{1, 3, 256, 256}, layers)
		var flop float64
		for _, l := range layers {
			flop += l.flop
		}
		b.Run(fmt.Sprintf("all/%d", workers), func(b *testing.B) {
			measure(b, flop, func() {
				for i := range layers {
					p.run(b, i)
				}
			})
		})
		for i, l := range layers {
			b.Run(fmt.Sprintf("%s/%d", l.name, workers), func(b *testing.B) {
				measure(b, l.flop, func() { p.run(b, i) })
			})
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
