package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"

	"github.com/flawscope/flawscope/kernels/tensor/json"
)

// Limits are what a reader accepts. The zero value is the good default.
type Limits struct {
	MaxBytes       int64 // of the whole file, 0 for 2 GiB
	MaxHeader      int64 // of the JSON header, 0 for 16 MiB
	AllowNonFinite bool  // accept NaN and infinity in tensors of floats
}

const (
	defaultMaxBytes  = 2 << 30
	defaultMaxHeader = 16 << 20
	metadataKey      = "__metadata__"
)

func (l Limits) maxBytes() int64 {
	if l.MaxBytes > 0 {
		return l.MaxBytes
	}
	return defaultMaxBytes
}

func (l Limits) maxHeader() int64 {
	if l.MaxHeader > 0 {
		return l.MaxHeader
	}
	return defaultMaxHeader
}

// Read reads a safetensors file from r to its end, see Parse. It takes no more
// memory than a small multiple of what r really gives.
func Read(r io.Reader, limits Limits) (*File, error) {
	most := limits.maxBytes()
	data, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if int64(len(data)) == most {
		var more [1]byte
		if _, err := io.ReadFull(r, more[:]); err == nil {
			return nil, malformed("more than the allowed %d bytes", most)
		} else if err != io.EOF {
			return nil, fmt.Errorf("safetensors: %w", err)
		}
	}
	return Parse(data, limits)
}

// Parse reads a safetensors file that is in memory; the entries share data. It
// accepts exactly what the format's description does (eight bytes of header
// length, a JSON header, the tensors' bytes without holes, overlaps or rest),
// of the types of DType and within limits; errors match ErrFormat.
func Parse(data []byte, limits Limits) (*File, error) {
	if int64(len(data)) > limits.maxBytes() {
		return nil, malformed("%d bytes, more than the allowed %d", len(data), limits.maxBytes())
	}
	if len(data) < 8 {
		return nil, malformed("%d bytes are too few for a header", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > uint64(limits.maxHeader()) {
		return nil, malformed("header of %d bytes, more than the allowed %d", length, limits.maxHeader())
	}
	if length > uint64(len(data)-8) {
		return nil, malformed("header of %d bytes in a file of %d: the file is cut off or no safetensors file", length, len(data))
	}
	header, body := data[8:8+length], data[8+length:]
	if !utf8.Valid(header) || len(header) == 0 || header[0] != '{' {
		return nil, malformed("the header is not a JSON object")
	}
	h := headerReader{json.NewReader(header)}
	f, parts, err := h.read()
	if err != nil {
		if !errors.Is(err, ErrFormat) {
			err = malformed("header: %v", err)
		}
		return nil, err
	}
	if rest := bytes.TrimLeft(h.Rest(), " "); len(rest) > 0 {
		return nil, malformed("the header goes on after its JSON object")
	}
	if err := assign(parts, body); err != nil {
		return nil, err
	}
	if limits.AllowNonFinite {
		return f, nil
	}
	for _, p := range parts {
		for i := range p.entry.Len() {
			if !p.entry.finite(i) {
				return nil, malformed("tensor %q: value %d is not a finite number", p.name, i)
			}
		}
	}
	return f, nil
}

// part is a tensor of the header with its place in the body.
type part struct {
	name     string
	entry    *Entry
	from, to int64
}

// assign gives every entry its bytes and checks that they fill body.
func assign(parts []part, body []byte) error {
	sort.Sort(byPlace(parts))
	var at int64
	for _, p := range parts {
		switch {
		case p.from > p.to || p.to > int64(len(body)):
			return malformed("tensor %q: bytes %d to %d of %d", p.name, p.from, p.to, len(body))
		case p.from < at:
			return malformed("tensor %q: bytes %d to %d overlap another tensor", p.name, p.from, p.to)
		case p.from > at:
			return malformed("tensor %q: bytes %d to %d belong to no tensor", p.name, at, p.from)
		}
		count, ok := product(p.entry.Dims)
		if width := p.entry.Type.Width(); !ok || int64(count) > int64(len(body)) || int64(count)*int64(width) != p.to-p.from {
			return malformed("tensor %q: %d bytes for dimensions %v of %s", p.name, p.to-p.from, p.entry.Dims, p.entry.Type)
		}
		p.entry.Data = body[p.from:p.to:p.to]
		at = p.to
	}
	if at != int64(len(body)) {
		return malformed("%d bytes after the last tensor", int64(len(body))-at)
	}
	return nil
}

// byPlace sorts parts. Of package slices each type has functions of its own, 4 KB of
// what a browser downloads.
type byPlace []part

func (p byPlace) Len() int      { return len(p) }
func (p byPlace) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p byPlace) Less(i, j int) bool {
	a, b := p[i], p[j]
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.name, b.name)) < 0
}

// headerReader walks the header.
type headerReader struct{ *json.Reader }

func (h headerReader) read() (*File, []part, error) {
	f := &File{Metadata: map[string]string{}, Tensors: map[string]*Entry{}}
	var parts []part
	sawMetadata := false
	err := h.Object(func(name string) error {
		if name == metadataKey {
			if sawMetadata {
				return malformed("two headers of metadata")
			}
			sawMetadata = true
			return h.metadata(f.Metadata)
		}
		if _, twice := f.Tensors[name]; twice {
			return malformed("tensor %q: named twice", name)
		}
		p, err := h.tensor(name)
		f.Tensors[name] = p.entry
		parts = append(parts, p)
		return err
	})
	return f, parts, err
}

func (h headerReader) metadata(into map[string]string) error {
	return h.Object(func(key string) error {
		if _, twice := into[key]; twice {
			return malformed("metadata %q: named twice", key)
		}
		value, err := h.String()
		into[key] = value
		return err
	})
}

func (h headerReader) tensor(name string) (part, error) {
	p := part{name: name, entry: &Entry{}}
	seen := map[string]bool{}
	err := h.Object(func(key string) error {
		if seen[key] {
			return malformed("tensor %q: two fields %q", name, key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			value, err := h.String()
			p.entry.Type = DType(value)
			if err == nil && p.entry.Type.Width() == 0 {
				return malformed("tensor %q: type %q is not supported", name, value)
			}
			return err
		case "shape":
			dims, err := h.numbers()
			for _, d := range dims {
				if int64(int(d)) != d {
					return malformed("tensor %q: dimension %d", name, d)
				}
				p.entry.Dims = append(p.entry.Dims, int(d))
			}
			return err
		case "data_offsets":
			offsets, err := h.numbers()
			if err == nil && len(offsets) != 2 {
				return malformed("tensor %q: %d offsets, want 2", name, len(offsets))
			}
			if err == nil {
				p.from, p.to = offsets[0], offsets[1]
			}
			return err
		}
		return malformed("tensor %q: unknown field %q", name, key)
	})
	if err == nil && len(seen) != 3 {
		err = malformed("tensor %q: dtype, shape or data_offsets is missing", name)
	}
	return p, err
}

// maxRank is the largest number of dimensions, PyTorch's.
const maxRank = 64

// numbers reads an array of at most maxRank whole numbers that are not negative.
func (h headerReader) numbers() ([]int64, error) {
	var values []int64
	err := h.Array(func() error {
		v, err := h.Int()
		if err != nil {
			return err
		}
		if v < 0 {
			return malformed("header: %d where a whole number, 0 or more, belongs", v)
		}
		if values = append(values, v); len(values) > maxRank {
			return malformed("header: a list of more than %d numbers", maxRank)
		}
		return nil
	})
	return values, err
}
