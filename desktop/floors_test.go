package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/flawscope/flawscope"

// floors are the top-level folders with code; a package imports only from floors
// below its own, or from its own.
var floors = map[string]int{"shaders": 0, "assets": 0, "kernels": 1, "sdk": 2, "desktop": 3, "wasm": 3, "docs": 4}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	command.Dir = repository(t)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// repository returns the folder of go.mod.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}

// inModule returns the path below the module, false for other modules' packages.
func inModule(path string) (string, bool) { return strings.CutPrefix(path, module+"/") }

func floorOf(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

func TestImportsPointDown(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 10 {
		t.Fatalf("only %d packages listed", len(packages))
	}
	for _, p := range packages {
		path, ok := inModule(p.ImportPath)
		if !ok {
			t.Errorf("%s lies outside the module's folders", p.ImportPath)
			continue
		}
		own, ok := floors[floorOf(path)]
		if !ok {
			t.Errorf("%s lies in a folder that is no floor", path)
		}
		for _, i := range p.Imports {
			other, ok := inModule(i)
			if !ok || floorOf(other) == floorOf(path) {
				continue
			}
			if floors[floorOf(other)] >= own {
				t.Errorf("%s imports %s", path, other)
			}
		}
	}
}

// TestFloorsKnowNothing holds what no floor may depend on, however indirectly.
func TestFloorsKnowNothing(t *testing.T) {
	for _, rule := range []struct {
		name, packages string
		never          []string
	}{
		{"sdk knows no device", "sdk", []string{module + "/kernels/device/cpu", module + "/kernels/device/opengl", "github.com/go-gl", "github.com/ebitengine"}},
		{"kernels know no pictures", "kernels", []string{"image", module + "/assets"}},
		{"operations know no devices", "kernels/tensor", []string{module + "/kernels/device"}},
		{"inspecting does not learn", "sdk/method", []string{module + "/sdk/train", module + "/sdk/dataset"}},
		{"assets are data only", "assets", []string{module + "/kernels", module + "/sdk"}},
	} {
		t.Run(rule.name, func(t *testing.T) {
			for _, p := range listPackages(t) {
				path, _ := inModule(p.ImportPath)
				if path != rule.packages && !strings.HasPrefix(path, rule.packages+"/") {
					continue
				}
				for _, d := range p.Deps {
					for _, never := range rule.never {
						if d == never || strings.HasPrefix(d, never+"/") {
							t.Errorf("%s depends on %s", path, d)
						}
					}
				}
			}
		})
	}
}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	made := []string{".git", "bin", "build", "flawscope-demo"} // not in the repository
	want := []string{".ci", "assets", "desktop", "docs", "kernels", "sdk", "shaders", "wasm"}
	var got []string
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(made, e.Name()) {
			got = append(got, e.Name())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("top-level folders %v, want %v", got, want)
	}
}
