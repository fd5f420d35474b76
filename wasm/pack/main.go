// Pack makes a Go program for the browser smaller to download: it lays the data that
// the linker cuts into tens of thousands of segments into a few, shortens code, and
// blanks the tables that only traces of panics show; names of our functions stay.
//
//	pack IN OUT
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack IN OUT")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "pack: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func pack(in, out string) error {
	module, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if module, err = repack(module, dropTraces); err != nil {
		return err
	}
	return os.WriteFile(out, module, 0o644)
}
