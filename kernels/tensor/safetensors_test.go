package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// file returns a safetensors file of a header as text and a body.
func file(header string, body []byte) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), body...)
}

func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func TestParseTypes(t *testing.T) {
	body := binary.LittleEndian.AppendUint64(nil, math.Float64bits(1.5))
	body = binary.LittleEndian.AppendUint64(body, uint64(1<<63)) // the smallest int64
	body = append(body, floats(-2, 0.25)...)
	body = append(body, 0x00, 0x3c, 0x80, 0x3f) // 1 as half and as bfloat16
	header := `{"__metadata__":{"a":"b","ü":"\u00fc"},"half":{"dtype":"F16","shape":[1],"data_offsets":[24,26]},` +
		`"bf":{"dtype":"BF16","shape":[1,1,1,1,1],"data_offsets":[26,28]},"empty":{"dtype":"F32","shape":[0,7],"data_offsets":[24,24]},` +
		`"double":{"data_offsets":[0,8],"shape":[],"dtype":"F64"},"int":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},` +
		`"float":{"dtype":"F32","shape":[2,1],"data_offsets":[16,24]}}   `
	f, err := Read(bytes.NewReader(file(header, body)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"a": "b", "ü": "ü"}; !reflect.DeepEqual(f.Metadata, want) {
		t.Errorf("metadata %v, want %v", f.Metadata, want)
	}
	for name, want := range map[string]struct {
		values []float32
		dims   []int
	}{
		"half":   {[]float32{1}, []int{1}},
		"bf":     {[]float32{1}, []int{1, 1, 1, 1, 1}},
		"empty":  {[]float32{}, []int{0, 7}},
		"double": {[]float32{1.5}, nil},
		"int":    {[]float32{-1 << 63}, []int{1}},
		"float":  {[]float32{-2, 0.25}, []int{2, 1}},
	} {
		values, dims, err := f.Tensor(name)
		if err != nil || !reflect.DeepEqual(values, want.values) || !reflect.DeepEqual(dims, want.dims) {
			t.Errorf("%s: %v %v %v, want %v %v", name, values, dims, err, want.values, want.dims)
		}
	}
	if _, _, err := f.Tensor("none"); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("missing tensor: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	const good = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	two := floats(1, 2)
	nan := float32(math.NaN())
	entry := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	for _, c := range []struct {
		name string
		data []byte
		says string
	}{
		{"empty", nil, "too few"},
		{"seven bytes", make([]byte, 7), "too few"},
		{"no header", make([]byte, 8), "JSON object"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "more than the allowed"},
		{"header beyond the file", binary.LittleEndian.AppendUint64(nil, 100), "cut off"},
		{"a picture", []byte("\x89PNG\r\n\x1a\n and so on"), "more than the allowed"},
		{"leading space", file(` {`+good+`}`, two), "JSON object"},
		{"not UTF-8", file("{\"\xff\":1}", nil), "JSON object"},
		{"array", file(`[]`, nil), "JSON object"},
		{"cut header", file(`{`+good, two), "header"},
		{"after the header", file(`{`+good+`} x`, two), "goes on"},
		{"two headers", file(`{`+good+`}{}`, two), "goes on"},
		{"unknown type", file(entry(`"U8"`, `[8]`, `[0,8]`), two), `tensor "a": type "U8"`},
		{"type no string", file(entry(`4`, `[2]`, `[0,8]`), two), "string"},
		{"short body", file(`{`+good+`}`, two[:7]), "bytes 0 to 8 of 7"},
		{"long body", file(`{`+good+`}`, append(two, 0)), "after the last"},
		{"body without tensors", file(`{}`, two), "after the last"},
		{"wrong shape", file(entry(`"F32"`, `[3]`, `[0,8]`), two), "for dimensions [3]"},
		{"negative dimension", file(entry(`"F32"`, `[-2]`, `[0,8]`), two), "whole number"},
		{"fraction", file(entry(`"F32"`, `[2.0]`, `[0,8]`), two), "whole number"},
		{"product overflows to zero", file(entry(`"F32"`, `[4294967296,4294967296]`, `[0,0]`), nil), "for dimensions"},
		{"product overflows in bytes", file(entry(`"F32"`, `[4611686018427387906]`, `[0,8]`), two), "for dimensions"},
		{"dimension overflows", file(entry(`"F32"`, `[18446744073709551618]`, `[0,8]`), two), "whole number"},
		{"offsets backwards", file(entry(`"F32"`, `[2]`, `[8,0]`), two), "bytes 8 to 0"},
		{"three offsets", file(entry(`"F32"`, `[2]`, `[0,8,8]`), two), "3 offsets"},
		{"offset beyond", file(entry(`"F32"`, `[2]`, `[9223372036854775800,9223372036854775807]`), two), "of 8"},
		{"gap", file(entry(`"F32"`, `[1]`, `[4,8]`), two), "belong to no tensor"},
		{"overlap", file(`{`+good+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, two), `tensor "b": bytes 4 to 8 overlap`},
		{"same bytes twice", file(`{`+good+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, two), "overlap"},
		{"named twice", file(`{`+good+`,`+good+`}`, two), `tensor "a": named twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, nil), "two headers of metadata"},
		{"metadata key twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, nil), `metadata "k": named twice`},
		{"metadata no string", file(`{"__metadata__":{"k":1}}`, nil), "string"},
		{"metadata nested", file(`{"__metadata__":{"k":{}}}`, nil), "string"},
		{"missing field", file(`{"a":{"dtype":"F32","shape":[2]}}`, two), "missing"},
		{"extra field", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, two), `unknown field "x"`},
		{"field twice", file(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, two), "two fields"},
		{"tensor no object", file(`{"a":[]}`, two), "belongs"},
		{"NaN", file(`{`+good+`}`, floats(1, nan)), `tensor "a": value 1`},
		{"infinite half", file(entry(`"F16"`, `[1]`, `[0,2]`), []byte{0, 0x7c}), "value 0"},
		{"NaN bfloat16", file(entry(`"BF16"`, `[1]`, `[0,2]`), []byte{0xc0, 0x7f}), "value 0"},
		{"double beyond float32", file(entry(`"F64"`, `[1]`, `[0,8]`), binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e300))), "value 0"},
	} {
		_, err := Parse(c.data, Limits{})
		if !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), "safetensors: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
	f, err := Parse(file(`{`+good+`}`, floats(1, nan)), Limits{AllowNonFinite: true})
	if err != nil {
		t.Fatal(err)
	}
	if values, _, _ := f.Tensor("a"); !math.IsNaN(float64(values[1])) {
		t.Errorf("NaN became %v", values[1])
	}
}

func TestReadLimits(t *testing.T) {
	data := file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, floats(1, 2))
	for _, c := range []struct {
		name   string
		limits Limits
		ok     bool
	}{
		{"exactly", Limits{MaxBytes: int64(len(data)), MaxHeader: int64(len(data) - 16)}, true},
		{"a byte less", Limits{MaxBytes: int64(len(data) - 1)}, false},
		{"header a byte less", Limits{MaxHeader: int64(len(data) - 17)}, false},
	} {
		for _, read := range []func() (*File, error){
			func() (*File, error) { return Parse(data, c.limits) },
			func() (*File, error) { return Read(bytes.NewReader(data), c.limits) },
		} {
			if _, err := read(); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	broken := errors.New("the disk is gone")
	for _, limits := range []Limits{{}, {MaxBytes: 8}} {
		r := io.MultiReader(bytes.NewReader(data[:8]), brokenReader{broken})
		if _, err := Read(r, limits); !errors.Is(err, broken) {
			t.Errorf("error of the reader: %v", err)
		}
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestWrite(t *testing.T) {
	f := &File{Metadata: map[string]string{"z": "\"<&>\n", "a": ""}}
	for _, c := range []struct {
		name   string
		t      DType
		dims   []int
		values []float32
	}{
		{"z", F32, []int{2, 1}, []float32{1, -2.5}},
		{"half \"quoted\"", F16, []int{3}, []float32{1, 2049, 1e-9}},
		{"scalar", F32, nil, []float32{3}},
		{"empty", F16, []int{0}, nil},
		{"five", F32, []int{1, 1, 1, 1, 1}, []float32{5}},
	} {
		if err := f.Put(c.name, c.t, c.dims, c.values); err != nil {
			t.Fatal(err)
		}
	}
	var first, second bytes.Buffer
	if err := Write(&first, f); err != nil {
		t.Fatal(err)
	}
	back, err := Parse(first.Bytes(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(&second, back); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("reading and writing again gives other bytes")
	}
	if length := binary.LittleEndian.Uint64(first.Bytes()); length%8 != 0 {
		t.Errorf("the tensors begin at %d", 8+length)
	}
	if !reflect.DeepEqual(back.Metadata, f.Metadata) || !reflect.DeepEqual(back.Names(), f.Names()) {
		t.Errorf("%v %v, want %v %v", back.Metadata, back.Names(), f.Metadata, f.Names())
	}
	if values, _, _ := back.Tensor(`half "quoted"`); !reflect.DeepEqual(values, []float32{1, 2048, 0}) {
		t.Errorf("halves %v", values)
	}
	var none bytes.Buffer
	if err := Write(&none, &File{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(none.Bytes(), Limits{}); err != nil {
		t.Errorf("empty file: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	var f File
	for _, c := range []struct {
		name   string
		t      DType
		dims   []int
		values []float32
	}{
		{"type", F64, []int{1}, []float32{1}},
		{"count", F32, []int{2}, []float32{1}},
		{"negative", F32, []int{-1, -1}, []float32{1}},
		{"overflow", F32, []int{math.MaxInt, 2}, nil},
		{"NaN", F32, []int{1}, []float32{float32(math.NaN())}},
		{"beyond half", F16, []int{1}, []float32{65520}},
	} {
		if err := f.Put(c.name, c.t, c.dims, c.values); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", c.name)) {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
	for name, f := range map[string]*File{
		"reserved name":   {Tensors: map[string]*Entry{metadataKey: {Type: F32}}},
		"name not UTF-8":  {Tensors: map[string]*Entry{"\xff": {Type: F32, Dims: []int{0}}}},
		"value not UTF-8": {Metadata: map[string]string{"a": "\xff"}},
		"wrong length":    {Tensors: map[string]*Entry{"a": {Type: F32, Dims: []int{1}, Data: make([]byte, 5)}}},
		"unknown type":    {Tensors: map[string]*Entry{"a": {Type: "U8", Dims: []int{0}}}},
	} {
		if err := Write(io.Discard, f); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

// TestReadMemory holds the reader to a small multiple of its input whatever the
// input claims.
func TestReadMemory(t *testing.T) {
	var many strings.Builder
	many.WriteByte('{')
	for i := range 20000 {
		fmt.Fprintf(&many, `"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`, i)
	}
	header := strings.TrimSuffix(many.String(), ",") + "}"
	for name, data := range map[string][]byte{
		"many tensors":   file(header, nil),
		"many brackets":  file(`{"a":`+strings.Repeat("[", 1<<20), nil),
		"long dimension": file(`{"a":{"dtype":"F32","shape":[`+strings.Repeat("1,", 1<<19)+`1],"data_offsets":[0,4]}}`, floats(1)),
		"claims":         file(`{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}`, nil),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, _ := Read(bytes.NewReader(data), Limits{})
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 64*uint64(len(data))+1<<16 {
			t.Errorf("%s: %d bytes taken for %d", name, taken, len(data))
		}
		runtime.KeepAlive(f)
	}
}

func TestReadWeights(t *testing.T) {
	dir, err := filepath.Abs("../../../shared/weights")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("the shared weights are not beside this checkout")
	}
	for _, path := range paths {
		r, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(r, Limits{})
		r.Close()
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		values := 0
		for _, name := range f.Names() {
			v, _, _ := f.Tensor(name)
			values += len(v)
		}
		t.Logf("%s: %d tensors, %d values", filepath.Base(path), len(f.Tensors), values)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(`{}`, nil))
	f.Add(file(`{"__metadata__":{"a":"b"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, floats(1, 2)))
	f.Add(file(`{"a":{"dtype":"F16","shape":[1,1],"data_offsets":[8,10]},"b":{"dtype":"I64","shape":[],"data_offsets":[0,8]}} `, make([]byte, 10)))
	f.Add(file(`{"a":{"dtype":"BF16","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := Read(bytes.NewReader(data), Limits{})
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v is no ErrFormat", err)
			}
			return
		}
		for _, name := range read.Names() {
			values, dims, err := read.Tensor(name)
			if count, ok := product(dims); err != nil || !ok || count != len(values) {
				t.Fatalf("tensor %q: %d values for %v, %v", name, len(values), dims, err)
			}
		}
		var written bytes.Buffer
		if err := Write(&written, read); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written.Bytes(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again.Metadata, read.Metadata) || !reflect.DeepEqual(again.Names(), read.Names()) {
			t.Fatal("writing and reading again gives another file")
		}
		for name, e := range read.Tensors {
			if !bytes.Equal(e.Data, again.Tensors[name].Data) {
				t.Fatalf("tensor %q: other bytes", name)
			}
		}
	})
}
