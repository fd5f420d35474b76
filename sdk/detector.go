package sdk

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"strings"

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
	Pictures int // learned from
	HeldOut  int // kept for calibration only
	Skipped  int // could not be used
	Epochs   int
	Seed     uint32
	Loss     float64 // mean of the last epoch
	Device   string
}

const (
	descriptionKey = "flawscope"
	backbonePrefix = "backbone."
	methodPrefix   = "method."
	scoresName     = "calibration.scores"
	peaksName      = "calibration.peaks"
)

// embedded is the backbone whose weights need not stand in a detector's file, and
// their Fingerprint.
const (
	embedded            = "compact"
	embeddedFingerprint = "056532ea427b03b0497919025d274a35fb11ffe31a8c290bffcff4b293b87c23"
)

// Fingerprint is the SHA-256 of weights: of every name, shape and float32 value
// in the order of names.
func Fingerprint(w backbone.Weights) string {
	h := newSHA256()
	for _, name := range tensor.SortedKeys(w) {
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
// before memory is taken; what does not fit is ErrFormat, and ErrNewer when a
// newer program is needed.
func Load(r io.Reader) (*Detector, error) { return LoadWith(r, EmbeddedWeights) }

// LoadWith is Load for a program without the built-in weights: a detector that
// was saved without its backbone's has those that weights returns.
func LoadWith(r io.Reader, weights func(backbone string) (backbone.Weights, error)) (*Detector, error) {
	tensors, metadata, err := parseTensors(r)
	if err != nil {
		return nil, err
	}
	text, ok := metadata[descriptionKey]
	if !ok {
		return nil, fmt.Errorf("sdk: %w: no detector's description in it", ErrFormat)
	}
	about, err := parseDescription(text)
	if err != nil {
		return nil, fmt.Errorf("sdk: %w: %w", ErrFormat, err)
	}
	if _, err := backbone.Named(about.backbone.name); err != nil {
		return nil, fmt.Errorf("sdk: %w: %w", ErrFormat, err)
	}
	if about.backbone.embedded {
		if tensors, err = withBackbone(tensors, about, weights); err != nil {
			return nil, err
		}
	}
	d, err := assemble(about, tensors)
	if err != nil {
		return nil, fmt.Errorf("sdk: %w: %w", ErrFormat, err)
	}
	return d, nil
}

// withBackbone returns the tensors with the weights that the file was saved without.
func withBackbone(tensors map[string]*tensor.Tensor, about *description, weights func(string) (backbone.Weights, error)) (map[string]*tensor.Tensor, error) {
	w, err := weights(about.backbone.name)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(tensors)
	maps.DeleteFunc(all, func(name string, _ *tensor.Tensor) bool { return strings.HasPrefix(name, backbonePrefix) })
	for name, t := range w {
		all[backbonePrefix+name] = t
	}
	return all, nil
}

func assemble(about *description, tensors map[string]*tensor.Tensor) (*Detector, error) {
	d := &Detector{Backbone: about.backbone.name, Weights: backbone.Weights{}, Training: about.training}
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
	if about.method.name != "simplenet" {
		return nil, fmt.Errorf("unknown method %q", about.method.name)
	}
	var err error
	if d.Preparation, err = about.preparation.Filled(); err != nil {
		return nil, err
	}
	if d.Method, err = method.NewSimpleNet(about.method.options, about.method.center, about.method.spread, parameters); err != nil {
		return nil, err
	}
	if s, p := tensors[scoresName], tensors[peaksName]; s != nil && p != nil {
		d.Calibration = Calibration{Scores: s.Data, Peaks: p.Data, Folds: about.folds}
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	if got := Fingerprint(d.Weights); got != about.backbone.sha256 {
		return nil, fmt.Errorf("the backbone's weights have SHA-256 %s, the detector was made with %s", got, about.backbone.sha256)
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
		formatVersion: FormatVersion,
		backbone:      backboneRecord{name: d.Backbone, sha256: Fingerprint(d.Weights)},
		method:        methodRecord{name: head.Name(), options: head.Options, center: head.Center, spread: head.Spread},
		preparation:   d.Preparation,
		folds:         d.Calibration.Folds,
		training:      d.Training,
	}
	about.backbone.embedded = d.Backbone == embedded && about.backbone.sha256 == embeddedFingerprint
	f := &tensor.File{}
	put := func(prefix string, tensors map[string]*tensor.Tensor) error {
		for name, t := range tensors {
			if err := f.Store(prefix+name, tensor.F32, t); err != nil {
				return err
			}
		}
		return nil
	}
	if !about.backbone.embedded {
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
	f.Metadata = map[string]string{descriptionKey: about.text()}
	return f, nil
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
