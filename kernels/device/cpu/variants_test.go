package cpu

import (
	"slices"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func TestVariants(t *testing.T) {
	for level := Plain; level <= bestLevel(); level++ {
		t.Run(level.String(), func(t *testing.T) { devicetest.RunVariants(t, open(t, Options{Level: level, Workers: 2}), 0) })
	}
}

// TestVariantsSameBits holds variants of one algorithm to the same bits.
func TestVariantsSameBits(t *testing.T) {
	d := open(t, Options{Workers: 2})
	for _, o := range operations {
		in := inputs(o.in)
		var operands []device.Operand
		for i, x := range in {
			operands = append(operands, device.Operand{Shape: x.Shape, Constant: o.constant && i > 0})
		}
		first := map[bool][]*tensor.Tensor{} // by whether it is a product
		for _, v := range d.Variants(o.op, operands) {
			product := slices.Contains([]string{productRule, productSmall, productLarge}, v)
			got := execute(t, variantOf{d, v}, o.op, o.constant, in...)
			if first[product] == nil {
				first[product] = got
			}
			if err := devicetest.Equal(got[0], first[product][0]); err != nil {
				t.Errorf("%s, %s: %v", o.name, v, err)
			}
		}
	}
}

// variantOf is a device that runs everything by a variant.
type variantOf struct {
	*Device
	variant string
}

func (d variantOf) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	return d.PrepareVariant(op, in, d.variant)
}

func TestVariantNames(t *testing.T) {
	conv := kernels.Conv(3, 1, kernels.ReLU)
	operands := func(channels, size int) []device.Operand {
		return []device.Operand{{Shape: tensor.Shape{1, channels, size, size}}, {Shape: tensor.Shape{channels, channels, 3, 3}, Constant: true}, {Shape: tensor.Vector(channels), Constant: true}}
	}
	d := open(t, Options{Workers: 2})
	for _, c := range []struct {
		channels, size int
		first          string
	}{{64, 64, winogradChunks}, {256, 16, winogradSteps}, {64, 4, productRule}, {3, 64, productRule}} {
		if v := d.Variants(conv, operands(c.channels, c.size)); len(v) == 0 || v[0] != c.first {
			t.Errorf("%d channels, %dx%d: %q, want %q first", c.channels, c.size, c.size, v, c.first)
		}
	}
	if v := open(t, Options{Reference: true}).Variants(conv, operands(64, 64)); v != nil {
		t.Errorf("the reference has the variants %q", v)
	}
	if v := d.Variants(kernels.Add{}, []device.Operand{{Shape: tensor.Scalar}, {Shape: tensor.Scalar}}); v != nil {
		t.Errorf("a sum has the variants %q", v)
	}
	if v := d.Variants(conv, operands(64, 64)[:1]); v != nil {
		t.Errorf("too few inputs have the variants %q", v)
	}
	if _, err := d.PrepareVariant(conv, operands(3, 64), winogradChunks); err == nil {
		t.Error("Winograd's algorithm was accepted for 3 channels")
	}
}
