package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/flawscope/flawscope/kernels/tensor/json"
)

// Write writes f as a safetensors file. Equal contents give equal bytes: the
// header is in the order of names and padded with spaces to a multiple of eight
// bytes; the tensors follow by the width of their type, widest first, then by
// name, so that every value is aligned.
func Write(w io.Writer, f *File) error {
	header, names, err := f.header()
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for _, name := range names {
		if _, err := w.Write(f.Tensors[name].Data); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
	}
	return nil
}

// header returns the file up to its first tensor and the names in the order in
// which the tensors follow.
func (f *File) header() ([]byte, []string, error) {
	order := f.Names()
	sort.Stable(byWidth{order, f.Tensors})
	offsets := make(map[string]int64, len(order))
	var at int64
	for _, name := range order {
		e := f.Tensors[name]
		count, ok := product(e.Dims)
		if width := e.Type.Width(); !ok || width == 0 || len(e.Data)%width != 0 || count != e.Len() {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: %d bytes for dimensions %v of %s", name, len(e.Data), e.Dims, e.Type)
		}
		offsets[name] = at
		at += int64(len(e.Data))
	}
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(f.Metadata) > 0 {
		b.WriteString(`"` + metadataKey + `":{`)
		for i, key := range SortedKeys(f.Metadata) {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendStrings(&b, key, f.Metadata[key]); err != nil {
				return nil, nil, err
			}
		}
		b.WriteByte('}')
	}
	for i, name := range f.Names() {
		if name == metadataKey {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: the name is reserved", name)
		}
		if i > 0 || len(f.Metadata) > 0 {
			b.WriteByte(',')
		}
		if err := f.Tensors[name].describe(&b, name, offsets[name]); err != nil {
			return nil, nil, err
		}
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	header := b.Bytes()
	if len(header)-8 > defaultMaxHeader {
		return nil, nil, fmt.Errorf("safetensors: header of %d bytes, more than the allowed %d", len(header)-8, defaultMaxHeader)
	}
	binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	return header, order, nil
}

// describe appends the header's line of a tensor.
func (e *Entry) describe(b *bytes.Buffer, name string, from int64) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("safetensors: tensor %q: the name is not UTF-8", name)
	}
	dims := strings.ReplaceAll(fmt.Sprint(e.Dims), " ", ",")
	fmt.Fprintf(b, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, json.AppendString(nil, name), e.Type, dims, from, from+int64(len(e.Data)))
	return nil
}

func appendStrings(b *bytes.Buffer, key, value string) error {
	if !utf8.ValidString(key) || !utf8.ValidString(value) {
		return fmt.Errorf("safetensors: metadata %q is not UTF-8", key)
	}
	b.Write(json.AppendString(nil, key))
	b.WriteByte(':')
	b.Write(json.AppendString(nil, value))
	return nil
}

// byWidth sorts names of tensors, those of the widest values first.
type byWidth struct {
	names   []string
	tensors map[string]*Entry
}

func (b byWidth) Len() int      { return len(b.names) }
func (b byWidth) Swap(i, j int) { b.names[i], b.names[j] = b.names[j], b.names[i] }
func (b byWidth) Less(i, j int) bool {
	return b.tensors[b.names[i]].Type.Width() > b.tensors[b.names[j]].Type.Width()
}

// SortedKeys returns the keys of a map in order.
func SortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Sort(alphabetical(keys))
	return keys
}

// alphabetical sorts by functions that are linked anyway; see byPlace.
type alphabetical []string

func (a alphabetical) Len() int           { return len(a) }
func (a alphabetical) Less(i, j int) bool { return a[i] < a[j] }
func (a alphabetical) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
