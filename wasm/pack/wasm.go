package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// dataSection is the number of the section that fills memory.
const dataSection = 11

// gap is how many zeros between two segments of data are written out rather than
// begun anew: the linker begins anew after eight, which makes tens of thousands
// of segments.
const gap = 256

// segment is what memory holds from an address on.
type segment struct {
	at   int64
	data []byte
}

// repack returns the module with its code shortened, its data changed by change and
// laid into few segments.
func repack(module []byte, change func(memory []byte, address int64) error) ([]byte, error) {
	const header = 8
	if len(module) < header || string(module[:4]) != "\x00asm" {
		return nil, errors.New("not a WebAssembly module")
	}
	out := slices.Clone(module[:header])
	r := reader{rest: module[header:]}
	for len(r.rest) > 0 {
		id := r.byte()
		body := r.take(int(r.unsigned()))
		if r.err != nil {
			return nil, r.err
		}
		if id == dataSection {
			segments, err := readData(body)
			if err != nil {
				return nil, err
			}
			if segments, err = relay(segments, change); err != nil {
				return nil, err
			}
			body = appendData(nil, segments)
		}
		if id == codeSection {
			var err error
			if body, err = shorten(body); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

// relay lays the segments out in memory, has them changed, and cuts them anew.
func relay(segments []segment, change func([]byte, int64) error) ([]segment, error) {
	if len(segments) == 0 {
		return nil, nil
	}
	slices.SortFunc(segments, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	last := segments[len(segments)-1]
	from := segments[0].at
	memory := make([]byte, last.at+int64(len(last.data))-from)
	for _, s := range segments {
		copy(memory[s.at-from:], s.data)
	}
	if err := change(memory, from); err != nil {
		return nil, err
	}
	var cut []segment
	for at := 0; at < len(memory); {
		for at < len(memory) && memory[at] == 0 {
			at++
		}
		begin, end := at, at // end is after the last byte that is not zero
		for ; at < len(memory) && at-end <= gap; at++ {
			if memory[at] != 0 {
				end = at + 1
			}
		}
		if end > begin {
			cut = append(cut, segment{from + int64(begin), memory[begin:end]})
		}
	}
	return cut, nil
}

func readData(body []byte) ([]segment, error) {
	r := reader{rest: body}
	segments := make([]segment, 0, 1024)
	for n := r.unsigned(); n > 0 && r.err == nil; n-- {
		// An active segment of memory 0 at a constant address: i32.const, end.
		if mode, code := r.byte(), r.byte(); mode != 0 || code != 0x41 {
			return nil, fmt.Errorf("a segment of data of kind %d, opcode %#x", mode, code)
		}
		at := r.signed()
		if end := r.byte(); end != 0x0b {
			return nil, fmt.Errorf("opcode %#x after a segment's address", end)
		}
		segments = append(segments, segment{at: at, data: r.take(int(r.unsigned()))})
	}
	return segments, r.err
}

func appendData(to []byte, segments []segment) []byte {
	to = binary.AppendUvarint(to, uint64(len(segments)))
	for _, s := range segments {
		to = append(to, 0, 0x41)
		to = appendSigned(to, s.at)
		to = append(to, 0x0b)
		to = binary.AppendUvarint(to, uint64(len(s.data)))
		to = append(to, s.data...)
	}
	return to
}

// appendSigned appends v in LEB128.
func appendSigned(to []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(to, b)
		}
		to = append(to, b|0x80)
	}
}

// reader reads a module; after an error everything is zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.err = errors.New("the module is cut off")
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.take(max(n, 1))
	return v
}

func (r *reader) signed() int64 {
	var v int64
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 && shift < 57 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.err = errors.New("a number of more than 64 bits")
	return 0
}
