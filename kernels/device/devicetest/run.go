package devicetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Opened returns a device that was opened for a test, which must have worked, and
// closes it when the test ends.
func Opened[D device.Device](t testing.TB, dev D, err error) D {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// Run holds dev to its contract and to the reference in every case.
func Run(t *testing.T, dev device.Device) {
	t.Run("contract", func(t *testing.T) { contract(t, dev) })
	cases := Cases()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if err := Check(t.Context(), dev, c); err != nil {
				t.Error(err)
			}
		})
	}
	t.Logf("%d cases on %s (%s; %s)", len(cases), dev.Info().Name, dev.Info().Renderer, dev.Info().Detail)
}

// Check runs one case twice on buffers that were poisoned before, the second time
// with odd inputs that come out of another program and not from Write, and
// returns an error unless both times the outputs are the reference's, the same
// to the last bit, and the inputs are as they were.
func Check(ctx context.Context, dev device.Device, c Case) error {
	in, want, err := c.Values()
	if err != nil {
		return err
	}
	program, err := dev.Prepare(c.Op, c.Operands())
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer program.Close()
	if err := program.Ready(ctx); err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	layouts := program.Inputs()
	if len(layouts) != len(in) {
		return fmt.Errorf("program names %d inputs, want %d", len(layouts), len(in))
	}
	s := &stage{ctx: ctx, dev: dev}
	defer s.close()
	inputs := make([]device.Buffer, len(in))
	for i, l := range layouts {
		if l.Shape != in[i].Shape || (l.Packing != "" && !c.Inputs[i].Constant) {
			return fmt.Errorf("program wants %+v for input %d of shape %v", l, i, in[i].Shape)
		}
		if inputs[i], err = s.alloc(l); err != nil {
			return err
		}
		if err := dev.Write(inputs[i], in[i]); err != nil {
			return fmt.Errorf("write input %d: %w", i, err)
		}
	}
	first, err := s.run(program, inputs, want)
	if err != nil {
		return err
	}
	for i, w := range want {
		if c.Exact {
			err = Equal(first[i], w)
		} else {
			err = Compare(first[i], w, c.Tolerance(dev.Info()))
		}
		if err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	for i, l := range layouts {
		if l.Packing != "" {
			continue
		}
		back, err := s.read(inputs[i])
		if err != nil {
			return err
		}
		if err := Equal(back, in[i]); err != nil {
			return fmt.Errorf("input %d was changed: %w", i, err)
		}
		if !c.Inputs[i].Constant && l.Shape[1]%4 != 0 && l.Shape.Len() <= keptValues {
			if inputs[i], err = s.pass(inputs[i]); err != nil {
				return err
			}
		}
	}
	second, err := s.run(program, inputs, want)
	if err != nil {
		return err
	}
	for i := range want {
		if err := Equal(second[i], first[i]); err != nil {
			return fmt.Errorf("output %d, second run: %w", i, err)
		}
	}
	return nil
}

// stage holds the buffers of one check.
type stage struct {
	ctx     context.Context
	dev     device.Device
	buffers []device.Buffer
}

func (s *stage) alloc(l device.Layout) (device.Buffer, error) {
	b, err := s.dev.Alloc(l)
	if err != nil {
		return nil, fmt.Errorf("alloc %+v: %w", l, err)
	}
	s.buffers = append(s.buffers, b)
	if b.Layout() != l {
		return nil, fmt.Errorf("alloc: layout %+v, want %+v", b.Layout(), l)
	}
	if p, ok := s.dev.(device.Poisoner); ok {
		if err := p.Poison(b); err != nil {
			return nil, fmt.Errorf("poison: %w", err)
		}
	}
	return b, nil
}

// run runs p on fresh poisoned outputs shaped as want and reads them.
func (s *stage) run(p device.Program, in []device.Buffer, want []*tensor.Tensor) ([]*tensor.Tensor, error) {
	out := make([]device.Buffer, len(want))
	for i, w := range want {
		var err error
		if out[i], err = s.alloc(device.Layout{Shape: w.Shape}); err != nil {
			return nil, err
		}
	}
	if err := s.dev.Run(p, out, in); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	got := make([]*tensor.Tensor, len(out))
	for i, b := range out {
		var err error
		if got[i], err = s.read(b); err != nil {
			return nil, err
		}
	}
	return got, nil
}

func (s *stage) read(b device.Buffer) (*tensor.Tensor, error) {
	t := tensor.New(b.Layout().Shape)
	if err := s.dev.Read(s.ctx, b, t); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return t, nil
}

// pass returns b's values as another program leaves them in a poisoned buffer.
func (s *stage) pass(b device.Buffer) (device.Buffer, error) {
	p, err := s.dev.Prepare(kernels.Activate{}, []device.Operand{{Shape: b.Layout().Shape}})
	if err != nil {
		return nil, fmt.Errorf("prepare a copy: %w", err)
	}
	defer p.Close()
	if err := p.Ready(s.ctx); err != nil {
		return nil, fmt.Errorf("ready a copy: %w", err)
	}
	out, err := s.alloc(b.Layout())
	if err != nil {
		return nil, err
	}
	if err := s.dev.Run(p, []device.Buffer{out}, []device.Buffer{b}); err != nil {
		return nil, fmt.Errorf("run a copy: %w", err)
	}
	// Reading waits for the program, which is closed on return.
	_, err = s.read(out)
	return out, err
}

func (s *stage) close() {
	for _, b := range s.buffers {
		b.Close()
	}
}

// contract checks what holds for every device whatever it runs.
func contract(t *testing.T, dev device.Device) {
	info := dev.Info()
	if info.Name == "" || info.Tolerance <= 0 || info.Tolerance > 1e-2 {
		t.Errorf("info %+v names no device or no sensible tolerance", info)
	}
	if _, err := dev.Prepare(kernels.Add{}, []device.Operand{{Shape: tensor.Vector(3)}, {Shape: tensor.Vector(4)}}); err == nil {
		t.Error("prepare takes shapes that do not fit")
	}
	if _, err := dev.Prepare(kernels.Add{}, []device.Operand{{Shape: tensor.Vector(3)}}); err == nil {
		t.Error("prepare takes too few inputs")
	}
	s := &stage{ctx: t.Context(), dev: dev}
	defer s.close()
	for _, shape := range []tensor.Shape{{1, 1, 1, 1}, {2, 5, 3, 7}, {1, 16, 8, 8}, tensor.Rows(1, 20000), tensor.Rows(20000, 1), {3, 33, 1, 5}} {
		b, err := s.alloc(device.Layout{Shape: shape})
		if err != nil {
			t.Fatal(err)
		}
		if b.Bytes() < int64(shape.Len())*4 {
			t.Errorf("%d bytes for shape %v", b.Bytes(), shape)
		}
		want := tensor.New(shape)
		for i := range want.Data {
			want.Data[i] = float32(i) - 0.5
		}
		if err := dev.Write(b, want); err != nil {
			t.Fatal(err)
		}
		got, err := s.read(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := Equal(got, want); err != nil {
			t.Errorf("written and read back: %v", err)
		}
	}
	last := s.buffers[len(s.buffers)-1]
	if err := dev.Write(last, tensor.New(tensor.Vector(3))); err == nil {
		t.Error("write takes a tensor of another shape")
	}
	if err := dev.Read(t.Context(), last, tensor.New(tensor.Vector(3))); err == nil {
		t.Error("read takes a tensor of another shape")
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dev.Read(done, last, tensor.New(last.Layout().Shape)); !errors.Is(err, context.Canceled) {
		t.Errorf("read after its context is done: %v", err)
	}
}
