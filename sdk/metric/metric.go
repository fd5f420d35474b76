// Package metric measures how well scores separate good from defective, for
// pictures and for pixels. All metrics are exact: they use every score as a
// threshold, and equal scores share one threshold, so the order of the input
// changes nothing (in AUPRO, nothing beyond the last digits of a sum).
//
// A higher score means more defective. What happens at the edges:
//   - Equal scores: one step of the curve. AUROC counts a tie as one half.
//   - Nothing defective: ErrNoPositive from every metric but FalseRejectRate.
//   - Everything defective: ErrNoNegative from AUROC, AUPRO and FalseRejectRate;
//     average precision and F1-max are defined and 1.
//   - A defective picture with an empty mask or none: left out of the pixel
//     metrics and counted, see Pixels.
//   - NaN: ErrNaN. Infinities are ordinary scores; -0 equals 0.
package metric

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
)

var (
	// ErrNoPositive says that nothing defective was given where the metric needs some.
	ErrNoPositive = errors.New("metric: nothing defective among the scores")
	// ErrNoNegative says that nothing good was given where the metric needs some.
	ErrNoNegative = errors.New("metric: nothing good among the scores")
	// ErrNaN says that a score is not a number.
	ErrNaN = errors.New("metric: a score is NaN")
)

// Float is the type of a score.
type Float interface{ ~float32 | ~float64 }

// F1 is the best F1 of all thresholds.
type F1 struct {
	Value     float64 // 2PR/(P+R), 0 to 1
	Threshold float64 // what scores at least this is called defective
	Precision float64 // at the threshold
	Recall    float64 // at the threshold
}

// AUROC is P(s+ > s-) + P(s+ = s-)/2 for a defective score s+ and a good score
// s- drawn at random: the Mann-Whitney U statistic divided by the number of
// pairs, which is the area under the ROC curve by trapezoids (Hanley and
// McNeil, 1982). The counts are integers, so the result has one rounding.
func AUROC[T Float](scores []T, positive []bool) (float64, error) {
	r, err := newRanking(scores, positive)
	if err != nil {
		return 0, err
	}
	return auroc(r.steps(), r.pos, r.neg)
}

// AveragePrecision is the sum over the distinct thresholds, from the highest
// down, of (R_n - R_{n-1}) P_n with R recall and P precision: the step form of
// scikit-learn's average_precision_score, not the trapezoid area some tools
// call AUPR.
func AveragePrecision[T Float](scores []T, positive []bool) (float64, error) {
	r, err := newRanking(scores, positive)
	if err != nil {
		return 0, err
	}
	return averagePrecision(r.steps(), r.pos)
}

// F1Max is the largest F1 = 2TP/(2TP+FP+FN) of all thresholds, and the highest
// threshold that reaches it. A threshold chosen so has seen the defects it is
// judged by: it describes a test set and is no honest operating point.
func F1Max[T Float](scores []T, positive []bool) (F1, error) {
	r, err := newRanking(scores, positive)
	if err != nil {
		return F1{}, err
	}
	return f1Max(r.steps(), r.pos)
}

// AtLeast says for every score whether it is at least the threshold, which is
// the rule that goes with F1.Threshold.
func AtLeast[T Float](scores []T, threshold T) []bool {
	out := make([]bool, len(scores))
	for i, s := range scores {
		out[i] = s >= threshold
	}
	return out
}

// Recall is the share of the defective that was rejected, TP/(TP+FN). Verdicts
// may come from a detector or from AtLeast.
func Recall(rejected, positive []bool) (float64, error) {
	return share(rejected, positive, true, ErrNoPositive)
}

// FalseRejectRate is the share of the good that was rejected, FP/(FP+TN).
func FalseRejectRate(rejected, positive []bool) (float64, error) {
	return share(rejected, positive, false, ErrNoNegative)
}

func share(rejected, positive []bool, class bool, none error) (float64, error) {
	if len(rejected) != len(positive) {
		return 0, fmt.Errorf("metric: %d verdicts for %d labels", len(rejected), len(positive))
	}
	hits, total := 0, 0
	for i, p := range positive {
		if p != class {
			continue
		}
		total++
		if rejected[i] {
			hits++
		}
	}
	if total == 0 {
		return 0, none
	}
	return float64(hits) / float64(total), nil
}

// step is what one distinct score adds to the curves when the threshold falls
// to it.
type step struct {
	score   float64
	pos     int     // defective entries with this score
	neg     int     // good entries with this score
	overlap float64 // sum of 1/size of the regions the defective pixels lie in; 0 for pictures
}

// ranking is labelled scores from the highest to the lowest.
type ranking struct {
	entries  []entry
	pos, neg int
}

type entry struct {
	score    float64
	positive bool
}

func newRanking[T Float](scores []T, positive []bool) (*ranking, error) {
	if len(scores) != len(positive) {
		return nil, fmt.Errorf("metric: %d scores for %d labels", len(scores), len(positive))
	}
	r := &ranking{entries: make([]entry, len(scores))}
	for i, s := range scores {
		if s != s {
			return nil, fmt.Errorf("%w (score %d of %d)", ErrNaN, i+1, len(scores))
		}
		r.entries[i] = entry{float64(s), positive[i]}
		if positive[i] {
			r.pos++
		}
	}
	r.neg = len(scores) - r.pos
	slices.SortFunc(r.entries, func(a, b entry) int { return cmp.Compare(b.score, a.score) })
	return r, nil
}

func (r *ranking) steps() iter.Seq[step] {
	return func(yield func(step) bool) {
		for i := 0; i < len(r.entries); {
			s := step{score: r.entries[i].score}
			for ; i < len(r.entries) && r.entries[i].score == s.score; i++ {
				if r.entries[i].positive {
					s.pos++
				} else {
					s.neg++
				}
			}
			if !yield(s) {
				return
			}
		}
	}
}

func auroc(steps iter.Seq[step], pos, neg int) (float64, error) {
	if pos == 0 {
		return 0, ErrNoPositive
	}
	if neg == 0 {
		return 0, ErrNoNegative
	}
	above, twiceU := 0, 0 // positives above this step; 2U
	for s := range steps {
		twiceU += s.neg * (2*above + s.pos)
		above += s.pos
	}
	return float64(twiceU) / 2 / (float64(pos) * float64(neg)), nil
}

func averagePrecision(steps iter.Seq[step], pos int) (float64, error) {
	if pos == 0 {
		return 0, ErrNoPositive
	}
	tp, fp, sum := 0, 0, 0.0
	for s := range steps {
		tp, fp = tp+s.pos, fp+s.neg
		if s.pos > 0 {
			sum += float64(s.pos) * (float64(tp) / float64(tp+fp))
		}
	}
	return sum / float64(pos), nil
}

func f1Max(steps iter.Seq[step], pos int) (F1, error) {
	if pos == 0 {
		return F1{}, ErrNoPositive
	}
	best := F1{Value: math.Inf(-1)}
	tp, fp := 0, 0
	for s := range steps {
		tp, fp = tp+s.pos, fp+s.neg
		// 2TP + FP + FN is TP + FP + all positives.
		if v := 2 * float64(tp) / float64(tp+fp+pos); v > best.Value {
			best = F1{v, s.score, float64(tp) / float64(tp+fp), float64(tp) / float64(pos)}
		}
	}
	return best, nil
}
