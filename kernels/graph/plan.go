package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Options of Compile. The zero value is good.
type Options struct {
	// MemoryBudget is the most bytes of device memory the plan may take, 0 for
	// what the device has.
	MemoryBudget int64
	// Progress is told how many of the plan's programs are compiled.
	Progress func(done, total int)
}

// Plan is a graph made ready on a device: every program compiled, every buffer
// placed. A run only binds and dispatches and allocates nothing. A plan is used
// by one goroutine at a time.
type Plan struct {
	device   device.Device
	named    map[string]place
	buffers  []device.Buffer
	steps    [2][]step // for even and odd runs: states swap their two buffers
	programs []device.Program
	odd      int
	bytes    int64
	budget   int64
}

// place is where a value stands in even and in odd runs.
type place [2]device.Buffer

type step struct {
	program device.Program
	out, in []device.Buffer
}

// Compile fuses the graph, prepares every program and places every buffer. It
// wraps device.ErrOutOfMemory when the memory budget does not suffice.
func (g *Graph) Compile(ctx context.Context, dev device.Device, o Options) (*Plan, error) {
	if g.err != nil {
		return nil, g.err
	}
	p := &Plan{device: dev, named: map[string]place{}, budget: o.MemoryBudget}
	if err := p.compile(ctx, g, o); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Plan) compile(ctx context.Context, g *Graph, o Options) error {
	nodes := g.schedule()
	for _, n := range nodes {
		operands := make([]device.Operand, len(n.in))
		for i, v := range n.in {
			operands[i] = device.Operand{Shape: g.values[v].shape, Constant: g.values[v].constant != nil}
		}
		// A device may take its time to choose.
		if err := ctx.Err(); err != nil {
			return err
		}
		program, err := p.device.Prepare(n.op, operands)
		if err != nil {
			return fmt.Errorf("graph: %s: %w", n.op.Name(), err)
		}
		p.programs = append(p.programs, program)
	}
	for i, program := range p.programs {
		if err := program.Ready(ctx); err != nil {
			return fmt.Errorf("graph: %s: %w", nodes[i].op.Name(), err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(p.programs))
		}
	}
	return p.place(g, nodes)
}

// place gives every value a buffer. Results share buffers of equal shape whose
// last reader has run.
func (p *Plan) place(g *Graph, nodes []node) error {
	places := make([]place, len(g.values))
	last := make([]int, len(g.values)) // the last node that reads a value
	for i, n := range nodes {
		for _, v := range slices.Concat(n.in, n.out) {
			last[v] = i
		}
	}
	for _, v := range g.kept() {
		last[v] = len(nodes)
	}
	for name, v := range g.inputs {
		b, err := p.alloc(device.Layout{Shape: g.values[v].shape})
		if err != nil {
			return err
		}
		places[v] = place{b, b}
		p.named[name] = places[v]
	}
	for name, s := range g.states {
		if err := p.placeState(name, s, places); err != nil {
			return err
		}
	}
	constants := map[constantKey]device.Buffer{}
	free := map[tensor.Shape][]place{}
	for i, n := range nodes {
		steps := [2]step{{program: p.programs[i]}, {program: p.programs[i]}}
		for _, v := range n.out {
			if places[v][0] == nil {
				at, err := p.take(free, g.values[v].shape)
				if err != nil {
					return err
				}
				places[v] = at
			}
			for odd := range 2 {
				steps[odd].out = append(steps[odd].out, places[v][odd])
			}
		}
		for k, v := range n.in {
			at := places[v]
			if t := g.values[v].constant; t != nil {
				b, err := p.constant(constants, constantKey{v, p.programs[i].Inputs()[k].Packing}, t)
				if err != nil {
					return err
				}
				at = place{b, b}
			}
			for odd := range 2 {
				steps[odd].in = append(steps[odd].in, at[odd])
			}
		}
		for odd := range 2 {
			p.steps[odd] = append(p.steps[odd], steps[odd])
		}
		freed := slices.Concat(n.in, n.out)
		slices.Sort(freed)
		for _, v := range slices.Compact(freed) {
			if last[v] == i && g.values[v].node >= 0 {
				free[g.values[v].shape] = append(free[g.values[v].shape], places[v])
			}
		}
	}
	for name, v := range g.outputs {
		// Outputs are read after a run has changed the parity.
		p.named[name] = place{places[v][1], places[v][0]}
	}
	return nil
}

