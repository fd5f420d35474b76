package train

import (
	"errors"
	"hash"
	"hash/crc32"
)

// A browser has no files for checkpoints.

func newDigest() hash.Hash { return crc32.NewIEEE() }

func (f *fitting) save(*checkpoint) error { return nil }

func (f *fitting) resume(int) (*checkpoint, error) {
	if f.Checkpoint != "" {
		return nil, errors.New("train: there are no checkpoint files in a browser")
	}
	return &checkpoint{}, nil
}

func (f *fitting) forget() error { return nil }
