package cpu

import (
	"math"
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
)

func plainMoments(arg *byte) {
	a := (*vectorArgs)(unsafe.Pointer(arg))
	c0, c1 := vectorAt(a.c, 0), vectorAt(a.c, blockBytes)
	sum, product := vectorAt(a.out, 0), vectorAt(a.out, blockBytes)
	for i := range a.count {
		x, y := vectorAt(a.a, i*blockBytes), vectorAt(a.b, i*blockBytes)
		for l := range lanes {
			d := x[l] - c0[l]
			sum[l] += d
			product[l] += d * (y[l] - c1[l])
		}
	}
}

func plainBlend(arg *byte) {
	a := (*vectorArgs)(unsafe.Pointer(arg))
	c := (*[3]vector)(a.c)
	for i := range a.count {
		x, y, out := vectorAt(a.a, i*blockBytes), vectorAt(a.b, i*blockBytes), vectorAt(a.out, i*blockBytes)
		for l := range lanes {
			out[l] = c[0][l]*x[l] + c[2][l] + c[1][l]*y[l]
		}
	}
}

// plainWindow calls f for every output with the taps' blocks.
func plainWindow(arg *byte, start float32, f func(a *windowArgs, tap int, sum, x *vector), end func(a *windowArgs, j int, sum *vector)) {
	a := (*windowArgs)(unsafe.Pointer(arg))
	taps := unsafe.Slice((*unsafe.Pointer)(a.taps), a.tapCount)
	for j := range a.count {
		var sum vector
		for l := range sum {
			sum[l] = start
		}
		for t, p := range taps {
			f(a, t, &sum, vectorAt(p, j*int(a.step)))
		}
		if end != nil {
			end(a, j, &sum)
		}
		*vectorAt(a.out, j*blockBytes) = sum
	}
}

func plainMaxWindow(arg *byte) {
	plainWindow(arg, float32(math.Inf(-1)), func(_ *windowArgs, _ int, sum, x *vector) {
		for l, v := range x {
			sum[l] = max(sum[l], v)
		}
	}, nil)
}

func plainSumWindow(arg *byte) {
	plainWindow(arg, 0, func(a *windowArgs, tap int, sum, x *vector) {
		weight := *(*float32)(unsafe.Add(a.weights, tap*4))
		for l, v := range x {
			sum[l] += weight * v
		}
	}, nil)
}

func plainDepthwise(arg *byte) {
	plainWindow(arg, 0, func(a *windowArgs, tap int, sum, x *vector) {
		weights := vectorAt(a.weights, tap*blockBytes)
		for l, v := range x {
			sum[l] += weights[l] * v
		}
	}, func(a *windowArgs, j int, sum *vector) {
		for l := range sum {
			if a.bias != nil {
				sum[l] += vectorAt(a.bias, 0)[l]
			}
			if a.residual != nil {
				sum[l] += vectorAt(a.residual, j*blockBytes)[l]
			}
		}
		rectify(sum, a.flags, a.slope)
	})
}

func plainLerp(arg *byte) {
	a := (*lerpArgs)(unsafe.Pointer(arg))
	offsets, weights := unsafe.Slice((*[2]int)(a.offsets), a.count), unsafe.Slice((*float32)(a.weights), a.count)
	for j, o := range offsets {
		p, q := vectorAt(a.top, o[0]), vectorAt(a.top, o[1])
		r, s := vectorAt(a.bottom, o[0]), vectorAt(a.bottom, o[1])
		out := vectorAt(a.out, j*blockBytes)
		for l := range out {
			top := p[l] + weights[j]*(q[l]-p[l])
			bottom := r[l] + weights[j]*(s[l]-r[l])
			out[l] = top + a.down*(bottom-top)
		}
	}
}

func plainAdam(arg *byte) {
	a := (*adamArgs)(unsafe.Pointer(arg))
	n := a.count * lanes
	values := func(p unsafe.Pointer) []float32 { return unsafe.Slice((*float32)(p), n) }
	outP, outM, outV := values(a.outP), values(a.outM), values(a.outV)
	ps, gs, ms, vs := values(a.p), values(a.g), values(a.m), values(a.v)
	for i, p := range ps {
		g := gs[i] + a.decay*p
		m := a.beta1*ms[i] + a.rest1*g
		v := a.beta2*vs[i] + a.rest2*g*g
		outM[i], outV[i] = m, v
		outP[i] = p*a.keep - a.rate*m/(float32(math.Sqrt(float64(v*a.scale)))+a.epsilon)
	}
}

func plainNoise(arg *byte) {
	a := (*noiseArgs)(unsafe.Pointer(arg))
	counters := (*[lanes]uint32)(a.counters)
	for i := range a.count {
		out := vectorAt(a.out, i*blockBytes)
		for l := range out {
			x, y := kernels.Threefry(a.keys[0], a.keys[1], counters[l]+uint32(i)*a.step, 0)
			u, v := float64(x>>8+1)/(1<<24), float64(y>>8)/(1<<24)
			out[l] = float32(float64(a.std) * math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v))
		}
	}
}
