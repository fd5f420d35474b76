// Package backbone holds the frozen feature extractors as tables: which layers,
// in which order, under which weight names.
package backbone

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Weights are a network's tensors by name. Convolution weights are (O,I,K,K),
// vectors (1,C,1,1).
type Weights map[string]*tensor.Tensor

// Network is one backbone: an entry of the table that Named looks in.
type Network struct {
	Name string
	// Taps are the maps a method may read, shallowest first.
	Taps []Tap
	// build adds the network to a graph and returns the taps in order.
	build func(a *assembler, x kernels.Value) []kernels.Value
	// ignored are prefixes of weight names that belong to parts never run here.
	ignored []string
}

// Tap describes one feature map.
type Tap struct {
	Name     string // torchvision's name of the stage: "layer2"
	Channels int
	Stride   int // pixels of the picture per cell
}

// Multiple is what both sides of the picture are a multiple of.
const Multiple = 16

// Names lists the networks, the embedded default first.
func Names() []string {
	var names []string
	for _, n := range networks() {
		names = append(names, n.Name)
	}
	return names
}

// Named returns the network of that name.
func Named(name string) (Network, error) {
	for _, n := range networks() {
		if n.Name == name {
			return n, nil
		}
	}
	return Network{}, fmt.Errorf("backbone: no network %q; there are %s", name, strings.Join(Names(), ", "))
}

func networks() []Network {
	return []Network{
		compact(),
		resnet("resnet18", basicBlock, [3]int{2, 2, 2}, 64),
		resnet("resnet34", basicBlock, [3]int{3, 4, 6}, 64),
		resnet("resnet50", bottleneckBlock, [3]int{3, 4, 6}, 64),
		resnet("resnet101", bottleneckBlock, [3]int{3, 4, 23}, 64),
		resnet("wide_resnet50_2", bottleneckBlock, [3]int{3, 4, 6}, 128),
	}
}

// Build adds the network to b. x is a picture (N,3,H,W), normalised by ImageNet's
// mean and deviation, its sides multiples of Multiple. The results are the taps
// in the order of Taps. The weights were checked by Check.
func (n Network) Build(b kernels.Builder, x kernels.Value, w Weights) []kernels.Value {
	a := &assembler{b: b, weights: w, used: map[string]bool{}}
	taps := n.build(a, x)
	if err := a.report(n.Name); err != nil {
		b.Fail(err)
	}
	return taps
}

// Tap returns the tap of that name and its place among Taps.
func (n Network) Tap(name string) (Tap, int, error) {
	for i, t := range n.Taps {
		if t.Name == name {
			return t, i, nil
		}
	}
	return Tap{}, 0, fmt.Errorf("backbone: %s has no tap %q", n.Name, name)
}

// Check says which tensors of w are missing, wrongly shaped or not part of the
// network, all at once; nil if none.
func (n Network) Check(w Weights) error {
	g := graph.New()
	a := &assembler{b: g, weights: w, used: map[string]bool{}}
	n.build(a, g.Input("picture", tensor.Shape{1, 3, 4 * Multiple, 4 * Multiple}))
	for _, name := range tensor.SortedKeys(w) {
		if !a.used[name] && !n.ignores(name) {
			a.unexpected = append(a.unexpected, name)
		}
	}
	return a.report(n.Name)
}

// Random returns weights of the right shapes for tests and benchmarks of speed:
// He-normal convolutions without biases worth mentioning.
func (n Network) Random(seed uint32) Weights {
	g := graph.New()
	w := Weights{}
	a := &assembler{b: g, weights: w, used: map[string]bool{}, random: true, seed: seed}
	n.build(a, g.Input("picture", tensor.Shape{1, 3, 4 * Multiple, 4 * Multiple}))
	return w
}

func (n Network) ignores(name string) bool {
	return strings.HasSuffix(name, "num_batches_tracked") ||
		slices.ContainsFunc(n.ignored, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
