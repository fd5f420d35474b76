package devicetest

import (
	"errors"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func TestRecorderCounts(t *testing.T) {
	r := &Recorder{Budget: 100}
	p, err := r.Prepare(kernels.Add{}, []device.Operand{{Shape: tensor.Vector(5)}, {Shape: tensor.Scalar}})
	if err != nil {
		t.Fatal(err)
	}
	alloc := func(l device.Layout) device.Buffer {
		b, err := r.Alloc(l)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	five, other := device.Layout{Shape: tensor.Vector(5)}, device.Layout{Shape: tensor.Scalar}
	a, b, out := alloc(five), alloc(other), alloc(five)
	packed := alloc(device.Layout{Shape: tensor.Scalar, Packing: "own"})
	if _, err := r.Alloc(device.Layout{Shape: tensor.Vector(14)}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("beyond the budget: %v", err)
	}
	buffers := func(b ...device.Buffer) []device.Buffer { return b }
	if err := r.Run(p, buffers(out), buffers(a, b)); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"too few inputs":      r.Run(p, buffers(out), buffers(a)),
		"wrong shape":         r.Run(p, buffers(out), buffers(a, a)),
		"wrong packing":       r.Run(p, buffers(out), buffers(a, packed)),
		"output is input":     r.Run(p, buffers(a), buffers(a, b)),
		"reading packed":      r.Read(t.Context(), packed, tensor.New(tensor.Scalar)),
		"another's buffer":    (&Recorder{}).Write(a, tensor.New(tensor.Vector(5))),
		"writing other shape": r.Write(a, tensor.New(tensor.Scalar)),
	} {
		if err == nil {
			t.Errorf("%s is allowed", name)
		}
	}
	if r.Prepares != 1 || r.Allocs != 4 || r.Runs != 1 || len(r.Ran) != 1 || r.LiveBytes != 48 || r.PeakBytes != 48 || r.LiveBuffers != 4 {
		t.Errorf("counts %+v", r)
	}
	for _, b := range buffers(a, b, out, packed, packed) {
		b.Close()
	}
	p.Close()
	if r.LiveBytes != 0 || r.LiveBuffers != 0 || r.LivePrograms != 0 || r.PeakBytes != 48 {
		t.Errorf("after closing %+v", r)
	}
	if r.Run(p, buffers(out), buffers(a, b)) == nil || r.Write(a, tensor.New(tensor.Vector(5))) == nil {
		t.Error("what is closed still works")
	}
	r.Reset()
	if r.Runs != 0 || r.Ran != nil || r.PeakBytes != 0 {
		t.Errorf("after Reset %+v", r)
	}
	r.Close()
	if _, err := r.Alloc(five); err == nil {
		t.Error("a closed recorder allocates")
	}
}

func TestBenchCases(t *testing.T) {
	for _, c := range BenchCases() {
		var shapes []tensor.Shape
		for _, in := range c.Inputs {
			shapes = append(shapes, in.Shape)
		}
		if _, err := c.Op.Outputs(shapes...); err != nil || c.FLOP <= 0 {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}
