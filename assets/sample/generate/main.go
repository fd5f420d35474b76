// Command generate draws the sample pictures that are built into the program:
// woven fabric, brushed metal and a gasket, good and defective, with masks, in
// MVTec AD's layout. Run it from the root of the repository:
//
//	go run ./assets/sample/generate
//
// The same seed gives the same files on the same processor family (elsewhere
// floating point may round a pixel differently).
package main

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"image"
	"image/png"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	trainGood = 30 // pictures to learn from
	testGood  = 10
	perKind   = 3 // pictures of each kind of defect, from plain to faint
)

// A category draws one picture and the mask of its defect. The kind is "good"
// or one of kinds; strength is 1 for a plain defect and falls to faint.
type category struct {
	name  string
	kinds []string
	draw  func(r *rand.Rand, kind string, strength float64) (image.Image, *image.Gray)
}

var strengths = [perKind]float64{1, 0.75, 0.55}

func categories() []category {
	return []category{
		{"fabric", []string{"hole", "missing_thread", "slub", "stain"}, drawFabric},
		{"brushed", []string{"dent", "fingerprint", "pitting", "scratch"}, drawBrushed},
		{"gasket", []string{"bead_gap", "chip", "contamination", "tear"}, drawGasket},
	}
}

// A file is one picture of the set, encoded, and its path below the category.
type file struct {
	path string
	data []byte
}

func main() {
	log.SetFlags(0)
	out := flag.String("out", filepath.Join("assets", "sample"), "folder that gets one folder for each category")
	seed := flag.Uint64("seed", 1, "seed of all pictures")
	flag.Parse()
	for _, c := range categories() {
		folder := filepath.Join(*out, c.name)
		if err := os.RemoveAll(folder); err != nil {
			log.Fatal(err)
		}
		total := 0
		for _, s := range c.plan() {
			files, err := c.make(*seed, s)
			if err != nil {
				log.Fatal(err)
			}
			for _, f := range files {
				name := filepath.Join(folder, filepath.FromSlash(f.path))
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					log.Fatal(err)
				}
				if err := os.WriteFile(name, f.data, 0o644); err != nil {
					log.Fatal(err)
				}
				total += len(f.data)
			}
		}
		fmt.Printf("%s: %d bytes\n", c.name, total)
	}
}

// A shot says which picture of a category is to be drawn.
type shot struct {
	split, kind string
	index       int
	strength    float64
}

func (c category) plan() []shot {
	var shots []shot
	for i := range trainGood {
		shots = append(shots, shot{"train", "good", i, 0})
	}
	for i := range testGood {
		shots = append(shots, shot{"test", "good", i, 0})
	}
	for _, kind := range c.kinds {
		for i, strength := range strengths {
			shots = append(shots, shot{"test", kind, i, strength})
		}
	}
	return shots
}

// make draws one shot: the picture and, when it is defective, the mask. Each
// shot has random numbers of its own, so one can be redrawn without the others.
func (c category) make(seed uint64, s shot) ([]file, error) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d", c.name, s.split, s.kind, s.index)
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	img, mask := c.draw(r, s.kind, s.strength)
	data, err := encode(img)
	if err != nil {
		return nil, err
	}
	files := []file{{fmt.Sprintf("%s/%s/%03d.png", s.split, s.kind, s.index), data}}
	if s.kind != "good" {
		if data, err = encode(mask); err != nil {
			return nil, err
		}
		files = append(files, file{fmt.Sprintf("ground_truth/%s/%03d_mask.png", s.kind, s.index), data})
	}
	return files, nil
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	err := e.Encode(&b, img)
	return b.Bytes(), err
}
