// Package work is what the benchmarks compute: networks and single operations with
// random weights on random input, the same for all who take part.
package work

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// Random returns independent normal values.
func Random(s tensor.Shape, deviation float64, seed uint32) *tensor.Tensor {
	t := tensor.New(s)
	kernels.Noise{To: s, Std: float32(deviation)}.Reference([]*tensor.Tensor{t},
		[]*tensor.Tensor{tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, 0))})
	return t
}

// Picture is a network's input of random values.
func Picture(size int) *tensor.Tensor { return Random(tensor.Shape{1, 3, size, size}, 1, 3) }

// Weights returns the weights of a backbone by name: He-normal, with biases that
// are not zero so that the comparison with a peer sees them.
func Weights(name string) (backbone.Weights, error) {
	network, err := backbone.Named(name)
	if err != nil {
		return nil, err
	}
	w := network.Random(1)
	for _, t := range w {
		if t.Shape == tensor.Vector(t.Shape[1]) {
			copy(t.Data, Random(t.Shape, 0.1, 2).Data)
		}
	}
	return w, nil
}
