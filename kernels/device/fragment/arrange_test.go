package fragment

import (
	"fmt"
	"math"
	"testing"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Every value has a place of its own in the texture, whatever the shape and limits.
func TestArrangement(t *testing.T) {
	for _, l := range []limits{{8192, 8}, {64, 8}, {64, 4}} {
		for _, s := range []tensor.Shape{
			{1, 1, 1, 1}, {1, 3, 1, 1}, {1, 40, 1, 1}, {5, 1, 1, 1}, {7, 9, 1, 1}, {1, 1, 1, 300}, {3, 33, 1, 5},
			{1, 3, 9, 7}, {2, 5, 3, 7}, {2, 130, 6, 6}, {1, 1, 8, 8}, {3, 4, 5, 1}, {1, 17, 2, 2}, {1, 6, 1, 500},
		} {
			t.Run(fmt.Sprint(l, s), func(t *testing.T) {
				a, err := arrange(s, l)
				if err != nil {
					t.Fatal(err)
				}
				if a.Layers > l.layers {
					t.Errorf("%d layers", a.Layers)
				}
				want := tensor.New(s)
				for i := range want.Data {
					want.Data[i] = float32(i + 1)
				}
				memory := make([]float32, a.floats())
				for i := range memory {
					memory[i] = float32(math.NaN())
				}
				a.pack(memory, want)
				used := 0
				for _, v := range memory {
					if v != 0 {
						used++
					}
				}
				if used != s.Len() {
					t.Errorf("%d of %d values stand in the texture", used, s.Len())
				}
				got := tensor.New(s)
				a.unpack(got, memory)
				for i := range want.Data {
					if got.Data[i] != want.Data[i] {
						t.Fatalf("value %d is %v", i, got.Data[i])
					}
				}
			})
		}
	}
	if _, err := arrange(tensor.Rows(4, 1<<20), limits{64, 8}); err == nil {
		t.Error("a tensor that does not fit is arranged")
	}
}
