// Package dataset finds the pictures of a data set and says what is known of
// each: good or defective, the kind of defect, the mask. It reads names only;
// decoding is left to package picture.
//
// Functions take a file system and a folder in it, so that embedded samples and
// real folders work alike. For a real folder use os.OpenRoot and its FS: links
// that lead out of it are then refused.
package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ErrEmpty says that a folder holds no picture. The error that wraps it names
// the folder.
var ErrEmpty = errors.New("no pictures found")

// Good is the kind of a picture without a defect.
const Good = "good"

// Picture is one picture of a data set.
type Picture struct {
	Path string // in the file system of the set, with slashes
	Kind string // Good, or the defect's name
	Bad  bool   // defective
	Mask string // path of the defect's mask, empty when there is none
}

// Set is a data set. A picture in it has not been opened: it may turn out to be
// broken, and a mask may turn out to be empty.
type Set struct {
	Layout   string // the layout that was recognised, in words
	FS       fs.FS
	Train    []Picture // good pictures to learn from
	Test     []Picture
	Problems []Problem // what could not be read or looks wrong; the rest is complete
}

// Problem is something in a folder that was passed over.
type Problem struct {
	Path string
	Err  error
}

// Error gives the path and the reason.
func (p Problem) Error() string { return fmt.Sprintf("dataset: %s: %v", p.Path, p.Err) }

// Unwrap returns the reason.
func (p Problem) Unwrap() error { return p.Err }

// Load reads the data set in the folder root in whichever layout it has:
//   - train/good inside: MVTec AD, see MVTec;
//   - good inside: plain folders, see GoodBad;
//   - otherwise every picture under root is taken as good, to learn from. A
//     folder that holds train, test, ground_truth or bad is refused here, because
//     defective pictures in it would be learned as good.
//
// It fails with ErrEmpty when there is no picture to learn from.
func Load(fsys fs.FS, root string) (*Set, error) {
	switch {
	case isFolder(fsys, path.Join(root, "train", Good)):
		return MVTec(fsys, root)
	case isFolder(fsys, path.Join(root, Good)):
		return GoodBad(fsys, root)
	}
	for _, name := range []string{"train", "test", "ground_truth", "bad"} {
		if isFolder(fsys, path.Join(root, name)) {
			return nil, Problem{root, fmt.Errorf("holds a folder %s, but no readable folder train/good or good", name)}
		}
	}
	s := &Set{Layout: "one folder of good pictures", FS: fsys}
	var err error
	s.Train, err = s.add(root, Good, false)
	return s, err
}

// GoodBad reads plain folders: root/good becomes Train and root/bad, if there
// is one, becomes Test. A defect's kind is the sub-folder of bad it lies in, or
// "bad". There are no masks.
func GoodBad(fsys fs.FS, root string) (*Set, error) {
	s := &Set{Layout: "folders good and bad", FS: fsys}
	var err error
	if s.Train, err = s.add(path.Join(root, Good), Good, false); err != nil {
		return s, err
	}
	bad := path.Join(root, "bad")
	if !isFolder(fsys, bad) {
		return s, nil
	}
	s.Test = s.list(bad, "bad", true)
	for i, p := range s.Test {
		if kind, _, nested := strings.Cut(below(bad, p.Path), "/"); nested {
			s.Test[i].Kind = kind
		}
	}
	return s, nil
}

// add lists the pictures of a folder with one label and notes its problems.
func (s *Set) add(folder, kind string, bad bool) ([]Picture, error) {
	names, problems, err := Pictures(s.FS, folder)
	s.Problems = append(s.Problems, problems...)
	pictures := make([]Picture, len(names))
	for i, n := range names {
		pictures[i] = Picture{Path: n, Kind: kind, Bad: bad}
	}
	return pictures, err
}

// list is add for a folder that may be empty or unreadable, which is a problem
// to note and no failure.
func (s *Set) list(folder, kind string, bad bool) []Picture {
	pictures, err := s.add(folder, kind, bad)
	var problem Problem
	if errors.As(err, &problem) {
		s.Problems = append(s.Problems, problem)
	}
	return pictures
}

func isFolder(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}
