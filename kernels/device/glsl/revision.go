package glsl

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"sync"

	"github.com/flawscope/flawscope/shaders"
)

// Revision names the state of all shaders: another text, another name.
func Revision() string { return revision() }

var revision = sync.OnceValue(func() string {
	h := fnv.New64a()
	for _, pattern := range []string{"*.glsl", "*/*.glsl"} {
		names, err := fs.Glob(shaders.Files, pattern)
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			text, err := shaders.Files.ReadFile(name)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
})
