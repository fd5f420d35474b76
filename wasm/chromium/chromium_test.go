//go:build !js

package chromium

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestProgram runs a Go test binary in a worker, in both modes.
func TestProgram(t *testing.T) {
	binary := BuildTests(t, "./probe")
	folder := t.TempDir()
	for name, text := range map[string]string{"files/inside.txt": "inside\n", "secret": "outside\n"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(folder, "files", "outside")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(folder, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for mode, renderer := range map[Mode]string{EGL: "llvmpipe", SwiftShader: "SwiftShader"} {
		t.Run(string(mode), func(t *testing.T) {
			const noise = 100_000
			lines := Start(t, mode).Test(t, Program{
				File: binary, Files: root.FS(),
				Env: map[string]string{"FLAWSCOPE_PROBE": "größer", "FLAWSCOPE_NOISE": fmt.Sprint(noise)},
				Output: func(line string) {
					if !strings.HasPrefix(line, "noise") {
						t.Log(line)
					}
				},
			})
			at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "renderer: ") })
			if at < 0 {
				t.Fatal("no renderer was printed")
			}
			// Where there is a graphics card, gl-egl means that.
			if !strings.Contains(lines[at], renderer) {
				t.Logf("%s is not %s", lines[at], renderer)
			}
			next := 0
			for _, l := range lines {
				if l == fmt.Sprint("noise ä ", next) {
					next++
				}
			}
			if next != noise {
				t.Errorf("%d lines of %d arrived", next, noise)
			}
		})
	}
}

// TestUnhappyPrograms holds what a program's end looks like when it is not a
// success.
func TestUnhappyPrograms(t *testing.T) {
	binary := BuildTests(t, "./probe")
	b := Start(t, EGL)
	for _, c := range []struct {
		name  string
		code  int
		error string
	}{
		{"fail", 1, ""},
		{"exit", 7, ""},
		{"panic", 2, ""},
		{"throw", 0, "thrown as told"},
		{"hang", 0, "deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if c.name == "hang" {
				ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
			}
			defer cancel()
			code, err := b.Run(ctx, Program{
				File: binary, Args: []string{"-test.run=Unhappy"},
				Env: map[string]string{"FLAWSCOPE_UNHAPPY": c.name},
			})
			if c.error == "" && err != nil || c.error != "" && (err == nil || !strings.Contains(err.Error(), c.error)) {
				t.Errorf("error %v, want %q", err, c.error)
			}
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
		})
	}
}

func TestPage(t *testing.T) {
	files := fstest.MapFS{
		"index.html": {Data: []byte(`<!doctype html><title>a page</title><link rel="icon" href="data:,"><script type="module" src="m.mjs"></script>`)},
		"m.mjs":      {Data: []byte(`console.log("module", 1, {a: 2}); globalThis.double = async (x) => 2 * x;`)},
	}
	s, err := Serve(http.FileServerFS(files))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := Start(t, EGL)
	p, err := b.Page(t.Context(), s.URL()+"/")
	if err != nil {
		t.Fatal(err)
	}
	var value struct {
		Double   int
		Isolated bool
	}
	if err := p.Evaluate(t.Context(), `double(21).then((x) => ({Double: x, Isolated: crossOriginIsolated}))`, &value); err != nil {
		t.Fatal(err)
	}
	if value.Double != 42 || !value.Isolated {
		t.Errorf("got %+v", value)
	}
	if err := p.Evaluate(t.Context(), `Promise.reject(new Error("told"))`, nil); err == nil || !strings.Contains(err.Error(), "told") {
		t.Errorf("a rejected promise: %v", err)
	}
	if err := p.Err(); err != nil {
		t.Errorf("after an error that Evaluate returned: %v", err)
	}
	if err := p.Evaluate(t.Context(), `new Promise(() => setTimeout(() => { throw new Error("late") }))`, nil); err == nil || !strings.Contains(err.Error(), "late") {
		t.Errorf("an uncaught error: %v", err)
	}
	if err := p.Close(); err == nil {
		t.Error("Close forgot an uncaught error")
	}
}

// TestMissing holds that a machine without a browser is told of.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "installed") {
		t.Errorf("got %v", err)
	}
}

// TestClean holds that nothing is left behind.
func TestClean(t *testing.T) {
	b, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.profile); !os.IsNotExist(err) {
		t.Errorf("the profile is still there: %v", err)
	}
}
