package devicetest

import (
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// BenchCase is a heavy operation with the floating-point operations it takes.
type BenchCase struct {
	Case
	FLOP float64
}

// BenchCases returns the shapes that make up most of a detector's work. Weights
// are constant, as in inference.
func BenchCases() []BenchCase {
	var cases []BenchCase
	for _, s := range []struct {
		name                                   string
		kernel, stride, channels, size, output int
	}{
		{"3x3_64x64x64", 3, 1, 64, 64, 64},
		{"3x3_128x32x32", 3, 1, 128, 32, 128},
		{"3x3_256x16x16", 3, 1, 256, 16, 256},
		{"3x3s2_64x64x64_128", 3, 2, 64, 64, 128},
		{"1x1_256x64x64_64", 1, 1, 256, 64, 64},
		{"7x7s2_3x256x256_64", 7, 2, 3, 256, 64},
	} {
		op := kernels.Conv(s.kernel, s.stride, kernels.ReLU)
		c := conv(s.name, op, tensor.Shape{1, s.channels, s.size, s.size}, s.output)
		positions := s.size * s.size / s.stride / s.stride
		cases = append(cases, BenchCase{c, 2 * float64(positions*s.output*s.channels*s.kernel*s.kernel)})
	}
	depthwise := kernels.Conv(3, 1, kernels.ReLU)
	depthwise.Groups = 128
	cases = append(cases, BenchCase{conv("depthwise_128x64x64", depthwise, tensor.Shape{1, 128, 64, 64}, 128), 2 * 128 * 64 * 64 * 9})
	square := linear("1296x1536x1536", kernels.Linear{Bias: true}, tensor.Rows(1536, 1296), 1536)
	cases = append(cases, BenchCase{square, 2 * 1296 * 1536 * 1536})
	pool := Case{Name: "patchpool/128x32x32", Op: kernels.PatchPool{Kernel: 3, Dim: 128}, Inputs: []Input{{Shape: tensor.Shape{1, 128, 32, 32}}}}
	return append(cases, BenchCase{pool, 9 * 128 * 32 * 32})
}

// Bench times every bench case on dev and reports GFLOP/s.
func Bench(b *testing.B, dev device.Device) {
	for _, c := range BenchCases() {
		b.Run(c.Name, func(b *testing.B) { bench(b, dev, c) })
	}
}

func bench(b *testing.B, dev device.Device, c BenchCase) {
	p, err := dev.Prepare(c.Op, c.Operands())
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	if err := p.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	in, shapes := c.inputs()
	outputs, err := c.Op.Outputs(shapes...)
	if err != nil {
		b.Fatal(err)
	}
	var inputs, out []device.Buffer
	for i, l := range p.Inputs() {
		buffer, err := dev.Alloc(l)
		if err != nil {
			b.Fatal(err)
		}
		defer buffer.Close()
		if err := dev.Write(buffer, in[i]); err != nil {
			b.Fatal(err)
		}
		inputs = append(inputs, buffer)
	}
	for _, s := range outputs {
		buffer, err := dev.Alloc(device.Layout{Shape: s})
		if err != nil {
			b.Fatal(err)
		}
		defer buffer.Close()
		out = append(out, buffer)
	}
	result := tensor.New(outputs[0])
	run := func(times int) {
		for range times {
			if err := dev.Run(p, out, inputs); err != nil {
				b.Fatal(err)
			}
		}
		// Reading waits for the work.
		if err := dev.Read(b.Context(), out[0], result); err != nil {
			b.Fatal(err)
		}
	}
	run(1)
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(c.FLOP*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
