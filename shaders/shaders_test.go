package shaders

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// The generated list has every file, as it is.
func TestFiles(t *testing.T) {
	count := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".glsl") {
			return err
		}
		count++
		text, err := os.ReadFile(path)
		if embedded, _ := Text(path); embedded != string(text) {
			t.Errorf("%s is missing or differs; go generate ./shaders", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if listed := len(portable) + len(compute); count != listed {
		t.Errorf("%d files, %d in the lists", count, listed)
	}
}
