package devicetest

import (
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// TestTable runs the table against the reference itself, which shows that its
// cases fit together.
func TestTable(t *testing.T) {
	Run(t, &Recorder{Compute: true, Pack: true})
}

func TestRandom(t *testing.T) {
	r := &Recorder{Compute: true}
	RunRandom(t, r, 1, 300)
	if r.LiveBuffers != 0 || r.LivePrograms != 0 || r.LiveBytes != 0 {
		t.Errorf("%d buffers, %d programs and %d bytes are left open", r.LiveBuffers, r.LivePrograms, r.LiveBytes)
	}
}

// TestCheckFindsFaults shows that a device with wrong values does not pass.
func TestCheckFindsFaults(t *testing.T) {
	c := Case{Name: "faulty", Op: kernels.Add{}, Inputs: []Input{{Shape: tensor.Vector(5)}, {Shape: tensor.Vector(5)}}}
	if err := Check(t.Context(), &Recorder{}, c); err == nil {
		t.Error("a device that computes nothing passes")
	}
}
