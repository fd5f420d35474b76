package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The table of functions that the linker writes for the runtime (runtime/symtab.go,
// internal/abi/symtab.go of Go 1.26): a header of pointer-sized numbers, then tables
// that it points to.
const (
	pclnMagic  = "\xf1\xff\xff\xff\x00\x00\x01\x08"
	headerSize = 8 + 8*8
	funcSize   = 44 // a function's record without its lists
)

// Places in a function's record.
const (
	atName       = 4
	atStack      = 16
	atFiles      = 20
	atLines      = 24
	atCount      = 28 // of the tables of code that follow the record
	atUnit       = 32
	atStartLine  = 36
	atFactsCount = 43 // of the facts that follow the tables
)

// gofuncPlace is where the module's data says where facts begin; noFact is none.
const (
	gofuncPlace = 320
	noFact      = 1<<32 - 1
)

// What only a trace shows: tables of inlined calls and of arguments alive, facts
// about inlined calls and arguments.
var (
	shownTables = []int{2, 3}
	shownFacts  = []int{3, 5, 6}
)

// Names of functions that begin with ours stay, without it.
var ours = []byte("github.com/flawscope/flawscope/")

// functions is the runtime's knowledge of functions.
type functions struct {
	memory       []byte
	table        []byte
	count        int
	names        []byte
	units        []byte // units and files, which give lines their names
	programs     []byte // tables of code, as pairs of numbers
	records      int
	gofunc       int // where facts are in memory
	keptPrograms []bool
	read, unread []int // places of facts in memory
}

// dropTraces blanks what only traces of panics show: lines and files, inlined calls,
// arguments, names of functions that are not ours. What garbage collection, the growth
// of stacks and recovering need stays. Memory begins at an address.
func dropTraces(memory []byte, address int64) error {
	f, err := readFunctions(memory, address)
	if err != nil {
		return err
	}
	names := make([]byte, len(f.names))
	for i := range f.count {
		if err := f.drop(i, names); err != nil {
			return fmt.Errorf("function %d of %d: %w", i, f.count, err)
		}
	}
	copy(f.names, names)
	clear(f.units)
	for i := range f.programs {
		if !f.keptPrograms[i] {
			f.programs[i] = 0
		}
	}
	// Each fact ends where another begins; where the last one ends nobody knows.
	facts := slices.Concat(f.read, f.unread)
	slices.Sort(f.read)
	slices.Sort(facts)
	facts = slices.Compact(facts)
	for i, at := range facts[:max(len(facts)-1, 0)] {
		if _, read := slices.BinarySearch(f.read, at); !read {
			clear(memory[at:facts[i+1]])
		}
	}
	return nil
}

func readFunctions(memory []byte, address int64) (*functions, error) {
	from := bytes.Index(memory, []byte(pclnMagic))
	if from < 0 {
		return nil, errors.New("no table of functions of a layout that is known; was the program built by another Go?")
	}
	f := &functions{memory: memory, table: memory[from:]}
	if bytes.Contains(f.table[1:], []byte(pclnMagic)) {
		return nil, errors.New("two tables of functions")
	}
	if len(f.table) < headerSize {
		return nil, errors.New("the table of functions is cut off")
	}
	word := func(i int) int { return int(binary.LittleEndian.Uint64(f.table[8+8*i:])) }
	f.count, f.records = word(0), word(7)
	names, units, programs := word(3), word(4), word(6)
	if names < headerSize || units < names || programs < units || f.records < programs || f.records+8*f.count > len(f.table) {
		return nil, fmt.Errorf("a table of functions with parts at %d, %d, %d and %d of %d", names, units, programs, f.records, len(f.table))
	}
	f.names, f.units, f.programs = f.table[names:units], f.table[units:programs], f.table[programs:f.records]
	f.keptPrograms = make([]bool, len(f.programs))
	// The module's data (type moduledata) begins with where the header and the names are.
	module := binary.LittleEndian.AppendUint64(nil, uint64(address)+uint64(from))
	module = binary.LittleEndian.AppendUint64(module, uint64(address)+uint64(from+names))
	at := bytes.Index(memory, module)
	if at < 0 || at+gofuncPlace+8 > len(memory) {
		return nil, errors.New("the module's data is not found")
	}
	f.gofunc = int(int64(binary.LittleEndian.Uint64(memory[at+gofuncPlace:])) - address)
	if f.gofunc < 0 || f.gofunc >= len(memory) {
		return nil, fmt.Errorf("facts about functions at %d of %d", f.gofunc, len(memory))
	}
	return f, nil
}

// drop blanks the record of function i, copies its name if that stays, and notes what
// it leaves of the tables.
func (f *functions) drop(i int, names []byte) error {
	at := f.records + int(binary.LittleEndian.Uint32(f.table[f.records+8*i+4:]))
	if at < f.records || at+funcSize > len(f.table) {
		return errors.New("it lies outside the table")
	}
	record := f.table[at:]
	number := func(place int) int { return int(binary.LittleEndian.Uint32(record[place:])) }
	name := number(atName)
	end := -1
	if name < len(f.names) {
		end = bytes.IndexByte(f.names[name:], 0)
	}
	if end < 0 {
		return fmt.Errorf("its name is at %d of %d", name, len(f.names))
	}
	if text, mine := bytes.CutPrefix(f.names[name:name+end], ours); mine {
		name += len(ours)
		copy(names[name:], text)
	} else {
		name = 0
	}
	binary.LittleEndian.PutUint32(record[atName:], uint32(name))
	for _, place := range []int{atFiles, atLines, atUnit, atStartLine} {
		binary.LittleEndian.PutUint32(record[place:], 0)
	}
	if err := f.keep(number(atStack)); err != nil {
		return err
	}
	tables, facts := number(atCount), int(record[atFactsCount])
	if funcSize+4*(tables+facts) > len(record) {
		return fmt.Errorf("it has %d tables and %d facts", tables, facts)
	}
	for k := range tables {
		place := funcSize + 4*k
		if slices.Contains(shownTables, k) {
			binary.LittleEndian.PutUint32(record[place:], 0)
		}
		if err := f.keep(number(place)); err != nil {
			return err
		}
	}
	for k := range facts {
		place := funcSize + 4*(tables+k)
		fact := number(place)
		if fact == noFact {
			continue
		}
		if fact += f.gofunc; fact >= len(f.memory) {
			return fmt.Errorf("a fact is at %d of %d", fact, len(f.memory))
		}
		if slices.Contains(shownFacts, k) {
			f.unread = append(f.unread, fact)
			binary.LittleEndian.PutUint32(record[place:], noFact)
		} else {
			f.read = append(f.read, fact)
		}
	}
	return nil
}

// keep notes that the table of code at a place is read: pairs of numbers, ended by a
// zero; place 0 means that there is none.
func (f *functions) keep(at int) error {
	if at == 0 {
		return nil
	}
	for n := at; n < len(f.programs); {
		if f.programs[n] == 0 && n > at {
			for i := at; i <= n; i++ {
				f.keptPrograms[i] = true
			}
			return nil
		}
		for range 2 {
			_, size := binary.Uvarint(f.programs[n:])
			if size <= 0 {
				return fmt.Errorf("a table at %d is damaged", at)
			}
			n += size
		}
	}
	return fmt.Errorf("a table at %d has no end", at)
}
