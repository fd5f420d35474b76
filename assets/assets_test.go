package assets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// header reads a safetensors header as far as these tests need it.
func header(t *testing.T, file []byte) map[string]struct{ Shape []int } {
	t.Helper()
	n := binary.LittleEndian.Uint64(file)
	var all map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+n], &all); err != nil {
		t.Fatal(err)
	}
	delete(all, "__metadata__")
	out := make(map[string]struct{ Shape []int })
	for name, raw := range all {
		var v struct{ Shape []int }
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		out[name] = v
	}
	return out
}

func TestCompact(t *testing.T) {
	const want = "7314c1f2cb863c7596bf7c6ca2500e10e40aacbc7f44df19e59ddb5c371b9e6e"
	file := Compact()
	if got := fmt.Sprintf("%x", sha256.Sum256(file)); got != want {
		t.Errorf("sha256 of the weights is %s, want %s: detectors that name this backbone would no longer fit", got, want)
	}
	parameters := 0
	for _, v := range header(t, file) {
		n := 1
		for _, d := range v.Shape {
			n *= d
		}
		parameters += n
	}
	if parameters != 1157360 {
		t.Errorf("%d parameters, want 1157360", parameters)
	}
	file[0]++
	if Compact()[0] == file[0] {
		t.Error("callers share one copy")
	}
}

func TestCompactGolden(t *testing.T) {
	tensors := header(t, CompactGolden())
	for _, name := range []string{"input_64x64", "layer2_64x64", "layer3_64x64", "input_96x64", "layer2_96x64", "layer3_96x64"} {
		if len(tensors[name].Shape) != 3 {
			t.Errorf("%s: shape %v", name, tensors[name].Shape)
		}
	}
}

func decode(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := Samples().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

func TestSamples(t *testing.T) {
	const limit = 8_000_000
	total := 0
	for _, category := range []string{"brushed", "fabric", "gasket"} {
		counts := map[string]int{}
		err := fs.WalkDir(Samples(), category, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			total += int(info.Size())
			img := decode(t, name)
			if b := img.Bounds(); b != image.Rect(0, 0, 256, 256) {
				t.Errorf("%s covers %v", name, b)
			}
			folder, file := path.Split(name)
			switch parts := strings.Split(folder, "/"); {
			case parts[1] == "ground_truth":
				counts["masks"]++
				checkMask(t, name, img)
			case parts[2] == "good":
				counts[parts[1]+"/good"]++
			default:
				counts["defective"]++
				mask := path.Join(category, "ground_truth", parts[2], strings.TrimSuffix(file, ".png")+"_mask.png")
				if _, err := fs.Stat(Samples(), mask); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]int{"train/good": 30, "test/good": 10, "defective": 12, "masks": 12} {
			if counts[what] != want {
				t.Errorf("%s: %d %s, want %d", category, counts[what], what, want)
			}
		}
	}
	if total > limit {
		t.Errorf("the samples take %d bytes, more than %d", total, limit)
	}
}

// checkMask wants 0 and 255 only, and a defect of a sensible size.
func checkMask(t *testing.T, name string, img image.Image) {
	t.Helper()
	m, ok := img.(*image.Gray)
	if !ok {
		t.Fatalf("%s is not 8-bit grayscale", name)
	}
	defect := 0
	for _, v := range m.Pix {
		if v == 255 {
			defect++
		} else if v != 0 {
			t.Fatalf("%s has the value %d", name, v)
		}
	}
	if defect < 20 || defect > len(m.Pix)/8 {
		t.Errorf("%s marks %d pixels", name, defect)
	}
}
