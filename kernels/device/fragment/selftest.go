package fragment

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// SelfTest finds out whether the context computes as the device needs it to: whole
// numbers of 32 bits, floats of 24, several targets, a small convolution as the
// reference has it. An error says what is wrong. If the options ask for half floats it
// finds out whether they are rounded to the nearest; only then the device uses them.
func (d *Device) SelfTest(ctx context.Context) error {
	if err := d.testNumbers(ctx); err != nil {
		return fmt.Errorf("fragment: %s (%s) fails its self-test: %w", d.caps.Renderer, d.caps.Version, err)
	}
	if err := d.testConvolution(ctx); err != nil {
		return fmt.Errorf("fragment: %s (%s) fails its self-test: %w", d.caps.Renderer, d.caps.Version, err)
	}
	if d.half {
		d.limits.half, d.info.Tolerance = true, 3e-3
	}
	return nil
}

// selfTestShader returns the text of selftest.glsl.
func selfTestShader(es bool) (string, error) {
	prelude, err := glsl.Read("dialect/fragment.glsl")
	if err != nil {
		return "", err
	}
	var t glsl.Text
	t.Define(glsl.Shape("IN0", tensor.Shape{1, 4, 1, 1})...)
	t.Define(single(1, 1, 1).defines("IN0")...)
	t.Operand("dialect/fragment.input.glsl", "in", 0)
	t.Add("selftest.glsl")
	return t.Whole(versionLine(es) + prelude)
}

// expected is what selftest.glsl gives, and how near is near enough.
var expected = []struct {
	what      string
	value     float64
	tolerance float64
}{
	{"whole numbers of more than 16 bits", 40000, 0},
	{"products of whole numbers", 46341 * 46340 >> 16 & 0xffff, 0},
	{"products of unsigned numbers", float64(uint32(40000*2654435769&math.MaxUint32) >> 16), 0},
	{"remainders", (40000*5 + 3) % 1013, 0},
	{"floats of 24 bits", 1, 0},
	{"the least step of a float", 1.1920929e-7, 0},
	{"floats kept in textures", 0.1, 0},
	{"floats kept in textures", 16777215, 0},
	{"square roots", math.Sqrt2, 4e-7},
	{"exponentials", math.Exp(-1), 4e-7},
	{"quotients", 1. / 3, 2e-7},
	{"the bits of a float", 0x3fc, 0},
	{"the fourth of several targets", 3, 0}, {"the fourth of several targets", 4, 0}, {"the fourth of several targets", 5, 0}, {"the fourth of several targets", 6, 0},
}

// halfExponential is exp(-1) rounded to the nearest half float; truncated it is less.
const halfExponential, exponential = 0.36791992, 9

func (d *Device) testNumbers(ctx context.Context) error {
	text, err := selfTestShader(d.caps.ES)
	if err != nil {
		return err
	}
	var got []float32
	if d.queue.Wait(func() { got, err = d.numbers(ctx, text, Float4) }); err != nil {
		return err
	}
	for i, e := range expected {
		// A comparison that fails for NaN.
		if want := float64(float32(e.value)); !(math.Abs(float64(got[i])-want) <= e.tolerance*math.Abs(want)) {
			return fmt.Errorf("%s: it computes %v, right is %v", e.what, got[i], want)
		}
	}
	if d.half {
		if d.queue.Wait(func() { got, err = d.numbers(ctx, text, Half4) }); err != nil {
			return err
		}
		d.half = got[exponential] == halfExponential
	}
	return nil
}

// numbers has selftest.glsl draw to four layers of a format, on the context's thread.
func (d *Device) numbers(ctx context.Context, text string, f Format) ([]float32, error) {
	from, to := single(1, 1, 1), single(1, 1, 4)
	to.Format = f
	var buffers []*Buffer
	defer func() {
		for _, b := range buffers {
			d.drop(b)
		}
	}()
	for _, a := range []arrangement{from, to} {
		b, err := d.alloc(device.Layout{Shape: tensor.Shape{1, 4, 1, a.Layers}}, a)
		if err != nil {
			return nil, err
		}
		buffers = append(buffers, b)
	}
	d.upload(buffers[0], []float32{0.1, 16777215, 0, 0})
	c := d.compile(text)
	defer d.forget(c)
	if _, err := d.link(c, true); err != nil {
		return nil, err
	}
	d.draw = Draw{Shader: c.shader, Target: buffers[1].wholeTarget(), Width: 1, Height: 1, To: 1, Textures: append(d.draw.Textures[:0], buffers[0].texture)}
	d.gl.Draw(&d.draw)
	got := make([]float32, 16)
	return got, d.fetch(ctx, buffers[1], got)
}

func (d *Device) testConvolution(ctx context.Context) error {
	op := kernels.Conv(3, 1, kernels.ReLU)
	in := []*tensor.Tensor{tensor.New(tensor.Shape{1, 5, 6, 7}), tensor.New(tensor.Shape{9, 5, 3, 3}), tensor.New(tensor.Vector(9))}
	operands := make([]device.Operand, len(in))
	for i, t := range in {
		for k := range t.Data {
			t.Data[k] = float32(math.Sin(float64(7*k + i)))
		}
		operands[i] = device.Operand{Shape: t.Shape, Constant: i > 0}
	}
	want := tensor.New(tensor.Shape{1, 9, 6, 7})
	op.Reference([]*tensor.Tensor{want}, in)
	p, err := d.Prepare(op, operands)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Ready(ctx); err != nil {
		return err
	}
	var buffers []device.Buffer
	defer func() {
		for _, b := range buffers {
			b.Close()
		}
	}()
	for i, l := range append(p.Inputs(), device.Layout{Shape: want.Shape}) {
		b, err := d.Alloc(l)
		if err != nil {
			return err
		}
		buffers = append(buffers, b)
		if i < len(in) {
			if err := d.Write(b, in[i]); err != nil {
				return err
			}
		}
	}
	got := tensor.New(want.Shape)
	err = errors.Join(d.Run(p, buffers[3:], buffers[:3]), d.Read(ctx, buffers[3], got))
	if err != nil {
		return err
	}
	var away, size float64
	for i, w := range want.Data {
		away += math.Pow(float64(got.Data[i]-w), 2)
		size += math.Pow(float64(w), 2)
	}
	if e := math.Sqrt(away / size); !(e < 1e-5) {
		return fmt.Errorf("a convolution is %.1e away from the reference", e)
	}
	return nil
}
