// Package device says what a machine that runs operations must offer. Everything
// clever (fusing, placing, differentiating) stands once above it, in package
// graph; a device only allocates, prepares, runs, reads and writes.
package device

import (
	"context"
	"errors"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Errors a device may wrap.
var (
	// ErrLost means the device is gone (a lost GL context); open a new one.
	ErrLost = errors.New("device lost")
	// ErrOutOfMemory means the device could not hold another buffer.
	ErrOutOfMemory = errors.New("device out of memory")
)

// Device runs operations on buffers of its own. Its methods may be called from
// any goroutine, one at a time.
type Device interface {
	// Info describes the device.
	Info() Info
	// Prepare builds the program of op for these inputs. It may return before
	// compilation is over; Program.Ready waits for it.
	Prepare(op kernels.Op, in []Operand) (Program, error)
	// Alloc returns a buffer, its contents undefined, or ErrOutOfMemory.
	Alloc(l Layout) (Buffer, error)
	// Run carries out p. It may return before the work is done; work is done in
	// order, and an error may be reported by a later call. No output is also an
	// input. Run does not keep the slices.
	Run(p Program, out, in []Buffer) error
	// Write copies t into b, packing it as b's layout says. The shapes are equal.
	Write(b Buffer, t *tensor.Tensor) error
	// Read waits for the work before it and copies b into t. Only buffers of the
	// ordinary packing can be read. It ends early when ctx is done.
	Read(ctx context.Context, b Buffer, t *tensor.Tensor) error
	// Close frees everything the device still holds.
	Close() error
}

// Operand describes one input of a program to be prepared.
type Operand struct {
	Shape    tensor.Shape
	Constant bool // written once; the program may want it packed its own way
}

// Layout is what a buffer holds. Packing "" is the device's ordinary arrangement,
// a function of the shape alone; other packings belong to the programs that ask
// for them and serve constants only.
type Layout struct {
	Shape   tensor.Shape
	Packing string
}

// Program is an operation made ready for given shapes.
type Program interface {
	// Ready waits until the program can run; an error carries the compiler's log.
	Ready(ctx context.Context) error
	// Inputs returns the layout wanted of each input; Packing is "" for all that
	// are not constant.
	Inputs() []Layout
	// Close frees the program.
	Close()
}

// Buffer is memory of a device.
type Buffer interface {
	Layout() Layout
	// Bytes is the memory taken, padding included.
	Bytes() int64
	// Close frees the memory.
	Close()
}

// Info describes a device.
type Info struct {
	Name     string // "cpu", "opengl"
	Renderer string // the processor or the driver's renderer string
	Detail   string // instruction set or API version
	Software bool   // a GL implementation that runs on the CPU
	// Tolerance is the largest relative L2 error against the reference that the
	// device's arithmetic may show.
	Tolerance float64
	// MaxBufferBytes is the largest single buffer, 0 for no limit.
	MaxBufferBytes int64
}

// Poisoner is implemented by devices that can fill a whole buffer, spare memory
// included, with NaN, so that tests see a program reading what it should not.
type Poisoner interface {
	Poison(b Buffer) error
}

// Varied is implemented by devices that know several ways to run some
// operations, of which package tune finds the fastest by measuring.
type Varied interface {
	Device
	// Variants names the ways to run op on these inputs, the one that Prepare takes
	// first. Nil or a single one means that there is no choice. All of them take any
	// finite inputs. Names are short words without tabs or newlines that mean the
	// same for ever, for they are remembered.
	Variants(op kernels.Op, in []Operand) []string
	// PrepareVariant does as Prepare does, by one of the ways that Variants names.
	PrepareVariant(op kernels.Op, in []Operand, variant string) (Program, error)
	// Revision changes whenever the kernels or the choice between them change, so
	// that what was measured before is forgotten.
	Revision() string
}
