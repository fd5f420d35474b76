package train

import (
	"context"
	"time"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// checkpoint is where an interrupted fit goes on: the results of the stages that
// are over and the state of the running one.
type checkpoint struct {
	Digest string  `json:"digest"` // of the pictures and options it belongs to
	Stage  int     `json:"stage"`
	Step   int     `json:"step"`
	Loss   float64 `json:"loss"`
	// Scores and Peaks are the standardised ones of the held-out pictures so far.
	Scores []float32 `json:"scores"`
	Peaks  []float32 `json:"peaks"`

	states map[string]*tensor.Tensor // nil at the start of a stage
}

// checkpointInterval is the time between two checkpoints.
const checkpointInterval = 10 * time.Second

// due says whether it is time for a checkpoint.
func (f *fitting) due() bool {
	return f.Checkpoint != "" && time.Now().UnixMilli()-f.saved >= checkpointInterval.Milliseconds()
}

// memoryInterval is the time between two moments at which the state is taken from
// a device that may be lost: little is learned twice, and taking it, some
// milliseconds, does not count.
const memoryInterval = time.Second

// dueInMemory says whether it is time to take the state from the device.
func (f *fitting) dueInMemory() bool {
	if f.Reopen == nil {
		return false
	}
	now := time.Now().UnixMilli()
	if now-f.kept < memoryInterval.Milliseconds() {
		return false
	}
	f.kept = now
	return true
}

// saveIfDue writes the checkpoint when it is time.
func (f *fitting) saveIfDue(c *checkpoint) error {
	if !f.due() {
		return nil
	}
	return f.save(c)
}

// keep takes in the state of the running stage.
func (c *checkpoint) keep(l *learner) error {
	// A cancelled fit still saves.
	states, err := l.save(context.Background())
	if err == nil {
		c.Step, c.states = l.step, states
	}
	return err
}
