package cpu

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// job is work cut into items that may run in any order, side by side.
type job interface {
	do(w *worker, item int)
}

// worker is one thread of execution with memory of its own.
type worker struct {
	gemm       gemmArgs
	pack       packArgs
	input      winogradInputArgs
	output     winogradOutputArgs
	vector     vectorArgs
	window     windowArgs
	lerp       lerpArgs
	adam       adamArgs
	noise      noiseArgs
	offsets    [maxGroup]int
	taps       [maxTaps]unsafe.Pointer
	tapWeights [maxTaps]float32
	counters   [lanes]uint32
	vectors    [4]vector // constants of a kernel call
	sums       [2]vector
	tile       unsafe.Pointer // maxPanel blocks of maxTile positions, twice
	small      unsafe.Pointer // one Winograd tile
	scratch    memory

	parked atomic.Bool
	wake   chan struct{}
}

// need makes sure scratch holds that many bytes.
func (w *worker) need(bytes int) {
	if len(w.scratch.data)*4 < bytes {
		w.scratch = newMemory((bytes + 3) / 4)
	}
}

// workers runs jobs on all cores. Items go to whoever is free: no result may
// depend on which worker computes it.
type workers struct {
	all  []*worker // all[0] is the calling goroutine
	stop bool

	job        job
	items      int64
	next       atomic.Int64
	generation atomic.Uint32
	pending    atomic.Int32
	waiting    atomic.Bool
	done       chan struct{}
}

// spins is how often a waiting worker looks before it goes to sleep, some tens of
// microseconds: the pause between two programs of a plan.
const spins = 2000

func newWorkers(n int) *workers {
	ws := &workers{done: make(chan struct{}, 1)}
	for i := range n {
		tile, small := newMemory(2*maxPanel*maxTile*lanes), newMemory(matrices*lanes)
		w := &worker{wake: make(chan struct{}, 1), tile: tile.base, small: small.base}
		ws.all = append(ws.all, w)
		if i > 0 {
			go ws.serve(w)
		}
	}
	return ws
}

func (ws *workers) need(bytes int) {
	for _, w := range ws.all {
		w.need(bytes)
	}
}

// run carries out all items of j and returns when they are done.
func (ws *workers) run(j job, items int) {
	if len(ws.all) == 1 || items == 1 {
		for i := range items {
			j.do(ws.all[0], i)
		}
		return
	}
	ws.job, ws.items = j, int64(items)
	ws.next.Store(0)
	ws.pending.Store(int32(len(ws.all) - 1))
	ws.start()
	ws.work(ws.all[0])
	for range spins {
		if ws.pending.Load() == 0 {
			return
		}
		pause()
	}
	ws.waiting.Store(true)
	if ws.pending.Load() == 0 && ws.waiting.CompareAndSwap(true, false) {
		return
	}
	<-ws.done
}

func (ws *workers) start() {
	ws.generation.Add(1)
	for _, w := range ws.all[1:] {
		if w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

func (ws *workers) work(w *worker) {
	for {
		i := ws.next.Add(1) - 1
		if i >= ws.items {
			return
		}
		ws.job.do(w, int(i))
	}
}

func (ws *workers) serve(w *worker) {
	seen := uint32(0)
	for {
		ws.await(w, seen)
		seen = ws.generation.Load()
		if ws.stop {
			return
		}
		ws.work(w)
		if ws.pending.Add(-1) == 0 && ws.waiting.CompareAndSwap(true, false) {
			ws.done <- struct{}{}
		}
	}
}

// await returns when there is a generation after seen.
func (ws *workers) await(w *worker, seen uint32) {
	for range spins {
		if ws.generation.Load() != seen {
			return
		}
		pause()
	}
	w.parked.Store(true)
	if ws.generation.Load() != seen && w.parked.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}

// close ends the goroutines.
func (ws *workers) close() {
	ws.stop = true
	ws.start()
}

// memory is an array of floats whose first value stands on a cache line, with
// spare room on both sides that kernels may read but never use.
type memory struct {
	data []float32      // the values
	all  []float32      // with the spare room
	base unsafe.Pointer // of data
}

// guard is the spare room in floats: kernels read whole vectors, and Winograd's
// tiles reach up to five positions beyond the last row.
const guard = 8 * lanes

func newMemory(n int) memory {
	all := make([]float32, n+2*guard+lanes)
	askForHugePages(all)
	skip := guard
	for uintptr(unsafe.Pointer(&all[skip]))%blockBytes != 0 {
		skip++
	}
	return memory{data: all[skip : skip+n : skip+n], all: all, base: unsafe.Pointer(&all[skip])}
}

func workersOrAll(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}
