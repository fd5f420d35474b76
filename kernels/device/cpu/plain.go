package cpu

import (
	"math"
	"unsafe"
)

// plainKernels returns the routines in plain Go, for processors without the
// assembly and as its teacher.
func plainKernels() kernelSet {
	k := kernelSet{
		winogradInput:  plainWinogradInput,
		winogradOutput: plainWinogradOutput,
		pack:           plainPack,
		add:            plainVector(func(a *vectorArgs, x, y float32) float32 { return x + y }),
		multiply:       plainVector(func(a *vectorArgs, x, y float32) float32 { return x * y }),
		leaky: plainVector(func(a *vectorArgs, x, _ float32) float32 {
			if x <= 0 {
				return x * a.slope
			}
			return x
		}),
		scale: plainScale,
		rectifierGradient: plainVector(func(a *vectorArgs, x, dy float32) float32 {
			if x > 0 {
				return dy
			}
			return a.slope * dy
		}),
		moments:   plainMoments,
		blend:     plainBlend,
		maxWindow: plainMaxWindow,
		sumWindow: plainSumWindow,
		depthwise: plainDepthwise,
		lerp:      plainLerp,
		adam:      plainAdam,
		noise:     plainNoise,
		sigmoid: plainVector(func(_ *vectorArgs, x, _ float32) float32 {
			return float32(1 / (1 + math.Exp(-float64(x))))
		}),
		silu: plainVector(func(_ *vectorArgs, x, _ float32) float32 {
			return float32(float64(x) / (1 + math.Exp(-float64(x))))
		}),
	}
	k.positions[1], k.values[1] = 4, 4
	for p := 1; p <= 4; p++ {
		k.gemm[1][p] = func(a *byte) { plainGemm((*gemmArgs)(unsafe.Pointer(a)), p) }
		k.outer[1][p] = func(a *byte) { plainOuter((*gemmArgs)(unsafe.Pointer(a)), p) }
	}
	return k
}

// vector is one position of a block of channels.
type vector [lanes]float32

func vectorAt(p unsafe.Pointer, bytes int) *vector { return (*vector)(unsafe.Add(p, bytes)) }

func plainStart(a *gemmArgs, p int, step int) (acc [4]vector) {
	for q := range p {
		switch {
		case a.flags&flagAccumulate != 0:
			acc[q] = *vectorAt(a.out, q*step)
		case a.bias != nil:
			acc[q] = *vectorAt(a.bias, 0)
		}
	}
	return acc
}

func plainGemm(a *gemmArgs, p int) {
	acc := plainStart(a, p, blockBytes)
	w := a.w
	for s := range a.segments {
		length := 4*a.fours + a.ones
		if s == a.segments-1 {
			length = 4*a.lastFours + a.lastOnes
		}
		x := unsafe.Add(a.x, s*int(a.xSegment))
		for k := range length {
			weights := (*vector)(w)
			for q := range p {
				value := *(*float32)(unsafe.Add(x, q*blockBytes+k*4))
				sums := &acc[q]
				for l, v := range weights {
					sums[l] += v * value
				}
			}
			w = unsafe.Add(w, blockBytes)
		}
	}
	for q := range p {
		sums := &acc[q]
		if a.residual != nil {
			for l, v := range vectorAt(a.residual, q*blockBytes) {
				sums[l] += v
			}
		}
		rectify(sums, a.flags, a.slope)
		*vectorAt(a.out, q*blockBytes) = *sums
	}
}

func rectify(v *vector, flags int, slope float32) {
	if flags&(flagReLU|flagLeaky) == 0 {
		return
	}
	if flags&flagReLU != 0 {
		slope = 0
	}
	for l, s := range v {
		if s <= 0 {
			v[l] = s * slope
		}
	}
}

func plainOuter(a *gemmArgs, p int) {
	acc := plainStart(a, p, int(a.outStep))
	for k := range 4*a.lastFours + a.lastOnes {
		weights := vectorAt(a.w, k*blockBytes)
		values := (*[4]float32)(unsafe.Add(a.x, k*blockBytes))
		for q := range p {
			value := *(*float32)(unsafe.Add(unsafe.Pointer(values), q*4))
			sums := &acc[q]
			for l, v := range weights {
				sums[l] += v * value
			}
		}
	}
	for q := range p {
		*vectorAt(a.out, q*int(a.outStep)) = acc[q]
	}
}

func plainPack(arg *byte) {
	a := (*packArgs)(unsafe.Pointer(arg))
	offsets := unsafe.Slice((*int)(a.offsets), a.count)
	for b := range a.blocks {
		from, to := unsafe.Add(a.base, b*int(a.blockStep)), unsafe.Add(a.out, b*int(a.outStep))
		for i, o := range offsets {
			if o < 0 {
				*vectorAt(to, i*blockBytes) = vector{}
			} else {
				*vectorAt(to, i*blockBytes) = *vectorAt(from, o)
			}
		}
	}
}

