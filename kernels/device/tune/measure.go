package tune

import (
	"context"
	"errors"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

const (
	compileTime = 10 * time.Second     // a way that compiles longer is left out
	sampleTime  = 2 * time.Millisecond // of runs timed together, long beside waiting
	sampleTicks = 20                   // of the clock that a sample lasts; browsers have clocks of 1 ms
	sampleWaits = 4                    // for nothing that a sample lasts; a browser's take 2 ms
	sampleRuns  = 64                   // in a sample of sampleTime at most
	rounds      = 8                    // samples of each way at most
	hopeless    = 2                    // times as slow as the best after some rounds: not measured again
	surely      = 5                    // so much slower in its first run
	someRounds  = 3
)

// contender is one way to run an operation, ready to be timed.
type contender struct {
	variant string
	program device.Program
	in      []device.Buffer
	best    time.Duration // of one run, 0 before the first
	spent   time.Duration
	out     bool // it is measured no more
}

// measurement compares the ways to run one operation.
type measurement struct {
	dev           device.Varied
	clock         func() time.Duration
	length        time.Duration // of a sample
	contenders    []*contender
	timings       []Timing
	shortOfMemory bool

	outputs []device.Buffer
	inputs  map[input]device.Buffer
	values  []*tensor.Tensor
	token   device.Buffer // a scalar; reading it waits for the work before
	read    *tensor.Tensor
	buffers []device.Buffer // all, to be closed
}

// input is an operand in one packing.
type input struct {
	number  int
	packing string
}

// measure times all ways. It fails only when none can run or the device is lost.
func (d *Device) measure(op kernels.Op, in []device.Operand, variants []string) (*measurement, error) {
	if d.tick == 0 {
		d.tick = tick(d.options.clock)
	}
	m := &measurement{dev: d.inner, clock: d.options.clock, length: max(sampleTime, sampleTicks*d.tick), inputs: map[input]device.Buffer{}, read: tensor.New(tensor.Scalar)}
	if m.length > max(d.options.Time, sampleTime) {
		return m, errors.New("tune: the clock is too coarse")
	}
	defer m.free()
	err := m.stage(op, in)
	if err == nil && d.wait == 0 {
		d.wait, err = m.wait()
	}
	m.length = min(max(m.length, sampleWaits*d.wait), max(d.options.Time, sampleTime))
	for i := 0; err == nil && i < len(variants); i++ {
		c := &contender{variant: variants[i]}
		m.contenders = append(m.contenders, c)
		failed := m.enter(c, op, in)
		m.shortOfMemory = m.shortOfMemory || errors.Is(failed, device.ErrOutOfMemory)
		if c.out = failed != nil; errors.Is(failed, device.ErrLost) {
			err = failed
		}
	}
	if err == nil {
		err = m.compete(d.options.Time)
	}
	for _, c := range m.contenders {
		m.timings = append(m.timings, Timing{c.variant, c.best})
	}
	if err == nil && m.find(Entry{Timings: m.timings}.Chosen()).best == 0 {
		err = errors.New("tune: no variant runs")
	}
	if err != nil {
		m.take("")
	}
	return m, err
}

// tick returns by how much a clock moves at a time.
func tick(clock func() time.Duration) time.Duration {
	from := clock()
	for range 1 << 20 {
		if step := clock() - from; step > 0 {
			return step
		}
	}
	return 1 // it stands still, as in tests
}

// stage makes what all ways share: the inputs' values and the outputs.
func (m *measurement) stage(op kernels.Op, in []device.Operand) error {
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
	}
	outputs, err := op.Outputs(shapes...)
	if err != nil {
		return err
	}
	for i, s := range shapes {
		m.values = append(m.values, ordinary(s, uint32(i)))
	}
	for _, s := range outputs {
		b, err := m.alloc(device.Layout{Shape: s})
		if err != nil {
			return err
		}
		m.outputs = append(m.outputs, b)
	}
	if m.token, err = m.alloc(device.Layout{Shape: tensor.Scalar}); err != nil {
		return err
	}
	return m.dev.Write(m.token, m.read)
}

