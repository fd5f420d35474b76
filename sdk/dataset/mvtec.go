package dataset

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// MVTec reads one category of a data set in MVTec AD's layout:
//
//	root/train/good/*                        pictures to learn from
//	root/test/good/*                         good pictures to judge
//	root/test/<kind>/*                       defective pictures
//	root/ground_truth/<kind>/<name>_mask.*   their masks
//
// Picture and mask may be of different file types, and a mask may also be
// called <name>. A defective picture without a mask is kept; where other
// pictures of its kind have masks it is listed in Problems too. Without a test
// folder Test is empty. It fails with ErrEmpty when train/good has no picture.
func MVTec(fsys fs.FS, root string) (*Set, error) {
	s := &Set{Layout: "MVTec AD", FS: fsys}
	var err error
	if s.Train, err = s.add(path.Join(root, "train", Good), Good, false); err != nil {
		return s, err
	}
	test := path.Join(root, "test")
	entries, err := fs.ReadDir(fsys, test)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		s.Problems = append(s.Problems, Problem{test, reason(err)})
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return natural(a.Name(), b.Name()) })
	for _, e := range entries {
		folder := path.Join(test, e.Name())
		switch {
		case hidden(e.Name()):
		case isFolder(fsys, folder):
			s.addKind(root, e.Name())
		case e.Type()&fs.ModeSymlink != 0:
			s.Problems = append(s.Problems, Problem{folder, errors.New("a link that leads to no folder, or out of the data set")})
		case isPicture(e.Name()):
			s.Problems = append(s.Problems, Problem{folder, errors.New("lies in no folder that says whether it is good")})
		}
	}
	return s, nil
}

// addKind adds the folder test/kind with its masks.
func (s *Set) addKind(root, kind string) {
	folder := path.Join(root, "test", kind)
	pictures := s.list(folder, kind, kind != Good)
	truth := path.Join(root, "ground_truth", kind)
	if kind == Good || !isFolder(s.FS, truth) {
		s.Test = append(s.Test, pictures...)
		return
	}
	masks := make(map[string]string)
	for _, m := range s.list(truth, kind, true) {
		masks[strings.TrimSuffix(stem(below(truth, m.Path)), "_mask")] = m.Path
	}
	for _, p := range pictures {
		p.Mask = masks[stem(below(folder, p.Path))]
		if p.Mask == "" && len(masks) > 0 {
			s.Problems = append(s.Problems, Problem{p.Path, errors.New("has no mask in " + truth)})
		}
		s.Test = append(s.Test, p)
	}
}

// stem is a path without its file's extension.
func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// below is a path seen from a folder that contains it.
func below(folder, name string) string {
	if folder == "." {
		return name
	}
	return strings.TrimPrefix(name, folder+"/")
}
