package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/sdk"
)

// built is what the tests share: the program and a detector it fitted.
type built struct {
	program  string
	detector string
	fitLog   string // what fitting wrote to stderr
	pictures string // folder of the fabric samples
}

var fixture built

func TestMain(m *testing.M) {
	if path := os.Getenv(saveForever); path != "" {
		os.Exit(savingForever(path))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "flawscope-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		// What is measured here is not remembered for the user.
		if err := os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := prepare(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func prepare(dir string) error {
	// Tests also run the program as another user.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	fixture = built{
		program:  filepath.Join(dir, "flawscope"),
		detector: filepath.Join(dir, "fabric.flaw"),
		pictures: filepath.Join(dir, "fabric"),
	}
	if out, err := exec.Command("go", "build", "-o", fixture.program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	fabric, err := fs.Sub(assets.Samples(), "fabric")
	if err != nil {
		return err
	}
	if err := os.CopyFS(fixture.pictures, fabric); err != nil {
		return err
	}
	out, err := exec.Command(fixture.program, quickFit(fixture.pictures, fixture.detector)...).CombinedOutput()
	fixture.fitLog = string(out)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// quickFit is the command line of a short fit.
func quickFit(good, out string, more ...string) []string {
	return append([]string{"fit", "--good", good, "-o", out, "--device", "cpu", "--size", "64", "--epochs", "2"}, more...)
}

// flawscope runs the program.
func flawscope(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	return runCommand(t, exec.Command(fixture.program, args...))
}

func runCommand(t *testing.T, command *exec.Cmd) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	command.Stdout, command.Stderr = &o, &e
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), o.String(), e.String()
}

// sample returns the path of a sample to judge.
func sample(name string) string {
	return filepath.Join(fixture.pictures, "test", filepath.FromSlash(name))
}

func TestExitStatus(t *testing.T) {
	inspect := func(more ...string) []string {
		return append([]string{"inspect", fixture.detector, sample("good/000.png"), "--device", "cpu"}, more...)
	}
	for _, c := range []struct {
		name string
		args []string
		want int
		says string // on stderr
	}{
		{"version", []string{"version"}, 0, ""},
		{"help", []string{"help"}, 0, ""},
		{"no command", nil, 2, "no command"},
		{"unknown command", []string{"judge"}, 2, "judge"},
		{"unknown flag", []string{"devices", "--fast"}, 2, "--fast"},
		{"too many words", []string{"version", "now"}, 2, "now"},
		{"devices as JSON", []string{"devices", "--json"}, 2, "--variants"},
		{"fit without a folder", []string{"fit", "-o", "x"}, 2, "good"},
		{"fit of an unknown backbone", []string{"fit", "--good", ".", "-o", "x", "--backbone", "vgg"}, 2, "vgg"},
		{"fit of a backbone without weights", []string{"fit", "--good", ".", "-o", "x", "--backbone", "resnet18"}, 2, "--weights"},
		{"fit of an odd size", []string{"fit", "--good", ".", "-o", "x", "--size", "100"}, 2, "multiple of 16"},
		{"fit of no epochs", []string{"fit", "--good", ".", "-o", "x", "--epochs", "0"}, 2, "--epochs"},
		{"inspect without pictures", []string{"inspect", "x"}, 2, "2 arg"},
		{"unknown device", inspect("--device", "abacus"), 2, "abacus"},
		{"a rate above 1", inspect("--false-reject", "2"), 2, "--false-reject"},
		{"a rate of 0", inspect("--false-reject", "0"), 2, "--false-reject"},
		{"a rate and a threshold", inspect("--false-reject", "0.1", "--threshold", "3"), 2, "threshold"},
		{"no such detector", []string{"inspect", "/no/such.flaw", "."}, 1, "/no/such.flaw"},
		{"no such picture", []string{"inspect", fixture.detector, "/no/such.png", "--device", "cpu"}, 1, "1 not judged"},
		{"all pass", inspect("--threshold", "1e9"), 0, "threshold 1e+09, as given"},
		{"one is rejected", inspect("--threshold", "-1e9"), 3, "1 rejected"},
		{"a rate too small", inspect("--false-reject", "0.001"), -1, "no less than 1/11"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := flawscope(t, c.args...)
			if c.want >= 0 && status != c.want {
				t.Errorf("status %d, want %d", status, c.want)
			}
			if !strings.Contains(errs, c.says) {
				t.Errorf("stderr does not say %q:\n%s", c.says, errs)
			}
			if status == exitUsage && out != "" {
				t.Errorf("a wrong command line wrote to stdout: %s", out)
			}
		})
	}
}

func TestFitSays(t *testing.T) {
	for _, want := range []string{"learned from 20 pictures, 10 held out", "10 good pictures that were not learned from", fixture.detector} {
		if !strings.Contains(fixture.fitLog, want) {
			t.Errorf("fit does not say %q:\n%s", want, fixture.fitLog)
		}
	}
	if strings.ContainsAny(fixture.fitLog, "\r\x1b") {
		t.Error("fit draws bars where there is no terminal")
	}
}

func TestModel(t *testing.T) {
	status, out, errs := flawscope(t, "model", fixture.detector)
	if status != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"format version       1", "compact", "simplenet", "64x64", "seed 1", "method.adaptor.weight", "384x384x1x1"} {
		if !strings.Contains(out, want) {
			t.Errorf("model does not say %q:\n%s", want, out)
		}
	}
}

func TestDevices(t *testing.T) {
	status, out, errs := flawscope(t, "devices")
	if status != 0 || strings.Count(out, "self-test: OK") != len(deviceNames) || strings.Contains(out, "FAIL") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

// OpenGL without compute shaders, as Mesa can pretend, runs the fragment device, and
// without OpenGL 3.3 that of OpenGL ES.
func TestOldOpenGL(t *testing.T) {
	if _, out, _ := flawscope(t, "devices"); !strings.Contains(out, "Mesa") {
		t.Skip("only Mesa can pretend to be older")
	}
	for _, c := range []struct{ version, device, want string }{
		{"3.3", "opengl", "OpenGL 3.3"},
		{"3.1", "fragment", "OpenGL ES 3"},
		{"3.3", "auto", "cpu: "},
	} {
		command := exec.Command(fixture.program, "inspect", fixture.detector, sample("good/000.png"), "--no-tune", "--threshold", "1e9", "--device", c.device)
		command.Env = append(command.Environ(), "MESA_GL_VERSION_OVERRIDE="+c.version)
		if status, _, errs := runCommand(t, command); status != exitPass || !strings.Contains(errs, c.want) {
			t.Errorf("%s by OpenGL %s: status %d, want %q in\n%s", c.device, c.version, status, c.want, errs)
		}
	}
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	c := &console{out: &out, err: &errs, log: newLog(&errs)}
	if err := demo(t.Context(), c, demoFlags{out: dir, device: deviceFlags{name: "cpu"}, epochs: 1}); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	for _, want := range []string{"brushed", "fabric", "gasket", filepath.Join(dir, reportName)} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("demo does not say %q:\n%s", want, &out)
		}
	}
	overlays, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil || len(overlays) != 3*22 {
		t.Errorf("%d overlays, %v", len(overlays), err)
	}
	if info, err := os.Stat(filepath.Join(dir, reportName)); err != nil || info.Size() < 100_000 {
		t.Errorf("report: %v", err)
	}
}

func openDetector(t *testing.T, path string) *sdk.Detector {
	t.Helper()
	d, err := sdk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