func (m *measurement) alloc(l device.Layout) (device.Buffer, error) {
	b, err := m.dev.Alloc(l)
	if err == nil {
		m.buffers = append(m.buffers, b)
	}
	return b, err
}

// enter makes a contender ready, runs it once to warm up and as often as its first
// time takes.
func (m *measurement) enter(c *contender, op kernels.Op, in []device.Operand) error {
	var err error
	if c.program, err = m.dev.PrepareVariant(op, in, c.variant); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer time.AfterFunc(compileTime, cancel).Stop()
	if err := c.program.Ready(ctx); err != nil {
		return err
	}
	for i, l := range c.program.Inputs() {
		key := input{i, l.Packing}
		if m.inputs[key] == nil {
			b, err := m.alloc(l)
			if err != nil {
				return err
			}
			if err := m.dev.Write(b, m.values[i]); err != nil {
				return err
			}
			m.inputs[key] = b
		}
		c.in = append(c.in, m.inputs[key])
	}
	if _, err := m.sample(c, 1); err != nil {
		return err
	}
	for runs := 1; ; {
		took, err := m.sample(c, runs)
		if err != nil {
			return err
		}
		c.best = max(took/time.Duration(runs), 1)
		more := min(m.runs(c), 4*runs)
		if took >= m.length*3/4 || more <= runs {
			return nil
		}
		runs = more
	}
}

// runs returns how many runs of a contender make a sample.
func (m *measurement) runs(c *contender) int {
	return int(min(max(m.length/c.best, 1), sampleRuns*m.length/sampleTime))
}

// wait times waiting when there is nothing to wait for.
func (m *measurement) wait() (time.Duration, error) {
	least, err := m.sample(nil, 0)
	for i := 1; i < someRounds && err == nil; i++ {
		var again time.Duration
		again, err = m.sample(nil, 0)
		least = min(least, again)
	}
	return max(least, 1), err
}

// sample times so many runs together.
func (m *measurement) sample(c *contender, runs int) (time.Duration, error) {
	from := m.clock()
	for range runs {
		if err := m.dev.Run(c.program, m.outputs, c.in); err != nil {
			return 0, err
		}
	}
	if err := m.dev.Read(context.Background(), m.token, m.read); err != nil {
		return 0, err
	}
	return m.clock() - from, nil
}

// compete has the contenders take turns, so that a busy moment strikes all alike,
// for about the given time each.
func (m *measurement) compete(each time.Duration) error {
	for round := range rounds {
		limit := time.Duration(surely)
		if round >= someRounds {
			limit = hopeless
		}
		least := time.Duration(0)
		for _, c := range m.contenders {
			if c.best > 0 && (least == 0 || c.best < least) {
				least = c.best
			}
		}
		for _, c := range m.contenders {
			if c.out || c.best == 0 {
				c.out = true
				continue
			}
			runs := m.runs(c)
			if c.out = c.best > limit*least || c.spent+time.Duration(runs)*c.best > each; c.out {
				continue
			}
			took, err := m.sample(c, runs)
			if errors.Is(err, device.ErrLost) {
				return err
			}
			if err != nil {
				c.out, c.best = true, 0
				continue
			}
			c.spent += took
			c.best = max(min(c.best, took/time.Duration(runs)), 1)
		}
	}
	return nil
}

func (m *measurement) find(variant string) *contender {
	for _, c := range m.contenders {
		if c.variant == variant {
			return c
		}
	}
	return &contender{}
}

// take returns the program of a variant and closes those of the others.
func (m *measurement) take(variant string) device.Program {
	var taken device.Program
	for _, c := range m.contenders {
		switch {
		case c.program == nil:
		case c.variant == variant && taken == nil:
			taken = c.program
		default:
			c.program.Close()
		}
	}
	return taken
}

func (m *measurement) free() {
	for _, b := range m.buffers {
		b.Close()
	}
}

// ordinary returns a tensor of values like a network's: between -1 and 1, none so
// small that a processor would be slow at it.
func ordinary(s tensor.Shape, seed uint32) *tensor.Tensor {
	t := tensor.New(s)
	state := seed*2654435761 + 1
	for i := range t.Data {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		t.Data[i] = float32(state>>8)/(1<<23) - 1
	}
	return t
}
