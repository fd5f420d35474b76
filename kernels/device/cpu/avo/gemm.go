package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of gemmArgs and bits of its flags, see gemm.go of package cpu.
const (
	argX        = 0
	argW        = 8
	argOut      = 16
	argBias     = 24
	argResidual = 32
	argXSegment = 40
	argOutBlock = 48
	argSegments = 56
	argFours    = 64
	argOnes     = 72
	argLastFour = 80
	argLastOne  = 88
	argFlags    = 96
	argSlope    = 104
	argWBlock   = 112
	argOutStep  = 120

	flagAccumulate = 1
	flagReLU       = 2
	flagLeaky      = 4
)

// gemm emits the kernel for p positions (64 bytes apart) and n blocks of 16
// output channels, all accumulators in registers. Weights are packed [k][16n].
func gemm(i isa, p, n int) { product(i, p, n, false) }

// outer emits the kernel for sums over rows: step k reads one row (64 bytes
// apart) of p neighbouring values of x and one of n blocks of w, which stand
// argWBlock apart. Outputs of one value of x stand argOutStep apart.
func outer(i isa, p, n int) { product(i, p, n, true) }

func product(i isa, p, n int, rows bool) {
	kind := "gemm"
	if rows {
		kind = "outer"
	}
	a := function(fmt.Sprintf("%s%s_%dx%d", kind, i.suffix, p, n), "gemmArgs")
	nv := n * i.blockVectors
	acc := func(q, v int) reg.VecPhysical { return i.vectors[q*nv+v] }
	weight := func(v int) reg.VecPhysical { return i.vectors[p*nv+v] }
	wide := [2]reg.VecPhysical{i.vectors[p*nv+nv], i.vectors[p*nv+nv+1]}

	// Keep the displacements of the broadcasts within eight bits.
	shift := 0
	if !rows && p > 8 {
		shift = 384
	}
	x, segment, step, w := reg.RSI, reg.RBX, reg.R11, reg.RDX
	count, left, ones := reg.RCX, reg.RAX, reg.R12
	outs := []reg.GPPhysical{reg.R8, reg.R9, reg.R10}
	ws := []reg.GPPhysical{reg.RDX, reg.R13, reg.R15}
	pointers := func(field int) {
		build.MOVQ(at(a, field), outs[0])
		for b := 1; b < n; b++ {
			build.MOVQ(outs[b-1], outs[b])
			build.ADDQ(at(a, argOutBlock), outs[b])
		}
	}
	eachOut := func(f func(q, v int, m operand.Mem)) {
		for q := range p {
			for v := range nv {
				b, half := v/i.blockVectors, v%i.blockVectors
				disp := half * i.bytes
				if !rows {
					disp += q * 64
				}
				f(q, v, at(outs[b], disp))
			}
			if rows && q < p-1 {
				for b := range n {
					build.ADDQ(at(a, argOutStep), outs[b])
				}
			}
		}
	}

	build.TESTQ(operand.U32(flagAccumulate), at(a, argFlags))
	build.JNZ(operand.LabelRef("load"))
	build.MOVQ(at(a, argBias), reg.RAX)
	build.TESTQ(reg.RAX, reg.RAX)
	build.JZ(operand.LabelRef("zero"))
	for v := range nv {
		build.VMOVUPS(at(reg.RAX, v*i.bytes), acc(0, v))
	}
	for q := 1; q < p; q++ {
		for v := range nv {
			build.VMOVAPS(acc(0, v), acc(q, v))
		}
	}
	build.JMP(operand.LabelRef("begin"))
	build.Label("zero")
	for q := range p {
		for v := range nv {
			zero(i, acc(q, v))
		}
	}
	build.JMP(operand.LabelRef("begin"))
	build.Label("load")
	pointers(argOut)
	eachOut(func(q, v int, m operand.Mem) { build.VMOVUPS(m, acc(q, v)) })

	build.Label("begin")
	build.MOVQ(at(a, argX), segment)
	if shift > 0 {
		build.ADDQ(operand.U32(uint32(shift)), segment)
	}
	build.MOVQ(at(a, argXSegment), step)
	build.MOVQ(at(a, argW), w)
	if rows {
		for b := 1; b < n; b++ {
			build.MOVQ(ws[b-1], ws[b])
			build.ADDQ(at(a, argWBlock), ws[b])
		}
	}
	build.MOVQ(at(a, argSegments), count)

	build.Label("segment")
	build.MOVQ(segment, x)
	build.MOVQ(at(a, argFours), left)
	build.MOVQ(at(a, argOnes), ones)
	build.CMPQ(count, operand.Imm(1))
	build.JNE(operand.LabelRef("four"))
	build.MOVQ(at(a, argLastFour), left)
	build.MOVQ(at(a, argLastOne), ones)
	build.Label("four")
	build.TESTQ(left, left)
	build.JZ(operand.LabelRef("rest"))

	steps := func(unroll int) {
		xk, xp, wk := 4, 64, nv*i.bytes
		if rows {
			xk, xp, wk = 64, 4, 64
		}
		turn := 0
		for k := range unroll {
			for v := range nv {
				m := at(w, k*wk+v*i.bytes)
				if rows {
					m = at(ws[v/i.blockVectors], k*wk+v%i.blockVectors*i.bytes)
				}
				build.VMOVUPS(m, weight(v))
			}
			for q := range p {
				b := wide[turn%2]
				turn++
				build.VBROADCASTSS(at(x, k*xk+q*xp-shift), b)
				for v := range nv {
					build.VFMADD231PS(weight(v), b, acc(q, v))
				}
			}
		}
		build.ADDQ(operand.U32(uint32(unroll*xk)), x)
		if rows {
			for b := range n {
				build.ADDQ(operand.U32(uint32(unroll*wk)), ws[b])
			}
		} else {
			build.ADDQ(operand.U32(uint32(unroll*wk)), w)
		}
	}
	build.Label("fours")
	steps(4)
	build.DECQ(left)
	build.JNZ(operand.LabelRef("fours"))
	build.Label("rest")
	build.TESTQ(ones, ones)
	build.JZ(operand.LabelRef("next"))
	build.Label("one")
	steps(1)
	build.DECQ(ones)
	build.JNZ(operand.LabelRef("one"))
	build.Label("next")
	build.ADDQ(step, segment)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("segment"))

	if !rows {
		build.MOVQ(at(a, argResidual), reg.RAX)
		build.TESTQ(reg.RAX, reg.RAX)
		build.JZ(operand.LabelRef("activate"))
		pointers(argResidual)
		eachOut(func(q, v int, m operand.Mem) { build.VADDPS(m, acc(q, v), acc(q, v)) })
		build.Label("activate")
		build.MOVQ(at(a, argFlags), reg.RAX)
		build.TESTQ(operand.U32(flagReLU), reg.RAX)
		build.JZ(operand.LabelRef("leaky"))
		zero(i, wide[0])
		for q := range p {
			for v := range nv {
				build.VMAXPS(acc(q, v), wide[0], acc(q, v))
			}
		}
		build.Label("leaky")
		build.TESTQ(operand.U32(flagLeaky), reg.RAX)
		build.JZ(operand.LabelRef("store"))
		zero(i, wide[0])
		build.VBROADCASTSS(at(a, argSlope), wide[1])
		for q := range p {
			for v := range nv {
				build.VMINPS(acc(q, v), wide[0], weight(0))
				build.VMAXPS(acc(q, v), wide[0], acc(q, v))
				build.VFMADD231PS(weight(0), wide[1], acc(q, v))
			}
		}
		build.Label("store")
	}
	pointers(argOut)
	eachOut(func(q, v int, m operand.Mem) { build.VMOVUPS(acc(q, v), m) })
	finish()
}
