package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func integer(value uint32, to reg.VecPhysical) { build.VPBROADCASTD(word(value), to) }

func xor(i isa, a, b, to reg.VecPhysical) {
	if i.bytes == 64 {
		build.VPXORD(a, b, to)
		return
	}
	build.VPXOR(a, b, to)
}

func and(i isa, a, b, to reg.VecPhysical) {
	if i.bytes == 64 {
		build.VPANDD(a, b, to)
		return
	}
	build.VPAND(a, b, to)
}

func rotate(i isa, x reg.VecPhysical, by int, temp reg.VecPhysical) {
	if i.bytes == 64 {
		build.VPROLD(operand.Imm(uint64(by)), x, x)
		return
	}
	build.VPSRLD(operand.Imm(uint64(32-by)), x, temp)
	build.VPSLLD(operand.Imm(uint64(by)), x, x)
	build.VPOR(temp, x, x)
}

// noise emits normal values: Threefry-2x32-20 on the counters, then Box and
// Muller's cosine half, see kernels.Noise and noiseArgs. ln u is computed from u =
// m·2^k, m in [√½, √2), by the odd series in s = (m−1)/(m+1) to s^9; the cosine after
// an exact reduction to the nearest quarter turn by the Taylor series to α^9.
func noise(i isa) {
	a := function("noise"+i.suffix, "noiseArgs")
	v := i.vectors
	out, counters, count := reg.RSI, reg.RDX, reg.RCX
	build.MOVQ(at(a, 0), out)
	build.MOVQ(at(a, 8), counters)
	build.MOVQ(at(a, 16), count)
	for h := range i.blockVectors {
		build.VMOVUPS(at(counters, h*i.bytes), v[12+h])
	}
	step, std := v[14], v[15]
	build.VPBROADCASTD(at(a, 36), step)
	build.VBROADCASTSS(at(a, 40), std)
	key := func(k int) operand.Mem { return at(a, 24+4*(k%3)) }
	c := v[11]
	polynomial := func(x, to reg.VecPhysical, coefficients ...float64) {
		constant(float32(coefficients[0]), to)
		for _, k := range coefficients[1:] {
			constant(float32(k), c)
			build.VFMADD213PS(c, x, to)
		}
	}
	build.Label("block")
	for h := range i.blockVectors {
		x0, x1, t := v[0], v[1], v[2]
		build.VPBROADCASTD(key(0), x0)
		build.VPADDD(v[12+h], x0, x0)
		build.VPBROADCASTD(key(1), x1)
		for group := range 5 {
			for _, by := range [][]int{{13, 15, 26, 6}, {17, 29, 16, 24}}[group%2] {
				build.VPADDD(x1, x0, x0)
				rotate(i, x1, by, t)
				xor(i, x0, x1, x1)
			}
			build.VPBROADCASTD(key(group+1), t)
			build.VPADDD(t, x0, x0)
			build.VPBROADCASTD(key(group+2), t)
			build.VPADDD(t, x1, x1)
			integer(uint32(group+1), t)
			build.VPADDD(t, x1, x1)
		}
		// u = (x0>>8 + 1)/2^24
		u, k, m := v[3], v[4], v[5]
		build.VPSRLD(operand.Imm(8), x0, u)
		integer(1, t)
		build.VPADDD(t, u, u)
		build.VCVTDQ2PS(u, u)
		constant(1.0/(1<<24), t)
		build.VMULPS(t, u, u)
		integer(math.Float32bits(float32(math.Sqrt2/2)), t)
		build.VPSUBD(t, u, k)
		build.VPSRAD(operand.Imm(23), k, k)
		build.VPSLLD(operand.Imm(23), k, m)
		build.VPSUBD(m, u, m)
		build.VCVTDQ2PS(k, k)
		s, s2, ln := v[6], v[7], v[8]
		constant(1, t)
		build.VSUBPS(t, m, s)
		build.VADDPS(t, m, m)
		build.VDIVPS(m, s, s)
		build.VMULPS(s, s, s2)
		polynomial(s2, ln, 2.0/9, 2.0/7, 2.0/5, 2.0/3, 2)
		build.VMULPS(s, ln, ln)
		constant(-2.12194440e-4, t)
		build.VFMADD231PS(t, k, ln)
		constant(0.693359375, t)
		build.VFMADD231PS(t, k, ln)
		constant(-2, t)
		build.VMULPS(t, ln, ln)
		zero(i, t)
		build.VMAXPS(t, ln, ln)
		build.VSQRTPS(ln, ln)
		build.VMULPS(std, ln, ln)
		// The turn x1>>8 of 2^24: the nearest quarter and the rest.
		q, r, r2, sine := v[3], v[4], v[5], v[6]
		build.VPSRLD(operand.Imm(8), x1, r)
		integer(1<<21, t)
		build.VPADDD(t, r, q)
		build.VPSRLD(operand.Imm(22), q, q)
		build.VPSLLD(operand.Imm(22), q, t)
		build.VPSUBD(t, r, r)
		build.VCVTDQ2PS(r, r)
		constant(2*math.Pi/(1<<24), t)
		build.VMULPS(t, r, r)
		build.VMULPS(r, r, r2)
		polynomial(r2, sine, 1.0/362880, -1.0/5040, 1.0/120, -1.0/6, 1)
		build.VMULPS(r, sine, sine)
		cosine := v[7]
		polynomial(r2, cosine, 1.0/40320, -1.0/720, 1.0/24, -0.5, 1)
		// Odd quarters take the sine, quarters 1 and 2 the other sign.
		build.VPSLLD(operand.Imm(31), q, t)
		if i.bytes == 64 {
			build.VPSRAD(operand.Imm(31), t, t)
			build.VPTESTMD(t, t, reg.K1)
			build.VMOVAPS(sine, reg.K1, cosine)
		} else {
			build.VBLENDVPS(t, sine, cosine, cosine)
		}
		integer(1, t)
		build.VPADDD(t, q, q)
		integer(2, t)
		and(i, t, q, q)
		build.VPSLLD(operand.Imm(30), q, q)
		xor(i, q, cosine, cosine)
		build.VMULPS(ln, cosine, cosine)
		build.VMOVUPS(cosine, at(out, h*i.bytes))
		build.VPADDD(step, v[12+h], v[12+h])
	}
	build.ADDQ(operand.Imm(64), out)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("block"))
	finish()
}
