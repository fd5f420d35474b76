package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// TestThreefry holds the generator to the known answers that Random123 publishes
// for Threefry-2x32 with 20 rounds (kat_vectors).
func TestThreefry(t *testing.T) {
	for _, c := range []struct{ counter, key, want [2]uint32 }{
		{[2]uint32{0, 0}, [2]uint32{0, 0}, [2]uint32{0x6b200159, 0x99ba4efe}},
		{[2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0x1cb996fc, 0xbb002be7}},
		{[2]uint32{0x243f6a88, 0x85a308d3}, [2]uint32{0x13198a2e, 0x03707344}, [2]uint32{0xc4923a9c, 0x483df7a0}},
	} {
		a, b := kernels.Threefry(c.key[0], c.key[1], c.counter[0], c.counter[1])
		if got := [2]uint32{a, b}; got != c.want {
			t.Errorf("counter %08x key %08x gives %08x, want %08x", c.counter, c.key, got, c.want)
		}
	}
}

func counter(seed, step uint32) *tensor.Tensor {
	return tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, step))
}

func scalar(v float32) *tensor.Tensor { return tensor.From(tensor.Scalar, []float32{v}) }

func TestPermutation(t *testing.T) {
	sizes := []int{65, 100, 127, 128, 129, 255, 256, 257, 1000, 1296, 4095, 4096, 4097, 10368, 65537}
	for n := range 64 {
		sizes = append(sizes, n+1)
	}
	for _, n := range sizes {
		y := evaluate(t, kernels.Permutation{Rows: n, Count: n}, counter(7, uint32(n)), scalar(0))[0]
		sorted := slices.Clone(y.Data)
		slices.Sort(sorted)
		for i, v := range sorted {
			if v != float32(i) {
				t.Fatalf("%d rows: %v at %d in order", n, v, i)
			}
		}
		// A later start goes on in the same order and then begins again.
		start := n / 3
		part := evaluate(t, kernels.Permutation{Rows: n, Count: n + 2}, counter(7, uint32(n)), scalar(float32(start)))[0]
		for i, v := range part.Data {
			if want := y.Data[(start+i)%n]; v != want {
				t.Fatalf("%d rows from %d: %v at %d, want %v", n, start, v, i, want)
			}
		}
	}
}

// TestPermutationIsRandom looks at how often each row comes first over many
// steps, at fixed points and at neighbours that stay neighbours.
func TestPermutationIsRandom(t *testing.T) {
	const rows, steps = 50, 5000
	var first [rows]float64
	var fixed, neighbours float64
	for step := range steps {
		y := evaluate(t, kernels.Permutation{Rows: rows, Count: rows}, counter(3, uint32(step)), scalar(0))[0].Data
		first[int(y[0])]++
		for i, v := range y {
			if int(v) == i {
				fixed++
			}
			if i > 0 && v == y[i-1]+1 {
				neighbours++
			}
		}
	}
	var chi float64
	for _, n := range first {
		chi += (n - steps/rows) * (n - steps/rows) / (steps / rows)
	}
	// Chi squared of 49 degrees of freedom exceeds 100 once in 40,000 times.
	if chi > 100 {
		t.Errorf("chi squared of the first row is %.1f", chi)
	}
	for what, mean := range map[string]float64{"fixed points": fixed / steps, "kept neighbours": neighbours / steps} {
		if math.Abs(mean-1) > 0.1 {
			t.Errorf("%.3f %s a permutation, want 1", mean, what)
		}
	}
}

func TestNoise(t *testing.T) {
	const count = 40000
	for _, c := range []struct {
		seed, step uint32
		std        float64
	}{{0, 0, 1}, {1, 0, 0.015}, {1, 1, 3}, {0xffffffff, 0x80000000, 1}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			op := kernels.Noise{To: tensor.Shape{2, 5, 40, 100}, Std: float32(c.std)}
			values := evaluate(t, op, counter(c.seed, c.step))[0].Data
			var mean, variance, neighbours float64
			for i, v := range values {
				x := float64(v) / c.std
				mean += x / count
				variance += x * x / count
				if i > 0 {
					neighbours += x * float64(values[i-1]) / c.std / count
				}
			}
			// Four standard errors of each estimate.
			if math.Abs(mean) > 4/math.Sqrt(count) {
				t.Errorf("mean %.4f", mean)
			}
			if math.Abs(variance-1) > 4*math.Sqrt(2.0/count) {
				t.Errorf("variance %.4f", variance)
			}
			if math.Abs(neighbours) > 4/math.Sqrt(count) {
				t.Errorf("correlation of neighbours %.4f", neighbours)
			}
			// Kolmogorov-Smirnov: the largest distance to the normal distribution
			// exceeds 1.95/sqrt(n) once in a thousand times.
			sorted := slices.Clone(values)
			slices.Sort(sorted)
			var distance float64
			for i, v := range sorted {
				p := 0.5 * math.Erfc(-float64(v)/c.std/math.Sqrt2)
				distance = max(distance, math.Abs(p-float64(i)/count), math.Abs(p-float64(i+1)/count))
			}
			if distance > 1.95/math.Sqrt(count) {
				t.Errorf("Kolmogorov-Smirnov distance %.4f", distance)
			}
		})
	}
	a := evaluate(t, kernels.Noise{To: tensor.Rows(3, 10), Std: 1}, counter(1, 2))[0]
	b := evaluate(t, kernels.Noise{To: tensor.Rows(3, 10), Std: 1}, counter(1, 3))[0]
	if slices.Equal(a.Data, b.Data) {
		t.Error("two steps draw the same values")
	}
}

func TestReflect(t *testing.T) {
	for n := 1; n < 6; n++ {
		for i := -20; i < 20; i++ {
			// Walk to the place step by step, turning at each end.
			at, forward := 0, true
			for range ((i % (2 * n)) + 2*n) % (2 * n) {
				switch {
				case forward && at == n-1, !forward && at == 0:
					forward = !forward
				case forward:
					at++
				default:
					at--
				}
			}
			if got := kernels.Reflect(i, n); got != at {
				t.Errorf("Reflect(%d, %d) = %d, want %d", i, n, got, at)
			}
		}
	}
}
