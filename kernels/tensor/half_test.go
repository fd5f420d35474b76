package tensor

import (
	"math"
	"testing"
)

// halfValue is the definition: sign · fraction · 2^exponent.
func halfValue(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&0x1f), float64(h&0x3ff)
	if h&0x8000 != 0 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 0x1f:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want := halfValue(h)
		got := FromHalf(h)
		if math.IsNaN(want) {
			if !math.IsNaN(float64(got)) || !math.IsNaN(float64(FromHalf(ToHalf(got)))) {
				t.Fatalf("%#04x: NaN is lost", h)
			}
			continue
		}
		if float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want) {
			t.Fatalf("FromHalf(%#04x) = %v, want %v", h, got, want)
		}
		if back := ToHalf(got); back != h {
			t.Fatalf("ToHalf(%v) = %#04x, want %#04x", got, back, h)
		}
		if h&0x7fff >= 0x7c00 {
			continue
		}
		// Between this number and the next larger one, which for the largest is
		// where infinity begins, lies the middle that goes to the even one.
		next := halfValue(h + 1)
		if h&0x7fff == 0x7bff {
			next = math.Copysign(65536, want)
		}
		even := h + h&1
		middle := float32((want + next) / 2)
		for _, c := range []struct {
			v    float32
			want uint16
		}{
			{middle, even},
			{math.Nextafter32(middle, float32(want)), h},
			{math.Nextafter32(middle, float32(next)), h + 1},
			{math.Nextafter32(float32(next), float32(want)), h + 1},
		} {
			if got := ToHalf(c.v); got != c.want {
				t.Fatalf("ToHalf(%v) = %#04x, want %#04x", c.v, got, c.want)
			}
		}
	}
	if got := ToHalf(math.MaxFloat32); got != 0x7c00 {
		t.Errorf("ToHalf(MaxFloat32) = %#04x, want infinity", got)
	}
}
