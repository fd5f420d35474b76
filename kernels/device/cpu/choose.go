package cpu

import "github.com/flawscope/flawscope/kernels"

// choose returns the routine for op, nil for what the reference does well enough.
func (s *setup) choose(op kernels.Op) runner {
	switch o := op.(type) {
	case kernels.Conv2D:
		return s.conv2d(o)
	case kernels.Linear:
		return s.linear(o)
	case kernels.Pool:
		return s.pool(o)
	case kernels.Activate:
		return s.activate(o)
	case kernels.ActivateGradient:
		return s.activateGradient(o)
	case kernels.Adam:
		return s.adam(o)
	case kernels.LinearWeightGradient:
		return s.weightGradient()
	case kernels.BatchNorm:
		return s.batchNorm(o)
	case kernels.BatchNormGradient:
		return s.batchNormGradient()
	case kernels.BatchNormInference:
		return s.batchNormInference(o)
	case kernels.Reduce:
		return s.reduce(o)
	case kernels.Noise:
		return s.noise(o)
	case kernels.Concat:
		return s.concat(o)
	case kernels.Slice:
		return s.slice(o)
	case kernels.Embed:
		return s.embed(o)
	case kernels.Gather:
		return s.gather()
	case kernels.Permutation:
		return s.permutation(o)
	case kernels.Resize:
		return s.resize(o)
	case kernels.Blur:
		return s.blur(o)
	case kernels.PatchPool:
		return s.patchPool(o)
	case kernels.Add:
		if s.in[0] == s.in[1] {
			return s.flat(s.device.kernels.add, 0, s.in[0])
		}
		return s.repeat(s.in[0], s.in[1], true, false, addVectors)
	case kernels.Multiply:
		if s.in[0] == s.in[1] {
			return s.flat(s.device.kernels.multiply, 0, s.in[0])
		}
		return s.repeat(s.in[0], s.in[1], true, true, multiplyVectors)
	case kernels.Expand:
		return s.repeat(o.To, s.in[0], false, false, copyVector)
	}
	return nil
}
