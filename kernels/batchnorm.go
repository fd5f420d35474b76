package kernels

import (
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// BatchNorm normalises every channel by the statistics of this batch and keeps
// running ones (Ioffe and Szegedy 2015). Over the M = N·H·W values of a channel:
//
//	mean = Σx/M,  var = Σ(x−mean)²/M,  inv = 1/√(var+ε),  y = γ·(x−mean)·inv + β
//	running ← (1−momentum)·running + momentum·(mean, var·M/(M−1))
//
// Inputs: x (N,C,H,W), γ, β, running mean, running variance (1,C,1,1) each.
// Outputs: y, new running mean, new running variance, mean, inv. M is at least 2.
type BatchNorm struct{ Epsilon, Momentum float32 }

// BatchNormGradient is BatchNorm's derivative. With x̂ = (x−mean)·inv:
//
//	dγ = Σ dy·x̂,  dβ = Σ dy,  dx = γ·inv·(dy − dβ/M − x̂·dγ/M)
//
// Inputs: x, γ, mean, inv, dy. Outputs: dx, dγ, dβ.
type BatchNormGradient struct{}

// BatchNormInference normalises by given statistics:
// y = γ·(x−mean)/√(var+ε) + β. The graph folds it into the convolution before it
// where it can. Inputs: x, γ, β, mean, var. Output: y.
type BatchNormInference struct{ Epsilon float32 }

func (o BatchNorm) Name() string          { return "batchnorm" }
func (o BatchNormGradient) Name() string  { return "batchnorm_gradient" }
func (o BatchNormInference) Name() string { return "batchnorm_inference" }

func (o BatchNorm) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantChannelVectors(o, in, 1, 2, 3, 4); err != nil {
		return nil, err
	}
	if in[0].Positions() < 2 {
		return nil, fmt.Errorf("batchnorm: one value a channel in %v has no variance", in[0])
	}
	v := tensor.Vector(in[0][1])
	return []tensor.Shape{in[0], v, v, v, v}, nil
}

func (o BatchNormGradient) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantChannelVectors(o, in, 1, 2, 3); err != nil {
		return nil, err
	}
	v := tensor.Vector(in[0][1])
	return []tensor.Shape{in[0], v, v}, wantShape(o, "dy", in[4], in[0])
}

func (o BatchNormInference) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantChannelVectors(o, in, 1, 2, 3, 4); err != nil {
		return nil, err
	}
	return in[:1:1], nil
}

func wantChannelVectors(op Op, in []tensor.Shape, which ...int) error {
	if err := wantInputs(op, in, 5); err != nil {
		return err
	}
	for _, i := range which {
		if err := wantShape(op, "a channel vector", in[i], tensor.Vector(in[0][1])); err != nil {
			return err
		}
	}
	return nil
}

func (o BatchNorm) Reference(out, in []*tensor.Tensor) {
	x := in[0]
	m := float64(x.Shape.Positions())
	for c := range x.Shape[1] {
		var mean, variance float64
		eachOfChannel(x, c, func(i int) { mean += float64(x.Data[i]) / m })
		eachOfChannel(x, c, func(i int) { d := float64(x.Data[i]) - mean; variance += d * d / m })
		inv := 1 / math.Sqrt(variance+float64(o.Epsilon))
		gamma, beta := float64(in[1].Data[c]), float64(in[2].Data[c])
		eachOfChannel(x, c, func(i int) {
			out[0].Data[i] = float32(gamma*(float64(x.Data[i])-mean)*inv + beta)
		})
		keep, take := 1-float64(o.Momentum), float64(o.Momentum)
		out[1].Data[c] = float32(keep*float64(in[3].Data[c]) + take*mean)
		out[2].Data[c] = float32(keep*float64(in[4].Data[c]) + take*variance*m/(m-1))
		out[3].Data[c], out[4].Data[c] = float32(mean), float32(inv)
	}
}

func (o BatchNormGradient) Reference(out, in []*tensor.Tensor) {
	x, dy := in[0], in[4]
	m := float64(x.Shape.Positions())
	for c := range x.Shape[1] {
		gamma, mean, inv := float64(in[1].Data[c]), float64(in[2].Data[c]), float64(in[3].Data[c])
		hat := func(i int) float64 { return (float64(x.Data[i]) - mean) * inv }
		var dgamma, dbeta float64
		eachOfChannel(x, c, func(i int) {
			dgamma += float64(dy.Data[i]) * hat(i)
			dbeta += float64(dy.Data[i])
		})
		eachOfChannel(x, c, func(i int) {
			out[0].Data[i] = float32(gamma * inv * (float64(dy.Data[i]) - dbeta/m - hat(i)*dgamma/m))
		})
		out[1].Data[c], out[2].Data[c] = float32(dgamma), float32(dbeta)
	}
}

func (o BatchNormInference) Reference(out, in []*tensor.Tensor) {
	x := in[0]
	for c := range x.Shape[1] {
		scale := float64(in[1].Data[c]) / math.Sqrt(float64(in[4].Data[c])+float64(o.Epsilon))
		shift := float64(in[2].Data[c]) - scale*float64(in[3].Data[c])
		eachOfChannel(x, c, func(i int) { out[0].Data[i] = float32(scale*float64(x.Data[i]) + shift) })
	}
}

// Gradient goes through the batch's own statistics; the running ones have none.
func (o BatchNorm) Gradient(b Builder, in, out, grad []Value) []Value {
	g := b.Apply(BatchNormGradient{}, in[0], in[1], out[3], out[4], grad[0])
	return []Value{g[0], g[1], g[2], None, None}
}

// eachOfChannel calls f with the index of every value of channel c.
func eachOfChannel(t *tensor.Tensor, c int, f func(i int)) {
	plane := t.Shape[2] * t.Shape[3]
	for n := range t.Shape[0] {
		start := (n*t.Shape[1] + c) * plane
		for i := start; i < start+plane; i++ {
			f(i)
		}
	}
}
