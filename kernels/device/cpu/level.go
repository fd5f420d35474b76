package cpu

import (
	"fmt"
	"unsafe"
)

// Level is the set of instructions the kernels use.
type Level int

// The levels, from slow to fast. Best is the fastest the processor has.
const (
	Best Level = iota
	Plain
	AVX2
	AVX512
)

// String returns the name of the instruction set.
func (l Level) String() string {
	switch l {
	case Best:
		return "best"
	case Plain:
		return "plain Go"
	case AVX2:
		return "AVX2"
	case AVX512:
		return "AVX-512"
	}
	return fmt.Sprintf("level %d", int(l))
}

const (
	lanes      = 16        // channels in a block
	blockBytes = lanes * 4 // one position of a block
	maxPanel   = 3         // blocks of outputs in a panel
	maxTile    = 14        // positions in a tile
	maxTaps    = 256       // of a window that pools or blurs
	matrices   = 36        // of Winograd's F(4x4,3x3)
)

// kernel is a routine that takes a pointer to the struct of its arguments; the
// assembly generator cannot name the struct in the declaration.
type kernel func(*byte)

// kernelSet is the routines of one level.
type kernelSet struct {
	level Level
	// gemm[n][p] takes n blocks of outputs and p positions, outer likewise.
	gemm  [maxPanel + 1][maxTile + 1]kernel
	outer [maxPanel + 1][maxTile + 1]kernel
	// positions[n] is the most positions gemm takes, values[n] outer.
	positions, values [maxPanel + 1]int

	winogradInput, winogradOutput kernel
	pack                          kernel

	// Over arrays of equal layout, see vectorArgs.
	add, multiply, leaky, scale, sigmoid, silu kernel
	moments, blend, rectifierGradient          kernel

	maxWindow, sumWindow, depthwise kernel // see windowArgs
	lerp, adam, noise               kernel
}

func newKernelSet(level Level) kernelSet {
	k := plainKernels()
	switch level {
	case AVX2:
		useAVX2(&k)
	case AVX512:
		useAVX512(&k)
	}
	k.level = level
	return k
}

// panel is a run of n blocks of outputs that one kernel call computes.
type panel struct{ first, n int }

// panels cuts blocks of outputs into the widths the kernels like best.
func (k *kernelSet) panels(blocks int) []panel {
	var ps []panel
	for at := 0; at < blocks; {
		n := 1
		if k.positions[2] > 0 && blocks > 1 {
			n = 2
			if (blocks-at)%2 == 1 {
				n = 3
			}
		}
		ps = append(ps, panel{at, n})
		at += n
	}
	return ps
}

func blocksOf(channels int) int { return (channels + lanes - 1) / lanes }

func pointer[T any](a *T) *byte { return (*byte)(unsafe.Pointer(a)) }

// cut returns the start of part i of n when count things are cut evenly.
func cut(count, n, i int) int { return count * i / n }
