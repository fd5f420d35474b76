package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// learning emits what only learning needs.
func learning(i isa) {
	v := i.vectors
	bv := i.blockVectors

	// moments adds to the two blocks at out the sums over all blocks of a: of
	// a−c and of (a−c)·(b−c'), with c the block at c and c' the block after it.
	// Four partial sums keep the adders busy.
	a := function("moments"+i.suffix, "vectorArgs")
	out, x, y, center, count := reg.RSI, reg.RDX, reg.R8, reg.R9, reg.RCX
	build.MOVQ(at(a, vecOut), out)
	build.MOVQ(at(a, vecC), center)
	for h := range bv {
		tag := string(rune('a' + h))
		build.MOVQ(at(a, vecA), x)
		build.MOVQ(at(a, vecB), y)
		build.MOVQ(at(a, vecCount), count)
		build.VMOVUPS(at(center, h*i.bytes), v[8])
		build.VMOVUPS(at(center, 64+h*i.bytes), v[9])
		for k := range 8 {
			zero(i, v[k])
		}
		step := func(k int) {
			build.VMOVUPS(at(x, k*64+h*i.bytes), v[10])
			build.VMOVUPS(at(y, k*64+h*i.bytes), v[11])
			build.VSUBPS(v[8], v[10], v[10])
			build.VSUBPS(v[9], v[11], v[11])
			build.VADDPS(v[10], v[k], v[k])
			build.VFMADD231PS(v[10], v[11], v[4+k])
		}
		build.Label("four" + tag)
		build.CMPQ(count, operand.Imm(4))
		build.JL(operand.LabelRef("one" + tag))
		for k := range 4 {
			step(k)
		}
		build.ADDQ(operand.U32(256), x)
		build.ADDQ(operand.U32(256), y)
		build.SUBQ(operand.Imm(4), count)
		build.JMP(operand.LabelRef("four" + tag))
		build.Label("one" + tag)
		build.TESTQ(count, count)
		build.JZ(operand.LabelRef("done" + tag))
		step(0)
		build.ADDQ(operand.Imm(64), x)
		build.ADDQ(operand.Imm(64), y)
		build.DECQ(count)
		build.JMP(operand.LabelRef("one" + tag))
		build.Label("done" + tag)
		for _, base := range []int{0, 4} {
			build.VADDPS(v[base+1], v[base], v[base])
			build.VADDPS(v[base+3], v[base+2], v[base+2])
			build.VADDPS(v[base+2], v[base], v[base])
			m := at(out, base*16+h*i.bytes)
			build.VADDPS(m, v[base], v[base])
			build.VMOVUPS(v[base], m)
		}
	}
	finish()

	// blend computes out = c0·a + c1·b + c2 with the three blocks at c.
	a = function("blend"+i.suffix, "vectorArgs")
	build.MOVQ(at(a, vecC), reg.R10)
	for k := range 3 {
		for h := range bv {
			build.VMOVUPS(at(reg.R10, k*64+h*i.bytes), v[4+k*bv+h])
		}
	}
	h := 0
	eachBlock(i, a, 2, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[0], v[0])
		build.VMOVUPS(in[1], v[1])
		build.VFMADD213PS(v[4+2*bv+h], v[4+h], v[0])
		build.VFMADD231PS(v[4+bv+h], v[1], v[0])
		build.VMOVUPS(v[0], out)
		h++
	})

	// rectifierGradient computes out = a > 0 ? b : slope·b.
	a = function("rectifierGradient"+i.suffix, "vectorArgs")
	zero(i, v[1])
	build.VBROADCASTSS(at(a, vecSlope), v[2])
	eachBlock(i, a, 2, func(out operand.Mem, in []operand.Mem) {
		build.VMOVUPS(in[1], v[3])
		build.VMULPS(v[2], v[3], v[4])
		if i.bytes == 64 {
			build.VCMPPS(operand.Imm(1), in[0], v[1], reg.K1)
			build.VMOVAPS(v[3], reg.K1, v[4])
		} else {
			build.VMOVUPS(in[0], v[0])
			build.VCMPPS(operand.Imm(1), v[0], v[1], v[0])
			build.VBLENDVPS(v[0], v[3], v[4], v[4])
		}
		build.VMOVUPS(v[4], out)
	})
	adam(i)
}

// adam emits one optimiser step over arrays, see kernels.Adam and adamArgs.
func adam(i isa) {
	v := i.vectors
	a := function("adam"+i.suffix, "adamArgs")
	p, g, m, s := reg.RSI, reg.RDX, reg.R8, reg.R9
	outP, outM, outS, count := reg.R10, reg.R11, reg.R12, reg.RCX
	for k, r := range []reg.GPPhysical{outP, outM, outS, p, g, m, s} {
		build.MOVQ(at(a, 8*k), r)
	}
	build.MOVQ(at(a, 56), count)
	decay, keep, beta1, rest1, beta2, rest2, rate, scale, epsilon := v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13], v[14]
	for k, c := range []reg.VecPhysical{decay, keep, beta1, rest1, beta2, rest2, rate, scale, epsilon} {
		build.VBROADCASTSS(at(a, 64+4*k), c)
	}
	build.Label("block")
	for h := range i.blockVectors {
		d := h * i.bytes
		build.VMOVUPS(at(p, d), v[0])
		build.VMOVUPS(at(g, d), v[1])
		build.VFMADD231PS(v[0], decay, v[1])
		build.VMULPS(keep, v[0], v[0])
		build.VMULPS(at(m, d), beta1, v[2])
		build.VFMADD231PS(v[1], rest1, v[2])
		build.VMOVUPS(v[2], at(outM, d))
		build.VMULPS(at(s, d), beta2, v[3])
		build.VMULPS(v[1], v[1], v[1])
		build.VFMADD231PS(v[1], rest2, v[3])
		build.VMOVUPS(v[3], at(outS, d))
		build.VMULPS(scale, v[3], v[3])
		build.VSQRTPS(v[3], v[3])
		build.VADDPS(epsilon, v[3], v[3])
		build.VDIVPS(v[3], v[2], v[2])
		build.VFNMADD231PS(v[2], rate, v[0])
		build.VMOVUPS(v[0], at(outP, d))
	}
	for _, r := range []reg.GPPhysical{outP, outM, outS, p, g, m, s} {
		build.ADDQ(operand.Imm(64), r)
	}
	build.DECQ(count)
	build.JNZ(operand.LabelRef("block"))
	finish()
}
