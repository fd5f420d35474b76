package main

import (
	"context"
	"math"
	"testing"
	"time"

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
	c := &counted{Builder: g}
	network.Build(c, g.Input("picture", tensor.Shape{1, 3, 256, 256}), network.Random(1))
	if c.flop != want {
		t.Errorf("%v operations, want %v", c.flop, want)
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
		if err := same(c.name, c.got, c.want); (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// TestMeasure: contenders take turns, and only what comes after the warm-up counts.
func TestMeasure(t *testing.T) {
	calls := ""
	contender := func(name string, ms int) contender {
		return func(times int) ([]time.Duration, error) {
			taken := make([]time.Duration, times)
			for i := range taken {
				calls += name
				taken[i] = time.Duration(ms) * time.Millisecond
			}
			return taken, nil
		}
	}
	rows := []*line{
		{name: "both", flop: 2e9, ours: contender("a", 100), peer: "p", theirs: contender("b", 200)},
		{name: "ours alone", ours: contender("c", 150)},
	}
	results, err := measure(context.Background(), rows, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := "aaaabbbccc" + "bbaaacc"; calls != want {
		t.Errorf("calls %s, want %s", calls, want)
	}
	both, alone := results[0], results[1]
	if both.Ours != 100 || *both.PeerMS != 200 || *both.Ratio != 0.5 || *both.GFLOPS != 20 || *both.Peer != "p" {
		t.Errorf("both: %+v", both)
	}
	if alone.Ours != 150 || alone.Peer != nil || alone.Ratio != nil || alone.GFLOPS != nil {
		t.Errorf("ours alone: %+v", alone)
	}
}
