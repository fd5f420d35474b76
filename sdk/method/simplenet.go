package method

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Aggregation says how a feature map's neighbourhoods become vectors.
type Aggregation string

// The aggregations.
const (
	// MeanAggregation averages every channel over 3x3 cells and keeps the
	// channels of both taps side by side.
	MeanAggregation Aggregation = "mean"
	// BinAggregation is SimpleNet's own: 3x3 neighbourhoods flattened across the
	// channels and pooled into 1536 bins, half of them from each tap.
	BinAggregation Aggregation = "bins"
)

const (
	binWidth         = 1536 // BinAggregation's vector
	binHidden        = 1024
	leakySlope       = 0.2
	batchNormEpsilon = 1e-5
)

// SimpleNetTaps are the feature maps SimpleNet reads.
var SimpleNetTaps = [2]string{"layer2", "layer3"}

// SimpleNetOptions fix the shape of a SimpleNet head.
type SimpleNetOptions struct {
	Aggregation Aggregation `json:"aggregation"`
	Channels    [2]int      `json:"channels"` // of the two taps
	Hidden      int         `json:"hidden"`   // the discriminator's hidden width
}

// Width is the length of one feature vector.
func (o SimpleNetOptions) Width() int {
	if o.Aggregation == BinAggregation {
		return binWidth
	}
	return o.Channels[0] + o.Channels[1]
}

// Check returns an error when the options do not describe a head.
func (o SimpleNetOptions) Check() error {
	const most = 1 << 16
	if o.Aggregation != MeanAggregation && o.Aggregation != BinAggregation {
		return fmt.Errorf("method: simplenet has no aggregation %q", o.Aggregation)
	}
	if min(o.Channels[0], o.Channels[1], o.Hidden) < 1 || max(o.Channels[0], o.Channels[1], o.Hidden) > most {
		return fmt.Errorf("method: simplenet with channels %v and hidden width %d, want 1 to %d", o.Channels, o.Hidden, most)
	}
	return nil
}

// DefaultSimpleNet returns the options for taps of these channels: SimpleNet's
// own aggregation and widths for the WideResNet-50-2 it was published with, the
// plain mean for the others.
func DefaultSimpleNet(backbone string, channels [2]int) SimpleNetOptions {
	if backbone == "wide_resnet50_2" {
		return SimpleNetOptions{Aggregation: BinAggregation, Channels: channels, Hidden: binHidden}
	}
	return SimpleNetOptions{Aggregation: MeanAggregation, Channels: channels, Hidden: min(binHidden, channels[0]+channels[1])}
}

