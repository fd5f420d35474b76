package json_test

import (
	encoding "encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels/tensor/json"
)

// value reads any value into what encoding/json makes of it.
func value(r *json.Reader) (any, error) {
	rest := strings.TrimLeft(string(r.Rest()), " \t\r\n")
	if rest == "" {
		return nil, r.Skip()
	}
	switch rest[0] {
	case '{':
		object := map[string]any{}
		return object, r.Object(func(key string) (err error) {
			object[key], err = value(r)
			return err
		})
	case '[':
		array := []any{}
		err := r.Array(func() error {
			v, err := value(r)
			array = append(array, v)
			return err
		})
		return array, err
	case '"':
		return r.String()
	case 't', 'f':
		return r.Bool()
	case 'n':
		return nil, r.Skip()
	}
	return r.Float()
}

func read(text []byte) (any, error) {
	r := json.NewReader(text)
	v, err := value(r)
	if err == nil {
		err = r.End()
	}
	return v, err
}

var texts = []string{
	`{}`, `[]`, ` { "a" : [ 1 , -2.5e-3 , "b" , true , false , null , { } ] } `, `"\u00fc\ud83d\ude00\ud83d\n\"\\\/"`, `0`, `-0`, `1e400`, `01`, `-`, `1.`, `.5`, `1e`,
	`"\x"`, `"\u12g4"`, `"`, "\"\x01\"", "\"\xff\"", `{"a":1,}`, `[1,]`, `{,}`, `{"a"}`, `{a:1}`, `nul`, `tru`, `nulll`, ``, ` `, `1 2`, `{"a":1}}`, `[[[[]]]]`, `"\ud800\u0041"`,
	`"\ud800\ud800\udc00"`, `"\udc00"`, "[\f]", `{"a":{"b":"c","b":"d"}}`, `9007199254740993`,
}

func check(t *testing.T, text []byte) {
	t.Helper()
	var want any
	wantErr := encoding.Unmarshal(text, &want)
	got, err := read(text)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: error %v, encoding/json has %v", text, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: %#v, encoding/json has %#v", text, got, want)
	}
	r := json.NewReader(text)
	err = r.Skip()
	if err == nil {
		err = r.End()
	}
	if _, ok := wantErr.(*encoding.UnmarshalTypeError); ok {
		wantErr = nil // a number too large, skipped without being looked at
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: skipping gives %v, encoding/json has %v", text, err, wantErr)
	}
}

func TestReads(t *testing.T) {
	for _, text := range texts {
		check(t, []byte(text))
	}
}

func FuzzReads(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if deep := strings.Count(string(text), "[") + strings.Count(string(text), "{"); deep > 90 {
			t.Skip("nested deeper than this package allows, perhaps")
		}
		check(t, text)
	})
}

func TestDepth(t *testing.T) {
	if err := json.NewReader([]byte(strings.Repeat("[", 1e6))).Skip(); err == nil {
		t.Error("a million open brackets were read")
	}
}

func TestInt(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-7": -7, "9223372036854775807": math.MaxInt64} {
		if got, err := json.NewReader([]byte(text)).Int(); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"9223372036854775808", "1.0", "1e3", `"1"`, "null", ""} {
		if got, err := json.NewReader([]byte(text)).Int(); err == nil {
			t.Errorf("%s: %d and no error", text, got)
		}
	}
}

func FuzzStrings(f *testing.F) {
	f.Add("plain")
	f.Add("a\"\\\b\f\n\r\t\x00\x1f<>&\u2028\u2029\xffü😀\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		want, err := encoding.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := json.AppendString(nil, s); string(got) != string(want) {
			// encoding/json writes what is no UTF-8 as an escape.
			if strings.ReplaceAll(string(got), "\ufffd", `\ufffd`) != strings.ReplaceAll(string(want), "\ufffd", `\ufffd`) {
				t.Errorf("%q: %s, encoding/json has %s", s, got, want)
			}
		}
	})
}

func FuzzFloats(f *testing.F) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e-6, 9.9e-7, 1e-9, 1e-10, 1e20, 1e21, math.MaxFloat64, 5e-324, 1.0 / 3, -1e-7} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		want, err := encoding.Marshal(v)
		if err != nil {
			t.Skip("not finite")
		}
		if got := json.AppendFloat(nil, v); string(got) != string(want) {
			t.Errorf("%v: %s, encoding/json has %s", v, got, want)
		}
	})
}
