package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk"
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

// checkpointKey is the name of the checkpoint's description in its file.
const checkpointKey = "flawscope.checkpoint"

// checkpointInterval is the time between two checkpoints.
const checkpointInterval = 10 * time.Second

// due says whether it is time for a checkpoint.
func (f *fitting) due() bool {
	return f.Checkpoint != "" && time.Since(f.saved) >= checkpointInterval
}

// keep takes in the state of the running stage.
func (c *checkpoint) keep(l *learner) (err error) {
	// A cancelled fit still saves.
	c.Step = l.step
	c.states, err = l.save(context.Background())
	return err
}

// save writes the checkpoint, if there is to be one.
func (f *fitting) save(c *checkpoint) error {
	f.saved = time.Now()
	if f.Checkpoint == "" {
		return nil
	}
	c.Digest = f.digest
	description, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return sdk.WriteTensors(f.Checkpoint, c.states, map[string]string{checkpointKey: string(description)})
}

// resume returns the saved checkpoint, or an empty one.
func (f *fitting) resume(stages int) (*checkpoint, error) {
	f.saved = time.Now()
	c := &checkpoint{}
	if !f.Resume || f.Checkpoint == "" {
		return c, nil
	}
	tensors, metadata, err := sdk.ReadTensors(f.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	if err := json.Unmarshal([]byte(metadata[checkpointKey]), c); err != nil {
		return nil, fmt.Errorf("train: checkpoint %s: %w: its description: %v", f.Checkpoint, sdk.ErrFormat, err)
	}
	if c.Digest != f.digest {
		return nil, fmt.Errorf("train: checkpoint %s belongs to other pictures or options; remove it or fit without resuming", f.Checkpoint)
	}
	if c.Stage < 0 || c.Stage >= stages || c.Step < 0 || len(c.Scores) != len(c.Peaks) {
		return nil, fmt.Errorf("train: checkpoint %s: %w: stage %d of %d, step %d", f.Checkpoint, sdk.ErrFormat, c.Stage, stages, c.Step)
	}
	if c.Step > 0 {
		c.states = tensors
	}
	return c, nil
}

// forget removes the checkpoint of a fit that is over.
func (f *fitting) forget() error {
	if f.Checkpoint == "" {
		return nil
	}
	err := os.Remove(f.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
