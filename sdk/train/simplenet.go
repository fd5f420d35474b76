package train

import (
	"context"
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/method"
)

// SimpleNet's hyperparameters (Liu et al., CVPR 2023, and its published code),
// but for the schedule: the published one takes constant rates, a quarter of
// these, for ten to thirty times as many steps. Here they fall along a cosine to
// zero, so that few steps suffice and the last weights do not depend on which
// step was the last (docs/RESULTS.md).
const (
	noiseStd     = 0.015
	margin       = 0.5
	leakySlope   = 0.2
	normEpsilon  = 1e-5
	normMomentum = 0.1

	adaptorRate       = 4e-4
	discriminatorRate = 8e-4
)

func adaptorStep() kernels.Adam {
	return kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-2, Decoupled: true}
}

func discriminatorStep() kernels.Adam {
	return kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-5}
}

// An epoch goes once through the vectors, through no more than epochRows of them,
// drawn anew each time: learning from many pictures takes no longer than from
// some.
const (
	epochRows = 16384
	batchRows = 2048
)

// learner learns one SimpleNet head. Its whole state lives on the device and can
// be saved and restored between epochs.
type learner struct {
	plan     *graph.Plan
	options  method.SimpleNetOptions
	features *features
	pictures []int // those learned from
	seed     uint32
	pool     *tensor.Tensor
	batch    int
	epochs   int
	states   []method.NamedShape // everything that must survive an interruption
	step     int
	filled   bool // the pool was filled once
	stepped  func()
}

func newLearner(ctx context.Context, dev device.Device, o method.SimpleNetOptions, f *features, pictures []int, seed uint32, epochs int) (*learner, error) {
	rows := min(f.count(pictures), epochRows)
	if rows < 2 {
		return nil, fmt.Errorf("train: %d feature vectors are too few to learn from", rows)
	}
	l := &learner{options: o, features: f, pictures: pictures, seed: seed, batch: min(batchRows, rows), epochs: epochs}
	l.pool = tensor.New(tensor.Rows(o.Width(), rows))
	g := graph.New()
	l.build(g)
	var err error
	l.plan, err = g.Compile(ctx, dev, graph.Options{})
	return l, err
}

// build adds one training step to g (ALGORITHMS: q = G(F), noise beside it, one
// pass of the discriminator over both, truncated L1, Adam and AdamW).
func (l *learner) build(g *graph.Graph) {
	index := kernels.Apply1(g, kernels.Permutation{Rows: l.pool.Shape[3], Count: l.batch},
		g.Input("order", tensor.Rows(1, 4)), g.Input("start", tensor.Scalar))
	vectors := kernels.Apply1(g, kernels.Gather{}, g.Input("pool", l.pool.Shape), index)

	p := map[string]kernels.Value{}
	for i, s := range l.options.Shapes() {
		p[s.Name] = g.State(s.Name, initial(s, l.options, l.seed, uint32(i)))
		l.states = append(l.states, s)
	}
	linear := kernels.Linear{Bias: true}
	real := kernels.Apply1(g, linear, vectors, p["adaptor.weight"], p["adaptor.bias"])
	noise := kernels.Apply1(g, kernels.Noise{To: g.Shape(real), Std: noiseStd}, g.Input("noise", tensor.Rows(1, 4)))
	fake := kernels.Apply1(g, kernels.Add{}, real, noise)
	both := kernels.Apply1(g, kernels.Concat{Axis: 3}, real, fake)
	hidden := kernels.Apply1(g, linear, both, p["discriminator.hidden.weight"], p["discriminator.hidden.bias"])
	norm := g.Apply(kernels.BatchNorm{Epsilon: normEpsilon, Momentum: normMomentum}, hidden,
		p["discriminator.norm.weight"], p["discriminator.norm.bias"],
		p["discriminator.norm.running_mean"], p["discriminator.norm.running_var"])
	g.Assign("discriminator.norm.running_mean", norm[1])
	g.Assign("discriminator.norm.running_var", norm[2])
	active := kernels.Apply1(g, kernels.Activate{Activation: kernels.LeakyReLU, Slope: leakySlope}, norm[0])
	scores := kernels.Apply1(g, kernels.Linear{}, active, p["discriminator.score.weight"])
	loss := kernels.Apply1(g, kernels.TruncatedL1{Margin: margin},
		kernels.Apply1(g, kernels.Slice{Axis: 3, Start: 0, Length: l.batch}, scores),
		kernels.Apply1(g, kernels.Slice{Axis: 3, Start: l.batch, Length: l.batch}, scores))
	sum := g.State("loss", tensor.New(tensor.Scalar))
	l.states = append(l.states, method.NamedShape{Name: "loss", Shape: tensor.Scalar})
	g.Assign("loss", kernels.Apply1(g, kernels.Add{}, sum, loss))

	adaptor, discriminator := g.Input("adaptor rate", tensor.Rows(1, 3)), g.Input("discriminator rate", tensor.Rows(1, 3))
	var names []string
	var weights []kernels.Value
	for _, s := range l.options.Shapes() {
		if s.Name != "discriminator.norm.running_mean" && s.Name != "discriminator.norm.running_var" {
			names = append(names, s.Name)
			weights = append(weights, p[s.Name])
		}
	}
	for i, gradient := range g.Differentiate(loss, weights...) {
		op, scalars := discriminatorStep(), discriminator
		if i < 2 {
			op, scalars = adaptorStep(), adaptor
		}
		shape := g.Shape(weights[i])
		moments := []string{names[i] + ".first_moment", names[i] + ".second_moment"}
		in := []kernels.Value{weights[i], gradient}
		for _, m := range moments {
			in = append(in, g.State(m, tensor.New(shape)))
			l.states = append(l.states, method.NamedShape{Name: m, Shape: shape})
		}
		out := g.Apply(op, append(in, scalars)...)
		g.Assign(names[i], out[0])
		g.Assign(moments[0], out[1])
		g.Assign(moments[1], out[2])
	}
}

