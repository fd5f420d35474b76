package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// codeSection is the number of the section of functions' bodies.
const codeSection = 10

// Opcodes, https://webassembly.github.io/spec/core/binary/instructions.html.
const (
	opNop      = 0x01
	opBlock    = 0x02
	opIf       = 0x04
	opBr       = 0x0c
	opBrIf     = 0x0d
	opBrTable  = 0x0e
	opReturn   = 0x0f
	opCall     = 0x10
	opIndirect = 0x11
	opGet      = 0x20 // local.get
	opSet      = 0x21
	opTee      = 0x22
	opSetSP    = 0x24 // global.set
	opLoad     = 0x28 // the first of the loads
	opLoadLast = 0x35
	opStore    = 0x36 // the first of the stores
	opStoreEnd = 0x3e
	opSize     = 0x3f
	opGrow     = 0x40
	opConst32  = 0x41
	opConst64  = 0x42
	opFloat32  = 0x43
	opFloat64  = 0x44
	opEqz32    = 0x45
	opAdd32    = 0x6a
	opAdd64    = 0x7c
	opWrap     = 0xa7
	opExtend   = 0xad
	opPrefix   = 0xfc
)

// opposite is the comparison of whole numbers that is true when another is false.
var opposite = map[byte]byte{
	0x46: 0x47, 0x48: 0x4e, 0x49: 0x4f, 0x4a: 0x4c, 0x4b: 0x4d, // 32 bits: ==, signed and unsigned <, >
	0x51: 0x52, 0x53: 0x59, 0x54: 0x5a, 0x55: 0x57, 0x56: 0x58, // 64 bits
}

func init() {
	for a, b := range opposite {
		opposite[b] = a
	}
}

// shorten rewrites what Go's compiler leaves long in the code section: addresses
// computed in 64 bits, offsets added ahead of loads, negated comparisons, no-ops, and
// the two steps in which a function gives back its frame.
func shorten(body []byte) ([]byte, error) {
	r := reader{rest: body}
	count := r.unsigned()
	out := binary.AppendUvarint(nil, count)
	for i := range count {
		function := r.take(int(r.unsigned()))
		if r.err != nil {
			return nil, r.err
		}
		short, err := shortenFunction(function)
		if err != nil {
			return nil, fmt.Errorf("function %d of %d: %w", i, count, err)
		}
		out = binary.AppendUvarint(out, uint64(len(short)))
		out = append(out, short...)
	}
	return out, r.err
}

func shortenFunction(function []byte) ([]byte, error) {
	r := reader{rest: function}
	for n := r.unsigned(); n > 0 && r.err == nil; n-- { // locals
		r.unsigned()
		r.byte()
	}
	p := peephole{function[:len(function)-len(r.rest)]}
	for len(r.rest) > 0 {
		n, err := instructionLength(r.rest)
		if err != nil {
			return nil, err
		}
		p = append(p, r.take(n))
		for p.shorten() {
		}
	}
	return bytes.Join(p, nil), r.err
}

// peephole is the locals of a function and its instructions so far.
type peephole [][]byte

