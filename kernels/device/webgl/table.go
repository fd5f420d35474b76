//go:build js && wasm

package webgl

import "iter"

// table gives things small numbers, beginning with 1.
type table[T any] struct {
	things []*T
	free   []uint32
}

func (t *table[T]) add(thing *T) uint32 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.things[i-1] = thing
		return i
	}
	t.things = append(t.things, thing)
	return uint32(len(t.things))
}

// get returns a thing, or nil when there is none of that number.
func (t *table[T]) get(i uint32) *T {
	if i == 0 || int(i) > len(t.things) {
		return nil
	}
	return t.things[i-1]
}

// remove returns a thing and forgets it.
func (t *table[T]) remove(i uint32) *T {
	thing := t.get(i)
	if thing != nil {
		t.things[i-1] = nil
		t.free = append(t.free, i)
	}
	return thing
}

// all yields the numbers of what is there; things may be removed meanwhile.
func (t *table[T]) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, thing := range t.things {
			if thing != nil && !yield(uint32(i+1)) {
				return
			}
		}
	}
}
