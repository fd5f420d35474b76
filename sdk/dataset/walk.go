package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Walk visits the pictures under the folder root of fsys, sub-folders included,
// in natural order (img2 before img10). A picture is a regular file whose name
// ends in .png, .jpg, .jpeg, .bmp, .tif, .tiff or .webp in any case. Names that
// begin with a dot are skipped.
//
// What cannot be read comes with an error and the walk goes on: a folder that
// cannot be listed, a link that leads nowhere or (with os.Root) out of root. A
// link to a picture is followed, a link to a folder is not.
func Walk(fsys fs.FS, root string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { walk(fsys, root, yield) }
}

// walk returns false when the visitor wants no more.
func walk(fsys fs.FS, folder string, yield func(string, error) bool) bool {
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil && !yield(folder, reason(err)) {
		return false
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return natural(a.Name(), b.Name()) })
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		switch {
		case hidden(e.Name()):
		case e.IsDir():
			if !walk(fsys, name, yield) {
				return false
			}
		case isPicture(e.Name()):
			err := check(fsys, name, e)
			if errors.Is(err, errLinkedFolder) {
				continue
			}
			if !yield(name, err) {
				return false
			}
		}
	}
	return true
}

var (
	errLinkedFolder = errors.New("a link to a folder")
	errNotAFile     = errors.New("not a regular file")
)

// check says why an entry that is named like a picture cannot be one.
func check(fsys fs.FS, name string, e fs.DirEntry) error {
	mode := e.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return fmt.Errorf("link not followed: %w", reason(err))
		}
		mode = info.Mode()
		if mode.IsDir() {
			return errLinkedFolder
		}
	}
	if !mode.IsRegular() {
		return errNotAFile
	}
	return nil
}

// Pictures lists what Walk visits: the pictures, and beside them what could not
// be read. It fails when root itself cannot be read, and with ErrEmpty when
// there is no picture under it.
func Pictures(fsys fs.FS, root string) (names []string, problems []Problem, err error) {
	for name, err := range Walk(fsys, root) {
		switch {
		case err == nil:
			names = append(names, name)
		case name == root:
			return nil, nil, Problem{root, err}
		default:
			problems = append(problems, Problem{name, err})
		}
	}
	if len(names) == 0 {
		err = Problem{root, ErrEmpty}
	}
	return names, problems, err
}

// Find lists the pictures under a path of this machine. A folder is walked as by
// Pictures, without leaving it. A file is taken whatever its name. The names
// returned begin with the path as it was given.
func Find(name string) (names []string, problems []Problem, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, Problem{name, reason(err)}
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, nil, Problem{name, errNotAFile}
		}
		return []string{name}, nil, nil
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, nil, Problem{name, reason(err)}
	}
	defer root.Close()
	names, problems, err = Pictures(root.FS(), ".")
	prefix := name
	if !os.IsPathSeparator(name[len(name)-1]) {
		prefix += string(filepath.Separator)
	}
	for i, n := range names {
		names[i] = prefix + filepath.FromSlash(n)
	}
	for i, p := range problems {
		problems[i].Path = prefix + filepath.FromSlash(p.Path)
	}
	var whole Problem
	if errors.As(err, &whole) {
		err = Problem{name, whole.Err}
	}
	return names, problems, err
}

// reason strips the path from an error that goes into a Problem, which has it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func isPicture(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp":
		return true
	}
	return false
}

// natural compares names with runs of digits as numbers. Names that differ only
// in leading zeros fall back to plain order, so the order is total.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m > 0 && n > 0 {
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digits is the length of the run of digits that s begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}
