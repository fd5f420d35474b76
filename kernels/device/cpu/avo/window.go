package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of windowArgs.
const (
	winOut      = 0
	winTaps     = 8
	winWeights  = 16
	winBias     = 24
	winResidual = 32
	winCount    = 40
	winTapCount = 48
	winStep     = 56
	winFlags    = 64
	winSlope    = 72
)

type windowKind int

const (
	windowMax windowKind = iota
	windowSum
	windowDepthwise
)

// window emits a reduction over the taps of windows: output position j combines
// the blocks at tap+j·step of every tap. windowSum has one weight a tap,
// windowDepthwise one block of weights a tap, and an epilogue.
func window(i isa, name string, kind windowKind) {
	a := function(name+i.suffix, "windowArgs")
	const tile = 4
	bv := i.blockVectors
	acc := func(t, h int) reg.VecPhysical { return i.vectors[t*bv+h] }
	weight := func(h int) reg.VecPhysical { return i.vectors[tile*bv+h] }
	zeros, slope, temp := i.vectors[13], i.vectors[14], i.vectors[15]
	out, taps, offset, count, step := reg.RSI, reg.RDX, reg.R10, reg.RCX, reg.R13
	tap, at0, left, weights, residual := reg.R8, reg.RAX, reg.R11, reg.R12, reg.R15
	build.MOVQ(at(a, winOut), out)
	build.MOVQ(at(a, winCount), count)
	build.MOVQ(at(a, winStep), step)
	build.MOVQ(at(a, winResidual), residual)
	build.XORQ(offset, offset)
	if kind == windowDepthwise {
		zero(i, zeros)
		build.VBROADCASTSS(at(a, winSlope), slope)
	}
	each := func(n int, f func(t, h int)) {
		for t := range n {
			for h := range bv {
				f(t, h)
			}
		}
	}
	body := func(n int, tag string) {
		build.MOVQ(at(a, winTaps), taps)
		build.MOVQ(at(a, winTapCount), left)
		build.MOVQ(at(a, winWeights), weights)
		switch kind {
		case windowMax:
			constant(float32(math.Inf(-1)), acc(0, 0))
			each(n, func(t, h int) {
				if t+h > 0 {
					build.VMOVAPS(acc(0, 0), acc(t, h))
				}
			})
		case windowSum:
			each(n, func(t, h int) { zero(i, acc(t, h)) })
		case windowDepthwise:
			build.MOVQ(at(a, winBias), tap)
			build.TESTQ(tap, tap)
			build.JZ(operand.LabelRef("nobias" + tag))
			each(n, func(t, h int) { build.VMOVUPS(at(tap, h*i.bytes), acc(t, h)) })
			build.JMP(operand.LabelRef("tap" + tag))
			build.Label("nobias" + tag)
			each(n, func(t, h int) { zero(i, acc(t, h)) })
		}
		build.Label("tap" + tag)
		build.MOVQ(at(taps, 0), at0)
		build.ADDQ(offset, at0)
		switch kind {
		case windowSum:
			build.VBROADCASTSS(at(weights, 0), weight(0))
			build.ADDQ(operand.Imm(4), weights)
		case windowDepthwise:
			for h := range bv {
				build.VMOVUPS(at(weights, h*i.bytes), weight(h))
			}
			build.ADDQ(operand.Imm(64), weights)
		}
		each(n, func(t, h int) {
			m := at(at0, h*i.bytes)
			switch kind {
			case windowMax:
				build.VMAXPS(m, acc(t, h), acc(t, h))
			case windowSum:
				build.VFMADD231PS(m, weight(0), acc(t, h))
			case windowDepthwise:
				build.VFMADD231PS(m, weight(h), acc(t, h))
			}
			if h == bv-1 && t < n-1 {
				build.ADDQ(step, at0)
			}
		})
		build.ADDQ(operand.Imm(8), taps)
		build.DECQ(left)
		build.JNZ(operand.LabelRef("tap" + tag))
		if kind == windowDepthwise {
			build.TESTQ(residual, residual)
			build.JZ(operand.LabelRef("plain" + tag))
			each(n, func(t, h int) { build.VADDPS(at(residual, t*64+h*i.bytes), acc(t, h), acc(t, h)) })
			build.ADDQ(operand.U32(uint32(n*64)), residual)
			build.Label("plain" + tag)
			build.TESTQ(operand.U32(flagReLU), at(a, winFlags))
			build.JZ(operand.LabelRef("norelu" + tag))
			each(n, func(t, h int) { build.VMAXPS(acc(t, h), zeros, acc(t, h)) })
			build.Label("norelu" + tag)
			build.TESTQ(operand.U32(flagLeaky), at(a, winFlags))
			build.JZ(operand.LabelRef("store" + tag))
			each(n, func(t, h int) {
				build.VMINPS(acc(t, h), zeros, temp)
				build.VMAXPS(acc(t, h), zeros, acc(t, h))
				build.VFMADD231PS(temp, slope, acc(t, h))
			})
			build.Label("store" + tag)
		}
		each(n, func(t, h int) { build.VMOVUPS(acc(t, h), at(out, t*64+h*i.bytes)) })
		build.ADDQ(operand.U32(uint32(n*64)), out)
		for range n {
			build.ADDQ(step, offset)
		}
	}
	build.Label("tiles")
	build.CMPQ(count, operand.Imm(tile))
	build.JL(operand.LabelRef("rest"))
	body(tile, "4")
	build.SUBQ(operand.Imm(tile), count)
	build.JMP(operand.LabelRef("tiles"))
	build.Label("rest")
	build.TESTQ(count, count)
	build.JZ(operand.LabelRef("done"))
	body(1, "1")
	build.DECQ(count)
	build.JMP(operand.LabelRef("rest"))
	build.Label("done")
	finish()
}

