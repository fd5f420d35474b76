package cpu

import "unsafe"

// gemmArgs are the arguments of the product kernels, whose assembly knows the
// offsets of the fields (avo/gemm.go). Sizes are in bytes.
//
// A gemm kernel computes, for its p positions and n blocks of 16 outputs,
// out[block][position] = f(start + Σ_k x[position][k]·w[k][block] + residual),
// where start is the bias, zero, or what out holds (flagAccumulate). The k come
// in segments of fours·4+ones values that stand side by side in x; the segments
// stand xSegment apart and the last one has its own length.
//
// An outer kernel sums over rows of 64 bytes instead, see avo/gemm.go.
type gemmArgs struct {
	x, w, out, bias, residual unsafe.Pointer
	xSegment, outBlock        uintptr
	segments                  int
	fours, ones               int
	lastFours, lastOnes       int
	flags                     int
	slope                     float32
	_                         uint32
	wBlock, outStep           uintptr
}

const (
	flagAccumulate = 1
	flagReLU       = 2
	flagLeaky      = 4
)

// winogradInputArgs are the arguments of the input transform (avo/winograd.go).
type winogradInputArgs struct {
	rows      [6]unsafe.Pointer // the first of six columns in each row
	rowSteps  [6]uintptr        // to the next block of channels, 0 for a row of zeros
	masks     unsafe.Pointer    // *[6][16]uint32, all ones for columns inside
	out       unsafe.Pointer
	step      uintptr // from one of the 36 matrices to the next
	blockStep uintptr // of out, to the next block of channels
	blocks    int
	scratch   unsafe.Pointer // 36 vectors
}

// winogradOutputArgs are the arguments of the output transform.
type winogradOutputArgs struct {
	m                unsafe.Pointer
	step, blockStep  uintptr // of m
	out              unsafe.Pointer
	outRow, outBlock uintptr // of out and residual
	bias, residual   unsafe.Pointer
	blocks           int
	rows, columns    int // 1 to 4 of them lie inside the picture
	scratch          unsafe.Pointer
	sixSteps         uintptr
	slope            float32
	_                uint32
	flags            int
}

// packArgs are the arguments of the row gathering (avo/pack.go).
type packArgs struct {
	base               unsafe.Pointer
	offsets            unsafe.Pointer // *[count]int, negative: zeros
	out                unsafe.Pointer
	count              int
	blocks             int
	blockStep, outStep uintptr
}

// vectorArgs are the arguments of the routines over whole arrays (avo/vector.go).
type vectorArgs struct {
	out, a, b, c unsafe.Pointer
	count        int // blocks of 64 bytes
	slope        float32
}

// windowArgs are the arguments of the reductions over windows (avo/window.go).
type windowArgs struct {
	out            unsafe.Pointer
	taps           unsafe.Pointer // *[tapCount]unsafe.Pointer: the block of output 0
	weights        unsafe.Pointer // one a tap, or one block a tap
	bias, residual unsafe.Pointer
	count          int // outputs side by side
	tapCount       int
	step           uintptr // of the taps, from output to output
	flags          int
	slope          float32
}

// lerpArgs are the arguments of bilinear resizing of a row (avo/window.go).
type lerpArgs struct {
	out, top, bottom unsafe.Pointer
	offsets          unsafe.Pointer // *[count][2]int: left and right block in both rows
	weights          unsafe.Pointer // *[count]float32 of the right block
	count            int
	down             float32 // weight of the bottom row
}

// adamArgs are the arguments of an optimiser step (avo/learn.go).
type adamArgs struct {
	outP, outM, outV, p, g, m, v                                  unsafe.Pointer
	count                                                         int // blocks of 64 bytes
	decay, keep, beta1, rest1, beta2, rest2, rate, scale, epsilon float32
}

// noiseArgs are the arguments of the generator of normals (avo/noise.go).
type noiseArgs struct {
	out      unsafe.Pointer
	counters unsafe.Pointer // *[16]uint32 of the first block
	count    int            // blocks
	keys     [3]uint32
	step     uint32 // from a block's counters to the next one's
	std      float32
}
