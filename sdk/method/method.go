// Package method holds the anomaly detection methods: each is the head of a
// graph that turns a backbone's feature maps into an anomaly map, and its state
// as named tensors. Package train fits them.
package method

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Method is a fitted method.
type Method interface {
	// Name is the method's name in the detector file.
	Name() string
	// Head adds the method to b. taps are the backbone's feature maps the method
	// asked for, shallowest first. The result is the raw anomaly map (N,1,h,w):
	// unbounded, larger is less normal, and 0 and 1 are the median and the spread
	// of the training pictures' scores.
	Head(b kernels.Builder, taps []kernels.Value) kernels.Value
	// Smoothing is the σ, in pixels of the prepared picture, of the Gaussian that
	// the full-size map is blurred with.
	Smoothing() float32
	// State returns the fitted tensors by name.
	State() map[string]*tensor.Tensor
}
