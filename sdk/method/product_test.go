package method

import (
	"math"
	"testing"

	"github.com/flawscope/flawscope/kernels"
)

// TestProducts holds the browser's product to the desktop's.
func TestProducts(t *testing.T) {
	const rows, inner, columns = 13, 37, 29
	draw := func(n int, seed uint32) []float32 {
		values := make([]float32, n)
		for i := range values {
			word, _ := kernels.Threefry(seed, 0, uint32(i), 0)
			values[i] = float32(word>>8)/(1<<23) - 1
		}
		return values
	}
	a, b := draw(rows*inner, 1), draw(inner*columns, 2)
	want, got := multiply(a, b, rows, inner, columns), multiplyPlainly(a, b, rows, inner, columns)
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-13 {
			t.Errorf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}
