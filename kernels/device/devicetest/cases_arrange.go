package devicetest

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// arrangeCases covers the elementwise operations and those that move, repeat or
// reduce values.
func arrangeCases(l *collector) {
	activateCases(l)
	broadcastCases(l)
	partCases(l)
	for i, s := range []struct{ x, index tensor.Shape }{
		{tensor.Rows(1, 1), tensor.Rows(1, 3)},
		{tensor.Rows(13, 10), tensor.Rows(1, 25)},
		{tensor.Rows(1, 20000), tensor.Rows(1, 500)},
		{tensor.Rows(20000, 2), tensor.Rows(1, 3)},
		{tensor.Rows(64, 100), tensor.Rows(1, 64)},
	} {
		l.add(Case{Name: fmt.Sprintf("gather/%v by %v", s.x, s.index), Op: kernels.Gather{}, Exact: true, Inputs: []Input{
			{Shape: s.x}, {Shape: s.index, Fill: Whole(0, s.x[3])},
		}})
		l.add(Case{Name: fmt.Sprintf("gather/clamped %d", i), Op: kernels.Gather{}, Exact: true, Inputs: []Input{
			{Shape: s.x}, {Shape: s.index, Fill: Given(-1, float32(s.x[3]), 0, 0, -1e6, 1e6, float32(s.x[3]-1))},
		}})
	}
	l.add(Case{Name: "gather/10368 rows of 1536", Op: kernels.Gather{}, Exact: true, Inputs: []Input{
		{Shape: tensor.Rows(1536, 10368), Fill: Uniform(-1, 1)},
		{Shape: tensor.Rows(1, 50), Fill: Whole(0, 10368)},
	}})
}

func activateCases(l *collector) {
	for a := kernels.Identity; a <= kernels.Sigmoid; a++ {
		for _, s := range []tensor.Shape{{1, 1, 1, 1}, {2, 5, 3, 7}, {1, 16, 6, 5}, tensor.Rows(1, 20000), tensor.Rows(20000, 1)} {
			op := kernels.Activate{Activation: a, Slope: 0.2}
			l.add(Case{
				Name: fmt.Sprintf("activate/activation %d on %v", a, s), Op: op, Exact: a <= kernels.ReLU,
				Inputs: []Input{{Shape: s, Fill: Edges}},
			})
			l.add(Case{
				Name: fmt.Sprintf("activate_gradient/activation %d on %v", a, s), Op: kernels.ActivateGradient(op), Exact: a <= kernels.ReLU,
				Inputs: []Input{{Shape: s, Fill: Edges}, {Shape: s}},
			})
		}
	}
	big := tensor.Rows(1536, 10368)
	l.add(Case{Name: "activate/10368 rows of 1536", Op: kernels.Activate{Activation: kernels.ReLU}, Exact: true, Inputs: []Input{{Shape: big, Fill: Uniform(-1, 1)}}})
	l.add(Case{Name: "add/10368 rows of 1536", Op: kernels.Add{}, Inputs: []Input{{Shape: big, Fill: Uniform(-1, 1)}, {Shape: tensor.Vector(1536)}}})
}

// along returns s with extent 1 along the axes of the bits of mask.
func along(s tensor.Shape, mask int) tensor.Shape {
	for a := range s {
		if mask>>a&1 != 0 {
			s[a] = 1
		}
	}
	return s
}

