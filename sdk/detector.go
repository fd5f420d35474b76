package sdk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
	"github.com/flawscope/flawscope/sdk/method"
	"github.com/flawscope/flawscope/sdk/picture"
)

// Detector is what was learned from good pictures: a plain value, made by
// package train or read from a file, and put on a device by On.
type Detector struct {
	// Backbone is the name of the feature extractor, Weights its tensors.
	Backbone string
	Weights  backbone.Weights
	// Preparation brings a picture to the network's size.
	Preparation picture.Options
	Method      method.Method
	Calibration Calibration
	Training    Training
}

// Training says how a detector was made.
type Training struct {
	Pictures int     `json:"pictures"` // learned from
	HeldOut  int     `json:"held_out"` // kept for calibration only
	Skipped  int     `json:"skipped"`  // could not be used
	Epochs   int     `json:"epochs"`
	Seed     uint32  `json:"seed"`
	Loss     float64 `json:"loss"` // mean of the last epoch
	Device   string  `json:"device"`
}

// FormatVersion is the version of the detector file that is written; older ones
// are read, newer ones refused.
const FormatVersion = 1

// description is the JSON in a detector file's metadata.
type description struct {
	FormatVersion int             `json:"format_version"`
	Backbone      backboneRecord  `json:"backbone"`
	Method        methodRecord    `json:"method"`
	Preparation   picture.Options `json:"preparation"`
	Folds         int             `json:"calibration_folds"`
	Training      Training        `json:"training"`
}

type backboneRecord struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`   // see Fingerprint
	Embedded bool   `json:"embedded"` // the weights are the program's own
}

type methodRecord struct {
	Name    string                  `json:"name"`
	Options method.SimpleNetOptions `json:"options"`
	Center  float64                 `json:"center"`
	Spread  float64                 `json:"spread"`
}

const (
	descriptionKey = "flawscope"
	backbonePrefix = "backbone."
	methodPrefix   = "method."
	scoresName     = "calibration.scores"
	peaksName      = "calibration.peaks"
)

// EmbeddedWeights returns the weights that are built into the program, those of
// compact.
func EmbeddedWeights(name string) (backbone.Weights, error) {
	if name != "compact" {
		return nil, fmt.Errorf("sdk: the weights of %s are not built in; give a file of them", name)
	}
	tensors, _, err := parseTensors(bytes.NewReader(assets.Compact()))
	return tensors, err
}

// Fingerprint is the SHA-256 of weights: of every name, shape and float32 value
// in the order of names.
func Fingerprint(w backbone.Weights) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(w)) {
		fmt.Fprintf(h, "%s %v\n", name, w[name].Shape)
		b := make([]byte, 0, 4*len(w[name].Data))
		for _, v := range w[name].Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Open reads a detector file.
func Open(path string) (*Detector, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sdk: %w", err)
	}
	defer file.Close()
	d, err := Load(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Load reads a detector. Nothing in it is executed, every length is checked
// before memory is taken; what does not fit is ErrFormat.
func Load(r io.Reader) (*Detector, error) {
	tensors, metadata, err := parseTensors(r)
	if err != nil {
		return nil, err
	}
	text, ok := metadata[descriptionKey]
	if !ok {
		return nil, fmt.Errorf("sdk: %w: no detector's description in it", ErrFormat)
	}
	var version struct {
		FormatVersion int `json:"format_version"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return nil, fmt.Errorf("sdk: %w: its description: %v", ErrFormat, err)
	}
	if version.FormatVersion > FormatVersion {
		return nil, fmt.Errorf("sdk: %w: a detector of format version %d, this program reads up to %d; use a newer program",
			ErrFormat, version.FormatVersion, FormatVersion)
	}
	if version.FormatVersion < 1 {
		return nil, fmt.Errorf("sdk: %w: a detector of format version %d", ErrFormat, version.FormatVersion)
	}
	var about description
	if err := json.Unmarshal([]byte(text), &about); err != nil {
		return nil, fmt.Errorf("sdk: %w: its description: %v", ErrFormat, err)
	}
	d, err := assemble(about, tensors)
	if err != nil {
		return nil, fmt.Errorf("sdk: %w: %w", ErrFormat, err)
	}
	return d, nil
}

