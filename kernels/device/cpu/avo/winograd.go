package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winogradInput emits V = Bᵀ·d·B of F(4x4,3x3) (Lavin and Gray 2015) for one
// tile of 6x6 positions of every block of channels. The rows come as six
// pointers with a step from block to block (0 for a row of zeros); masks drop
// columns outside the picture.
func winogradInput(i isa) {
	a := function("winogradInput"+i.suffix, "winogradInputArgs")
	rows := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}
	for r, p := range rows {
		build.MOVQ(at(a, r*8), p)
	}
	masks, out, step, left, scratch, cursor := reg.R15, reg.RSI, reg.RCX, reg.RAX, reg.RDX, reg.RBX
	build.MOVQ(at(a, 96), masks)
	build.MOVQ(at(a, 104), out)
	build.MOVQ(at(a, 112), step)
	build.MOVQ(at(a, 128), left)
	build.MOVQ(at(a, 136), scratch)
	d := i.vectors[:6]
	t := i.vectors[6:10]
	four, five, two := i.vectors[10], i.vectors[11], i.vectors[12]
	constant(4, four)
	constant(5, five)
	constant(2, two)
	ks := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4, reg.K5, reg.K6}
	if i.bytes == 64 {
		for j, k := range ks {
			build.KMOVW(at(masks, j*64), k)
		}
	}
	transform := func() [6]reg.VecPhysical {
		build.VMOVAPS(d[4], t[0])
		build.VMOVAPS(d[3], t[1])
		build.VMOVAPS(d[4], t[3])
		build.VFNMADD231PS(d[2], four, t[0])
		build.VFNMADD231PS(d[1], four, t[1])
		build.VFNMADD231PS(d[2], five, t[3])
		build.VFNMADD231PS(d[3], five, d[5])
		build.VFMADD213PS(t[3], four, d[0])
		build.VFMADD231PS(d[1], four, d[5])
		build.VADDPS(t[1], t[0], t[2])
		build.VSUBPS(t[1], t[0], t[0])
		build.VSUBPS(d[2], d[4], d[4])
		build.VSUBPS(d[1], d[3], d[3])
		build.VMOVAPS(d[4], t[1])
		build.VFMADD231PS(d[3], two, t[1])
		build.VFNMADD231PS(d[3], two, d[4])
		return [6]reg.VecPhysical{d[0], t[2], t[0], t[1], d[4], d[5]}
	}
	build.Label("block")
	for half := range i.blockVectors {
		h := half * i.bytes
		for col := range 6 {
			for r := range 6 {
				m := at(rows[r], col*64+h)
				if i.bytes == 64 {
					build.VMOVUPS_Z(m, ks[col], d[r])
				} else {
					build.VMOVUPS(m, d[r])
					build.VANDPS(at(masks, col*64), d[r], d[r])
				}
			}
			for r, v := range transform() {
				build.VMOVUPS(v, at(scratch, (r*6+col)*64))
			}
		}
		build.MOVQ(out, cursor)
		for r := range 6 {
			for col := range 6 {
				build.VMOVUPS(at(scratch, (r*6+col)*64), d[col])
			}
			for _, v := range transform() {
				build.VMOVUPS(v, at(cursor, h))
				build.ADDQ(step, cursor)
			}
		}
	}
	for r, p := range rows {
		build.ADDQ(at(a, 48+r*8), p)
	}
	build.ADDQ(at(a, 120), out)
	build.DECQ(left)
	build.JNZ(operand.LabelRef("block"))
	finish()
}

