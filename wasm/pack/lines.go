package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The table of functions that the linker writes for the runtime (runtime/symtab.go,
// internal/abi/symtab.go, unchanged in layout from Go 1.20 to 1.26): a header of
// pointer-sized numbers, then tables that it points to.
const (
	pclnMagic  = "\xf1\xff\xff\xff\x00\x00\x01\x08"
	headerSize = 8 + 8*8
	funcSize   = 44 // a function's record without its lists
)

// Places in a function's record.
const (
	atStack     = 16
	atFiles     = 20
	atLines     = 24
	atCount     = 28 // of the list of tables that follows the record
	atStartLine = 36
)

// inlining is the place of the table of inlined calls in a function's list.
const inlining = 2

// dropLines blanks what only says which line of which file a function's code came
// from: a panic's trace then shows names of functions without lines. What garbage
// collection and growing of stacks need stays.
func dropLines(memory []byte) error {
	from := bytes.Index(memory, []byte(pclnMagic))
	if from < 0 {
		return errors.New("no table of functions of a layout that is known; was the program built by another Go?")
	}
	table := memory[from:]
	if bytes.Contains(table[1:], []byte(pclnMagic)) {
		return errors.New("two tables of functions")
	}
	word := func(i int) int { return int(binary.LittleEndian.Uint64(table[8+8*i:])) }
	if len(table) < headerSize {
		return errors.New("the table of functions is cut off")
	}
	functions, tables, records := word(0), word(6), word(7)
	if tables < headerSize || records < tables || records+8*functions > len(table) {
		return fmt.Errorf("a table of functions with parts at %d and %d of %d", tables, records, len(table))
	}
	programs := table[tables:records]
	kept := make([]bool, len(programs))
	keep := func(at uint32) error {
		n, err := programLength(programs, int(at))
		for i := range n {
			kept[int(at)+i] = true
		}
		return err
	}
	for i := range functions {
		at := records + int(binary.LittleEndian.Uint32(table[records+8*i+4:]))
		if at < records || at+funcSize > len(table) {
			return fmt.Errorf("function %d of %d lies outside the table", i, functions)
		}
		record := table[at:]
		for _, place := range []int{atFiles, atLines, atStartLine} {
			binary.LittleEndian.PutUint32(record[place:], 0)
		}
		if err := keep(binary.LittleEndian.Uint32(record[atStack:])); err != nil {
			return err
		}
		count := int(binary.LittleEndian.Uint32(record[atCount:]))
		if funcSize+4*count > len(record) {
			return fmt.Errorf("function %d has %d tables", i, count)
		}
		for k := range count {
			entry := record[funcSize+4*k:]
			if k == inlining {
				binary.LittleEndian.PutUint32(entry, 0)
			}
			if err := keep(binary.LittleEndian.Uint32(entry)); err != nil {
				return err
			}
		}
	}
	for i := range programs {
		if !kept[i] {
			programs[i] = 0
		}
	}
	return nil
}

// programLength is the length of the pairs of numbers, ended by a zero, that begin
// at a place; place 0 means that there are none.
func programLength(programs []byte, at int) (int, error) {
	if at == 0 {
		return 0, nil
	}
	for n := at; n < len(programs); {
		if programs[n] == 0 && n > at {
			return n + 1 - at, nil
		}
		for range 2 {
			_, size := binary.Uvarint(programs[n:])
			if size <= 0 {
				return 0, fmt.Errorf("a table at %d is damaged", at)
			}
			n += size
		}
	}
	return 0, fmt.Errorf("a table at %d has no end", at)
}
