package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/flawscope/flawscope/sdk/dataset"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/flawscope/flawscope/sdk/train"
	"github.com/spf13/cobra"
)

type fitFlags struct {
	good, out, backbone, weights string
	device                       deviceFlags
	size, epochs                 int
	seed                         uint32
	resume                       bool
}

func newFit(c *console) *cobra.Command {
	var f fitFlags
	command := &cobra.Command{
		Use:   "fit --good DIR -o FILE",
		Short: "Learn a detector from good pictures",
		Long: `Fit learns a detector from a folder of pictures of good parts. The folder may
also be a data set with train/good or good inside; nothing else of it is looked
at. At least 4 pictures are needed; from 30 on, a fifth is kept out of learning to
choose the threshold.

When it is interrupted, what was learned stays in FILE.resume, and the same
command with --resume goes on from there.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return fit(command.Context(), c, f) },
	}
	flags := command.Flags()
	flags.StringVar(&f.good, "good", "", "folder of good pictures")
	flags.StringVarP(&f.out, "output", "o", "", "detector file to write")
	flags.StringVar(&f.backbone, "backbone", "compact", "feature extractor: "+strings.Join(backbone.Names(), ", "))
	flags.StringVar(&f.weights, "weights", "", "safetensors file with the backbone's weights (built in for compact)")
	f.device.add(command)
	flags.IntVar(&f.size, "size", 256, "side of the square pictures are fitted into, a multiple of 16")
	flags.IntVar(&f.epochs, "epochs", train.DefaultEpochs, "length of learning")
	flags.Uint32Var(&f.seed, "seed", 1, "seed of everything random")
	flags.BoolVar(&f.resume, "resume", false, "go on with an interrupted fit")
	require(command, "good", "output")
	return command
}

// require marks flags without which a command cannot run.
func require(command *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was not defined
		}
	}
}

func fit(ctx context.Context, c *console, f fitFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := writable(f.out); err != nil {
		return err
	}
	source, err := openGood(c, f.good)
	if err != nil {
		return err
	}
	defer source.root.Close()
	if f.weights != "" {
		if o.Weights, _, err = sdk.ReadTensors(f.weights); err != nil {
			return fmt.Errorf("%s: %w", f.weights, reason(err))
		}
	}
	if err := mindCheckpoint(c, o); err != nil {
		return err
	}
	dev, err := f.device.open(ctx, c)
	if err != nil {
		return err
	}
	defer dev.Close()
	fmt.Fprintf(c.err, "learning from %d pictures of %s on %s\n", source.Len(), f.good, describe(dev.Info()))

	started := time.Now()
	d, err := train.Fit(ctx, forLearning(dev), o, source, newFitProgress(c).show)
	if ctx.Err() != nil {
		return interrupted(o.Checkpoint)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.good, err)
	}
	if err := d.Save(f.out); err != nil {
		return err
	}
	decision, err := d.Calibration.Decide(sdk.Policy{})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s\n", explain(decision, d.Calibration, sdk.Policy{}))
	fmt.Fprintf(c.err, "learned from %d pictures, %d held out, %d skipped, in %v\n",
		d.Training.Pictures, d.Training.HeldOut, d.Training.Skipped, time.Since(started).Round(100*time.Millisecond))
	_, err = fmt.Fprintln(c.out, f.out)
	return err
}

// options checks the flags.
func (f fitFlags) options() (train.Options, error) {
	o := train.Options{
		Backbone:    f.backbone,
		Preparation: picture.Options{Width: f.size, Height: f.size},
		Epochs:      f.epochs,
		Seed:        f.seed,
		Checkpoint:  f.out + ".resume",
		Resume:      f.resume,
	}
	if _, err := backbone.Named(f.backbone); err != nil {
		return o, usagef("--backbone: %w", err)
	}
	if f.weights == "" && f.backbone != "compact" {
		return o, usagef("--backbone %s needs --weights FILE: only compact's are built in", f.backbone)
	}
	if f.size <= 0 || f.size%backbone.Multiple != 0 {
		return o, usagef("--size %d: want a multiple of %d", f.size, backbone.Multiple)
	}
	if f.epochs < 1 {
		return o, usagef("--epochs %d: want at least 1", f.epochs)
	}
	return o, nil
}

// writable makes sure that a file can be written before work is spent on it.
func writable(name string) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: there is something else of that name", name)
	}
	probe, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", name, reason(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// mindCheckpoint tells of a checkpoint that is not what the user thinks.
func mindCheckpoint(c *console, o train.Options) error {
	_, err := os.Stat(o.Checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.Resume:
		c.log.Warn("nothing to go on from, beginning anew", "file", o.Checkpoint)
	case err == nil && !o.Resume:
		c.log.Warn("an interrupted fit is forgotten; --resume would go on with it", "file", o.Checkpoint)
		return os.Remove(o.Checkpoint)
	}
	return nil
}

func interrupted(checkpoint string) error {
	if _, err := os.Stat(checkpoint); err != nil {
		return errors.New("interrupted; nothing that a later fit could go on from was kept")
	}
	return fmt.Errorf("interrupted; what was learned is in %s, the same command with --resume goes on", checkpoint)
}

// folder is a train.Source of the good pictures in a folder.
type folder struct {
	root     *os.Root
	pictures []dataset.Picture
}

func openGood(c *console, name string) (*folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, reason(err))
	}
	set, err := dataset.Load(root.FS(), ".")
	var whole dataset.Problem
	if errors.As(err, &whole) {
		err = fmt.Errorf("%s: %w", filepath.Join(name, filepath.FromSlash(whole.Path)), whole.Err)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	for _, p := range set.Problems {
		if !strings.HasPrefix(p.Path, "test") && !strings.HasPrefix(p.Path, "ground_truth") && !strings.HasPrefix(p.Path, "bad") {
			c.log.Warn("passed over", "file", filepath.Join(name, filepath.FromSlash(p.Path)), "reason", p.Err)
		}
	}
	return &folder{root: root, pictures: set.Train}, nil
}

func (f *folder) Len() int { return len(f.pictures) }

func (f *folder) Picture(i int) (train.Picture, error) {
	path := filepath.FromSlash(f.pictures[i].Path)
	p := train.Picture{Name: filepath.Join(f.root.Name(), path)}
	info, err := f.root.Stat(path)
	if err == nil && info.Size() > maxFileBytes {
		err = fmt.Errorf("a file of %d bytes, the limit for pictures is %d", info.Size(), maxFileBytes)
	}
	if err == nil {
		p.Bytes, err = f.root.ReadFile(path)
	}
	return p, reason(err)
}

// fitProgress shows the phases of a fit, which come in turns when there are folds.
type fitProgress struct {
	c       *console
	phases  map[train.Phase]*progress
	current *progress
}

func newFitProgress(c *console) *fitProgress {
	return &fitProgress{c: c, phases: map[train.Phase]*progress{}}
}

func (f *fitProgress) show(p train.Progress) {
	shown := f.phases[p.Phase]
	if shown == nil || shown.total != p.Total {
		unit := "pictures"
		if p.Phase == train.Learning {
			unit = "epochs"
		}
		shown = newProgress(f.c.err, string(p.Phase), unit, p.Done, p.Total)
		f.phases[p.Phase] = shown
	}
	if shown != f.current {
		f.current.clear()
		f.current = shown
	}
	if p.Skipped != nil {
		shown.clear()
		f.c.log.Warn("skipped", "reason", p.Skipped)
	}
	shown.set(p.Done)
	switch {
	case p.Done < p.Total:
	case p.Phase == train.Calibrating: // comes again for the next fold
		shown.clear()
		delete(f.phases, p.Phase)
	default:
		shown.finish()
	}
}