// shorten rewrites the last few instructions, if it can. No label lies between
// them: a block's begin and end are instructions too.
func (p *peephole) shorten() bool {
	code := *p
	// op is the opcode of the i-th instruction from the end.
	op := func(i int) byte {
		if i >= len(code)-1 {
			return 0
		}
		return code[len(code)-1-i][0]
	}
	at := func(i int) []byte { return code[len(code)-1-i] }
	replace := func(n int, by ...[]byte) bool {
		*p = append(code[:len(code)-n], by...)
		return true
	}
	switch last := op(0); {
	case last == opNop:
		return replace(1)
	case last == opWrap && op(1) == opExtend:
		return replace(2)
	case last == opWrap && op(1) == opAdd64 && op(2) == opConst64 && op(3) == opExtend:
		if k := constant(at(2)); int64(int32(k)) == k {
			return replace(4, appendSigned([]byte{opConst32}, k), []byte{opAdd32})
		}
	case last >= opLoad && last <= opStoreEnd:
		// The address ends before the value that is stored.
		n := 1
		if last >= opStore {
			n = 1 + code.value()
		}
		if n > 0 && op(n) == opAdd32 && op(n+1) == opConst32 && op(n+2) == opGet && at(n + 2)[1] == stackPointer {
			// Frames lie where no sum goes over 32 bits.
			if k := constant(at(n + 1)); k >= 0 {
				r := reader{rest: at(0)[1:]}
				access := binary.AppendUvarint([]byte{last}, r.unsigned())
				access = binary.AppendUvarint(access, r.unsigned()+uint64(k))
				value := slices.Clone(code[len(code)-n : len(code)-1])
				return replace(n+2, append(value, access)...)
			}
		}
	case last == opEqz32 && len(at(1)) == 1 && opposite[op(1)] != 0:
		return replace(2, []byte{opposite[op(1)]})
	case last == opGet && op(1) == opSet && bytes.Equal(at(0)[1:], at(1)[1:]):
		return replace(2, append([]byte{opTee}, at(0)[1:]...))
	case last == opReturn && len(code) > len(giveBack)+1 && op(len(giveBack)) == opConst32:
		// i32.const frame comes before; the return address is the last 8 bytes.
		if slices.EqualFunc(code[len(code)-len(giveBack):], giveBack, bytes.Equal) {
			frame := appendSigned([]byte{opConst32}, constant(at(len(giveBack)))+8)
			return replace(len(giveBack)+1, frame, []byte{opAdd32}, []byte{opSetSP, 0}, []byte{opConst32, 0}, []byte{opReturn})
		}
	}
	return false
}

// value returns how many instructions before the last compute what that one stores,
// or -1 where they are not simple.
func (p peephole) value() int {
	missing := 1
	for n := 1; n < len(p)-1 && n < 16; n++ {
		switch op := p[len(p)-1-n][0]; {
		case op == opGet, op >= opConst32 && op <= opFloat64:
			missing--
		case op >= opLoad && op <= opLoadLast, op == opTee, op == opEqz32, op == 0x50, op >= opWrap && op <= 0xc4: // one operand
		case op >= 0x46 && op <= 0x66, op >= opAdd32 && op <= 0x78, op >= opAdd64 && op <= 0x8a: // two
			missing++
		default:
			return -1
		}
		if missing == 0 {
			return n
		}
	}
	return -1
}

// stackPointer is the local that holds the stack pointer.
const stackPointer = 1

// giveBack is how a function ends: its frame and then the return address are taken
// off the stack, and 0 says that the goroutine goes on.
var giveBack = [][]byte{
	{opAdd32}, {opTee, stackPointer}, {opSetSP, 0},
	{opGet, stackPointer}, {opConst32, 8}, {opAdd32}, {opTee, stackPointer}, {opSetSP, 0},
	{opConst32, 0}, {opReturn},
}

func constant(instruction []byte) int64 {
	r := reader{rest: instruction[1:]}
	return r.signed()
}

// instructionLength is the length of the first instruction.
func instructionLength(code []byte) (int, error) {
	r := reader{rest: code}
	switch op := r.byte(); {
	case op == opBrTable:
		for n := r.unsigned() + 1; n > 0 && r.err == nil; n-- {
			r.unsigned()
		}
	case op >= opBlock && op <= opIf, op == opSize, op == opGrow:
		r.byte()
	case op == opBr, op == opBrIf, op == opCall, op >= opGet && op <= opSetSP:
		r.unsigned()
	case op == opConst32, op == opConst64:
		r.signed()
	case op == opIndirect, op >= opLoad && op <= opStoreEnd:
		r.unsigned()
		r.unsigned()
	case op == opFloat32:
		r.take(4)
	case op == opFloat64:
		r.take(8)
	case op == opPrefix:
		switch kind := r.unsigned(); {
		case kind < 8: // saturating conversions
		case kind == 10: // memory.copy
			r.take(2)
		case kind == 11: // memory.fill
			r.take(1)
		default:
			return 0, fmt.Errorf("an instruction %#x %d", op, kind)
		}
	case op == 0x05, op == 0x0b, op <= opNop, op == opReturn, op == 0x1a, op == 0x1b, op >= opEqz32 && op <= 0xc4:
	default:
		return 0, fmt.Errorf("an instruction %#x", op)
	}
	if r.err != nil {
		return 0, errors.New("it is cut off")
	}
	return len(code) - len(r.rest), nil
}