// initial draws a parameter: weights Xavier-normal, the linear maps' biases
// uniform within 1/√inputs, batch norm the identity.
func initial(s method.NamedShape, o method.SimpleNetOptions, seed, index uint32) *tensor.Tensor {
	t := tensor.New(s.Shape)
	switch s.Name {
	case "discriminator.norm.weight", "discriminator.norm.running_var":
		for i := range t.Data {
			t.Data[i] = 1
		}
	case "adaptor.bias", "discriminator.hidden.bias":
		bound := 1 / math.Sqrt(float64(o.Width()))
		for i := range t.Data {
			word, _ := kernels.Threefry(seed, index, uint32(i), 1)
			t.Data[i] = float32(bound * (2*float64(word>>8)/(1<<24) - 1))
		}
	case "adaptor.weight", "discriminator.hidden.weight", "discriminator.score.weight":
		std := math.Sqrt(2 / float64(s.Shape[0]+s.Shape[1]))
		counter := tensor.From(tensor.Rows(1, 4), kernels.Counter(seed, index))
		kernels.Noise{To: s.Shape, Std: float32(std)}.Reference([]*tensor.Tensor{t}, []*tensor.Tensor{counter})
	}
	return t
}

func (l *learner) stepsPerEpoch() int { return (l.pool.Shape[3] + l.batch - 1) / l.batch }

// epoch goes on to the end of the running epoch and returns its mean loss. When
// ctx is done it stops after a whole step.
func (l *learner) epoch(ctx context.Context) (float64, error) {
	steps := l.stepsPerEpoch()
	if err := l.open(uint32(l.step / steps)); err != nil {
		return 0, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		start := float32(l.step % steps * l.batch % l.pool.Shape[3])
		decay := (1 + math.Cos(math.Pi*float64(l.step)/float64(l.epochs*steps))) / 2
		l.step++
		for _, in := range []struct {
			name   string
			values []float32
		}{
			{"start", []float32{start}},
			{"noise", kernels.Counter(l.seed+1, uint32(l.step))},
			{"adaptor rate", adaptorStep().Scalars(adaptorRate*decay, l.step)},
			{"discriminator rate", discriminatorStep().Scalars(discriminatorRate*decay, l.step)},
		} {
			if err := l.plan.Write(in.name, tensor.From(tensor.Rows(1, len(in.values)), in.values)); err != nil {
				return 0, err
			}
		}
		if err := l.plan.Run(); err != nil {
			return 0, err
		}
		if l.stepped != nil {
			l.stepped()
		}
		if l.step%steps == 0 {
			break
		}
	}
	loss := tensor.New(tensor.Scalar)
	// An epoch that is over is accounted for even when ctx is done by now, so that
	// going on from it gives the same detector.
	if err := l.plan.Read(context.WithoutCancel(ctx), "loss", loss); err != nil {
		return 0, err
	}
	mean := float64(loss.Data[0]) / float64(steps)
	if mean-mean != 0 {
		return 0, fmt.Errorf("train: the loss became %v in epoch %d", mean, l.step/steps)
	}
	return mean, l.plan.Write("loss", tensor.New(tensor.Scalar))
}

// open uploads the epoch's vectors, or all of them once when they fit.
func (l *learner) open(epoch uint32) error {
	order := tensor.From(tensor.Rows(1, 4), kernels.Counter(l.seed, epoch))
	if err := l.plan.Write("order", order); err != nil {
		return err
	}
	all := l.features.count(l.pictures) == l.pool.Shape[3]
	if l.filled && all {
		return nil
	}
	if all {
		epoch = 0 // the same order whichever epoch an interrupted fit goes on with
	}
	l.filled = true
	l.features.pool(l.pool, l.pictures, l.seed+2, epoch)
	return l.plan.Write("pool", l.pool)
}

// save returns everything that an interrupted learner goes on from.
func (l *learner) save(ctx context.Context) (map[string]*tensor.Tensor, error) {
	saved := map[string]*tensor.Tensor{}
	for _, s := range l.states {
		t := tensor.New(s.Shape)
		if err := l.plan.Read(ctx, s.Name, t); err != nil {
			return nil, err
		}
		saved[s.Name] = t
	}
	return saved, nil
}

// restore goes on after step steps from what save returned.
func (l *learner) restore(saved map[string]*tensor.Tensor, step int) error {
	for _, s := range l.states {
		t := saved[s.Name]
		if t == nil {
			return fmt.Errorf("train: the checkpoint lacks %q", s.Name)
		}
		if err := l.plan.Write(s.Name, t); err != nil {
			return err
		}
	}
	l.step = step
	return nil
}

func (l *learner) close() { l.plan.Close() }
