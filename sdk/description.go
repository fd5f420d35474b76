package sdk

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/flawscope/flawscope/kernels/tensor/json"
	"github.com/flawscope/flawscope/sdk/method"
	"github.com/flawscope/flawscope/sdk/picture"
)

// FormatVersion is the version of the detector file that is written; older ones
// are read, newer ones refused.
const FormatVersion = 1

// description is the JSON in a detector file's metadata.
type description struct {
	formatVersion int
	backbone      backboneRecord
	method        methodRecord
	preparation   picture.Options
	folds         int
	training      Training
}

type backboneRecord struct {
	name     string
	sha256   string // see Fingerprint
	embedded bool   // the weights are the program's own
}

type methodRecord struct {
	name           string
	options        method.SimpleNetOptions
	center, spread float64
}

// field is a name in a JSON object and what stands there: a pointer to a value,
// or the fields of another object.
type field struct {
	name string
	at   any  // *string, *bool, *int, *uint32, *float64, *[2]int or []field
	zero bool // written even when it is zero
}

func (d *description) fields() []field {
	o, t := &d.method.options, &d.training
	return []field{
		{"format_version", &d.formatVersion, true},
		{"backbone", []field{
			{"name", &d.backbone.name, true},
			{"sha256", &d.backbone.sha256, true},
			{"embedded", &d.backbone.embedded, true},
		}, true},
		{"method", []field{
			{"name", &d.method.name, true},
			{"options", []field{
				{"aggregation", (*string)(&o.Aggregation), true},
				{"channels", &o.Channels, true},
				{"hidden", &o.Hidden, true},
			}, true},
			{"center", &d.method.center, true},
			{"spread", &d.method.spread, true},
		}, true},
		{"preparation", []field{
			{"geometry", (*string)(&d.preparation.Geometry), false},
			{"width", &d.preparation.Width, false},
			{"height", &d.preparation.Height, false},
			{"resize", &d.preparation.Resize, false},
			{"crop", &d.preparation.Crop, false},
		}, true},
		{"calibration_folds", &d.folds, true},
		{"training", []field{
			{"pictures", &t.Pictures, true},
			{"held_out", &t.HeldOut, true},
			{"skipped", &t.Skipped, true},
			{"epochs", &t.Epochs, true},
			{"seed", &t.Seed, true},
			{"loss", &t.Loss, true},
			{"device", &t.Device, true},
		}, true},
	}
}

// parseDescription reads a description of a version that is known; names that
// are not known are passed over.
func parseDescription(text string) (*description, error) {
	d := &description{}
	version := []field{{"format_version", &d.formatVersion, true}}
	if err := parse(text, version); err != nil {
		return nil, fmt.Errorf("its description: %w", err)
	}
	if d.formatVersion > FormatVersion {
		return nil, fmt.Errorf("%w: format version %d, this program reads up to %d; use a newer program",
			ErrNewer, d.formatVersion, FormatVersion)
	}
	if d.formatVersion < 1 {
		return nil, fmt.Errorf("a detector of format version %d", d.formatVersion)
	}
	if err := parse(text, d.fields()); err != nil {
		return nil, fmt.Errorf("its description: %w", err)
	}
	return d, nil
}

func parse(text string, fields []field) error {
	r := json.NewReader([]byte(text))
	if err := readFields(r, fields); err != nil {
		return err
	}
	return r.End()
}

func readFields(r *json.Reader, fields []field) error {
	return r.Object(func(key string) error {
		for _, f := range fields {
			if f.name != key {
				continue
			}
			if r.Null() { // as if it were not there
				return nil
			}
			if err := f.read(r); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			return nil
		}
		return r.Skip()
	})
}

func (f field) read(r *json.Reader) (err error) {
	switch at := f.at.(type) {
	case *string:
		*at, err = r.String()
	case *bool:
		*at, err = r.Bool()
	case *float64:
		*at, err = r.Float()
	case *int:
		err = readWhole(r, at)
	case *uint32:
		err = readWhole(r, at)
	case *[2]int:
		n := 0
		err = r.Array(func() error {
			if n == len(at) {
				return fmt.Errorf("more than %d numbers", len(at))
			}
			n++
			return readWhole(r, &at[n-1])
		})
	case []field:
		err = readFields(r, at)
	}
	return err
}

func readWhole[T int | uint32](r *json.Reader, at *T) error {
	v, err := r.Int()
	if err != nil {
		return err
	}
	if *at = T(v); int64(*at) != v {
		return fmt.Errorf("%d is out of range", v)
	}
	return nil
}

// text returns the description as JSON.
func (d *description) text() string { return string(appendFields(nil, d.fields())) }

func appendFields(to []byte, fields []field) []byte {
	to = append(to, '{')
	for _, f := range fields {
		value := f.append(nil)
		if s := string(value); !f.zero && (s == "0" || s == `""`) {
			continue
		}
		if !bytes.HasSuffix(to, []byte("{")) {
			to = append(to, ',')
		}
		to = append(json.AppendString(to, f.name), ':')
		to = append(to, value...)
	}
	return append(to, '}')
}

func (f field) append(to []byte) []byte {
	switch at := f.at.(type) {
	case *string:
		return json.AppendString(to, *at)
	case *bool:
		return strconv.AppendBool(to, *at)
	case *float64:
		return json.AppendFloat(to, *at)
	case *int:
		return strconv.AppendInt(to, int64(*at), 10)
	case *uint32:
		return strconv.AppendUint(to, uint64(*at), 10)
	case *[2]int:
		return fmt.Appendf(to, "[%d,%d]", at[0], at[1])
	case []field:
		return appendFields(to, at)
	}
	return to
}