func broadcastCases(l *collector) {
	full := tensor.Shape{2, 5, 3, 7}
	for mask := range 16 {
		b := along(full, mask)
		l.add(Case{Name: fmt.Sprintf("add/%v to %v", b, full), Op: kernels.Add{}, Inputs: []Input{{Shape: full}, {Shape: b, Constant: true}}})
		l.add(Case{Name: fmt.Sprintf("multiply/%v to %v", b, full), Op: kernels.Multiply{}, Inputs: []Input{{Shape: full}, {Shape: b, Constant: true}}})
		l.exact(fmt.Sprintf("expand/%v to %v", b, full), kernels.Expand{To: full}, b)
		over := func(a int) bool { return mask>>a&1 != 0 }
		for kind := kernels.Sum; kind <= kernels.Max; kind++ {
			l.add(Case{
				Name:   fmt.Sprintf("reduce/kind %d %v to %v", kind, full, b),
				Op:     kernels.Reduce{Kind: kind, OverN: over(0), OverC: over(1), OverH: over(2), OverW: over(3)},
				Exact:  kind == kernels.Max,
				Inputs: []Input{{Shape: full, Fill: Uniform(-0.5, 2)}},
			})
		}
	}
	for _, s := range []tensor.Shape{{1, 1, 1, 1}, {1, 13, 1, 1}, {1, 16, 4, 5}, tensor.Rows(1, 20000), tensor.Rows(20000, 1), tensor.Rows(33, 17)} {
		for _, b := range []tensor.Shape{s, tensor.Scalar, tensor.Vector(s[1])} {
			l.plain(fmt.Sprintf("add/rows %v to %v", b, s), kernels.Add{}, s, b)
			l.plain(fmt.Sprintf("multiply/rows %v to %v", b, s), kernels.Multiply{}, s, b)
			l.exact(fmt.Sprintf("expand/rows %v to %v", b, s), kernels.Expand{To: s}, b)
		}
	}
	for _, s := range []tensor.Shape{{1, 1, 1, 1}, {1, 13, 1, 1}, {2, 16, 33, 17}, {1, 64, 16, 16}, tensor.Rows(1, 20000), tensor.Rows(20000, 1), tensor.Rows(33, 1000)} {
		for kind := kernels.Sum; kind <= kernels.Max; kind++ {
			for _, o := range []kernels.Reduce{
				{OverH: true, OverW: true},
				{OverN: true, OverH: true, OverW: true},
				{OverC: true},
				{OverN: true, OverC: true, OverH: true, OverW: true},
			} {
				o.Kind = kind
				l.add(Case{
					Name: fmt.Sprintf("reduce/kind %d over %v of %v", kind, o.Over(), s), Op: o, Exact: kind == kernels.Max,
					Inputs: []Input{{Shape: s, Fill: Uniform(-0.5, 2)}},
				})
			}
		}
	}
}

func partCases(l *collector) {
	for axis := range 4 {
		for _, parts := range [][]int{{3}, {1, 1}, {3, 5, 1}, {4, 4}, {13, 3}, {2, 7, 1, 1, 6, 5}} {
			shapes := make([]tensor.Shape, len(parts))
			for i, n := range parts {
				shapes[i] = tensor.Shape{2, 3, 5, 4}
				shapes[i][axis] = n
			}
			l.exact(fmt.Sprintf("concat/axis %d of %v", axis, parts), kernels.Concat{Axis: axis}, shapes...)
		}
		for _, o := range []kernels.Slice{{Length: 1}, {Start: 1, Length: 6}, {Start: 4, Length: 4}, {Start: 3, Length: 10}, {Length: 13}, {Start: 12, Length: 1}} {
			o.Axis = axis
			s := tensor.Shape{2, 3, 5, 4}
			s[axis] = 13
			l.exact(fmt.Sprintf("slice/axis %d %d from %d of 13", axis, o.Length, o.Start), o, s)
			s[axis] = o.Length
			l.exact(fmt.Sprintf("embed/axis %d %d at %d of 13", axis, o.Length, o.Start), kernels.Embed{Axis: axis, Start: o.Start, Length: 13}, s)
		}
	}
	l.exact("concat/20000 channels", kernels.Concat{Axis: 1}, tensor.Rows(10001, 1), tensor.Rows(9999, 1))
	l.exact("concat/20000 rows", kernels.Concat{Axis: 3}, tensor.Rows(1, 10001), tensor.Rows(1, 9999))
	l.exact("slice/rows of 20000", kernels.Slice{Axis: 3, Start: 9001, Length: 100}, tensor.Rows(1, 20000))
	l.exact("slice/channels of 20000", kernels.Slice{Axis: 1, Start: 9001, Length: 100}, tensor.Rows(20000, 1))
	l.exact("concat/wide features", kernels.Concat{Axis: 1}, tensor.Shape{1, 64, 8, 8}, tensor.Shape{1, 128, 8, 8})
}
