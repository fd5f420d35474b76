//go:build !js

package train

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"time"

	"github.com/flawscope/flawscope/sdk"
)

// checkpointKey is the name of the checkpoint's description in its file.
const checkpointKey = "flawscope.checkpoint"

// newDigest returns the hash that binds a checkpoint to its pictures.
func newDigest() hash.Hash { return sha256.New() }

// save writes the checkpoint, if there is to be one.
func (f *fitting) save(c *checkpoint) error {
	f.saved = time.Now().UnixMilli()
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
	f.saved = time.Now().UnixMilli()
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
