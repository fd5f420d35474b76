package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
)

const (
	reportName     = "report.html"
	thumbnailSide  = 200
	thumbnailLevel = 82  // JPEG quality
	maxThumbnails  = 400 // of the highest scores; a report that is larger helps nobody
	maxNameLength  = 120
)

// sink writes overlays and the report into a folder and never outside it.
type sink struct {
	path  string
	root  *os.Root
	taken map[string]bool // names in lower case, for file systems that ignore case
	// encoder keeps its memory from one overlay to the next.
	encoder png.Encoder
}

func newSink(path string) (*sink, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	if err := writable(filepath.Join(path, reportName)); err != nil {
		root.Close()
		return nil, err
	}
	return &sink{path: path, root: root, taken: map[string]bool{}, encoder: png.Encoder{CompressionLevel: png.BestSpeed}}, nil
}

func (s *sink) close() { s.root.Close() }

// add writes the overlay of an outcome and puts it into the report.
func (s *sink) add(to *section, o outcome) error {
	c := card{File: o.name, Kind: o.kind}
	if o.err != nil {
		c.Error = o.err.Error()
		to.Cards = append(to.Cards, c)
		return nil
	}
	c.Score, c.PValue, c.Rejected, c.Regions = o.result.Score, o.result.PValue, o.rejected(), len(o.result.Regions)
	name := s.name(o.short)
	c.Overlay = name
	overlay := o.result.Overlay(o.img, picture.OverlayOptions{
		Detail: fmt.Sprintf("score %.3f, threshold %.3f", o.result.Score, o.result.Decision.Threshold),
	})
	if err := s.write(name, overlay); err != nil {
		return err
	}
	var err error
	if c.Picture, err = thumbnail(o.img); err != nil {
		return err
	}
	small := picture.Thumbnail(o.img, thumbnailSide)
	if c.Heat, err = thumbnail(bare(o.result).Overlay(small, picture.OverlayOptions{Unlabeled: true})); err != nil {
		return err
	}
	to.Cards = append(to.Cards, c)
	to.thin()
	return nil
}

// bare is a result whose overlay has no strip with words.
func bare(r sdk.Result) sdk.Result {
	r.Verdict = ""
	return r
}

func (s *sink) write(name string, img image.Image) error {
	file, err := s.root.Create(name)
	if err == nil {
		err = errors.Join(s.encoder.Encode(file, img), file.Close())
	}
	if err != nil {
		return fmt.Errorf("%s was not written: %w", filepath.Join(s.path, name), reason(err))
	}
	return nil
}

// name returns a name for the overlay of a picture that no other one has.
func (s *sink) name(path string) string {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	stem = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, stem)
	if len(stem) > maxNameLength {
		stem = strings.ToValidUTF8(stem[len(stem)-maxNameLength:], "")
	}
	stem = strings.TrimLeft(stem, "._")
	if stem == "" {
		stem = "picture"
	}
	name := stem + ".png"
	for n := 2; s.taken[strings.ToLower(name)]; n++ {
		name = stem + "-" + strconv.Itoa(n) + ".png"
	}
	s.taken[strings.ToLower(name)] = true
	return name
}

// thumbnail returns a small copy as a data URI.
func thumbnail(img image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture.Thumbnail(img, thumbnailSide), &jpeg.Options{Quality: thumbnailLevel}); err != nil {
		return "", err
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// report writes the report of everything that was added.
func (s *sink) report(title string, sections ...*section) error {
	for _, r := range sections {
		slices.SortStableFunc(r.Cards, func(a, b card) int {
			return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(b.Score, a.Score))
		})
		r.Histogram = newHistogram(r.calibration.Scores, r.scores, r.decision.Threshold)
	}
	return sdk.ReplaceFile(filepath.Join(s.path, reportName), func(w io.Writer) error {
		return writeReport(w, page{Title: title, Version: versionName(), Sections: sections})
	})
}
