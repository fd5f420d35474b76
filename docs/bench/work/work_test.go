package work

import (
	"maps"
	"math"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// TestCounted holds the counted operations to those of ResNet-18 to layer3 at
// 256x256 by hand: the stem, layer1's four, layer2's and layer3's first, three
// others and shortcut, in multiplications per 64x64 map of 64x64 products.
func TestCounted(t *testing.T) {
	const unit = 64 * 64 * 64 * 64
	stem := 3.0 * 49 * 4 / 64 * unit
	layer1 := 4.0 * 9 * unit
	later := (4.5 + 3*9 + 0.5) * float64(unit)
	want := 2 * (stem + layer1 + 2*later)
	network, err := backbone.Named("resnet18")
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	c := &Counted{Builder: g}
	network.Build(c, g.Input("picture", tensor.Shape{1, 3, 256, 256}), network.Random(1))
	if c.FLOP != want {
		t.Errorf("%v operations, want %v", c.FLOP, want)
	}
}

func TestSame(t *testing.T) {
	of := func(values ...float32) *tensor.Tensor { return tensor.From(tensor.Vector(len(values)), values) }
	nan := float32(math.NaN())
	for _, c := range []struct {
		name      string
		got, want *tensor.Tensor
		ok        bool
	}{
		{"equal", of(1, 2), of(1, 2), true},
		{"rounded", of(1, 2.0001), of(1, 2), true},
		{"wrong", of(1, 2.1), of(1, 2), false},
		{"not a number", of(1, nan), of(1, 2), false},
		{"nothing to compare", of(0, 0), of(0, 0), false},
	} {
		if err := Same(c.got, c.want); (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// TestModel: ReLUs go into the convolutions before them, and what there is no word
// for is told.
func TestModel(t *testing.T) {
	network, err := backbone.Named("resnet18")
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	x := g.Input("x", tensor.Shape{1, 3, 64, 64})
	m := Record(g, x)
	network.Build(m, x, network.Random(1))
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	count := map[string]int{}
	for i, n := range m.Nodes {
		op := n.Op
		if n.ReLU {
			op += " relu"
		}
		count[op]++
		for _, v := range n.In {
			if v > i {
				t.Errorf("node %d reads value %d", i, v)
			}
		}
	}
	// A stem and six blocks, two of them with a shortcut.
	want := map[string]int{"conv relu": 7, "conv": 8, "maxPool": 1, "add": 6, "relu": 6}
	if !maps.Equal(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
	kernels.Apply1(m, kernels.Concat{Axis: 1}, x, x)
	if g.Err() == nil {
		t.Error("a concatenation was taken")
	}
}
