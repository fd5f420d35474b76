package train

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// TestPool: the pool holds vectors of the named pictures only, each at most once,
// and with room for all of them every one.
func TestPool(t *testing.T) {
	const width = 5
	f := &features{width: width}
	for p := range 4 {
		rows := make([]float32, 0, 37*width)
		for i := range 37 {
			for c := range width {
				rows = append(rows, float32(p*1000+i*10+c))
			}
		}
		f.pictures = append(f.pictures, rows)
	}
	for _, rows := range []int{1, 16, 50, 111} {
		pool := tensor.New(tensor.Rows(width, rows))
		f.pool(pool, []int{0, 2, 3}, 7, 1)
		seen := map[float32]bool{}
		for i := range rows {
			first := pool.At(0, 0, 0, i)
			if seen[first] || int(first)/1000 == 1 || int(first)%10 != 0 {
				t.Fatalf("%d rows: vector %d begins with %v", rows, i, first)
			}
			seen[first] = true
			for c := range width {
				if got := pool.At(0, c, 0, i); got != first+float32(c) {
					t.Fatalf("%d rows: vector %d has %v at %d after %v", rows, i, got, c, first)
				}
			}
		}
	}
}

func TestStages(t *testing.T) {
	for _, test := range []struct{ n, fits, learn, held int }{
		{4, 5, 4, 0}, {5, 6, 5, 0}, {12, 6, 12, 0}, {29, 6, 29, 0}, {30, 1, 20, 10}, {60, 1, 48, 12}, {200, 1, 160, 40},
	} {
		all := stages(test.n, 3)
		last := all[len(all)-1]
		if len(all) != test.fits || len(last.learn) != test.learn || len(last.held) != test.held {
			t.Errorf("%d pictures: %d fits, the last learns from %d and holds %d", test.n, len(all), len(last.learn), len(last.held))
		}
		scored := map[int]int{}
		for _, s := range all {
			used := map[int]bool{}
			for _, p := range s.learn {
				used[p] = true
			}
			for _, p := range s.held {
				scored[p]++
				if used[p] {
					t.Errorf("%d pictures: picture %d is learned from and held out", test.n, p)
				}
			}
			if s.held != nil && len(s.learn)+len(s.held) != test.n {
				t.Errorf("%d pictures: a fit uses %d", test.n, len(s.learn)+len(s.held))
			}
		}
		if len(all) > 1 && len(scored) != test.n {
			t.Errorf("%d pictures: %d are scored", test.n, len(scored))
		}
	}
}
