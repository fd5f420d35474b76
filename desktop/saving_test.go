package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flawscope/flawscope/sdk"
)

// saveForever is the variable that turns the test's own binary into a process
// that saves two detectors in turns until it is killed.
const saveForever = "FLAWSCOPE_TEST_SAVE_FOREVER"

func savingForever(path string) int {
	d, err := sdk.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		d.Training.Seed ^= 1
		if err := d.Save(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("saved")
	}
}

func TestKilledWhileSaving(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.flaw")
	d := openDetector(t, fixture.detector)
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	seed := d.Training.Seed
	for round := range 12 {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), saveForever+"="+path)
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed at different moments of the save that follows: the more it had
		// written, the later.
		lines := bufio.NewReader(out)
		for range 1 + round%3 {
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		waitForTemporary(t, filepath.Dir(path), int64(round)*100_000)
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out)
		_ = command.Wait() // it says that it was killed
		if got := openDetector(t, path).Training.Seed; got != seed && got != seed^1 {
			t.Fatalf("round %d: seed %d", round, got)
		}
	}
}

// waitForTemporary returns when a temporary file of at least so many bytes is
// seen, or when it was looked for long enough.
func waitForTemporary(t *testing.T, dir string, bytes int64) {
	t.Helper()
	for range 20_000 {
		names, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Size() >= bytes {
				return
			}
		}
	}
}

func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	t.Run("fit", func(t *testing.T) {
		path := filepath.Join(disk, "d.flaw")
		if err := os.WriteFile(path, []byte("the old one"), 0o644); err != nil {
			t.Fatal(err)
		}
		status, _, errs := flawscope(t, quickFit(fixture.pictures, path, "--epochs", "1")...)
		if status != exitError || !strings.Contains(errs, path) || !strings.Contains(errs, "no space left") {
			t.Errorf("status %d: %s", status, errs)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "the old one" {
			t.Errorf("the old file: %q, %v", b, err)
		}
		if left := remains(t, disk); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	})
	t.Run("inspect", func(t *testing.T) {
		status, _, errs := flawscope(t, "inspect", fixture.detector, filepath.Join(fixture.pictures, "test"), "--out", disk, "--device", "cpu")
		if status != exitError || !strings.Contains(errs, disk) || !strings.Contains(errs, "no space left") {
			t.Errorf("status %d: %s", status, errs)
		}
	})
}

func remains(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestInterruptAndResume stops a fit with Ctrl-C and goes on: the detector is to
// be the same, to the last bit, as that of a fit that was let be.
func TestInterruptAndResume(t *testing.T) {
	for _, c := range []struct {
		name     string
		pictures int // to learn from: 4 are learned in folds
		epochs   string
	}{
		{"held out", 30, "2"},
		{"folds", 4, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, dir := t.TempDir(), t.TempDir()
			for i := range c.pictures {
				name := fmt.Sprintf("%03d.png", i)
				b, err := os.ReadFile(filepath.Join(fixture.pictures, "train", "good", name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(good, name), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			straight, stopped := filepath.Join(dir, "straight.flaw"), filepath.Join(dir, "stopped.flaw")
			if status, _, errs := flawscope(t, quickFit(good, straight, "--epochs", c.epochs)...); status != 0 {
				t.Fatal(errs)
			}
			status, errs := interruptFit(t, quickFit(good, stopped, "--epochs", c.epochs))
			if status != exitError || !strings.Contains(errs, "--resume") || !strings.Contains(errs, stopped+".resume") {
				t.Fatalf("status %d: %s", status, errs)
			}
			if left := remains(t, dir); len(left) != 2 {
				t.Errorf("files after the interruption: %v", left)
			}
			if status, _, errs := flawscope(t, quickFit(good, stopped, "--epochs", c.epochs, "--resume")...); status != 0 {
				t.Fatal(errs)
			}
			a, err := os.ReadFile(straight)
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(stopped)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a, b) {
				t.Error("going on after an interruption gave another detector")
			}
			if left := remains(t, dir); len(left) != 2 {
				t.Errorf("files at the end: %v", left)
			}
		})
	}
}

// interruptFit sends Ctrl-C once the pictures are read and learning has begun.
func interruptFit(t *testing.T, args []string) (status int, errs string) {
	t.Helper()
	command := exec.Command(fixture.program, args...)
	pipe, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.HasPrefix(lines.Text(), "learning:") {
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = command.Wait() // its status is what counts
	return command.ProcessState.ExitCode(), said.String()
}