// Offsets of lerpArgs.
const (
	lerpOut     = 0
	lerpTop     = 8
	lerpBottom  = 16
	lerpOffsets = 24
	lerpWeights = 32
	lerpCount   = 40
	lerpDown    = 48
)

// lerp emits one row of bilinear resizing: output j mixes the blocks at two
// offsets of two rows.
func lerp(i isa) {
	a := function("lerp"+i.suffix, "lerpArgs")
	out, top, bottom, offsets, weights, count := reg.RSI, reg.RDX, reg.R8, reg.R9, reg.R10, reg.RCX
	first, second := reg.RAX, reg.R11
	build.MOVQ(at(a, lerpOut), out)
	build.MOVQ(at(a, lerpTop), top)
	build.MOVQ(at(a, lerpBottom), bottom)
	build.MOVQ(at(a, lerpOffsets), offsets)
	build.MOVQ(at(a, lerpWeights), weights)
	build.MOVQ(at(a, lerpCount), count)
	v := i.vectors
	down, right := v[0], v[1]
	build.VBROADCASTSS(at(a, lerpDown), down)
	build.Label("position")
	build.MOVQ(at(offsets, 0), first)
	build.MOVQ(at(offsets, 8), second)
	build.VBROADCASTSS(at(weights, 0), right)
	for h := range i.blockVectors {
		in := func(row, offset reg.GPPhysical) operand.Mem {
			return operand.Mem{Base: row, Index: offset, Scale: 1, Disp: h * i.bytes}
		}
		build.VMOVUPS(in(top, first), v[2])
		build.VMOVUPS(in(top, second), v[3])
		build.VMOVUPS(in(bottom, first), v[4])
		build.VMOVUPS(in(bottom, second), v[5])
		build.VSUBPS(v[2], v[3], v[3])
		build.VSUBPS(v[4], v[5], v[5])
		build.VFMADD231PS(v[3], right, v[2])
		build.VFMADD231PS(v[5], right, v[4])
		build.VSUBPS(v[2], v[4], v[4])
		build.VFMADD231PS(v[4], down, v[2])
		build.VMOVUPS(v[2], at(out, h*i.bytes))
	}
	build.ADDQ(operand.Imm(64), out)
	build.ADDQ(operand.Imm(16), offsets)
	build.ADDQ(operand.Imm(4), weights)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("position"))
	finish()
}
