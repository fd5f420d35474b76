package picture

import "math"

// coefficientBits is the precision of the 8-bit filter's whole-number weights.
// 255 times the sum of a sample's weights, plus the half that rounds, fits 32 bits.
const coefficientBits = 22

// filter is the antialiased bilinear filter along one axis, for a run of output
// samples: sample i is the weighted sum of the input samples [first[i],
// first[i]+taps[i]), its weights standing at weights[i*width:].
//
// A triangle of half-width max(1, from/to) stands at the sample's centre
// (i+0.5)*from/to; weights are its values at the input samples' centres divided
// by their sum. This is Pillow's BILINEAR, down to the rounding of weights.
type filter struct {
	first, taps []int
	width       int
	weights     []float64
	whole       []uint32 // weights times 1<<coefficientBits, rounded
}

// set prepares the filter that resizes from samples to to samples, for output
// samples [low, high) only. It reuses the filter's memory.
func (f *filter) set(from, to, low, high int) {
	scale := float64(from) / float64(to)
	support := max(scale, 1)
	n := high - low
	f.width = 2*int(math.Ceil(support)) + 1
	f.first = grown(f.first, n)
	f.taps = grown(f.taps, n)
	f.weights = grown(f.weights, n*f.width)
	f.whole = grown(f.whole, n*f.width)
	for i := range n {
		centre := (float64(low+i) + 0.5) * scale
		first := max(int(centre-support+0.5), 0)
		last := min(int(centre+support+0.5), from)
		weights := f.weights[i*f.width:][:last-first]
		sum := 0.0
		for k := range weights {
			distance := math.Abs((float64(first+k) - centre + 0.5) / support)
			weights[k] = max(1-distance, 0)
			sum += weights[k]
		}
		whole := f.whole[i*f.width:][:len(weights)]
		for k := range weights {
			weights[k] /= sum
			whole[k] = uint32(weights[k]*(1<<coefficientBits) + 0.5)
		}
		f.first[i], f.taps[i] = first, len(weights)
	}
}

// span returns the input samples [low, high) that the filter reads.
func (f *filter) span() (low, high int) {
	last := len(f.first) - 1
	return f.first[0], f.first[last] + f.taps[last]
}

// grown returns a slice of n elements, s itself when it is large enough. The
// elements are not cleared.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
