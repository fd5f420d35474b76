package main

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"time"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/dataset"
	"github.com/flawscope/flawscope/sdk/metric"
	"github.com/flawscope/flawscope/sdk/train"
	"github.com/spf13/cobra"
)

type demoFlags struct {
	out    string
	device deviceFlags
	epochs int
}

// demoEpochs is shorter than the default schedule: on two cores the three sample
// sets together are to take well under a minute.
const demoEpochs = 20

func newDemo(c *console) *cobra.Command {
	f := demoFlags{epochs: demoEpochs}
	command := &cobra.Command{
		Use:   "demo",
		Short: "Learn the built-in samples, find their defects, write a report",
		Long: `Demo does the main job on generated sample pictures that are built in: for each
of three kinds of parts it learns from 30 good pictures, judges 22 others, writes
pictures with the defects outlined, and a report.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return demo(command.Context(), c, f)
		},
	}
	command.Flags().StringVar(&f.out, "out", "flawscope-demo", "folder for overlays and report.html")
	f.device.add(command)
	return command
}

func demo(ctx context.Context, c *console, f demoFlags) error {
	started := time.Now()
	dev, err := f.device.open(ctx, c)
	if err != nil {
		return err
	}
	defer dev.Close()
	sink, err := newSink(f.out)
	if err != nil {
		return err
	}
	defer sink.close()
	fmt.Fprintln(c.err, describe(dev.Info()))
	samples := assets.Samples()
	categories, err := fs.ReadDir(samples, ".")
	if err != nil {
		return err
	}
	var sections []*section
	fmt.Fprintf(c.out, "%-10s %8s %20s %20s %12s\n", "sample", "learned", "defects rejected", "good ones rejected", "image AUROC")
	for _, category := range categories {
		s, err := demoCategory(ctx, c, f, dev, sink, samples, category.Name())
		if err != nil {
			return fmt.Errorf("%s: %w", category.Name(), err)
		}
		sections = append(sections, s)
	}
	if err := sink.report("Flawscope: the built-in samples", sections...); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "done in %v\n", time.Since(started).Round(100*time.Millisecond))
	_, err = fmt.Fprintf(c.out, "\nThe pictures are generated. Open the report: %s\n", filepath.Join(f.out, reportName))
	return err
}

func demoCategory(ctx context.Context, c *console, f demoFlags, dev device.Device, sink *sink, samples fs.FS, name string) (*section, error) {
	set, err := dataset.MVTec(samples, name)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.err, "%s\n", name)
	d, err := train.Fit(ctx, forLearning(dev), train.Options{Epochs: f.epochs, Seed: 1}, embedded{samples, set.Train}, newFitProgress(c).show)
	if err != nil {
		return nil, err
	}
	inspector, err := d.OnContext(ctx, dev, nil)
	if err != nil {
		return nil, err
	}
	defer inspector.Close()
	explained := explain(inspector.Decision(), d.Calibration, sdk.Policy{})
	fmt.Fprintln(c.err, explained)
	s := &section{Title: name, Explained: explained, decision: inspector.Decision(), calibration: d.Calibration}
	s.describe(d, dev.Info())

	var jobs []job
	for _, p := range set.Test {
		jobs = append(jobs, job{name: p.Path, short: p.Path, kind: p.Kind, read: func() ([]byte, error) { return fs.ReadFile(samples, p.Path) }})
	}
	var scores []float64
	var bad, rejected []bool
	err = judge(ctx, inspector, jobs, func(o outcome) error {
		if o.err != nil {
			return fmt.Errorf("%s: %w", o.name, o.err)
		}
		scores, bad, rejected = append(scores, o.result.Score), append(bad, o.kind != dataset.Good), append(rejected, o.rejected())
		s.count(o)
		return sink.add(s, o)
	})
	if err != nil {
		return nil, err
	}
	area, err := metric.AUROC(scores, bad)
	if err != nil {
		return nil, err
	}
	var found, defects, wrong int
	for i := range bad {
		switch {
		case bad[i] && rejected[i]:
			found++
		case rejected[i]:
			wrong++
		}
		if bad[i] {
			defects++
		}
	}
	s.Facts = append(s.Facts, fact{"image AUROC here", fmt.Sprintf("%.3f", area)})
	_, err = fmt.Fprintf(c.out, "%-10s %8d %20s %20s %12.3f\n", name, d.Training.Pictures,
		fmt.Sprintf("%d of %d", found, defects), fmt.Sprintf("%d of %d", wrong, len(bad)-defects), area)
	return s, err
}

// embedded is a train.Source of built-in pictures.
type embedded struct {
	files    fs.FS
	pictures []dataset.Picture
}

func (e embedded) Len() int { return len(e.pictures) }

func (e embedded) Picture(i int) (train.Picture, error) {
	name := e.pictures[i].Path
	b, err := fs.ReadFile(e.files, name)
	return train.Picture{Name: path.Base(name), Bytes: b}, err
}
