package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// pictureHeader is the beginning of a PNG of the given size.
func pictureHeader(width, height uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func TestBadPictures(t *testing.T) {
	whole, err := os.ReadFile(sample("good/000.png"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bad := map[string]struct {
		bytes []byte
		says  string
	}{
		"truncated.png": {whole[:len(whole)/2], "cut short"},
		"empty.png":     {nil, "zero bytes"},
		"huge.png":      {pictureHeader(60_000, 60_000), "60000x60000"},
		"text.jpg":      {[]byte("This is not a picture.\n"), "text"},
		"film.png":      {[]byte("GIF89a\x01\x00\x01\x00"), "accepted"},
	}
	for name, c := range bad {
		if err := os.WriteFile(filepath.Join(dir, name), c.bytes, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.png")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.png", "z.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, lines []map[string]any) {
		judged, failed := 0, map[string]string{}
		for _, l := range lines {
			if why, ok := l["error"].(string); ok {
				failed[filepath.Base(l["file"].(string))] = why
			} else {
				judged++
			}
		}
		if judged != 2 || len(failed) != len(bad)+1 || failed["dangling.png"] == "" {
			t.Errorf("%d judged, failed %v", judged, failed)
		}
		for name, c := range bad {
			if !strings.Contains(failed[name], c.says) {
				t.Errorf("%s: %q does not say %q", name, failed[name], c.says)
			}
		}
	}
	t.Run("inspect goes on", func(t *testing.T) {
		status, out, errs := flawscope(t, "inspect", fixture.detector, dir, "--json", "--device", "cpu")
		if status != exitError {
			t.Errorf("status %d: %s", status, errs)
		}
		check(t, jsonLines(t, out))
	})
	t.Run("inspect with a report goes on", func(t *testing.T) {
		to := t.TempDir()
		status, out, errs := flawscope(t, "inspect", fixture.detector, dir, "--json", "--device", "cpu", "--out", to)
		if status != exitError {
			t.Errorf("status %d: %s", status, errs)
		}
		check(t, jsonLines(t, out))
		report, err := os.ReadFile(filepath.Join(to, reportName))
		if err != nil || !bytes.Contains(report, []byte("truncated.png")) {
			t.Errorf("the report does not name what failed: %v", err)
		}
	})
	t.Run("fit passes them over", func(t *testing.T) {
		for _, name := range []string{"b.png", "c.png"} {
			if err := os.WriteFile(filepath.Join(dir, name), whole, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		status, _, errs := flawscope(t, quickFit(dir, filepath.Join(t.TempDir(), "d.flaw"), "--epochs", "1")...)
		if status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		for name := range bad {
			if !strings.Contains(errs, name) {
				t.Errorf("fit does not name %s:\n%s", name, errs)
			}
		}
		if !strings.Contains(errs, "5 skipped") || !strings.Contains(errs, "approximate") {
			t.Errorf("fit says:\n%s", errs)
		}
	})
}

func TestBadFolders(t *testing.T) {
	empty, three := t.TempDir(), t.TempDir()
	for _, name := range []string{"000.png", "001.png", "002.png"} {
		b, err := os.ReadFile(filepath.Join(fixture.pictures, "train", "good", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(three, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	defective := t.TempDir()
	if err := os.CopyFS(filepath.Join(defective, "test"), os.DirFS(three)); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "d.flaw")
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"fit of an empty folder", quickFit(empty, out), []string{empty, "no pictures"}},
		{"fit of three pictures", quickFit(three, out), []string{three, "3", "at least 4"}},
		{"fit of no folder", quickFit("/no/such", out), []string{"/no/such"}},
		{"fit of a file", quickFit(fixture.detector, out), []string{fixture.detector}},
		{"fit into no folder", quickFit(fixture.pictures, "/no/such/d.flaw"), []string{"/no/such/d.flaw"}},
		{"fit into a folder", quickFit(fixture.pictures, empty), []string{empty}},
		{"fit of weights that are not there", quickFit(fixture.pictures, out, "--weights", "/no/such"), []string{"/no/such"}},
		{"fit of weights that are none", quickFit(fixture.pictures, out, "--weights", "main.go"), []string{"main.go"}},
		{"fit of a folder with defects", quickFit(defective, out), []string{defective, "test"}},
		{"inspect of an empty folder", []string{"inspect", fixture.detector, empty, "--device", "cpu"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, errs := flawscope(t, c.args...)
			if status != exitError {
				t.Errorf("status %d", status)
			}
			if c.says == nil && (!strings.Contains(stdout, empty) || !strings.Contains(stdout, "no pictures")) {
				t.Errorf("stdout says: %s", stdout)
			}
			for _, s := range c.says {
				if !strings.Contains(errs, s) {
					t.Errorf("stderr does not say %q: %s", s, errs)
				}
			}
		})
	}
}

// TestUnreadable takes permissions away. Root reads everything, so that the
// program runs as nobody then.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(fixture.pictures, "test", "good"))); err != nil {
		t.Fatal(err)
	}
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "locked"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "003.png"), 0); err != nil {
		t.Fatal(err)
	}
	asUser := func(args ...string) *exec.Cmd {
		command := exec.Command(fixture.program, args...)
		command.Dir = dir
		if os.Geteuid() == 0 {
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		return command
	}
	status, out, errs := runCommand(t, asUser("inspect", fixture.detector, dir, "--json", "--device", "cpu"))
	failed := map[string]bool{}
	judged := 0
	for _, l := range jsonLines(t, out) {
		if why, ok := l["error"].(string); ok {
			failed[filepath.Base(l["file"].(string))] = strings.Contains(why, "permission denied")
		} else {
			judged++
		}
	}
	if status != exitError || judged != 9 || len(failed) != 2 || !failed["locked"] || !failed["003.png"] {
		t.Errorf("status %d, %d judged, failed %v: %s", status, judged, failed, errs)
	}
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"fit of a locked folder":                       quickFit(filepath.Join(dir, "locked"), filepath.Join(open, "x")),
		"fit into a folder without the right to write": quickFit(dir, filepath.Join(dir, "x.flaw")),
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := runCommand(t, asUser(args...))
			if status != exitError || !strings.Contains(errs, dir) || !strings.Contains(errs, "permission denied") {
				t.Errorf("status %d: %s", status, errs)
			}
		})
	}
}

func TestBadDetectors(t *testing.T) {
	whole, err := os.ReadFile(fixture.detector)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[20] ^= 0xff
	poisoned := bytes.Clone(whole)
	copy(poisoned[len(poisoned)-400:], []byte{0, 0, 0xc0, 0x7f})
	edited := func(from, to string) []byte {
		f, err := tensor.Parse(bytes.Clone(whole), tensor.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		text := f.Metadata["flawscope"]
		f.Metadata["flawscope"] = strings.Replace(text, from, to, 1)
		if f.Metadata["flawscope"] == text {
			t.Fatalf("%s is not in %s", from, text)
		}
		var b bytes.Buffer
		if err := tensor.Write(&b, f); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		says  string
	}{
		{"newer version", edited(`"format_version":1`, `"format_version":7`), "version 7"},
		{"version nought", edited(`"format_version":1`, `"format_version":0`), "version 0"},
		{"other weights", edited(`"sha256":"0`, `"sha256":"1`), "SHA-256"},
		{"unknown backbone", edited(`"name":"compact"`, `"name":"compost"`), "compost"},
		{"truncated", whole[:len(whole)*2/3], "not a usable file"},
		{"truncated in the header", whole[:100], "not a usable file"},
		{"empty", nil, "not a usable file"},
		{"header damaged", flipped, "not a usable file"},
		{"NaN among the weights", poisoned, "not a usable file"},
		{"with a tail", append(bytes.Clone(whole), 0), "not a usable file"},
		{"text", []byte("hello, world, this is no detector"), "not a usable file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.flaw")
			if err := os.WriteFile(path, c.bytes, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"inspect", path, sample("good/000.png"), "--device", "cpu"}, {"model", path}} {
				status, out, errs := flawscope(t, args...)
				if status != exitError || out != "" || !strings.Contains(errs, path) || !strings.Contains(errs, c.says) {
					t.Errorf("%s: status %d, want an error with %q: %s%s", args[0], status, c.says, out, errs)
				}
			}
		})
	}
}
