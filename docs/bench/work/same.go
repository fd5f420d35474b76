package work

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Same returns an error unless two results agree as single precision allows.
func Same(got, want *tensor.Tensor) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("the result is %v, want %v", got.Shape, want.Shape)
	}
	var away, size float64
	for i, w := range want.Data {
		d := float64(got.Data[i]) - float64(w)
		away += d * d
		size += float64(w) * float64(w)
	}
	if size == 0 {
		return fmt.Errorf("the expected result is all zeros")
	}
	const tolerance = 1e-3
	if e := math.Sqrt(away / size); !(e < tolerance) {
		return fmt.Errorf("relative L2 error %.1e to the peer's result, want less than %.0e", e, tolerance)
	}
	return nil
}
