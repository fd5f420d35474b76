//go:build js && wasm

package webgl

import (
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"

	"github.com/flawscope/flawscope/kernels/device/fragment"
)

// reading is a copy on its way out of the context.
type reading struct {
	pack   pack
	sync   any // the fence behind it
	floats int // floats a texel in the pack
	wanted int // and in what the caller gets
	texels int
	began  time.Duration // by uptime
	err    error
}

var start = time.Now()

// uptime is the time since the program began. (A time.Time within a reading would
// bring 10 KB of formatting into the program.)
func uptime() time.Duration { return time.Since(start) }

// pack is a buffer that GL copies texels into.
type pack struct {
	object any
	bytes  int
}

// mostPacks is how many free packs are kept.
const mostPacks = 4

const (
	// waitAtMost is how long Wait waits.
	waitAtMost = 4 * time.Millisecond
	// eager is how long after its beginning a reading is asked for at every turn of
	// the event loop; later a millisecond passes between two questions, so that on
	// a machine whose processors draw too, they do.
	eager = 2 * time.Millisecond
)

// Read begins to copy layers out of the context.
func (g *GL) Read(targets []fragment.Target, width, height int, f fragment.Format) fragment.Reading {
	r := &reading{floats: 4, wanted: 4, texels: width * height * len(targets), began: uptime()}
	if g.gone() {
		r.err = errLost
		return fragment.Reading(g.readings.add(r))
	}
	format := rgba
	if f == fragment.Float1 {
		r.wanted = 1
		if r.floats = g.floatsOfSingle(targets[0]); r.floats == 1 {
			format = red
		}
	}
	r.pack = g.takePack(4 * r.floats * r.texels)
	g.call[bindBuffer].Invoke(pixelPackBuffer, r.pack.object)
	for i, t := range targets {
		g.bindTarget(t)
		g.call[readPixels].Invoke(0, 0, width, height, format, float, 4*r.floats*width*height*i)
	}
	g.call[bindBuffer].Invoke(pixelPackBuffer, nil)
	r.sync = g.call[fenceSync].Invoke(commandsComplete, 0)
	g.call[flush].Invoke()
	return fragment.Reading(g.readings.add(r))
}

// floatsOfSingle returns how many floats a texel of a Float1 texture is read by.
func (g *GL) floatsOfSingle(t fragment.Target) int {
	if g.single == 0 {
		g.bindTarget(t)
		g.single = 4 // this is always allowed
		if g.call[getParameter].Invoke(readFormat).Equal(js.ValueOf(red)) && g.call[getParameter].Invoke(readType).Equal(js.ValueOf(float)) {
			g.single = 1
		}
	}
	return g.single
}

// takePack returns a pack of that size.
func (g *GL) takePack(bytes int) pack {
	if i := slices.IndexFunc(g.packs, func(p pack) bool { return p.bytes == bytes }); i >= 0 {
		p := g.packs[i]
		g.packs = slices.Delete(g.packs, i, i+1)
		return p
	}
	p := pack{any(g.call[createBuffer].Invoke()), bytes}
	g.call[bindBuffer].Invoke(pixelPackBuffer, p.object)
	g.call[bufferData].Invoke(pixelPackBuffer, bytes, streamRead)
	g.ask = true
	return p
}

// Wait waits for a reading, giving way to the browser's events.
func (g *GL) Wait(number fragment.Reading, data []float32) (done bool, err error) {
	r := g.readings.get(uint32(number))
	if r == nil {
		return false, errors.New("webgl: no such reading")
	}
	from := uptime()
	for r.err == nil {
		if g.gone() {
			r.err = errLost
			break
		}
		switch g.call[clientWaitSync].Invoke(r.sync, 0, 0).Int() {
		case alreadySignaled, conditionMet:
			defer g.Drop(number)
			return true, g.fetch(r, data)
		case waitFailed:
			r.err = errors.New("webgl: GL cannot wait for a reading")
			if g.gone() {
				r.err = errLost
			}
			continue
		}
		now := uptime()
		if now-from > waitAtMost {
			return false, nil
		}
		// Chromium's GPU process looks at fences every other millisecond, and whenever
		// something comes.
		g.call[flush].Invoke()
		g.giveWay(now-r.began < eager)
	}
	g.Drop(number)
	return false, r.err
}

// giveWay lets the browser's events run. A page whose context this is finds its own
// state there meanwhile.
func (g *GL) giveWay(briefly bool) {
	if g.saved != nil {
		g.Restore()
		defer g.Save()
	}
	if briefly {
		g.turns.give()
	} else {
		g.turns.nap()
	}
}

// fetch copies what has arrived.
func (g *GL) fetch(r *reading, data []float32) error {
	if len(data) < r.wanted*r.texels {
		return fmt.Errorf("webgl: room for %d values, read are %d", len(data), r.wanted*r.texels)
	}
	data = data[:r.wanted*r.texels]
	into := data
	if r.floats != r.wanted {
		into = make([]float32, r.floats*r.texels)
	}
	g.call[bindBuffer].Invoke(pixelPackBuffer, r.pack.object)
	if g.memory.fill(bytesOf(into), func(view any) { g.call[getBufferSubData].Invoke(pixelPackBuffer, 0, view) }) {
		g.forgive()
	}
	g.call[bindBuffer].Invoke(pixelPackBuffer, nil)
	if r.floats != r.wanted {
		for i := range data {
			data[i] = into[i*r.floats]
		}
	}
	if g.gone() {
		return errLost
	}
	return nil
}

// Drop ends a reading that nobody waits for.
func (g *GL) Drop(number fragment.Reading) {
	r := g.readings.remove(uint32(number))
	if r == nil || r.pack.object == nil || g.lost {
		return
	}
	g.call[deleteSync].Invoke(r.sync)
	if len(g.packs) == mostPacks {
		g.call[deleteBuffer].Invoke(g.packs[0].object)
		g.packs = slices.Delete(g.packs, 0, 1)
	}
	g.packs = append(g.packs, r.pack)
}
