package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// files builds a file system of empty files.
func files(names ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, n := range names {
		m[n] = &fstest.MapFile{}
	}
	return m
}

// broken is a file system in which one folder cannot be listed.
type broken struct {
	fs.FS
	folder string
}

func (b broken) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == b.folder {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return fs.ReadDir(b.FS, name)
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name     string
		fsys     fs.FS
		root     string
		want     []string
		problems []string
		err      error
	}{
		{"extensions in any case", files("a.png", "b.JPG", "c.jpeg", "d.Bmp", "e.tif", "f.TIFF", "g.webp", "h.gif", "i.txt", "png"), ".",
			[]string{"a.png", "b.JPG", "c.jpeg", "d.Bmp", "e.tif", "f.TIFF", "g.webp"}, nil, nil},
		{"numbers in natural order", files("img10.png", "img2.png", "img1.png", "img02.png", "img.png"), ".",
			[]string{"img.png", "img1.png", "img02.png", "img2.png", "img10.png"}, nil, nil},
		{"sub-folders, hidden ones skipped", files("b/2.png", "b/1.png", "a.png", ".cache/x.png", "b/._1.png", "c.png/in.png"), ".",
			[]string{"a.png", "b/1.png", "b/2.png", "c.png/in.png"}, nil, nil},
		{"below a root", files("x/a.png", "y/b.png"), "x", []string{"x/a.png"}, nil, nil},
		{"empty folder", files("x/readme.txt"), "x", nil, nil, ErrEmpty},
		{"no such folder", files("x/a.png"), "z", nil, nil, fs.ErrNotExist},
		{"unreadable sub-folder", broken{files("a.png", "sub/b.png", "z.png"), "sub"}, ".",
			[]string{"a.png", "z.png"}, []string{"sub"}, nil},
		{"unreadable root", broken{files("sub/b.png"), "sub"}, "sub", nil, nil, fs.ErrPermission},
		{"a pipe named like a picture", fstest.MapFS{"a.png": {Mode: fs.ModeNamedPipe}, "b.png": {}}, ".",
			[]string{"b.png"}, []string{"a.png"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, problems, err := Pictures(c.fsys, c.root)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.err != nil && !strings.Contains(err.Error(), c.root) {
				t.Errorf("%q does not name %q", err, c.root)
			}
			if !slices.Equal(names, c.want) {
				t.Errorf("pictures %q, want %q", names, c.want)
			}
			var at []string
			for _, p := range problems {
				at = append(at, p.Path)
			}
			if !slices.Equal(at, c.problems) {
				t.Errorf("problems %v, want at %q", problems, c.problems)
			}
		})
	}
}

func TestWalkStops(t *testing.T) {
	seen := 0
	for range Walk(files("a/1.png", "a/2.png", "b.png"), ".") {
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("visited %d after a break", seen)
	}
}

