package devicetest

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Fragile is a device that is lost at one of its calls, and stays lost.
type Fragile struct {
	device.Device
	lost  int64
	calls atomic.Int64
}

// NewFragile returns dev, lost at the given call; 0 is never.
func NewFragile(dev device.Device, call int) *Fragile {
	return &Fragile{Device: dev, lost: int64(call)}
}

// Calls is the number of calls so far.
func (f *Fragile) Calls() int { return int(f.calls.Load()) }

func (f *Fragile) call(what string) error {
	if n := f.calls.Add(1); f.lost > 0 && n >= f.lost {
		return fmt.Errorf("devicetest: %s, call %d: %w", what, n, device.ErrLost)
	}
	return nil
}

// Prepare is device.Device's.
func (f *Fragile) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	if err := f.call("prepare"); err != nil {
		return nil, err
	}
	return f.Device.Prepare(op, in)
}

// Alloc is device.Device's.
func (f *Fragile) Alloc(l device.Layout) (device.Buffer, error) {
	if err := f.call("alloc"); err != nil {
		return nil, err
	}
	return f.Device.Alloc(l)
}

// Run is device.Device's.
func (f *Fragile) Run(p device.Program, out, in []device.Buffer) error {
	if err := f.call("run"); err != nil {
		return err
	}
	return f.Device.Run(p, out, in)
}

// Write is device.Device's.
func (f *Fragile) Write(b device.Buffer, t *tensor.Tensor) error {
	if err := f.call("write"); err != nil {
		return err
	}
	return f.Device.Write(b, t)
}

// Read is device.Device's.
func (f *Fragile) Read(ctx context.Context, b device.Buffer, t *tensor.Tensor) error {
	if err := f.call("read"); err != nil {
		return err
	}
	return f.Device.Read(ctx, b, t)
}
