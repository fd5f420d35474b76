package glsl

import (
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/flawscope/flawscope/shaders"
)

// Revision names the state of all shaders: another text, another name.
func Revision() string { return revision() }

var revision = sync.OnceValue(func() string {
	h := fnv.New64a()
	for name, text := range shaders.All() {
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return fmt.Sprintf("%016x", h.Sum64())
})
