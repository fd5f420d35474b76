package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pause emits the hint that a thread is waiting.
func pause() {
	build.TEXT("pause", build.NOSPLIT, "func()")
	build.MOVQ(operand.U32(4), reg.RAX)
	build.Label("again")
	build.PAUSE()
	build.DECQ(reg.RAX)
	build.JNZ(operand.LabelRef("again"))
	build.RET()
}

// Offsets of vectorArgs.
const (
	vecOut   = 0
	vecA     = 8
	vecB     = 16
	vecC     = 24
	vecCount = 32 // blocks of 64 bytes
	vecSlope = 40
)

// eachBlock emits a loop over blocks of 64 bytes of out and the inputs.
func eachBlock(i isa, a reg.GPPhysical, inputs int, f func(out operand.Mem, in []operand.Mem)) {
	pointers := []reg.GPPhysical{reg.RSI, reg.RDX, reg.R8, reg.R9}[:inputs+1]
	for k, p := range pointers {
		build.MOVQ(at(a, 8*k), p)
	}
	count := reg.RCX
	build.MOVQ(at(a, vecCount), count)
	build.Label("block")
	for v := range i.blockVectors {
		var in []operand.Mem
		for _, p := range pointers[1:] {
			in = append(in, at(p, v*i.bytes))
		}
		f(at(pointers[0], v*i.bytes), in)
	}
	for _, p := range pointers {
		build.ADDQ(operand.Imm(64), p)
	}
	build.DECQ(count)
	build.JNZ(operand.LabelRef("block"))
	finish()
}

// elementwise emits the routines that go over arrays of equal layout.
func elementwise(i isa) {
	v := i.vectors
	a := function("add"+i.suffix, "vectorArgs")
	eachBlock(i, a, 2, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], v[0])
		build.VADDPS(in[1], v[0], v[0])
		build.VMOVUPS(v[0], out)
	})
	a = function("multiply"+i.suffix, "vectorArgs")
	eachBlock(i, a, 2, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], v[0])
		build.VMULPS(in[1], v[0], v[0])
		build.VMOVUPS(v[0], out)
	})
	a = function("leaky"+i.suffix, "vectorArgs")
	zero(i, v[1])
	build.VBROADCASTSS(at(a, vecSlope), v[2])
	eachBlock(i, a, 1, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], v[0])
		build.VMINPS(v[0], v[1], v[3])
		build.VMAXPS(v[0], v[1], v[0])
		build.VFMADD231PS(v[3], v[2], v[0])
		build.VMOVUPS(v[0], out)
	})
	// scale computes out = b·a + c with one vector of b and c for all positions.
	a = function("scale"+i.suffix, "vectorArgs")
	build.MOVQ(at(a, vecB), reg.R10)
	build.MOVQ(at(a, vecC), reg.R11)
	for h := range i.blockVectors {
		build.VMOVUPS(at(reg.R10, h*i.bytes), v[2+h])
		build.VMOVUPS(at(reg.R11, h*i.bytes), v[4+h])
	}
	h := 0
	eachBlock(i, a, 1, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], v[0])
		build.VFMADD213PS(v[4+h], v[2+h], v[0])
		build.VMOVUPS(v[0], out)
		h++
	})
	logistic(i, "sigmoid", false)
	logistic(i, "silu", true)
}

// logistic emits 1/(1+exp(-x)), times x for SiLU. exp(x) = 2^n·e^r with n =
// round(x/ln 2) and e^r by its Taylor series to r^7, |r| <= ln(2)/2: relative
// error below 2e-7.
func logistic(i isa, name string, timesX bool) {
	v := i.vectors
	a := function(name+i.suffix, "vectorArgs")
	x, n, r, s := v[0], v[1], v[2], v[3]
	low, high, log2e, ln2a, ln2b, one := v[4], v[5], v[6], v[7], v[8], v[9]
	constant(-87, low)
	constant(87, high)
	constant(1.4426950408889634, log2e)
	constant(0.693359375, ln2a)
	constant(-2.12194440e-4, ln2b)
	constant(1, one)
	coefficients := []float32{1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1}
	c := v[10]
	eachBlock(i, a, 1, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], x)
		zero(i, r)
		build.VSUBPS(x, r, r)
		// A NaN must come through: the second source wins where one is NaN.
		build.VMINPS(r, high, r)
		build.VMAXPS(r, low, r)
		build.VMULPS(log2e, r, n)
		build.VCVTPS2DQ(n, n)
		build.VCVTDQ2PS(n, s)
		build.VFNMADD231PS(ln2a, s, r)
		build.VFNMADD231PS(ln2b, s, r)
		constant(coefficients[0], s)
		for _, k := range coefficients[1:] {
			constant(k, c)
			build.VFMADD213PS(c, r, s)
		}
		build.VPSLLD(operand.Imm(23), n, n)
		build.VPADDD(n, s, s)
		build.VADDPS(one, s, s)
		if timesX {
			build.VDIVPS(s, x, x)
		} else {
			build.VDIVPS(s, one, x)
		}
		build.VMOVUPS(x, out)
	})
}
