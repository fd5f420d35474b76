package main

import (
	"fmt"
	"os"
	"time"

	"github.com/flawscope/flawscope/docs/bench/contest"
	"github.com/flawscope/flawscope/sdk/dataset"
	"github.com/flawscope/flawscope/sdk/train"
)

// tiles are good pictures of a real surface, outside the repository.
const tiles = "../shared/data/magnetic_tile/train/good"

// files is a train.Source of picture files.
type files []string

func (f files) Len() int { return len(f) }

func (f files) Picture(i int) (train.Picture, error) {
	bytes, err := os.ReadFile(f[i])
	return train.Picture{Name: f[i], Bytes: bytes}, err
}

// fit times the learning of a Compact detector from 200 pictures by the default
// schedule, once, after everything else.
func (b *bench) fit() (*contest.Result, error) {
	const name, pictures = "fit/compact_200", 200
	if b.short {
		b.skip(name, fmt.Errorf("-short"))
		return nil, nil
	}
	found, _, err := dataset.Find(tiles)
	if err == nil && len(found) < pictures {
		err = fmt.Errorf("%s has %d pictures, want %d", tiles, len(found), pictures)
	}
	if err != nil {
		b.skip(name, err)
		return nil, nil
	}
	fmt.Fprintln(os.Stderr, name)
	contest.Rest()
	start := time.Now()
	if _, err := train.Fit(b.ctx, b.cpu, train.Options{Seed: 1}, files(found[:pictures]), nil); err != nil {
		return nil, err
	}
	result := contest.Once(name, time.Since(start))
	return &result, nil
}
