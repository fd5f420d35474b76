package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/dataset"
	"github.com/spf13/cobra"
)

type inspectFlags struct {
	out                    string
	device                 deviceFlags
	json                   bool
	falseReject, threshold float64
	minArea                int
	policy                 sdk.Policy
}

// newInspect returns the command; it sets status to what its pictures deserve.
func newInspect(c *console, status *int) *cobra.Command {
	var f inspectFlags
	command := &cobra.Command{
		Use:   "inspect DETECTOR PATH...",
		Short: "Judge pictures by a detector",
		Long: `Inspect judges pictures; folders are walked. Every picture gives one line: its
verdict, its score, and its p-value, the share of good parts that score as high.
What cannot be judged gives a line that says why, and the rest is judged.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			if err := f.check(command); err != nil {
				return err
			}
			var err error
			*status, err = inspect(command.Context(), c, f, args[0], args[1:])
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.out, "out", "", "folder for overlays and report.html")
	flags.BoolVar(&f.json, "json", false, "write a line of JSON per picture")
	flags.Float64Var(&f.falseReject, "false-reject", 0, "accepted share of good parts rejected (default 0.05, or what the detector supports)")
	flags.Float64Var(&f.threshold, "threshold", 0, "reject scores above this instead")
	flags.IntVar(&f.minArea, "min-area", 0, "smallest region shown, in pixels of the detector's picture size")
	f.device.add(command)
	command.MarkFlagsMutuallyExclusive("false-reject", "threshold")
	return command
}

// check makes a policy of the flags.
func (f *inspectFlags) check(command *cobra.Command) error {
	flags := command.Flags()
	if flags.Changed("false-reject") && !(f.falseReject > 0 && f.falseReject <= 1) {
		return usagef("--false-reject %v: want more than 0 and at most 1", f.falseReject)
	}
	if f.threshold != f.threshold {
		return usagef("--threshold is not a number")
	}
	if f.minArea < 0 {
		return usagef("--min-area %d: want 0 or more", f.minArea)
	}
	f.policy = sdk.Policy{FalseReject: f.falseReject, MinArea: f.minArea}
	if flags.Changed("threshold") {
		f.policy.Threshold = &f.threshold
	}
	return nil
}

func inspect(ctx context.Context, c *console, f inspectFlags, detector string, paths []string) (status int, err error) {
	dev, err := f.device.open(ctx, c)
	if err != nil {
		return exitError, err
	}
	defer dev.Close()
	d, err := sdk.Open(detector)
	if err != nil {
		return exitError, err
	}
	inspector, err := d.OnContext(ctx, dev, nil)
	if err != nil {
		return exitError, fmt.Errorf("%s: %w", detector, err)
	}
	defer inspector.Close()
	if err := inspector.SetPolicy(f.policy); err != nil {
		return exitError, err
	}
	explained := explain(inspector.Decision(), d.Calibration, f.policy)
	fmt.Fprintf(c.err, "%s\n%s\n", describe(dev.Info()), explained)

	var sink *sink
	if f.out != "" {
		if sink, err = newSink(f.out); err != nil {
			return exitError, err
		}
		defer sink.close()
	}
	write := writeText
	if f.json {
		write = writeJSON
	}
	r := &section{Title: detector, Explained: explained, decision: inspector.Decision(), calibration: d.Calibration}
	r.describe(d, dev.Info())
	jobs := collect(paths, f.out)
	show := newProgress(c.err, "inspecting", "pictures", 0, len(jobs))
	err = judge(ctx, inspector, jobs, func(o outcome) error {
		show.clear()
		if err := write(c.out, o); err != nil {
			return err
		}
		r.count(o)
		if sink != nil {
			if err := sink.add(r, o); err != nil {
				return err
			}
		}
		show.set(r.Passed + r.Rejected + r.Failed)
		return nil
	})
	show.clear()
	if err == nil && sink != nil {
		err = sink.report("Flawscope: inspection", r)
	}
	if err != nil {
		return exitError, err
	}
	r.summarise(c, show)
	if sink != nil {
		fmt.Fprintf(c.err, "report: %s\n", filepath.Join(f.out, reportName))
	}
	switch {
	case r.Failed > 0:
		return exitError, nil
	case r.Rejected > 0:
		return exitReject, nil
	}
	return exitPass, nil
}

// collect finds the pictures under paths. What cannot be read is a job that
// fails. Pictures in the folder out, from an earlier run, are left out.
func collect(paths []string, out string) []job {
	var jobs []job
	failed := func(name string, err error) {
		jobs = append(jobs, job{name: name, read: func() ([]byte, error) { return nil, err }})
	}
	for _, path := range paths {
		names, problems, err := dataset.Find(path)
		for _, name := range names {
			if within(out, name) {
				continue
			}
			short, err := filepath.Rel(path, name)
			if err != nil || short == "." {
				short = filepath.Base(name)
			}
			jobs = append(jobs, job{name: name, short: short, read: func() ([]byte, error) { return readPicture(name) }})
		}
		for _, p := range problems {
			failed(p.Path, p.Err)
		}
		var whole dataset.Problem
		if errors.As(err, &whole) {
			failed(whole.Path, whole.Err)
		} else if err != nil {
			failed(path, err)
		}
	}
	return jobs
}

// within says whether a file lies in a folder.
func within(folder, name string) bool {
	if folder == "" {
		return false
	}
	a, errA := filepath.Abs(folder)
	b, errB := filepath.Abs(name)
	return errA == nil && errB == nil && strings.HasPrefix(b, a+string(os.PathSeparator))
}

// summarise says on stderr how many pictures passed.
func (s *section) summarise(c *console, p *progress) {
	n := s.Passed + s.Rejected + s.Failed
	took := time.Since(p.started)
	fmt.Fprintf(c.err, "%d pictures: %d pass, %d rejected, %d not judged, in %v (%.1f/s)\n",
		n, s.Passed, s.Rejected, s.Failed, took.Round(time.Millisecond), float64(n)/max(took.Seconds(), 1e-9))
}
