// Package session is the engine of the browser without the browser: what a worker
// remembers between messages, in plain Go. It takes requests in order, each with a
// number; Cancel goes ahead of the others. A device that is lost is opened again
// and the detector, of which the session keeps a copy, made ready on it.
package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/tune"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// Options are what a session lives on.
type Options struct {
	// Open opens a device of the kind. lost, which it may call from anywhere, says
	// that the device is gone though nothing was asked of it.
	Open func(ctx context.Context, kind string, canvas any, lost func()) (device.Device, error)
	// Emit takes a reply; it is called from Post and from Serve.
	Emit func(Reply)
	// Yield lets messages come in, where there is one thread for them and for the
	// work; nil where there are more.
	Yield func()
	// Store keeps what is measured of devices, nil for nowhere.
	Store tune.Store
}

// Session is one engine.
type Session struct {
	o Options

	mu      sync.Mutex
	pending map[int]context.CancelFunc // requests not yet answered
	queue   []job
	wake    chan struct{} // something is in the queue, or the idle device is lost
	gone    int           // the generation of device that was said to be lost

	// The rest belongs to Serve.
	breathed   time.Duration // by uptime
	spoke      time.Duration // when progress was last told
	fraction   float64       // that it told
	ctx        context.Context
	id         int // of the request, 0 between requests
	kind       string
	canvas     any
	noTune     bool
	opened     bool
	generation int // of the device; counts what was opened
	device     device.Device
	tuner      *tune.Device // within device, nil where nothing is measured
	measured   int          // operations since the device was opened
	weights    map[string]backbone.Weights
	detector   *sdk.Detector
	inspector  *sdk.Inspector
	policy     sdk.Policy
	learning
}

type job struct {
	Request
	ctx context.Context
}

// New returns a session; Serve makes it live.
func New(o Options) *Session {
	if o.Yield == nil {
		o.Yield = func() {}
	}
	return &Session{o: o, pending: map[int]context.CancelFunc{}, wake: make(chan struct{}, 1), weights: map[string]backbone.Weights{}}
}

// Post takes a request and returns at once.
func (s *Session) Post(r Request) {
	s.mu.Lock()
	if r.Kind == Cancel {
		cancel, found := s.pending[r.Target]
		s.mu.Unlock()
		if found {
			cancel()
		}
		s.o.Emit(Reply{r.ID, ReplyDone, Found{found}})
		return
	}
	if _, twice := s.pending[r.ID]; twice || r.ID == 0 {
		s.mu.Unlock()
		s.Refuse(r.ID, fmt.Errorf("a request numbered %d, which is 0 or in use", r.ID))
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.pending[r.ID] = cancel
	s.queue = append(s.queue, job{r, ctx})
	s.mu.Unlock()
	s.rouse()
}

// Refuse answers a message that is no request.
func (s *Session) Refuse(id int, why error) {
	s.o.Emit(Reply{id, ReplyError, &Error{CodeBadRequest, why}})
}

func (s *Session) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Serve answers requests until ctx is done, and frees what it holds.
func (s *Session) Serve(ctx context.Context) {
	s.o.Emit(Reply{Kind: EventReady, Value: Started{Protocol, learns}})
	for ctx.Err() == nil {
		if j, ok := s.next(); ok {
			s.answer(j)
			continue
		}
		s.mend(ctx)
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
	s.close()
}

func (s *Session) next() (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return job{}, false
	}
	j := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	return j, true
}

func (s *Session) answer(j job) {
	s.spoke, s.fraction, s.ctx, s.id = 0, 0, j.ctx, j.ID
	s.Breathe()
	value, err := s.do(j)
	s.ctx, s.id = nil, 0
	s.mu.Lock()
	cancel := s.pending[j.ID]
	delete(s.pending, j.ID)
	s.mu.Unlock()
	cancel()
	if err != nil {
		s.o.Emit(Reply{j.ID, ReplyError, coded(err)})
		return
	}
	s.o.Emit(Reply{j.ID, ReplyDone, value})
}

func (s *Session) do(j job) (value any, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.shelve() // it may be half done
			err = errorf(CodeInternal, "panic: %v", r)
		}
	}()
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	switch j.Kind {
	case Open:
		return s.open(j)
	case Weights:
		return nil, s.takeWeights(j)
	case Load:
		return s.load(j)
	case Compile:
		_, err := s.persist(j.ctx, func() error { return s.ready(j.ctx, j.ID) })
		if err != nil {
			return nil, err
		}
		return s.summary()
	case Inspect:
		return s.inspect(j)
	case SetPolicy:
		return s.setPolicy(j.Policy)
	case Variants:
		return s.variants()
	case Save:
		b, err := s.save()
		return Saved{b}, err
	case Add, Forget, Learn:
		return s.learn(j)
	case Close:
		s.close()
		return nil, nil
	}
	return nil, errorf(CodeBadRequest, "a request of the kind %q", j.Kind)
}

