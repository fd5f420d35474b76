package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack emits the gathering of rows of 64 bytes: for every block and every
// position the 64 bytes at base+offset are appended to out; a negative offset
// stands for zeros. base moves on by blockStep from block to block, out by
// outStep.
func pack(i isa) {
	a := function("pack"+i.suffix, "packArgs")
	base, offsets, out, blocks, count := reg.RSI, reg.RDX, reg.R8, reg.RAX, reg.RCX
	k, to, offset := reg.R9, reg.R10, reg.R11
	build.MOVQ(at(a, 0), base)
	build.MOVQ(at(a, 8), offsets)
	build.MOVQ(at(a, 16), out)
	build.MOVQ(at(a, 24), count)
	build.MOVQ(at(a, 32), blocks)
	nothing := i.vectors[15]
	zero(i, nothing)
	build.Label("block")
	build.XORQ(k, k)
	build.MOVQ(out, to)
	build.Label("position")
	build.MOVQ(operand.Mem{Base: offsets, Index: k, Scale: 8}, offset)
	build.TESTQ(offset, offset)
	build.JL(operand.LabelRef("outside"))
	for v := range i.blockVectors {
		build.VMOVUPS(operand.Mem{Base: base, Index: offset, Scale: 1, Disp: v * i.bytes}, i.vectors[v])
	}
	for v := range i.blockVectors {
		build.VMOVUPS(i.vectors[v], at(to, v*i.bytes))
	}
	build.JMP(operand.LabelRef("next"))
	build.Label("outside")
	for v := range i.blockVectors {
		build.VMOVUPS(nothing, at(to, v*i.bytes))
	}
	build.Label("next")
	build.ADDQ(operand.Imm(64), to)
	build.INCQ(k)
	build.CMPQ(k, count)
	build.JL(operand.LabelRef("position"))
	build.ADDQ(at(a, 40), base)
	build.ADDQ(at(a, 48), out)
	build.DECQ(blocks)
	build.JNZ(operand.LabelRef("block"))
	finish()
}
