package cpu

import (
	"unsafe"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// The ordinary layout of a tensor with at least fewChannels channels is
// [N][ceil(C/16)][H][W][16]: blocks of 16 channels of one position side by side.
// What stands in the lanes beyond C is undefined. Tensors with fewer channels are
// [N][C][H][W].
const fewChannels = 8

func isBlocked(s tensor.Shape) bool { return s[1] >= fewChannels }

// span is the number of floats of s in the ordinary layout.
func span(s tensor.Shape) int {
	if !isBlocked(s) {
		return s.Len()
	}
	return s[0] * blocksOf(s[1]) * s[2] * s[3] * lanes
}

// toLayout copies a dense tensor into the ordinary layout.
func toLayout(dst, src []float32, s tensor.Shape) {
	if !isBlocked(s) {
		copy(dst, src)
		return
	}
	eachStrip(s, func(dense, blocked, count int) {
		to := dst[blocked:]
		for i, v := range src[dense:][:count] {
			to[i*lanes] = v
		}
	})
}

// fromLayout copies the ordinary layout into a dense tensor.
func fromLayout(dst, src []float32, s tensor.Shape) {
	if !isBlocked(s) {
		copy(dst, src)
		return
	}
	eachStrip(s, func(dense, blocked, count int) {
		from := src[blocked:]
		to := dst[dense:][:count]
		for i := range to {
			to[i] = from[i*lanes]
		}
	})
}

// eachStrip calls f for strips of one channel: where they start in the dense and
// in the blocked tensor and how many values they have. The strips of a block's
// channels follow each other, so that its cache lines are still there.
func eachStrip(s tensor.Shape, f func(dense, blocked, count int)) {
	const most = 256
	plane, blocks := s[2]*s[3], blocksOf(s[1])
	for n := range s[0] {
		for b := range blocks {
			for from := 0; from < plane; from += most {
				for c := b * lanes; c < min((b+1)*lanes, s[1]); c++ {
					f((n*s[1]+c)*plane+from, ((n*blocks+b)*plane+from)*lanes+c%lanes, min(most, plane-from))
				}
			}
		}
	}
}

// position returns the place of lane 0 of block b at position p of picture n in
// a blocked buffer.
func position(b *buffer, n, block, p int) unsafe.Pointer {
	s := b.layout.Shape
	return unsafe.Add(b.memory.base, ((n*blocksOf(s[1])+block)*s[2]*s[3]+p)*blockBytes)
}