var began = time.Now()

// uptime is the time since the program began. (A time.Time within a Session would
// bring 10 KB of formatting into a browser.)
func uptime() time.Duration { return time.Since(began) }

// breath is the longest time without looking for messages.
const breath = 15 * time.Millisecond

// Breathe lets messages come in when it is time. Devices that compute long call it.
func (s *Session) Breathe() {
	if uptime()-s.breathed >= breath {
		s.o.Yield()
		s.breathed = uptime()
	}
}

// heartbeat is the time between two messages of progress.
const heartbeat = 60 * time.Millisecond

// tell sends progress, not too often; the end of a phase always.
func (s *Session) tell(id int, p Progress) {
	now := uptime()
	if p.Skipped == "" && p.Done != p.Total && s.spoke != 0 && now-s.spoke < heartbeat {
		return
	}
	s.spoke, s.fraction = now, p.Fraction
	s.o.Emit(Reply{id, ReplyProgress, p})
	s.Breathe()
}

func (s *Session) takeWeights(j job) error {
	network, err := backbone.Named(j.Name)
	if err != nil {
		return &Error{CodeBadRequest, err}
	}
	w, err := sdk.LoadWeights(bytes.NewReader(j.Bytes))
	if err == nil {
		err = network.Check(w)
	}
	if err != nil {
		return &Error{CodeBadWeights, err}
	}
	s.weights[j.Name] = w
	return nil
}

// given returns the weights of a backbone.
func (s *Session) given(name string) (backbone.Weights, error) {
	if w := s.weights[name]; w != nil {
		return w, nil
	}
	return nil, fmt.Errorf("%w: those of %s", sdk.ErrNoWeights, name)
}

func (s *Session) load(j job) (any, error) {
	d, err := sdk.LoadWith(bytes.NewReader(j.Bytes), s.given)
	if err != nil {
		return nil, err
	}
	if err := s.use(d, j.Policy); err != nil {
		return nil, err
	}
	return s.summary()
}

// use makes d the detector in use.
func (s *Session) use(d *sdk.Detector, p sdk.Policy) error {
	if _, err := d.Calibration.Decide(p); err != nil {
		return &Error{CodeBadRequest, err}
	}
	s.shelve()
	s.detector, s.policy = d, p
	return nil
}

func (s *Session) setPolicy(p sdk.Policy) (any, error) {
	if s.detector == nil {
		return nil, errNoDetector()
	}
	d, err := s.detector.Calibration.Decide(p)
	if err != nil {
		return nil, &Error{CodeBadRequest, err}
	}
	s.policy = p
	if s.inspector != nil {
		if err := s.inspector.SetPolicy(p); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func errNoDetector() error { return errorf(CodeNoDetector, "no detector was loaded or learned") }

func (s *Session) save() ([]byte, error) {
	if s.detector == nil {
		return nil, errNoDetector()
	}
	var b bytes.Buffer
	err := s.detector.Write(&b)
	return b.Bytes(), err
}

func (s *Session) summary() (Summary, error) {
	d := s.detector
	size, err := d.Preparation.Canvas()
	if err != nil {
		return Summary{}, err
	}
	decision, err := d.Calibration.Decide(s.policy)
	return Summary{
		Backbone: d.Backbone, Width: size.X, Height: size.Y, Training: d.Training,
		Calibration: len(d.Calibration.Scores), Folds: d.Calibration.Folds, Decision: decision,
	}, err
}

func (s *Session) inspect(j job) (any, error) {
	var result sdk.Result
	_, err := s.persist(j.ctx, func() error {
		err := s.ready(j.ctx, j.ID)
		if err == nil {
			result, err = s.inspector.InspectBytes(j.ctx, j.Bytes)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if math.IsNaN(result.Score) || math.IsInf(result.Score, 0) {
		return nil, errors.New("the score is not finite")
	}
	return Inspection{Result: result, Regions: result.Located(), NoMap: j.NoMap}, nil
}

// close frees everything.
func (s *Session) close() {
	s.drop()
	s.opened, s.detector, s.policy = false, nil, sdk.Policy{}
	s.learning = learning{}
	clear(s.weights)
}
