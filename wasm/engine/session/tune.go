package session

import (
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/tune"
)

// measureTime is about how long each way of an operation is measured: somebody waits
// for the first inspection.
const measureTime = 20 * time.Millisecond

// tuned returns dev choosing its kernels by measurement, where it has a choice and the
// page does not refuse.
func (s *Session) tuned(dev device.Device) device.Device {
	s.tuner = nil
	varied, ok := dev.(device.Varied)
	if !ok || s.noTune {
		return dev
	}
	s.tuner = tune.New(varied, tune.Options{Store: s.o.Store, Time: measureTime, Measured: func(tune.Entry) {
		s.measured++
		if s.id != 0 {
			s.tell(s.id, Progress{Phase: "measuring", Done: s.measured, Fraction: s.fraction})
		}
	}})
	return s.tuner
}

// variants returns what is known of the device's ways to run operations.
func (s *Session) variants() (Table, error) {
	if !s.opened {
		return Table{}, errorf(CodeNotOpen, "no device was opened")
	}
	if s.tuner == nil {
		return Table{}, nil
	}
	return Table{s.tuner.Text(), s.measured}, nil
}
