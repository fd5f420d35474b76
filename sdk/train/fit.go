// Package train fits detectors: it extracts the frozen backbone's features once,
// learns a method's head on the same graph and devices that inspect, and
// calibrates the result on good pictures it did not learn from.
package train

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/flawscope/flawscope/sdk/method"
	"github.com/flawscope/flawscope/sdk/picture"
)

// Source is a set of pictures that can be gone through again and again.
type Source interface {
	// Len is the number of pictures.
	Len() int
	// Picture returns picture i, or why it cannot be read.
	Picture(i int) (Picture, error)
}

// Picture is one picture file with what is known of it.
type Picture struct {
	Name  string
	Bytes []byte
}

// Options of Fit. The zero value is good.
type Options struct {
	// Backbone is a name of backbone.Names; "" is the embedded Compact.
	Backbone string
	// Weights are the backbone's; nil for the embedded ones of Compact.
	Weights backbone.Weights
	// Preparation brings the pictures to one size; zero is 256x256, whole.
	Preparation picture.Options
	// Epochs, each of at most 16,384 vectors; 0 means DefaultEpochs.
	Epochs int
	// Seed of everything random. On cpu the same seed gives the same detector.
	Seed uint32
	// Checkpoint is a file that progress is saved to, "" for none. With Resume
	// learning goes on from it, if it exists.
	Checkpoint string
	Resume     bool
	// Reopen, where not nil, is asked for another device when one is lost
	// (device.ErrLost), and learning goes on from what is held in memory. It returns
	// the loss, or another error, to give up. Who made a device closes it.
	Reopen func(ctx context.Context, lost error) (device.Device, error)
	// Step, where not nil, is told of every step of learning, of which there are
	// too few a minute on a slow machine to show only epochs.
	Step func(done, total int)
	// FeatureBytes is the most memory that the pictures' features take; of more
	// pictures each keeps only a random part. 0 means 2 GiB.
	FeatureBytes int64

	network backbone.Network
	head    method.SimpleNetOptions
	taps    [2]int // places of SimpleNetTaps among the network's
}

// DefaultEpochs is the default schedule; docs/RESULTS.md shows what more bring.
const DefaultEpochs = 80

// Least numbers of good pictures.
const (
	minPictures = 4  // fewer cannot be calibrated
	minHeldOut  = 30 // from here on some are held out instead of folds
	leastHeld   = 10
	maxFolds    = 5
)

// Progress tells how far Fit has come.
type Progress struct {
	Phase       Phase
	Done, Total int     // pictures, or epochs of all fits
	Loss        float64 // of the last epoch
	// Skipped is the picture that could not be used, with the reason, or nil.
	Skipped error
}

// Phase is a part of fitting.
type Phase string

// The phases, in order.
const (
	Reading     Phase = "reading"     // pictures to features
	Learning    Phase = "learning"    // epochs
	Calibrating Phase = "calibrating" // scores of good pictures
)

// ErrTooFew means that fewer than four good pictures could be used.
var ErrTooFew = errors.New("too few good pictures")

// Fit learns a SimpleNet detector from good pictures. Pictures that cannot be
// used are skipped and reported; fewer than four usable ones are ErrTooFew.
// When ctx is done, the state is saved to the checkpoint, if there is one, and
// ctx's error returned.
func Fit(ctx context.Context, dev device.Device, o Options, pictures Source, progress func(Progress)) (*sdk.Detector, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	f := &fitting{Options: o, dev: dev, pictures: pictures, progress: progress}
	if err := f.read(ctx); err != nil {
		return nil, err
	}
	return f.fit(ctx)
}

func (o *Options) fill() error {
	var err error
	if o.Backbone == "" {
		o.Backbone = backbone.Names()[0]
	}
	if o.network, err = backbone.Named(o.Backbone); err != nil {
		return err
	}
	if o.Weights == nil {
		if o.Weights, err = sdk.EmbeddedWeights(o.Backbone); err != nil {
			return err
		}
	}
	if err := o.network.Check(o.Weights); err != nil {
		return err
	}
	if o.Preparation, err = o.Preparation.Filled(); err != nil {
		return err
	}
	if o.Epochs == 0 {
		o.Epochs = DefaultEpochs
	}
	if o.FeatureBytes == 0 {
		o.FeatureBytes = defaultFeatureBytes
	}
	if o.FeatureBytes < 0 {
		return fmt.Errorf("train: %d bytes for features", o.FeatureBytes)
	}
	if o.Epochs < 0 {
		return fmt.Errorf("train: %d epochs", o.Epochs)
	}
	var channels [2]int
	for i, name := range method.SimpleNetTaps {
		tap, place, err := o.network.Tap(name)
		if err != nil {
			return err
		}
		o.taps[i], channels[i] = place, tap.Channels
	}
	o.head = method.DefaultSimpleNet(o.Backbone, channels)
	return nil
}

