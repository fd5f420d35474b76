package cpu

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// permutation runs kernels.Permutation by its reference, whose parts are
// permutations with a later start.
type permutation struct {
	workers *workers
	parts   []permutationPart
	out     *buffer
}

type permutationPart struct {
	op      kernels.Permutation
	at      int
	in, out []*tensor.Tensor
}

const permutationChunk = 512

func (s *setup) permutation(op kernels.Permutation) runner {
	p := &permutation{workers: s.device.workers}
	for at := 0; at < op.Count; at += permutationChunk {
		part := op
		part.Count = min(permutationChunk, op.Count-at)
		p.parts = append(p.parts, permutationPart{op: part, at: at,
			in:  []*tensor.Tensor{tensor.New(s.in[0]), tensor.New(s.in[1])},
			out: []*tensor.Tensor{tensor.New(tensor.Rows(1, part.Count))}})
	}
	return p
}

func (p *permutation) run(out, in []*buffer) {
	p.out = out[0]
	for i := range p.parts {
		part := &p.parts[i]
		copy(part.in[0].Data, in[0].memory.data)
		part.in[1].Data[0] = float32((int(in[1].memory.data[0]) + part.at) % part.op.Rows)
	}
	p.workers.run(p, len(p.parts))
}

func (p *permutation) do(_ *worker, item int) {
	part := &p.parts[item]
	part.op.Reference(part.out, part.in)
	copy(p.out.memory.data[part.at:], part.out[0].Data)
}
