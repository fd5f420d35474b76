package metric

import (
	"errors"
	"fmt"
	"iter"
	"math"
)

// Map is one picture's scores and truth, all at the same size.
type Map struct {
	Width, Height int
	Scores        []float32 // row by row
	Bad           bool      // the picture is defective
	Defect        []bool    // pixels of the defect; nil when unknown or when the picture is good
	Valid         []bool    // pixels that count; nil when all do (false in padding and ignored areas)
}

// Pixels gathers the pixels of a test set and measures them together: every
// picture's pixels share one ranking. The zero value is empty and ready. It
// keeps 8 bytes a pixel, and twice that while a metric sorts. It is not for use
// by several goroutines at once.
//
// A defective picture without a single defect pixel (an empty mask, or no mask)
// has an unknown truth. It is left out and counted in LeftOut.
type Pixels struct {
	// LeftOut counts defective pictures whose mask is empty or missing.
	LeftOut int

	// One key a pixel: the score in the upper half, turned so that a plain
	// ascending sort puts the highest score first; the region's number in the
	// lower half, 0 for background.
	keys     []uint64
	sorted   bool
	pos, neg int
	sizes    []int // sizes[r-1] is the number of pixels of region r
}

// Add takes in one picture. Regions are the 8-connected components of the
// defect pixels that count. An error leaves the set as it was.
func (p *Pixels) Add(m Map) error {
	n := m.Width * m.Height
	switch {
	case m.Width <= 0 || m.Height <= 0 || len(m.Scores) != n:
		return fmt.Errorf("metric: %d scores for a map of %dx%d", len(m.Scores), m.Width, m.Height)
	case m.Defect != nil && len(m.Defect) != n:
		return fmt.Errorf("metric: a mask of %d pixels for a map of %dx%d", len(m.Defect), m.Width, m.Height)
	case m.Valid != nil && len(m.Valid) != n:
		return fmt.Errorf("metric: %d valid flags for a map of %dx%d", len(m.Valid), m.Width, m.Height)
	}
	regions, sizes := components(m)
	if len(sizes) > 0 && !m.Bad {
		return errors.New("metric: a good picture has defect pixels")
	}
	for i, s := range m.Scores {
		if s != s && (m.Valid == nil || m.Valid[i]) {
			return fmt.Errorf("%w (pixel x=%d y=%d)", ErrNaN, i%m.Width, i/m.Width)
		}
	}
	if m.Bad && len(sizes) == 0 {
		p.LeftOut++
		return nil
	}
	first := uint32(len(p.sizes))
	for i, s := range m.Scores {
		if m.Valid != nil && !m.Valid[i] {
			continue
		}
		var r uint32
		if regions != nil && regions[i] > 0 {
			r = first + regions[i]
			p.pos++
		} else {
			p.neg++
		}
		p.keys = append(p.keys, uint64(descending(s))<<32|uint64(r))
	}
	p.sizes = append(p.sizes, sizes...)
	p.sorted = false
	return nil
}

// Len returns the number of pixels that count, and how many of them are defective.
func (p *Pixels) Len() (pixels, defective int) { return p.pos + p.neg, p.pos }

// Regions returns the number of connected defect regions.
func (p *Pixels) Regions() int { return len(p.sizes) }

// AUROC is the pixel AUROC; see the function AUROC for the formula.
func (p *Pixels) AUROC() (float64, error) { return auroc(p.steps(), p.pos, p.neg) }

// AveragePrecision is the pixel average precision; see the function
// AveragePrecision for the formula.
func (p *Pixels) AveragePrecision() (float64, error) { return averagePrecision(p.steps(), p.pos) }

// F1Max is the best pixel F1; see the function F1Max for the formula.
func (p *Pixels) F1Max() (F1, error) { return f1Max(p.steps(), p.pos) }