// fitting is one call of Fit.
type fitting struct {
	Options
	dev      device.Device
	pictures Source
	progress func(Progress)

	names    []string // of the usable pictures
	usable   []int    // their places in pictures
	features features
	digest   string // of the usable pictures and everything that decides the result
	saved    int64  // when the last checkpoint was, in milliseconds
	kept     int64  // when the state was last taken from the device, likewise
}

// stage is one fit: a fold, or the final one.
type stage struct{ learn, held []int }

// stages returns the fits to do, the detector's own last: one with a part held
// out where there are enough pictures, else one per fold and one of all.
func stages(n int, seed uint32) []stage {
	order := draw(n, n, seed, stageStep)
	if n >= minHeldOut {
		held := max(leastHeld, n/5)
		return []stage{{learn: sorted(order[held:]), held: sorted(order[:held])}}
	}
	var all []stage
	folds := min(n, maxFolds)
	for k := range folds {
		var s stage
		for i, p := range order {
			if i%folds == k {
				s.held = append(s.held, p)
			} else {
				s.learn = append(s.learn, p)
			}
		}
		all = append(all, stage{learn: sorted(s.learn), held: sorted(s.held)})
	}
	return append(all, stage{learn: sorted(order)})
}

// stageStep keeps the draw of the held-out pictures apart from the epochs' draws.
const stageStep = 1 << 30

func sorted(indices []int) []int {
	s := slices.Clone(indices)
	slices.Sort(s)
	return s
}

func (f *fitting) fit(ctx context.Context) (*sdk.Detector, error) {
	todo := stages(len(f.usable), f.Seed)
	saved, err := f.resume(len(todo))
	if err != nil {
		return nil, err
	}
	for k := saved.Stage; ; k++ {
		d, err := f.stage(ctx, todo[k], k, saved)
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), f.save(saved))
		}
		if err != nil {
			return nil, err
		}
		if k == len(todo)-1 {
			return f.finish(d, todo, saved)
		}
		saved.Stage, saved.Step, saved.states = k+1, 0, nil
		if err := f.save(saved); err != nil {
			return nil, err
		}
	}
}

// stage learns one detector and scores the pictures held out of it.
func (f *fitting) stage(ctx context.Context, s stage, k int, saved *checkpoint) (*sdk.Detector, error) {
	if err := f.persist(ctx, func() error { return f.learn(ctx, s.learn, k, saved) }); err != nil {
		return nil, err
	}
	head, err := method.NewSimpleNet(f.head, 0, 1, saved.states)
	if err != nil {
		return nil, err
	}
	d := &sdk.Detector{Backbone: f.Backbone, Weights: f.Weights, Preparation: f.Preparation, Method: head}
	return d, f.persist(ctx, func() error { return f.measure(ctx, d, s, saved) })
}

// persist does work again on another device as long as devices are lost.
func (f *fitting) persist(ctx context.Context, work func() error) error {
	for {
		err := work()
		if err == nil || f.Reopen == nil || !errors.Is(err, device.ErrLost) || ctx.Err() != nil {
			return err
		}
		dev, err := f.Reopen(ctx, err)
		if err != nil {
			return err
		}
		f.dev = dev
	}
}

// learn fits one head, from the checkpoint on if it is in this stage, and leaves
// its state in saved.
func (f *fitting) learn(ctx context.Context, pictures []int, k int, saved *checkpoint) error {
	l, err := newLearner(ctx, f.dev, f.head, &f.features, pictures, f.Seed+uint32(k)*stageSeeds, f.Epochs)
	if err != nil {
		return err
	}
	defer l.close()
	if saved.states != nil {
		if err := l.restore(saved.states, saved.Step); err != nil {
			return err
		}
	}
	stages := len(stages(len(f.usable), f.Seed))
	if f.Step != nil {
		all := f.Epochs * l.stepsPerEpoch()
		l.stepped = func() { f.Step(k*all+l.step, stages*all) }
	}
	total := stages * f.Epochs
	for l.step < f.Epochs*l.stepsPerEpoch() && ctx.Err() == nil {
		loss, err := l.epoch(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil {
			saved.Loss = loss
			f.progress(Progress{Phase: Learning, Done: k*f.Epochs + l.step/l.stepsPerEpoch(), Total: total, Loss: loss})
		}
		if f.due() || f.dueInMemory() {
			if err := errors.Join(saved.keep(l), f.saveIfDue(saved)); err != nil {
				return err
			}
		}
	}
	return errors.Join(saved.keep(l), ctx.Err())
}

// stageSeeds keeps the seeds of stages, each of which uses a few in a row, apart.
const stageSeeds = 16

// measure sets the centre and the spread of d's scores from the pictures it
// learned from, and adds the standardised scores of the held-out ones to saved.
func (f *fitting) measure(ctx context.Context, d *sdk.Detector, s stage, saved *checkpoint) error {
	inspector, err := d.OnContext(ctx, f.dev, nil)
	if err != nil {
		return err
	}
	defer inspector.Close()
	done, total := 0, len(s.learn)+len(s.held)
	scores := func(pictures []int) (scores, peaks []float64, err error) {
		for _, p := range pictures {
			img, err := f.image(p)
			if err != nil {
				return nil, nil, err
			}
			score, peak, err := inspector.Measure(ctx, img)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", f.names[p], err)
			}
			scores, peaks = append(scores, score), append(peaks, peak)
			done++
			f.progress(Progress{Phase: Calibrating, Done: done, Total: total})
		}
		return scores, peaks, nil
	}
	learned, _, err := scores(s.learn)
	if err != nil {
		return err
	}
	held, peaks, err := scores(s.held)
	if err != nil {
		return err
	}
	// Only now, for a device that is lost before has all this done again.
	head := d.Method.(*method.SimpleNet)
	head.Center, head.Spread = location(learned)
	for i := range held {
		saved.Scores = append(saved.Scores, float32((held[i]-head.Center)/head.Spread))
		saved.Peaks = append(saved.Peaks, float32((peaks[i]-head.Center)/head.Spread))
	}
	return nil
}

