package sdk

import (
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/sdk/method"
	"github.com/flawscope/flawscope/sdk/picture"
)

func TestEmbeddedFingerprint(t *testing.T) {
	w, err := EmbeddedWeights(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if got := Fingerprint(w); got != embeddedFingerprint {
		t.Errorf("the built-in weights have the fingerprint %s, not %s", got, embeddedFingerprint)
	}
}

// TestDescription: what is written is what encoding/json writes of the same, and
// it reads back.
func TestDescription(t *testing.T) {
	d := description{
		formatVersion: 1,
		backbone:      backboneRecord{name: "compact", sha256: "ab", embedded: true},
		method: methodRecord{name: "simplenet", center: -1.25e-7, spread: 3,
			options: method.SimpleNetOptions{Aggregation: method.MeanAggregation, Channels: [2]int{128, 256}, Hidden: 384}},
		preparation: picture.Options{Geometry: picture.GeometryFit, Width: 256, Height: 128},
		folds:       5,
		training:    Training{Pictures: 7, HeldOut: 1, Skipped: 2, Epochs: 3, Seed: 1 << 31, Loss: 0.1, Device: "<cpu>"},
	}
	want, err := json.Marshal(struct {
		FormatVersion int             `json:"format_version"`
		Backbone      any             `json:"backbone"`
		Method        any             `json:"method"`
		Preparation   picture.Options `json:"preparation"`
		Folds         int             `json:"calibration_folds"`
		Training      any             `json:"training"`
	}{
		1,
		struct {
			Name     string `json:"name"`
			SHA256   string `json:"sha256"`
			Embedded bool   `json:"embedded"`
		}{"compact", "ab", true},
		struct {
			Name    string                  `json:"name"`
			Options method.SimpleNetOptions `json:"options"`
			Center  float64                 `json:"center"`
			Spread  float64                 `json:"spread"`
		}{"simplenet", d.method.options, d.method.center, 3},
		d.preparation, 5,
		struct {
			Pictures int     `json:"pictures"`
			HeldOut  int     `json:"held_out"`
			Skipped  int     `json:"skipped"`
			Epochs   int     `json:"epochs"`
			Seed     uint32  `json:"seed"`
			Loss     float64 `json:"loss"`
			Device   string  `json:"device"`
		}(d.training),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.text(); got != string(want) {
		t.Errorf("written\n%s, encoding/json writes\n%s", got, want)
	}
	back, err := parseDescription(d.text())
	if err != nil {
		t.Fatal(err)
	}
	if *back != d {
		t.Errorf("%+v became %+v", d, *back)
	}
}

func TestDescriptionRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                      "ends",
		`[]`:                    `"{"`,
		`{}`:                    "format version 0",
		`{"format_version":2}`:  "newer",
		`{"format_version":1}x`: "the end",
		`{"format_version":1,"training":{"seed":-1}}`:                     "training: seed: -1",
		`{"format_version":1,"training":{"seed":4294967296}}`:             "out of range",
		`{"format_version":1,"method":{"options":{"channels":[1,2,3]}}}`:  "more than 2",
		`{"format_version":1,"preparation":{"width":"256"}}`:              "preparation: width",
		`{"format_version":1,"unknown":{"a":[1,{"b":null}]},"method":[]}`: "method",
	} {
		if _, err := parseDescription(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if d, err := parseDescription(`{"unknown":[true],"format_version":1,"training":null}`); err != nil || d.formatVersion != 1 {
		t.Errorf("unknown fields: %v, %v", d, err)
	}
}

func TestPlainSHA256(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		h := newPlainSHA256()
		at := random.IntN(n + 1)
		h.Write(b[:at])
		h.Write(b[at:])
		if got, want := h.Sum(nil), sha256.Sum256(b); string(got) != string(want[:]) {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
	}
}