// AUPRO is (1/limit) * integral of PRO over FPR from 0 to limit, where at each
// threshold FPR is the share of all background pixels at or above it and PRO
// the mean over all defect regions of the share of the region at or above it
// (Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021, section
// 5.2). Every distinct score is a threshold, the curve starts at (0, 0), runs
// straight between thresholds and is cut at the limit by interpolation; the
// area is by trapezoids. limit is in (0, 1]; 0.3 is usual, 0.05 the stricter
// variant. The prediction is not dilated.
func (p *Pixels) AUPRO(limit float64) (float64, error) {
	switch {
	case !(limit > 0 && limit <= 1):
		return 0, fmt.Errorf("metric: the AUPRO limit %v is not in (0, 1]", limit)
	case p.pos == 0:
		return 0, ErrNoPositive
	case p.neg == 0:
		return 0, ErrNoNegative
	}
	var fp int
	var overlap, area, fpr, pro float64 // the curve's last point is (fpr, pro)
	for s := range p.steps() {
		fp += s.neg
		overlap += s.overlap
		x, y := float64(fp)/float64(p.neg), overlap/float64(len(p.sizes))
		if x > limit {
			y = pro + (y-pro)*(limit-fpr)/(x-fpr)
			area += (limit - fpr) * (pro + y) / 2
			break
		}
		area += (x - fpr) * (pro + y) / 2
		fpr, pro = x, y
	}
	return area / limit, nil
}

// steps walks the distinct scores from the highest to the lowest, sorting first
// if pixels came in since the last time.
func (p *Pixels) steps() iter.Seq[step] {
	if !p.sorted {
		sortByScore(p.keys)
		p.sorted = true
	}
	weights := make([]float64, len(p.sizes)+1)
	for i, n := range p.sizes {
		weights[i+1] = 1 / float64(n)
	}
	return func(yield func(step) bool) {
		keys := p.keys
		for i := 0; i < len(keys); {
			bits := uint32(keys[i] >> 32)
			s := step{score: float64(fromDescending(bits))}
			for ; i < len(keys) && uint32(keys[i]>>32) == bits; i++ {
				if r := uint32(keys[i]); r == 0 {
					s.neg++
				} else {
					s.pos++
					s.overlap += weights[r]
				}
			}
			if !yield(s) {
				return
			}
		}
	}
}

// components numbers the 8-connected regions of the valid defect pixels from 1
// and returns their sizes; background is 0. The numbers are nil when there is
// no region.
func components(m Map) (regions []uint32, sizes []int) {
	w, h := m.Width, m.Height
	inside := func(i int) bool { return m.Defect[i] && (m.Valid == nil || m.Valid[i]) }
	var open []int
	for start := range m.Defect {
		if !inside(start) || (regions != nil && regions[start] != 0) {
			continue
		}
		if regions == nil {
			regions = make([]uint32, w*h)
		}
		number, size := uint32(len(sizes)+1), 0
		regions[start] = number
		open = append(open[:0], start)
		for len(open) > 0 {
			i := open[len(open)-1]
			open = open[:len(open)-1]
			size++
			x, y := i%w, i/w
			for ny := max(y-1, 0); ny <= min(y+1, h-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, w-1); nx++ {
					if j := ny*w + nx; inside(j) && regions[j] == 0 {
						regions[j] = number
						open = append(open, j)
					}
				}
			}
		}
		sizes = append(sizes, size)
	}
	return regions, sizes
}

// descending maps a score to bits whose unsigned order is the scores' order
// turned round. -0 and 0 give the same bits.
func descending(s float32) uint32 {
	b := math.Float32bits(s + 0)
	if b>>31 != 0 {
		return b
	}
	return ^(b | 1<<31)
}

func fromDescending(b uint32) float32 {
	if b>>31 != 0 {
		return math.Float32frombits(b)
	}
	return math.Float32frombits(^b &^ (1 << 31))
}

// sortByScore sorts keys by their upper 32 bits, by least significant digit
// first in three passes of 11, 11 and 10 bits. The order of equal scores does
// not matter to any metric.
func sortByScore(keys []uint64) {
	const bits = 11
	var counts [3][1 << bits]int
	for _, k := range keys {
		counts[0][k>>32&(1<<bits-1)]++
		counts[1][k>>(32+bits)&(1<<bits-1)]++
		counts[2][k>>(32+2*bits)]++
	}
	from, to := keys, make([]uint64, len(keys))
	for pass := range counts {
		next, at := &counts[pass], 0
		for i, n := range next {
			next[i] = at
			at += n
		}
		shift := 32 + bits*pass
		for _, k := range from {
			d := k >> shift & (1<<bits - 1)
			to[next[d]] = k
			next[d]++
		}
		from, to = to, from
	}
	copy(keys, from) // three passes end in the second array
}