// Aggregate adds the pooling of both taps' neighbourhoods to b. The results have
// the taps' own grids; side by side, the second resized to the first, they are
// the feature vectors (see Features).
func (o SimpleNetOptions) Aggregate(b kernels.Builder, taps []kernels.Value) (fine, coarse kernels.Value) {
	pool := func(v kernels.Value) kernels.Value {
		if o.Aggregation == MeanAggregation {
			return kernels.Apply1(b, kernels.Pool{Kind: kernels.AveragePool, Kernel: 3, Stride: 1, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, v)
		}
		return binPool(b, v)
	}
	return pool(taps[0]), pool(taps[1])
}

// binPool is what SimpleNet's two poolings, each tap to 1536 bins and both taps'
// bins together to 1536 again, leave of one tap: the first pools the tap, the
// second averages pairs of its bins. Where 9C is a multiple of 768 (every ResNet
// with bottlenecks) both are one pooling into 768 equal bins.
func binPool(b kernels.Builder, tap kernels.Value) kernels.Value {
	if 9*b.Shape(tap)[1]%binWidth == 0 {
		return kernels.Apply1(b, kernels.PatchPool{Kernel: 3, Dim: binWidth / 2}, tap)
	}
	bins := kernels.Apply1(b, kernels.PatchPool{Kernel: 3, Dim: binWidth}, tap)
	return kernels.Apply1(b, kernels.PatchPool{Kernel: 1, Dim: binWidth / 2}, bins)
}

// Features adds the feature vectors (N,Width,h,w) on the first tap's grid to b:
// [fine ; bilinear(coarse)].
func (o SimpleNetOptions) Features(b kernels.Builder, taps []kernels.Value) kernels.Value {
	fine, coarse := o.Aggregate(b, taps)
	return kernels.Apply1(b, kernels.Concat{Axis: 1}, fine, resizeTo(b, coarse, fine))
}

func resizeTo(b kernels.Builder, v, like kernels.Value) kernels.Value {
	s := b.Shape(like)
	return kernels.Apply1(b, kernels.Resize{Kind: kernels.Bilinear, Height: s[2], Width: s[3]}, v)
}

// SimpleNetShapes returns the names and shapes of the trained tensors, adaptor
// first. I is the vector's width, H the hidden one.
func (o SimpleNetOptions) Shapes() []NamedShape {
	i, h := o.Width(), o.Hidden
	return []NamedShape{
		{"adaptor.weight", tensor.Shape{i, i, 1, 1}},
		{"adaptor.bias", tensor.Vector(i)},
		{"discriminator.hidden.weight", tensor.Shape{h, i, 1, 1}},
		{"discriminator.hidden.bias", tensor.Vector(h)},
		{"discriminator.norm.weight", tensor.Vector(h)},
		{"discriminator.norm.bias", tensor.Vector(h)},
		{"discriminator.norm.running_mean", tensor.Vector(h)},
		{"discriminator.norm.running_var", tensor.Vector(h)},
		{"discriminator.score.weight", tensor.Shape{1, h, 1, 1}},
	}
}

// NamedShape is a tensor's name and shape.
type NamedShape struct {
	Name  string
	Shape tensor.Shape
}

// SimpleNet is a fitted SimpleNet head (Liu et al., CVPR 2023): an adaptor, one
// linear map, and a discriminator, linear, batch norm, LeakyReLU, linear, whose
// negated output is the anomaly score of a vector.
type SimpleNet struct {
	Options SimpleNetOptions
	// Center and Spread standardise the scores: (−D − Center)/Spread.
	Center, Spread float64
	// Parameters has the tensors that Options.Shapes names.
	Parameters map[string]*tensor.Tensor
}

// NewSimpleNet checks the tensors and returns the head.
func NewSimpleNet(o SimpleNetOptions, center, spread float64, parameters map[string]*tensor.Tensor) (*SimpleNet, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if !(spread > 0) || math.IsInf(spread, 0) || math.IsNaN(center) || math.IsInf(center, 0) {
		return nil, fmt.Errorf("method: simplenet with center %v and spread %v", center, spread)
	}
	kept := map[string]*tensor.Tensor{}
	for _, want := range o.Shapes() {
		t := parameters[want.Name]
		if t == nil {
			return nil, fmt.Errorf("method: simplenet lacks the tensor %q", want.Name)
		}
		if t.Shape != want.Shape {
			return nil, fmt.Errorf("method: simplenet's tensor %q is %v, want %v", want.Name, t.Shape, want.Shape)
		}
		kept[want.Name] = t
	}
	for _, v := range kept["discriminator.norm.running_var"].Data {
		if v < 0 {
			return nil, fmt.Errorf("method: simplenet's tensor %q holds the negative variance %v", "discriminator.norm.running_var", v)
		}
	}
	return &SimpleNet{Options: o, Center: center, Spread: spread, Parameters: kept}, nil
}

// Name is "simplenet".
func (s *SimpleNet) Name() string { return "simplenet" }

// Smoothing is SimpleNet's σ of 4 pixels.
func (s *SimpleNet) Smoothing() float32 { return 4 }

// State returns the trained tensors.
func (s *SimpleNet) State() map[string]*tensor.Tensor { return s.Parameters }

// Head adds the exact fused form to b. Between the backbone and the LeakyReLU
// everything is linear, so that with k = γ/√(v+ε)
//
//	h = W'₁·fine + up(W'₂·coarse) + b',  [W'₁ W'₂] = diag(k)·W·A,  b' = k⊙(W·a + b − μ) + β
//	map = (−w·LeakyReLU(h) − Center)/Spread
//
// for adaptor (A, a), hidden layer (W, b) and score w: the coarse tap's product
// is taken on its own grid, before the resizing, which commutes with it.
func (s *SimpleNet) Head(b kernels.Builder, taps []kernels.Value) kernels.Value {
	fine, coarse := s.Options.Aggregate(b, taps)
	first, second, bias := s.fold(b.Shape(fine)[1])
	up := resizeTo(b, kernels.Apply1(b, kernels.Linear{}, coarse, b.Constant(second)), fine)
	hidden := kernels.Apply1(b, kernels.Conv(1, 1, kernels.Identity), fine, b.Constant(first), b.Constant(bias))
	hidden = kernels.Apply1(b, kernels.Add{}, hidden, up)
	hidden = kernels.Apply1(b, kernels.Activate{Activation: kernels.LeakyReLU, Slope: leakySlope}, hidden)

	score := s.Parameters["discriminator.score.weight"].Clone()
	for i, w := range score.Data {
		score.Data[i] = float32(-float64(w) / s.Spread)
	}
	shift := tensor.From(tensor.Vector(1), []float32{float32(-s.Center / s.Spread)})
	return kernels.Apply1(b, kernels.Linear{Bias: true}, hidden, b.Constant(score), b.Constant(shift))
}

// fold multiplies adaptor, hidden layer and batch norm into one linear map, in
// float64, split after the first fineWidth inputs.
func (s *SimpleNet) fold(fineWidth int) (first, second, bias *tensor.Tensor) {
	width, hidden := s.Options.Width(), s.Options.Hidden
	data := func(name string) []float32 { return s.Parameters[name].Data }
	adaptor, adaptorBias := data("adaptor.weight"), data("adaptor.bias")
	weight, weightBias := data("discriminator.hidden.weight"), data("discriminator.hidden.bias")
	gamma, beta := data("discriminator.norm.weight"), data("discriminator.norm.bias")
	mean, variance := data("discriminator.norm.running_mean"), data("discriminator.norm.running_var")

	product := multiply(weight, adaptor, hidden, width, width)
	first = tensor.New(tensor.Shape{hidden, fineWidth, 1, 1})
	second = tensor.New(tensor.Shape{hidden, width - fineWidth, 1, 1})
	bias = tensor.New(tensor.Vector(hidden))
	for h := range hidden {
		shift := float64(weightBias[h]) - float64(mean[h])
		for m, a := range adaptorBias {
			shift += float64(weight[h*width+m]) * float64(a)
		}
		k := float64(gamma[h]) / math.Sqrt(float64(variance[h])+batchNormEpsilon)
		bias.Data[h] = float32(k*shift + float64(beta[h]))
		for i, v := range product[h*width : (h+1)*width] {
			if i < fineWidth {
				first.Data[h*fineWidth+i] = float32(k * v)
			} else {
				second.Data[h*(width-fineWidth)+i-fineWidth] = float32(k * v)
			}
		}
	}
	return first, second, bias
}