type constantKey struct {
	value   kernels.Value
	packing string
}

func (p *Plan) constant(made map[constantKey]device.Buffer, key constantKey, t *tensor.Tensor) (device.Buffer, error) {
	if b := made[key]; b != nil {
		return b, nil
	}
	b, err := p.alloc(device.Layout{Shape: t.Shape, Packing: key.packing})
	if err != nil {
		return nil, err
	}
	made[key] = b
	return b, p.device.Write(b, t)
}

// placeState gives a state two buffers that change places after every run, or
// one when no run changes it.
func (p *Plan) placeState(name string, s *state, places []place) error {
	b, err := p.alloc(device.Layout{Shape: s.initial.Shape})
	if err != nil {
		return err
	}
	if err := p.device.Write(b, s.initial); err != nil {
		return err
	}
	at := place{b, b}
	if s.next != kernels.None {
		if places[s.next][0] != nil {
			return fmt.Errorf("graph: one value is assigned to state %q and to another", name)
		}
		if at[1], err = p.alloc(device.Layout{Shape: s.initial.Shape}); err != nil {
			return err
		}
		places[s.next] = place{at[1], at[0]}
	}
	places[s.value] = at
	p.named[name] = at
	return nil
}

func (p *Plan) take(free map[tensor.Shape][]place, s tensor.Shape) (place, error) {
	if list := free[s]; len(list) > 0 {
		free[s] = list[:len(list)-1]
		return list[len(list)-1], nil
	}
	b, err := p.alloc(device.Layout{Shape: s})
	return place{b, b}, err
}

func (p *Plan) alloc(l device.Layout) (device.Buffer, error) {
	b, err := p.device.Alloc(l)
	if err != nil {
		return nil, fmt.Errorf("graph: buffer of %v: %w", l.Shape, err)
	}
	p.buffers = append(p.buffers, b)
	p.bytes += b.Bytes()
	if p.budget > 0 && p.bytes > p.budget {
		return nil, fmt.Errorf("graph: %d bytes exceed the budget of %d: %w", p.bytes, p.budget, device.ErrOutOfMemory)
	}
	return b, nil
}

// Run carries out the graph once. Afterwards the states hold what was assigned.
func (p *Plan) Run() error {
	steps := p.steps[p.odd]
	for i := range steps {
		if err := p.device.Run(steps[i].program, steps[i].out, steps[i].in); err != nil {
			return err
		}
	}
	p.odd = 1 - p.odd
	return nil
}

// Write fills an input or overwrites a state.
func (p *Plan) Write(name string, t *tensor.Tensor) error {
	b, err := p.buffer(name, p.odd)
	if err != nil {
		return err
	}
	if want := b.Layout().Shape; t.Shape != want {
		return fmt.Errorf("graph: %q has shape %v, not %v", name, want, t.Shape)
	}
	return p.device.Write(b, t)
}

// Read fetches an output of the last run or the present value of a state.
func (p *Plan) Read(ctx context.Context, name string, t *tensor.Tensor) error {
	b, err := p.buffer(name, p.odd)
	if err != nil {
		return err
	}
	if want := b.Layout().Shape; t.Shape != want {
		return fmt.Errorf("graph: %q has shape %v, not %v", name, want, t.Shape)
	}
	return p.device.Read(ctx, b, t)
}

func (p *Plan) buffer(name string, odd int) (device.Buffer, error) {
	at, ok := p.named[name]
	if !ok {
		return nil, fmt.Errorf("graph: nothing is named %q", name)
	}
	return at[odd], nil
}

// Bytes is the device memory the plan takes.
func (p *Plan) Bytes() int64 { return p.bytes }

// Operations returns the fused operations in the order in which they run.
func (p *Plan) Operations() int { return len(p.programs) }

// Close frees the plan's programs and buffers, not the device.
func (p *Plan) Close() {
	for _, program := range p.programs {
		program.Close()
	}
	for _, b := range p.buffers {
		b.Close()
	}
	p.programs, p.buffers, p.steps = nil, nil, [2][]step{}
}