func TestFind(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write := func(name string) string {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	secret := write(filepath.Join(outside, "secret.png"))
	write(filepath.Join(dir, "sub", "in.png"))
	write(filepath.Join(dir, "a.png"))
	odd := write(filepath.Join(dir, "camera.raw"))
	link(secret, "out.png")
	link(outside, "folder.png")
	link("sub/in.png", "same.png")
	link("sub", "again.png")
	link("nowhere.png", "dangling.png")

	given := dir + string(filepath.Separator) + "." // an odd way to say it, kept
	names, problems, err := Find(given)
	if err != nil {
		t.Fatal(err)
	}
	sep := string(filepath.Separator)
	if want := []string{given + sep + "a.png", given + sep + "same.png", given + sep + "sub" + sep + "in.png"}; !slices.Equal(names, want) {
		t.Errorf("pictures %q, want %q", names, want)
	}
	var at []string
	for _, p := range problems {
		at = append(at, filepath.Base(p.Path))
	}
	if want := []string{"dangling.png", "folder.png", "out.png"}; !slices.Equal(at, want) {
		t.Errorf("problems %v, want at %q", problems, want)
	}

	if names, _, err := Find(odd); err != nil || !slices.Equal(names, []string{odd}) {
		t.Errorf("a named file: %q, %v", names, err)
	}
	for what, name := range map[string]string{"missing": filepath.Join(dir, "missing"), "no name": "", "empty folder": t.TempDir()} {
		if _, _, err := Find(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name %q", what, err, name)
		}
	}
}

func TestMVTec(t *testing.T) {
	s, err := Load(files(
		"cat/train/good/000.png", "cat/train/good/001.png",
		"cat/test/good/000.png",
		"cat/test/cut/000.png", "cat/test/cut/001.jpg", "cat/test/cut/002.png",
		"cat/test/hole/000.png",
		"cat/test/stray.png",
		"cat/ground_truth/cut/000_mask.png", "cat/ground_truth/cut/001.png",
		"cat/readme.txt",
	), "cat")
	if err != nil {
		t.Fatal(err)
	}
	train := []Picture{{Path: "cat/train/good/000.png", Kind: Good}, {Path: "cat/train/good/001.png", Kind: Good}}
	if !reflect.DeepEqual(s.Train, train) {
		t.Errorf("train %+v", s.Train)
	}
	test := []Picture{
		{"cat/test/cut/000.png", "cut", true, "cat/ground_truth/cut/000_mask.png"},
		{"cat/test/cut/001.jpg", "cut", true, "cat/ground_truth/cut/001.png"},
		{"cat/test/cut/002.png", "cut", true, ""},
		{"cat/test/good/000.png", Good, false, ""},
		{"cat/test/hole/000.png", "hole", true, ""},
	}
	if !reflect.DeepEqual(s.Test, test) {
		t.Errorf("test %+v", s.Test)
	}
	var at []string
	for _, p := range s.Problems {
		at = append(at, p.Path)
	}
	if want := []string{"cat/test/cut/002.png", "cat/test/stray.png"}; !slices.Equal(at, want) {
		t.Errorf("problems %v, want at %q", s.Problems, want)
	}
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name        string
		fsys        fs.FS
		train, test int
		kinds       []string
		err         string // part of the error
	}{
		{"train only", files("train/good/1.png"), 1, 0, nil, ""},
		{"good and bad", files("good/1.png", "good/2.png", "bad/3.png", "bad/dent/4.png"), 2, 2, []string{"bad", "dent"}, ""},
		{"good alone", files("good/1.png"), 1, 0, nil, ""},
		{"good beside an empty bad", files("good/1.png", "bad/note.txt"), 1, 0, nil, ""},
		{"one folder", files("1.png", "more/2.png"), 2, 0, nil, ""},
		{"nothing", files("note.txt"), 0, 0, nil, "no pictures found"},
		{"nothing to learn from", files("train/good/note.txt", "test/cut/1.png"), 0, 0, nil, "train/good: no pictures found"},
		{"defects are never learned as good", files("test/cut/1.png"), 0, 0, nil, "holds a folder test"},
		{"nor in plain folders", files("bad/1.png", "2.png"), 0, 0, nil, "holds a folder bad"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Load(c.fsys, ".")
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Train) != c.train || len(s.Test) != c.test {
				t.Errorf("%d to learn, %d to judge, want %d and %d", len(s.Train), len(s.Test), c.train, c.test)
			}
			var kinds []string
			for _, p := range s.Test {
				kinds = append(kinds, p.Kind)
			}
			if !slices.Equal(kinds, c.kinds) {
				t.Errorf("kinds %q, want %q", kinds, c.kinds)
			}
		})
	}
}

// shared finds real pictures beside the checkout.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	found := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(found); err != nil {
		t.Skipf("%s is not there: %v", path.Join("../shared", name), err)
	}
	return found
}

func TestRealSets(t *testing.T) {
	for _, c := range []struct {
		name             string
		train, good, bad int
	}{
		{"leather", 4, 4, 11},
		{"magnetic_tile", 742, 210, 392},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := os.OpenRoot(shared(t, "data/"+c.name))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			s, err := Load(root.FS(), ".")
			if err != nil {
				t.Fatal(err)
			}
			good, bad := 0, 0
			for _, p := range s.Test {
				if !p.Bad {
					good++
					continue
				}
				bad++
				if p.Mask == "" {
					t.Errorf("%s has no mask", p.Path)
				}
			}
			if len(s.Train) != c.train || good != c.good || bad != c.bad || len(s.Problems) > 0 {
				t.Errorf("%d to learn, %d good, %d bad, problems %v; want %d, %d, %d and none", len(s.Train), good, bad, s.Problems, c.train, c.good, c.bad)
			}
		})
	}
}