// winogradOutput emits Y = Aᵀ·M·A of F(4x4,3x3) for one tile of every block of
// channels, adds bias and residual, activates and stores the part of the 4x4
// outputs that lies inside the picture.
func winogradOutput(i isa) {
	a := function("winogradOutput"+i.suffix, "winogradOutputArgs")
	m, step, out, bias, residual, left := reg.RSI, reg.RCX, reg.R8, reg.R9, reg.R10, reg.RAX
	scratch, cursor, outRow, resRow, rowsLeft, cols := reg.RDX, reg.RBX, reg.R11, reg.R12, reg.R13, reg.R15
	build.MOVQ(at(a, 0), m)
	build.MOVQ(at(a, 8), step)
	build.MOVQ(at(a, 24), out)
	build.MOVQ(at(a, 48), bias)
	build.MOVQ(at(a, 56), residual)
	build.MOVQ(at(a, 64), left)
	build.MOVQ(at(a, 88), scratch)
	build.MOVQ(at(a, 80), cols)
	d := i.vectors[:6]
	t := i.vectors[6:9]
	two, four, eight, b, nothing, slope := i.vectors[9], i.vectors[10], i.vectors[11], i.vectors[12], i.vectors[13], i.vectors[14]
	constant(2, two)
	constant(4, four)
	constant(8, eight)
	zero(i, nothing)
	build.VBROADCASTSS(at(a, 104), slope)
	transform := func() [4]reg.VecPhysical {
		build.VADDPS(d[2], d[1], t[0])
		build.VSUBPS(d[2], d[1], d[1])
		build.VADDPS(d[4], d[3], t[1])
		build.VSUBPS(d[4], d[3], d[3])
		build.VADDPS(t[0], d[0], d[0])
		build.VADDPS(t[1], d[0], d[0])
		build.VMOVAPS(d[1], t[2])
		build.VFMADD231PS(d[3], two, t[2])
		build.VFMADD231PS(t[1], four, t[0])
		build.VFMADD231PS(d[3], eight, d[1])
		build.VADDPS(d[5], d[1], d[1])
		return [4]reg.VecPhysical{d[0], t[2], t[0], d[1]}
	}
	build.Label("block")
	for half := range i.blockVectors {
		h := half * i.bytes
		tag := string(rune('a' + half))
		label := func(s string) string { return s + tag }
		zero(i, b)
		build.TESTQ(bias, bias)
		build.JZ(operand.LabelRef(label("nobias")))
		build.VMOVUPS(at(bias, h), b)
		build.Label(label("nobias"))
		for col := range 6 {
			build.MOVQ(m, cursor)
			for range col {
				build.ADDQ(step, cursor)
			}
			for r := range 6 {
				build.VMOVUPS(at(cursor, h), d[r])
				if r < 5 {
					build.ADDQ(at(a, 96), cursor) // six steps: the next row
				}
			}
			for r, v := range transform() {
				build.VMOVUPS(v, at(scratch, (r*6+col)*64))
			}
		}
		build.MOVQ(scratch, cursor)
		build.MOVQ(out, outRow)
		build.MOVQ(residual, resRow)
		build.MOVQ(at(a, 72), rowsLeft)
		build.Label(label("row"))
		for col := range 6 {
			build.VMOVUPS(at(cursor, col*64), d[col])
		}
		y := transform()
		for _, v := range y {
			build.VADDPS(b, v, v)
		}
		build.TESTQ(residual, residual)
		build.JZ(operand.LabelRef(label("plain")))
		for col, v := range y {
			if col > 0 {
				build.CMPQ(cols, operand.Imm(uint64(col)))
				build.JLE(operand.LabelRef(label("plain")))
			}
			build.VADDPS(at(resRow, col*64+h), v, v)
		}
		build.Label(label("plain"))
		build.TESTQ(operand.U32(flagReLU), at(a, 112))
		build.JZ(operand.LabelRef(label("norelu")))
		for _, v := range y {
			build.VMAXPS(v, nothing, v)
		}
		build.Label(label("norelu"))
		build.TESTQ(operand.U32(flagLeaky), at(a, 112))
		build.JZ(operand.LabelRef(label("store")))
		for _, v := range y {
			build.VMINPS(v, nothing, d[5])
			build.VMAXPS(v, nothing, v)
			build.VFMADD231PS(d[5], slope, v)
		}
		build.Label(label("store"))
		for col, v := range y {
			if col > 0 {
				build.CMPQ(cols, operand.Imm(uint64(col)))
				build.JLE(operand.LabelRef(label("stored")))
			}
			build.VMOVUPS(v, at(outRow, col*64+h))
		}
		build.Label(label("stored"))
		build.ADDQ(operand.U32(6*64), cursor)
		build.ADDQ(at(a, 32), outRow)
		build.ADDQ(at(a, 32), resRow)
		build.DECQ(rowsLeft)
		build.JNZ(operand.LabelRef(label("row")))
	}
	build.ADDQ(at(a, 16), m)
	build.ADDQ(at(a, 40), out)
	build.TESTQ(bias, bias)
	build.JZ(operand.LabelRef("nextresidual"))
	build.ADDQ(operand.Imm(64), bias)
	build.Label("nextresidual")
	build.TESTQ(residual, residual)
	build.JZ(operand.LabelRef("next"))
	build.ADDQ(at(a, 40), residual)
	build.Label("next")
	build.DECQ(left)
	build.JNZ(operand.LabelRef("block"))
	finish()
}
