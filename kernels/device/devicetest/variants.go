package devicetest

import (
	"fmt"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
)

// RunVariants holds dev to the reference in the variants of every case but the
// default ones, which Run checks: for each operation and variant in about so many
// cases, spread over the table, or in all when most is 0.
func RunVariants(t *testing.T, dev device.Varied, most int) {
	total, met := map[string]int{}, map[string]int{}
	each := func(f func(c Case, variant, kind string)) {
		for _, c := range Cases() {
			variants := dev.Variants(c.Op, c.Operands())
			for i, v := range variants {
				if i > 0 {
					f(c, v, c.Op.Name()+"/"+v)
				}
			}
		}
	}
	each(func(c Case, v, kind string) { total[kind]++ })
	count := 0
	each(func(c Case, v, kind string) {
		met[kind]++
		if most > 0 && (met[kind]-1)%((total[kind]+most-1)/most) != 0 {
			return
		}
		count++
		t.Run(fmt.Sprintf("%s/%s", c.Name, v), func(t *testing.T) {
			if err := Check(t.Context(), forced{dev, c.Op, v}, c); err != nil {
				t.Error(err)
			}
		})
	})
	if count == 0 {
		t.Error("no case has a second variant")
	}
	if _, err := dev.PrepareVariant(kernels.Linear{}, []device.Operand{{Shape: Cases()[0].Inputs[0].Shape}}, ""); err == nil {
		t.Error("wrong inputs and a variant without a name were accepted")
	}
	t.Logf("%d of the variants' cases on %s (%s)", count, dev.Info().Name, dev.Info().Renderer)
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
