package devicetest

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// learnCases covers what only learning needs, and the random operations.
func learnCases(l *collector) {
	batchNormCases(l)
	randomCases(l)
	for _, s := range []struct{ real, fake tensor.Shape }{
		{tensor.Scalar, tensor.Scalar},
		{tensor.Rows(1, 100), tensor.Rows(1, 100)},
		{tensor.Rows(1, 20000), tensor.Rows(1, 77)},
		{tensor.Shape{2, 5, 3, 7}, tensor.Shape{1, 3, 4, 5}},
	} {
		name := fmt.Sprintf("%v and %v", s.real, s.fake)
		scores := []Input{{Shape: s.real}, {Shape: s.fake, Fill: Edges}}
		l.add(Case{Name: "truncated_l1/" + name, Op: kernels.TruncatedL1{Margin: 0.5}, Inputs: scores})
		l.add(Case{
			Name: "truncated_l1_gradient/" + name, Op: kernels.TruncatedL1Gradient{Margin: 0.5},
			Inputs: append(scores[:2:2], Input{Shape: tensor.Scalar}),
		})
		l.add(Case{
			Name: "truncated_l1_gradient/at the margin " + name, Op: kernels.TruncatedL1Gradient{Margin: 0.5},
			Inputs: []Input{{Shape: s.real, Fill: Given(0.5, 0.25, 0.75)}, {Shape: s.fake, Fill: Given(-0.5, 0.25, -0.75)}, {Shape: tensor.Scalar}},
		})
	}
	adam := kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	decay, decoupled := adam, adam
	decay.WeightDecay = 1e-2
	decoupled.WeightDecay, decoupled.Decoupled = 1e-2, true
	for i, op := range []kernels.Adam{adam, decay, decoupled} {
		for _, s := range []tensor.Shape{tensor.Vector(1), {13, 5, 3, 3}, {33, 64, 1, 1}, tensor.Vector(20000), tensor.Rows(1, 20000)} {
			for _, step := range []int{1, 1000} {
				l.add(Case{Name: fmt.Sprintf("adam/variant %d step %d on %v", i, step, s), Op: op, Inputs: []Input{
					{Shape: s},
					{Shape: s, Fill: Scaled(0.1)},
					{Shape: s, Fill: Scaled(0.1)},
					{Shape: s, Fill: Uniform(1e-4, 0.02)},
					{Shape: tensor.Rows(1, 3), Fill: Given(op.Scalars(1e-3, step)...)},
				}})
			}
		}
	}
	l.add(Case{Name: "adam/no moments yet", Op: adam, Inputs: []Input{
		{Shape: tensor.Vector(17)}, {Shape: tensor.Vector(17), Fill: Given(0, 1, -1e-3)}, {Shape: tensor.Vector(17), Fill: Given(0)},
		{Shape: tensor.Vector(17), Fill: Given(0)}, {Shape: tensor.Rows(1, 3), Fill: Given(adam.Scalars(1e-3, 1)...)},
	}})
}

func batchNormCases(l *collector) {
	offset, positive := Uniform(-1, 3), Uniform(0.5, 2)
	for _, s := range []tensor.Shape{{2, 1, 1, 1}, {2, 5, 3, 7}, {1, 13, 4, 4}, {1, 16, 9, 7}, tensor.Rows(64, 100), tensor.Rows(33, 517), tensor.Rows(1, 20000), tensor.Rows(20000, 2)} {
		v := tensor.Vector(s[1])
		l.add(Case{Name: fmt.Sprintf("batchnorm/%v", s), Op: kernels.BatchNorm{Epsilon: 1e-5, Momentum: 0.1}, Inputs: []Input{
			{Shape: s, Fill: offset}, {Shape: v}, {Shape: v}, {Shape: v}, {Shape: v, Fill: positive},
		}})
		l.add(Case{Name: fmt.Sprintf("batchnorm_gradient/%v", s), Op: kernels.BatchNormGradient{}, Inputs: []Input{
			{Shape: s, Fill: offset}, {Shape: v}, {Shape: v, Fill: Uniform(0.9, 1.1)}, {Shape: v, Fill: positive}, {Shape: s, Fill: offset},
		}})
		l.add(Case{Name: fmt.Sprintf("batchnorm_inference/%v", s), Op: kernels.BatchNormInference{Epsilon: 1e-5}, Inputs: []Input{
			{Shape: s, Fill: offset}, {Shape: v, Constant: true}, {Shape: v, Constant: true}, {Shape: v, Constant: true}, {Shape: v, Fill: positive, Constant: true},
		}})
	}
}

func randomCases(l *collector) {
	counterShape := tensor.Rows(1, 4)
	for i, counter := range [][]float32{kernels.Counter(0, 0), kernels.Counter(1, 2), kernels.Counter(0xdeadbeef, 0xffffffff), kernels.Counter(0x8000ffff, 70000)} {
		for _, s := range []tensor.Shape{{1, 1, 1, 1}, {2, 5, 3, 7}, tensor.Rows(13, 100), tensor.Rows(64, 200), tensor.Rows(1, 20000), tensor.Rows(20000, 1)} {
			l.add(Case{
				Name: fmt.Sprintf("noise/counter %d %v", i, s), Op: kernels.Noise{To: s, Std: 0.015 + float32(i)},
				Inputs: []Input{{Shape: counterShape, Fill: Given(counter...)}},
			})
		}
		for _, o := range []kernels.Permutation{{Rows: 1, Count: 1}, {Rows: 1, Count: 5}, {Rows: 2, Count: 2}, {Rows: 1000, Count: 1000}, {Rows: 4097, Count: 4097}, {Rows: 4097, Count: 5000}, {Rows: 1 << 24, Count: 300}} {
			for j, start := range []int{0, o.Rows / 2, o.Rows - 1} {
				if i > 1 && j > 0 {
					break
				}
				l.add(Case{
					Name: fmt.Sprintf("permutation/counter %d %d of %d from %d", i, o.Count, o.Rows, start), Op: o, Exact: true,
					Inputs: []Input{{Shape: counterShape, Fill: Given(counter...)}, {Shape: tensor.Scalar, Fill: Given(float32(start))}},
				})
			}
		}
	}
}