func plainWinogradInput(arg *byte) {
	a := (*winogradInputArgs)(unsafe.Pointer(arg))
	masks := (*[6][lanes]uint32)(a.masks)
	for b := range a.blocks {
		var d, t [6][6]vector
		for i := range 6 {
			row := unsafe.Add(a.rows[i], b*int(a.rowSteps[i]))
			for j := range 6 {
				if masks[j][0] != 0 {
					d[i][j] = *vectorAt(row, j*blockBytes)
				}
			}
		}
		for j := range 6 {
			inputColumn(&t[0][j], &t[1][j], &t[2][j], &t[3][j], &t[4][j], &t[5][j], &d[0][j], &d[1][j], &d[2][j], &d[3][j], &d[4][j], &d[5][j])
		}
		out := unsafe.Add(a.out, b*int(a.blockStep))
		for i := range 6 {
			r := &t[i]
			v := func(j int) *vector { return vectorAt(out, (i*6+j)*int(a.step)) }
			inputColumn(v(0), v(1), v(2), v(3), v(4), v(5), &r[0], &r[1], &r[2], &r[3], &r[4], &r[5])
		}
	}
}

// inputColumn computes o = Bᵀ·d for one column of vectors.
func inputColumn(o0, o1, o2, o3, o4, o5, d0, d1, d2, d3, d4, d5 *vector) {
	for l := range lanes {
		p, q := d4[l]-4*d2[l], d3[l]-4*d1[l]
		r, s := d4[l]-d2[l], 2*(d3[l]-d1[l])
		o0[l] = 4*d0[l] - 5*d2[l] + d4[l]
		o1[l], o2[l] = p+q, p-q
		o3[l], o4[l] = r+s, r-s
		o5[l] = 4*d1[l] - 5*d3[l] + d5[l]
	}
}

func plainWinogradOutput(arg *byte) {
	a := (*winogradOutputArgs)(unsafe.Pointer(arg))
	for b := range a.blocks {
		m := unsafe.Add(a.m, b*int(a.blockStep))
		var bias vector
		if a.bias != nil {
			bias = *vectorAt(a.bias, b*blockBytes)
		}
		var t [4][6]vector
		for j := range 6 {
			v := func(i int) *vector { return vectorAt(m, (i*6+j)*int(a.step)) }
			outputColumn(&t[0][j], &t[1][j], &t[2][j], &t[3][j], v(0), v(1), v(2), v(3), v(4), v(5))
		}
		for i := range a.rows {
			var y [4]vector
			outputColumn(&y[0], &y[1], &y[2], &y[3], &t[i][0], &t[i][1], &t[i][2], &t[i][3], &t[i][4], &t[i][5])
			for j := range a.columns {
				at := b*int(a.outBlock) + i*int(a.outRow) + j*blockBytes
				for l := range lanes {
					y[j][l] += bias[l]
				}
				if a.residual != nil {
					for l, v := range vectorAt(a.residual, at) {
						y[j][l] += v
					}
				}
				rectify(&y[j], a.flags, a.slope)
				*vectorAt(a.out, at) = y[j]
			}
		}
	}
}

// outputColumn computes o = Aᵀ·m for one column of vectors.
func outputColumn(o0, o1, o2, o3, m0, m1, m2, m3, m4, m5 *vector) {
	for l := range lanes {
		s, d := m1[l]+m2[l], m1[l]-m2[l]
		t, e := m3[l]+m4[l], m3[l]-m4[l]
		o0[l] = m0[l] + s + t
		o1[l] = d + 2*e
		o2[l] = s + 4*t
		o3[l] = d + 8*e + m5[l]
	}
}

func plainVector(f func(a *vectorArgs, x, y float32) float32) kernel {
	return func(arg *byte) {
		a := (*vectorArgs)(unsafe.Pointer(arg))
		n := a.count * lanes
		out, x := unsafe.Slice((*float32)(a.out), n), unsafe.Slice((*float32)(a.a), n)
		y := x
		if a.b != nil {
			y = unsafe.Slice((*float32)(a.b), n)
		}
		for i := range out {
			out[i] = f(a, x[i], y[i])
		}
	}
}

func plainScale(arg *byte) {
	a := (*vectorArgs)(unsafe.Pointer(arg))
	b, c := (*vector)(a.b), (*vector)(a.c)
	for i := range a.count {
		x, out := vectorAt(a.a, i*blockBytes), vectorAt(a.out, i*blockBytes)
		for l := range out {
			out[l] = b[l]*x[l] + c[l]
		}
	}
}
