package devicetest

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// RelativeL2 returns the root of Σ(got−want)²/Σwant², 0 when the two are equal
// and infinity when one holds what is not a number or only want is zero.
func RelativeL2(got, want []float32) float64 {
	var difference, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		difference += d * d
		norm += float64(w) * float64(w)
	}
	if difference == 0 {
		return 0
	}
	if ratio := math.Sqrt(difference / norm); !math.IsNaN(ratio) {
		return ratio
	}
	return math.Inf(1)
}

// Compare returns an error when got is not within tolerance of want in relative
// L2, or when a single value is off by more than fifty tolerances of the largest.
func Compare(got, want *tensor.Tensor, tolerance float64) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	var largest, worst float64
	at := 0
	for i, w := range want.Data {
		d := math.Abs(float64(got.Data[i]) - float64(w))
		if math.IsNaN(d) {
			return fmt.Errorf("value %s is %v, want %v", position(want.Shape, i), got.Data[i], w)
		}
		if d > worst {
			worst, at = d, i
		}
		largest = max(largest, math.Abs(float64(w)))
	}
	e := RelativeL2(got.Data, want.Data)
	if e > tolerance || worst > 50*tolerance*largest {
		return fmt.Errorf("relative L2 %.3g, allowed %.3g; worst value %s is %v, want %v",
			e, tolerance, position(want.Shape, at), got.Data[at], want.Data[at])
	}
	return nil
}

// Equal returns an error that names the first value in which got and want differ.
func Equal(got, want *tensor.Tensor) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	for i, w := range want.Data {
		if got.Data[i] != w {
			return fmt.Errorf("value %s is %v, want exactly %v", position(want.Shape, i), got.Data[i], w)
		}
	}
	return nil
}

func position(s tensor.Shape, i int) string {
	return fmt.Sprintf("(%d,%d,%d,%d) of %v", i/(s[1]*s[2]*s[3]), i/(s[2]*s[3])%s[1], i/s[3]%s[2], i%s[3], s)
}
