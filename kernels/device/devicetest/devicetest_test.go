package devicetest

import (
	"math"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
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

// faulty is a recorder that spoils something after each run.
type faulty struct {
	*Recorder
	spoil func(run int, out, in []*tensor.Tensor)
}

func (f faulty) Run(p device.Program, out, in []device.Buffer) error {
	err := f.Recorder.Run(p, out, in)
	values := func(buffers []device.Buffer) (t []*tensor.Tensor) {
		for _, b := range buffers {
			t = append(t, b.(*recordedBuffer).values)
		}
		return t
	}
	f.spoil(f.Runs, values(out), values(in))
	return err
}

// TestCheckFindsFaults shows that a device with a fault does not pass.
func TestCheckFindsFaults(t *testing.T) {
	x := Input{Shape: tensor.Vector(8)}
	c := Case{Name: "faulty", Op: kernels.Add{}, Inputs: []Input{x, x}}
	for name, spoil := range map[string]func(run int, out, in []*tensor.Tensor){
		"":                      func(int, []*tensor.Tensor, []*tensor.Tensor) {},
		"wrong value":           func(_ int, out, _ []*tensor.Tensor) { out[0].Data[7] *= 1.001 },
		"no number":             func(_ int, out, _ []*tensor.Tensor) { out[0].Data[0] = float32(math.NaN()) },
		"input changed":         func(_ int, _, in []*tensor.Tensor) { in[1].Data[3]++ },
		"another second result": func(run int, out, _ []*tensor.Tensor) { out[0].Data[0] += float32(run) * 1e-7 },
		"output left unwritten": func(_ int, out, _ []*tensor.Tensor) { clear(out[0].Data) },
		"twice the right result": func(_ int, out, _ []*tensor.Tensor) {
			for i := range out[0].Data {
				out[0].Data[i] *= 2
			}
		},
	} {
		err := Check(t.Context(), faulty{&Recorder{Compute: true}, spoil}, c)
		if (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
	exact := Case{Name: "exact", Op: kernels.Expand{To: tensor.Vector(8)}, Inputs: []Input{x}, Exact: true}
	spoil := func(_ int, out, _ []*tensor.Tensor) { out[0].Data[0] = math.Nextafter32(out[0].Data[0], 9) }
	if err := Check(t.Context(), faulty{&Recorder{Compute: true}, spoil}, exact); err == nil {
		t.Error("an exact case takes a neighbouring value")
	}
}
