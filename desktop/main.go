// Flawscope learns what good parts look like from a folder of pictures and shows
// where a new part differs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitPass   = 0 // it worked, and every picture passed
	exitError  = 1 // something failed, or a picture could not be judged
	exitUsage  = 2 // the command line is wrong
	exitReject = 3 // some pictures are rejected
)

// gcPercent lets the collector run often: what lives is small beside the decoded
// pictures that come and go, so memory stays low and level and no time is lost
// (make soak).
const gcPercent = 20

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// console is where a command writes: data to out, everything else to err.
type console struct {
	out, err io.Writer
	log      *slog.Logger // warnings, to err
}

// run carries out a command line and returns its exit status.
func run(ctx context.Context, args []string, out, err io.Writer) int {
	c := &console{out: out, err: err, log: newLog(err)}
	status := exitPass
	began := false
	root := newRoot(c)
	for _, command := range []*cobra.Command{
		newDemo(c), newFit(c), newInspect(c, &status), newEval(c), newDevices(c), newBench(c), newModel(c), newVersion(c),
	} {
		work := command.RunE
		command.RunE = func(command *cobra.Command, args []string) error {
			began = true
			return work(command, args)
		}
		root.AddCommand(command)
	}
	root.SetArgs(args)
	failed := root.ExecuteContext(ctx)
	if failed == nil {
		return status
	}
	fmt.Fprintf(err, "flawscope: %v\n", failed)
	// What fails before a command begins is cobra's reading of the command line.
	if !began || errors.As(failed, new(usageError)) {
		fmt.Fprintln(err, "flawscope: see flawscope help")
		return exitUsage
	}
	return exitError
}

func newRoot(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "flawscope",
		Short: "Learn good parts, find the bad ones",
		Long: `Flawscope learns what good parts look like from a folder of pictures and shows
where a new part differs. Try "flawscope demo" first.

Exit status: 0 all pictures pass, 3 some are rejected, 1 an error (also when a
picture could not be judged), 2 a wrong command line.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			command.SetOut(c.err)
			return errors.Join(command.Usage(), usagef("no command"))
		},
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// usageError is a command line that cannot be followed.
type usageError struct{ error }

func usagef(format string, values ...any) error {
	return usageError{fmt.Errorf(format, values...)}
}
