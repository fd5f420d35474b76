package devicetest

import (
	"fmt"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
)

// RunVariants holds dev to the reference in every variant of every case but the
// default ones, which Run checks.
func RunVariants(t *testing.T, dev device.Varied) {
	count := 0
	for _, c := range Cases() {
		variants := dev.Variants(c.Op, c.Operands())
		seen := map[string]bool{}
		for i, v := range variants {
			if seen[v] {
				t.Errorf("%s: two variants %q", c.Name, v)
			}
			if seen[v] = true; i == 0 {
				continue
			}
			count++
			t.Run(fmt.Sprintf("%s/%s", c.Name, v), func(t *testing.T) {
				if err := Check(t.Context(), forced{dev, c.Op, v}, c); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if count == 0 {
		t.Error("no case has a second variant")
	}
	if _, err := dev.PrepareVariant(kernels.Linear{}, []device.Operand{{Shape: Cases()[0].Inputs[0].Shape}}, ""); err == nil {
		t.Error("wrong inputs and a variant without a name were accepted")
	}
	t.Logf("%d variants on %s (%s)", count, dev.Info().Name, dev.Info().Renderer)
}

// forced is a device that runs one operation by a given variant.
type forced struct {
	device.Varied
	op      kernels.Op
	variant string
}

func (d forced) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	if op != d.op {
		return d.Varied.Prepare(op, in)
	}
	return d.Varied.PrepareVariant(op, in, d.variant)
}

// Poison fills b with NaN where the device can.
func (d forced) Poison(b device.Buffer) error {
	if p, ok := d.Varied.(device.Poisoner); ok {
		return p.Poison(b)
	}
	return nil
}
