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

// keep takes in the state of the running stage.
func (c *checkpoint) keep(l *learner) (err error) {
	// A cancelled fit still saves.
	c.Step = l.step
	c.states, err = l.save(context.Background())
	return err
}