func assemble(about description, tensors map[string]*tensor.Tensor) (*Detector, error) {
	d := &Detector{Backbone: about.Backbone.Name, Weights: backbone.Weights{}, Training: about.Training}
	parameters := map[string]*tensor.Tensor{}
	for name, t := range tensors {
		if short, ok := strings.CutPrefix(name, backbonePrefix); ok {
			d.Weights[short] = t
		} else if short, ok := strings.CutPrefix(name, methodPrefix); ok {
			parameters[short] = t
		} else if name != scoresName && name != peaksName {
			return nil, fmt.Errorf("unknown tensor %q", name)
		}
	}
	if _, err := backbone.Named(d.Backbone); err != nil {
		return nil, err
	}
	var err error
	if about.Backbone.Embedded {
		if d.Weights, err = EmbeddedWeights(d.Backbone); err != nil {
			return nil, err
		}
	}
	if about.Method.Name != "simplenet" {
		return nil, fmt.Errorf("unknown method %q", about.Method.Name)
	}
	if d.Preparation, err = about.Preparation.Filled(); err != nil {
		return nil, err
	}
	if d.Method, err = method.NewSimpleNet(about.Method.Options, about.Method.Center, about.Method.Spread, parameters); err != nil {
		return nil, err
	}
	if s, p := tensors[scoresName], tensors[peaksName]; s != nil && p != nil {
		d.Calibration = Calibration{Scores: s.Data, Peaks: p.Data, Folds: about.Folds}
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	if got := Fingerprint(d.Weights); got != about.Backbone.SHA256 {
		return nil, fmt.Errorf("the backbone's weights have SHA-256 %s, the detector was made with %s", got, about.Backbone.SHA256)
	}
	return d, nil
}

// Check returns an error when the parts of the detector do not fit together.
func (d *Detector) Check() error {
	network, err := backbone.Named(d.Backbone)
	if err != nil {
		return err
	}
	if err := network.Check(d.Weights); err != nil {
		return err
	}
	if head, ok := d.Method.(*method.SimpleNet); ok {
		for i, name := range method.SimpleNetTaps {
			if tap, _, err := network.Tap(name); err != nil || tap.Channels != head.Options.Channels[i] {
				return fmt.Errorf("sdk: the method wants %d channels of %s, %s has %d", head.Options.Channels[i], name, d.Backbone, tap.Channels)
			}
		}
	}
	_, err = d.Calibration.Decide(Policy{})
	return err
}

// Save writes the detector to a file: the old or the new one is there, whole,
// whatever happens.
func (d *Detector) Save(path string) error {
	f, err := d.file()
	if err != nil {
		return fmt.Errorf("sdk: %s was not written: %w", path, err)
	}
	return ReplaceFile(path, func(w io.Writer) error { return tensor.Write(w, f) })
}

// Write writes the detector.
func (d *Detector) Write(w io.Writer) error {
	f, err := d.file()
	if err != nil {
		return err
	}
	return tensor.Write(w, f)
}

func (d *Detector) file() (*tensor.File, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	head, ok := d.Method.(*method.SimpleNet)
	if !ok {
		return nil, fmt.Errorf("sdk: method %s cannot be written", d.Method.Name())
	}
	about := description{
		FormatVersion: FormatVersion,
		Backbone:      backboneRecord{Name: d.Backbone, SHA256: Fingerprint(d.Weights)},
		Method:        methodRecord{Name: head.Name(), Options: head.Options, Center: head.Center, Spread: head.Spread},
		Preparation:   d.Preparation,
		Folds:         d.Calibration.Folds,
		Training:      d.Training,
	}
	if embedded, err := EmbeddedWeights(d.Backbone); err == nil {
		about.Backbone.Embedded = Fingerprint(embedded) == about.Backbone.SHA256
	}
	f := &tensor.File{}
	put := func(prefix string, tensors map[string]*tensor.Tensor) error {
		for name, t := range tensors {
			if err := f.Store(prefix+name, tensor.F32, t); err != nil {
				return err
			}
		}
		return nil
	}
	if !about.Backbone.Embedded {
		if err := put(backbonePrefix, d.Weights); err != nil {
			return nil, err
		}
	}
	if err := put(methodPrefix, head.State()); err != nil {
		return nil, err
	}
	n := len(d.Calibration.Scores)
	if err := put("", map[string]*tensor.Tensor{
		scoresName: tensor.From(tensor.Vector(n), d.Calibration.Scores),
		peaksName:  tensor.From(tensor.Vector(n), d.Calibration.Peaks),
	}); err != nil {
		return nil, err
	}
	text, err := json.Marshal(about)
	f.Metadata = map[string]string{descriptionKey: string(text)}
	return f, err
}

// taps adds the detector's backbone to b and returns the maps its method reads.
func (d *Detector) taps(b kernels.Builder, x kernels.Value) []kernels.Value {
	network, err := backbone.Named(d.Backbone)
	if err != nil {
		b.Fail(err)
		return []kernels.Value{x, x}
	}
	all := network.Build(b, x, d.Weights)
	var taps []kernels.Value
	for _, name := range method.SimpleNetTaps {
		_, i, err := network.Tap(name)
		if err != nil {
			b.Fail(err)
		}
		taps = append(taps, all[i])
	}
	return taps
}
