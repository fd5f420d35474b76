package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
	"golang.org/x/sync/errgroup"
)

// job is one picture to judge.
type job struct {
	name  string // as the user knows it
	short string // where it lies below what the user named, for names of files
	kind  string // what is known of it, "" for nothing
	read  func() ([]byte, error)
}

// outcome is what became of a job. Either err is set or the rest.
type outcome struct {
	job
	img    image.Image
	result sdk.Result
	took   time.Duration // from the decoded picture to the result
	err    error
}

func (o outcome) rejected() bool { return o.err == nil && o.result.Verdict == picture.Reject }

// ahead is the number of pictures that wait decoded, and of results that wait to
// be written.
const ahead = 1

// judge inspects pictures and gives the outcomes to emit, in order. Decoding runs
// ahead of the inspection, and emit behind it. A picture that cannot be judged is
// an outcome; an error ends everything.
func judge(ctx context.Context, inspector *sdk.Inspector, jobs []job, emit func(outcome) error) error {
	group, ctx := errgroup.WithContext(ctx)
	decoded := make(chan outcome, ahead)
	judged := make(chan outcome, ahead)
	group.Go(func() error {
		defer close(decoded)
		for _, j := range jobs {
			if err := send(ctx, decoded, decode(j)); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		defer close(judged)
		for o := range decoded {
			if o.err == nil {
				started := time.Now()
				o.result, o.err = inspector.Inspect(ctx, o.img)
				o.took = time.Since(started)
			}
			if fatal(ctx, o.err) {
				return fmt.Errorf("%s: %w", o.name, o.err)
			}
			if o.err == nil && (math.IsNaN(o.result.Score) || math.IsInf(o.result.Score, 0)) {
				o.err = fmt.Errorf("its score is %v", o.result.Score)
			}
			if err := send(ctx, judged, o); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for o := range judged {
			if err := emit(o); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return group.Wait()
}

func send(ctx context.Context, to chan<- outcome, o outcome) error {
	select {
	case to <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fatal says whether an error would meet every other picture too.
func fatal(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, device.ErrLost) || errors.Is(err, device.ErrOutOfMemory))
}

func decode(j job) outcome {
	o := outcome{job: j}
	b, err := j.read()
	if err == nil {
		o.img, err = picture.Decode(b, picture.Limits{})
	}
	o.err = err
	return o
}

// maxFileBytes is the largest picture file that is read.
const maxFileBytes = 1 << 30

// readPicture reads a picture file of a size that can be one.
func readPicture(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, reason(err)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("a file of %d bytes, the limit for pictures is %d", info.Size(), maxFileBytes)
	}
	b, err := os.ReadFile(name)
	return b, reason(err)
}

// reason strips the path from an error that is shown with it.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
