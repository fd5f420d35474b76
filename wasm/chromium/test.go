//go:build !js

package chromium

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Start opens a browser that ends with the test. Where there is none the test
// fails: a device that was not tested must not look as if it were.
func Start(t testing.TB, m Mode) *Browser {
	t.Helper()
	b, err := Open(t.Context(), Options{Mode: m, Log: func(line string) {
		if !strings.Contains(line, "performance warning") {
			t.Log(line)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// BuildTests compiles the tests of a package for js/wasm and returns the file.
// The package is named as for the go command in the test's folder.
func BuildTests(t testing.TB, pkg string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.wasm")
	if err := Build(t.Context(), "", pkg, file, true); err != nil {
		t.Fatal(err)
	}
	touchSources(t, pkg)
	return file
}

// touchSources looks at every source that the package's tests consist of, so that
// go test, which remembers results by the files a test looked at, runs it again
// when one of them changes.
func touchSources(t testing.TB, pkg string) {
	t.Helper()
	out, err := goCommand(t.Context(), "", "list", "-deps", "-test",
		"-json=Dir,Module,GoFiles,TestGoFiles,XTestGoFiles,EmbedFiles", pkg)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Dir                                            string
			Module                                         *struct{ Main bool }
			GoFiles, TestGoFiles, XTestGoFiles, EmbedFiles []string
		}
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, files := range [][]string{p.GoFiles, p.TestGoFiles, p.XTestGoFiles, p.EmbedFiles} {
			for _, f := range files {
				if !filepath.IsAbs(f) {
					f = filepath.Join(p.Dir, f)
				}
				os.Stat(f)
			}
		}
	}
}

// Test runs a compiled test binary with -test.v and fails t when it fails. It
// returns the lines that the binary printed, which also go to t's log.
func (b *Browser) Test(t testing.TB, p Program) []string {
	t.Helper()
	var all []string
	output := p.Output
	p.Output = func(line string) {
		all = append(all, line)
		if output != nil {
			output(line)
		} else {
			t.Log(line)
		}
	}
	p.Args = append([]string{"-test.v"}, p.Args...)
	code, err := b.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if code != 0 {
		t.Fatalf("the tests in the browser ended with code %d", code)
	}
	return all
}
