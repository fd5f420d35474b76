package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
)

func (s *Session) open(j job) (any, error) {
	s.drop()
	s.opened, s.kind, s.canvas, s.noTune, s.measured = false, j.Device, j.Canvas, j.NoTune, 0
	if err := s.acquire(j.ctx); err != nil {
		if errors.Is(err, device.ErrLost) || j.ctx.Err() != nil {
			return nil, err
		}
		var e *Error
		if !errors.As(err, &e) {
			err = &Error{CodeUnsupported, err}
		}
		return nil, err
	}
	s.opened = true
	return Opened{s.device.Info()}, nil
}

// acquire opens a device.
func (s *Session) acquire(ctx context.Context) error {
	s.generation++
	generation := s.generation
	dev, err := s.o.Open(ctx, s.kind, s.canvas, func() {
		s.mu.Lock()
		s.gone = max(s.gone, generation)
		s.mu.Unlock()
		s.rouse()
	})
	if err == nil {
		s.device = &breathing{Device: s.tuned(dev), session: s}
	}
	return err
}

// breathing is a device that lets messages come in between its programs, and
// stops when the request that it works for is cancelled.
type breathing struct {
	device.Device
	session *Session
}

// Run is device.Device's.
func (b *breathing) Run(p device.Program, out, in []device.Buffer) error {
	b.session.Breathe()
	if ctx := b.session.ctx; ctx != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return b.Device.Run(p, out, in)
}

// ready makes sure that the detector is compiled on a device that is open.
func (s *Session) ready(ctx context.Context, id int) error {
	if !s.opened {
		return errorf(CodeNotOpen, "no device was opened")
	}
	if s.detector == nil {
		return errNoDetector()
	}
	if s.inspector != nil {
		return nil
	}
	i, err := s.detector.OnContext(ctx, s.device, func(done, total int) {
		if id != 0 {
			s.tell(id, Progress{Phase: "compiling", Done: done, Total: total, Fraction: float64(done) / float64(total)})
		}
	})
	if err != nil {
		return err
	}
	if err := i.SetPolicy(s.policy); err != nil {
		return errors.Join(err, i.Close())
	}
	s.inspector = i
	return nil
}

// Losses are survived this often in a row, each time with another device.
const maxLosses = 3

// persist does work again, on another device, when the device is lost.
func (s *Session) persist(ctx context.Context, work func() error) (losses int, err error) {
	for ; ; losses++ {
		if s.opened && s.device == nil {
			if err = s.reopen(ctx); err != nil {
				return losses, err
			}
		}
		if err = work(); !errors.Is(err, device.ErrLost) {
			return losses, err
		}
		s.lose(err)
		if losses == maxLosses {
			return losses, err
		}
	}
}

// lose gives up a device that is lost and says so.
func (s *Session) lose(err error) {
	s.drop()
	s.o.Emit(Reply{Kind: EventLost, Value: coded(err)})
}

// patience is how long to wait for another device: a browser whose graphics
// process has died needs a moment.
var patience = [...]time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond, 1500 * time.Millisecond}

// reopen opens another device in place of one that was lost.
func (s *Session) reopen(ctx context.Context) error {
	var err error
	for _, wait := range patience {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err = s.acquire(ctx); err == nil {
			s.o.Emit(Reply{Kind: EventRestored, Value: Opened{s.device.Info()}})
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return &Error{CodeLost, fmt.Errorf("%w, and none can be opened in its place: %w", device.ErrLost, err)}
}

// mend restores a device that was lost while nothing was asked of it.
func (s *Session) mend(ctx context.Context) {
	s.mu.Lock()
	gone := s.gone
	s.mu.Unlock()
	if s.device == nil || gone != s.generation {
		return
	}
	s.lose(fmt.Errorf("while idle: %w", device.ErrLost))
	ctx, cancel := context.WithCancel(ctx)
	defer time.AfterFunc(30*time.Second, cancel).Stop()
	defer cancel()
	// Should it fail, the next request tries again and says why.
	_, _ = s.persist(ctx, func() error {
		if s.detector == nil {
			return nil
		}
		return s.ready(ctx, 0)
	})
}

// shelve frees the detector's plan.
func (s *Session) shelve() {
	if s.inspector != nil {
		_ = s.inspector.Close() // frees memory only
		s.inspector = nil
	}
}

// drop frees the device and all that is on it.
func (s *Session) drop() {
	s.shelve()
	if s.device != nil {
		_ = s.device.Close() // a lost one may complain
		s.device = nil
	}
}
