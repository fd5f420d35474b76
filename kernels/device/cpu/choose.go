package cpu

import "github.com/flawscope/flawscope/kernels"

// choose returns the routine for op, nil for what the reference does well enough.
func (s *setup) choose(op kernels.Op) runner {
	switch o := op.(type) {
	case kernels.Conv2D:
		return s.conv2d(o)
	case kernels.Linear:
		return s.linear(o)
	}
	return nil
}
