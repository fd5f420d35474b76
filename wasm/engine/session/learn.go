//go:build !inferonly

package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/sdk/train"
)

const learns = true

// learning is what a session remembers for learning.
type learning struct{ pictures []Picture }

// featureBytes is the memory for features: a browser gives 4 GiB in all.
const featureBytes = 768 << 20

// Most of what can be asked for.
const (
	maxEpochs = 100_000
	maxSide   = 2048
)

func (s *Session) learn(j job) (any, error) {
	switch j.Kind {
	case Add:
		s.pictures = append(s.pictures, Picture{j.Name, j.Bytes})
		return Count{len(s.pictures)}, nil
	case Forget:
		s.pictures = nil
		return Count{}, nil
	}
	o, err := s.learnOptions(j)
	if err != nil {
		return nil, err
	}
	if !s.opened {
		return nil, errorf(CodeNotOpen, "no device was opened")
	}
	s.shelve()
	var steps, stepsTotal, losses int
	fraction := 0.0
	tell := func(p Progress) {
		const reading = 0.1
		switch train.Phase(p.Phase) {
		case train.Reading:
			fraction = max(fraction, reading*float64(p.Done)/float64(p.Total))
		case train.Learning:
			fraction = max(fraction, reading+(0.99-reading)*float64(p.Done)/float64(p.Total))
		}
		p.Fraction = fraction
		losses = 0
		s.tell(j.ID, p)
	}
	loss := 0.0
	o.Step = func(done, total int) {
		steps, stepsTotal = done, total
		tell(Progress{Phase: string(train.Learning), Done: done, Total: total, Loss: loss})
	}
	o.Reopen = func(ctx context.Context, lost error) (device.Device, error) {
		s.lose(lost)
		if losses++; losses > maxLosses {
			return nil, lost
		}
		err := s.reopen(ctx)
		return s.device, err
	}
	pictures := source(append(append([]Picture(nil), s.pictures...), j.Pictures...))
	if s.device == nil {
		if err := s.reopen(j.ctx); err != nil {
			return nil, err
		}
	}
	d, err := train.Fit(j.ctx, s.device, o, pictures, func(p train.Progress) {
		if p.Phase == train.Learning {
			loss = p.Loss
			tell(Progress{Phase: string(p.Phase), Done: steps, Total: stepsTotal, Loss: loss})
			return
		}
		told := Progress{Phase: string(p.Phase), Done: p.Done, Total: p.Total, Loss: loss}
		if p.Skipped != nil {
			told.Skipped = p.Skipped.Error()
		}
		tell(told)
	})
	if errors.Is(err, train.ErrTooFew) {
		return nil, &Error{CodeTooFew, err}
	}
	if err != nil {
		return nil, err
	}
	if err := s.use(d, j.Policy); err != nil {
		return nil, err
	}
	summary, err := s.summary()
	if err != nil {
		return nil, err
	}
	b, err := s.save()
	return Learned{summary, b}, err
}

func (s *Session) learnOptions(j job) (train.Options, error) {
	l := j.Learn
	o := train.Options{Backbone: l.Backbone, Epochs: l.Epochs, Seed: l.Seed, FeatureBytes: featureBytes}
	if o.Backbone == "" {
		o.Backbone = backbone.Names()[0]
	}
	if _, err := backbone.Named(o.Backbone); err != nil {
		return o, &Error{CodeBadRequest, err}
	}
	var err error
	if o.Weights, err = s.given(o.Backbone); err != nil {
		return o, err
	}
	o.Preparation, err = picture.Options{Width: l.Width, Height: l.Height}.Filled()
	if err == nil && max(o.Preparation.Width, o.Preparation.Height) > maxSide {
		err = fmt.Errorf("pictures of %dx%d, the limit is %d a side", l.Width, l.Height, maxSide)
	}
	if err == nil && (l.Epochs < 0 || l.Epochs > maxEpochs) {
		err = fmt.Errorf("%d epochs, want 1 to %d", l.Epochs, maxEpochs)
	}
	if err == nil {
		_, err = sdk.Calibration{Scores: []float32{0}, Peaks: []float32{0}}.Decide(j.Policy)
	}
	if err != nil {
		return o, &Error{CodeBadRequest, err}
	}
	return o, nil
}

// source is a train.Source of pictures in memory.
type source []Picture

func (s source) Len() int { return len(s) }

func (s source) Picture(i int) (train.Picture, error) { return train.Picture(s[i]), nil }