// location returns the median of the scores and their spread, the median
// absolute deviation scaled to a normal's standard deviation. Of three or four
// scores that deviation is mostly chance, and one that is near zero by chance
// would blow up everything divided by it, so it is kept above a tenth of the
// loss's margin, the unit the discriminator learns in.
func location(scores []float64) (center, spread float64) {
	center = median(scores)
	away := make([]float64, len(scores))
	for i, s := range scores {
		away[i] = math.Abs(s - center)
	}
	const normal, least = 1.4826, margin / 10
	return center, max(normal*median(away), least)
}

func median(values []float64) float64 {
	s := slices.Clone(values)
	// From either end; why not by package slices, tensor's byPlace says.
	sort.Sort(sort.Reverse(sort.Float64Slice(s)))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

func (f *fitting) finish(d *sdk.Detector, todo []stage, saved *checkpoint) (*sdk.Detector, error) {
	d.Calibration = sdk.Calibration{Scores: saved.Scores, Peaks: saved.Peaks}
	if len(todo) > 1 {
		d.Calibration.Folds = len(todo) - 1
	}
	last := todo[len(todo)-1]
	d.Training = sdk.Training{
		Pictures: len(last.learn), HeldOut: len(last.held), Skipped: f.pictures.Len() - len(f.usable),
		Epochs: f.Epochs, Seed: f.Seed, Loss: saved.Loss, Device: f.dev.Info().Name,
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	return d, f.forget()
}

// image decodes usable picture p again.
func (f *fitting) image(p int) (image.Image, error) {
	file, err := f.pictures.Picture(f.usable[p])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.names[p], err)
	}
	img, err := picture.Decode(file.Bytes, picture.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.names[p], err)
	}
	return img, nil
}

// read extracts the features of every usable picture.
func (f *fitting) read(ctx context.Context) error {
	var e *extractor
	open := func() (err error) {
		e, err = newExtractor(ctx, f.dev, f.Options)
		return err
	}
	if err := f.persist(ctx, open); err != nil {
		return err
	}
	defer func() {
		if e != nil {
			e.close()
		}
	}()
	f.features.width = f.head.Width()
	total := f.pictures.Len()
	keep := max(1, int(f.FeatureBytes)/(4*f.features.width)/max(total, 1))
	digest := newDigest()
	fmt.Fprintf(digest, "%s %+v %d %d %+v %d\n", f.Backbone, f.Preparation, f.Epochs, f.Seed, f.head, keep)
	for i := range total {
		var name string
		err := f.persist(ctx, func() (err error) {
			if e == nil {
				if err := open(); err != nil {
					return &deviceError{err}
				}
			}
			name, err = f.readOne(ctx, e, i, keep, digest)
			if errors.Is(err, device.ErrLost) {
				e.close()
				e = nil
			}
			return err
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var lost *deviceError
		if errors.As(err, &lost) {
			return err
		}
		p := Progress{Phase: Reading, Done: i + 1, Total: total}
		if err != nil {
			p.Skipped = fmt.Errorf("%s: %w", name, err)
		}
		f.progress(p)
	}
	f.digest = hex.EncodeToString(digest.Sum(nil))
	if len(f.usable) < minPictures {
		return fmt.Errorf("train: %w: %d of %d could be used, at least %d are needed", ErrTooFew, len(f.usable), total, minPictures)
	}
	return nil
}

// deviceError is a failure that no other picture would escape.
type deviceError struct{ error }

func (e *deviceError) Unwrap() error { return e.error }

func (f *fitting) readOne(ctx context.Context, e *extractor, i, keep int, digest io.Writer) (name string, err error) {
	file, err := f.pictures.Picture(i)
	if err != nil {
		return file.Name, err
	}
	img, err := picture.Decode(file.Bytes, picture.Limits{})
	if err != nil {
		return file.Name, err
	}
	vectors, err := e.extract(ctx, img, keep, f.Seed, uint32(i))
	if err != nil {
		return file.Name, err
	}
	digest.Write(file.Bytes)
	f.names = append(f.names, file.Name)
	f.usable = append(f.usable, i)
	f.features.pictures = append(f.features.pictures, vectors)
	return file.Name, nil
}
