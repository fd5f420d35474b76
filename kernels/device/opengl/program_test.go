package opengl

import (
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Equal texts are one program, freed with its last user.
func TestProgramsAreShared(t *testing.T) {
	d := open(t, Options{})
	prepare := func(slope float32) device.Program {
		p, err := d.Prepare(kernels.Activate{Activation: kernels.LeakyReLU, Slope: slope}, []device.Operand{{Shape: tensor.Scalar}})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p
	}
	count := func() (n int) {
		d.queue.Wait(func() { n = len(d.compiled) })
		return n
	}
	a, b, c := prepare(0.1), prepare(0.1), prepare(0.2)
	if n := count(); n != 2 {
		t.Errorf("%d programs for two texts", n)
	}
	a.Close()
	a.Close()
	if n := count(); n != 2 {
		t.Errorf("%d programs, want 2 while one is still used", n)
	}
	b.Close()
	c.Close()
	if n := count(); n != 0 {
		t.Errorf("%d programs after closing", n)
	}
}

func TestShaderError(t *testing.T) {
	d := open(t, Options{})
	var err error
	d.queue.Wait(func() { _, err = d.compile("#version 430\n// first\nvoid main() {\n    nonsense;\n}\n") })
	if err == nil || !strings.Contains(err.Error(), "   4      nonsense;") {
		t.Errorf("the error does not show the line: %v", err)
	}
}
