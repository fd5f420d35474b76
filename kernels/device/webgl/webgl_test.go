//go:build js && wasm

package webgl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/fragment"
)

func offscreen(t testing.TB) *GL {
	t.Helper()
	g, err := OpenOffscreen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

const vertexText = `#version 300 es
void main() {
	gl_Position = vec4(float((gl_VertexID & 1) << 2) - 1.0, float((gl_VertexID & 2) << 1) - 1.0, 0.0, 1.0);
}`

const prelude = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2DArray;
`

// link compiles a fragment shader.
func link(t testing.TB, g *GL, text string) fragment.Shader {
	t.Helper()
	s := g.Compile(vertexText, prelude+text)
	if done, err := g.Compiled(s, true); !done || err != nil {
		t.Fatal(done, err)
	}
	return s
}

// get reads layers of a texture.
func get(t testing.TB, g *GL, texture fragment.Texture, width, height, layers int, f fragment.Format) []float32 {
	t.Helper()
	targets := make([]fragment.Target, layers)
	for i := range targets {
		targets[i] = g.NewTarget([]fragment.Attachment{{Texture: texture, Layer: i}})
		defer g.DeleteTarget(targets[i])
	}
	floats := 4
	if f == fragment.Float1 {
		floats = 1
	}
	data := make([]float32, floats*width*height*layers)
	r := g.Read(targets, width, height, f)
	for {
		done, err := g.Wait(r, data)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			break
		}
	}
	if err := g.Status(); err != nil {
		t.Fatal(err)
	}
	return data
}

// half returns small whole numbers as half floats.
func half(v float32) uint16 {
	if v == 0 {
		return 0
	}
	bits := math.Float32bits(v)
	return uint16(bits>>16&0x8000 | (bits>>23&0xFF-112)<<10 | bits>>13&0x3FF)
}

func TestCaps(t *testing.T) {
	c := offscreen(t).Caps()
	t.Logf("%+v", c)
	if !c.FloatTargets || !c.ES || c.DrawBuffers < 4 || c.TextureSize < 2048 || c.TextureLayers < 256 || c.TextureUnits < 16 || c.Renderer == "" || !strings.Contains(c.Version, "WebGL 2") {
		t.Error("too little")
	}
}

// TestRoundTrip writes and reads every format, by views of Go's memory and by copies.
func TestRoundTrip(t *testing.T) {
	for _, copies := range []bool{false, true} {
		for _, f := range []fragment.Format{fragment.Float4, fragment.Float1, fragment.Half4} {
			for _, single := range []int{0, 4} {
				t.Run(fmt.Sprint("format ", f, " copies ", copies, " single ", single), func(t *testing.T) {
					g := offscreen(t)
					if g.memory.exported.IsUndefined() {
						t.Error("Go's memory was not found")
					}
					if copies {
						g.memory.exported = js.Undefined()
					}
					g.single = single
					const width, height, layers = 7, 5, 3
					floats := 4
					if f == fragment.Float1 {
						floats = 1
					}
					want := make([]float32, floats*width*height*layers)
					var data []byte
					for i := range want {
						want[i] = float32(i) - 100
						if f == fragment.Half4 {
							data = binary.LittleEndian.AppendUint16(data, half(want[i]))
						} else {
							data = binary.LittleEndian.AppendUint32(data, math.Float32bits(want[i]))
						}
					}
					texture := g.NewTexture(width, height, layers, f)
					g.Upload(texture, width, height, layers, f, data)
					for range 3 { // a pack is used again
						for i, v := range get(t, g, texture, width, height, layers, f) {
							if v != want[i] {
								t.Fatalf("value %d is %v, want %v", i, v, want[i])
							}
						}
					}
				})
			}
		}
	}
}

// TestGrowingMemory lets Go's memory grow while JavaScript has a view of it.
func TestGrowingMemory(t *testing.T) {
	m := openMemory()
	data := bytesOf([]float32{1, 2, 3, 4})
	copied := m.floats.New(4)
	var held [][]byte
	calls := 0
	inVain := m.show(data, m.floats, 4, func(view any) {
		if calls++; calls < 3 {
			was := m.exported.Get("buffer")
			for m.exported.Get("buffer").Equal(was) {
				held = append(held, make([]byte, 1<<20))
			}
		}
		if calls == 2 {
			m.floats.New(view.(js.Value).Get("buffer"), 0, 4) // JavaScript refuses
		}
		copied.Call("set", view)
	})
	if !inVain || calls != 3 || copied.Index(3).Int() != 4 {
		t.Errorf("in vain %v, %d calls, copied %v", inVain, calls, copied.Call("join").String())
	}
	t.Logf("%d MiB held", len(held))
}

// TestDraw draws parts of two layers at once from two textures, with and without
// the uniform.
func TestDraw(t *testing.T) {
	g := offscreen(t)
	const width, height = 6, 8
	fill := func(v float32) fragment.Texture {
		texture := g.NewTexture(width, height, 1, fragment.Float1)
		data := make([]float32, width*height)
		for i := range data {
			data[i] = v
		}
		g.Upload(texture, width, height, 1, fragment.Float1, bytesOf(data))
		return texture
	}
	a, b := fill(3), fill(100_000.5)
	texture := g.NewTexture(width, height, 2, fragment.Float4)
	g.Upload(texture, width, height, 2, fragment.Float4, make([]byte, 2*width*height*16))
	target := g.NewTarget([]fragment.Attachment{{Texture: texture, Layer: 0}, {Texture: texture, Layer: 1}})
	s := link(t, g, `
		uniform sampler2DArray memory_in0, memory_in1;
		uniform int layer;
		layout(location = 0) out vec4 first;
		layout(location = 1) out vec4 second;
		void main() {
			ivec3 at = ivec3(gl_FragCoord.xy, 0);
			float x = texelFetch(memory_in0, at, 0).x, y = texelFetch(memory_in1, at, 0).x;
			first = vec4(x, y, float(layer), float(at.y));
			second = vec4(y, x, float(at.x), 1.0);
		}`)
	for _, d := range []fragment.Draw{
		{From: 2, To: 5, Textures: []fragment.Texture{a, b}, Layer: 40_000},
		{From: 5, To: 6, Textures: []fragment.Texture{b, b}},
	} {
		d.Shader, d.Target, d.Width, d.Height = s, target, width, height
		g.Draw(&d)
	}
	data := get(t, g, texture, width, height, 2, fragment.Float4)
	for y := range height {
		for x := range width {
			first, second := [4]float32{}, [4]float32{}
			switch {
			case y >= 2 && y < 5:
				first, second = [4]float32{3, 100_000.5, 40_000, float32(y)}, [4]float32{100_000.5, 3, float32(x), 1}
			case y == 5:
				first, second = [4]float32{100_000.5, 100_000.5, 0, 5}, [4]float32{100_000.5, 100_000.5, float32(x), 1}
			}
			at := 4 * (y*width + x)
			if got := [4]float32(data[at:]); got != first {
				t.Fatalf("layer 0, x %d, y %d: %v, want %v", x, y, got, first)
			}
			if got := [4]float32(data[4*width*height+at:]); got != second {
				t.Fatalf("layer 1, x %d, y %d: %v, want %v", x, y, got, second)
			}
		}
	}
	// What is deleted is bound no more, and its number may be another's.
	g.DeleteTexture(a)
	g.DeleteTarget(target)
	g.DeleteShader(s)
	c := fill(7)
	copied := g.NewTexture(width, height, 1, fragment.Float4)
	target = g.NewTarget([]fragment.Attachment{{Texture: copied, Layer: 0}})
	s = link(t, g, `uniform sampler2DArray memory_in0; out vec4 value; void main() { value = texelFetch(memory_in0, ivec3(0), 0); }`)
	g.Draw(&fragment.Draw{Shader: s, Target: target, Width: width, Height: height, To: height, Textures: []fragment.Texture{c}})
	for i, v := range get(t, g, copied, width, height, 1, fragment.Float4) {
		if i%4 == 0 && v != 7 {
			t.Fatalf("value %d is %v, want 7", i, v)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	g := offscreen(t)
	s := g.Compile(vertexText, prelude+"out vec4 value;\nvoid main() { value = nothing; }")
	for {
		done, err := g.Compiled(s, false)
		if done {
			t.Fatal("a wrong shader is linked")
		}
		if err != nil {
			if !strings.Contains(err.Error(), "nothing") || !strings.Contains(err.Error(), "0:6") {
				t.Errorf("the log is %q", err)
			}
			break
		}
		g.turns.give()
	}
	g.DeleteShader(s)
	if err := g.Status(); err != nil {
		t.Error(err)
	}
}

// TestStatus makes GL complain.
func TestStatus(t *testing.T) {
	g := offscreen(t)
	g.NewTexture(g.caps.TextureSize+1, 1, 1, fragment.Float4)
	if err := g.Status(); err == nil || !strings.Contains(err.Error(), "INVALID_VALUE") {
		t.Errorf("a texture that is too wide: %v", err)
	}
	if err := g.Status(); err != nil {
		t.Errorf("said twice: %v", err)
	}
	// A texture cannot be drawn to while it is drawn from.
	texture := g.NewTexture(4, 4, 1, fragment.Float4)
	target := g.NewTarget([]fragment.Attachment{{Texture: texture}})
	s := link(t, g, `uniform sampler2DArray memory_in0; out vec4 value; void main() { value = texelFetch(memory_in0, ivec3(0), 0); }`)
	if err := g.Status(); err != nil {
		t.Fatal(err)
	}
	g.Draw(&fragment.Draw{Shader: s, Target: target, Width: 4, Height: 4, To: 4, Textures: []fragment.Texture{texture}})
	if err := g.Status(); err == nil || !strings.Contains(err.Error(), "INVALID_OPERATION") {
		t.Errorf("a texture drawn to itself: %v", err)
	}
}

// TestLost loses the context in the middle of things; nothing hangs or panics.
func TestLost(t *testing.T) {
	for _, restored := range []bool{false, true} {
		t.Run(fmt.Sprint("restored ", restored), func(t *testing.T) {
			g := offscreen(t)
			texture := g.NewTexture(64, 64, 1, fragment.Float4)
			target := g.NewTarget([]fragment.Attachment{{Texture: texture}})
			s := link(t, g, `out vec4 value; void main() { value = vec4(1); }`)
			pending := g.Compile(vertexText, prelude+`out vec4 value; void main() { value = vec4(2); }`)
			g.Draw(&fragment.Draw{Shader: s, Target: target, Width: 64, Height: 64, To: 64})
			data := make([]float32, 4*64*64)
			r, dropped := g.Read([]fragment.Target{target}, 64, 64, fragment.Float4), g.Read([]fragment.Target{target}, 64, 64, fragment.Float4)

			lose := g.context.Call("getExtension", "WEBGL_lose_context")
			lose.Call("loseContext")
			if done, err := g.Wait(r, data); done || !errors.Is(err, device.ErrLost) {
				t.Errorf("Wait: %v, %v", done, err)
			}
			g.Drop(dropped)
			if restored {
				for range 20 {
					g.turns.nap()
				}
				lose.Call("restoreContext")
				for range 100 {
					if !g.call[isContextLost].Invoke().Bool() {
						break
					}
					g.turns.nap()
				}
				if g.call[isContextLost].Invoke().Bool() {
					t.Error("the page cannot have its context back")
				}
			}
			for range 2 {
				if err := g.Status(); !errors.Is(err, device.ErrLost) {
					t.Errorf("Status: %v", err)
				}
			}
			if done, err := g.Compiled(pending, false); done || !errors.Is(err, device.ErrLost) {
				t.Errorf("Compiled: %v, %v", done, err)
			}
			after := g.Compile(vertexText, prelude)
			if done, err := g.Compiled(after, true); done || !errors.Is(err, device.ErrLost) {
				t.Errorf("Compile: %v, %v", done, err)
			}
			next := g.NewTexture(8, 8, 2, fragment.Half4)
			g.Upload(next, 8, 8, 2, fragment.Half4, make([]byte, 8*8*2*8))
			g.Upload(texture, 64, 64, 1, fragment.Float4, bytesOf(data))
			g.Draw(&fragment.Draw{Shader: s, Target: g.NewTarget([]fragment.Attachment{{Texture: next}}), Width: 8, Height: 8, To: 8, Textures: []fragment.Texture{texture}})
			g.Flush()
			r = g.Read([]fragment.Target{target}, 64, 64, fragment.Float4)
			if done, err := g.Wait(r, data); done || !errors.Is(err, device.ErrLost) {
				t.Errorf("Read: %v, %v", done, err)
			}
			g.DeleteTexture(texture)
			g.DeleteTarget(target)
			g.DeleteShader(s)
			g.DeleteShader(after)
		})
	}
}

// TestManyContexts opens more than a page may hold; Close frees them.
func TestManyContexts(t *testing.T) {
	for i := range 40 {
		g, err := OpenOffscreen()
		if err != nil {
			t.Fatal(i, err)
		}
		texture := g.NewTexture(4, 4, 1, fragment.Float1)
		get(t, g, texture, 4, 4, 1, fragment.Float1)
		g.Close()
	}
}

// TestEvents sees that the page's events run while a reading is waited for.
func TestEvents(t *testing.T) {
	g := offscreen(t)
	const size = 1024
	texture := g.NewTexture(size, size, 1, fragment.Float4)
	target := g.NewTarget([]fragment.Attachment{{Texture: texture}})
	s := link(t, g, `out vec4 value; void main() { float v = 0.0; for (int i = 0; i < 300; i++) v += sin(v + float(i)); value = vec4(v); }`)
	var ticks int
	tick := js.FuncOf(func(js.Value, []js.Value) any { ticks++; return nil })
	defer tick.Release()
	interval := js.Global().Call("setInterval", tick, 1)
	defer js.Global().Call("clearInterval", interval)
	g.Draw(&fragment.Draw{Shader: s, Target: target, Width: size, Height: size, To: size})
	start := time.Now()
	get(t, g, texture, size, size, 1, fragment.Float4)
	taken := time.Since(start)
	t.Logf("%d ticks in %v", ticks, taken)
	if taken > 100*time.Millisecond && ticks < 5 {
		t.Errorf("%d ticks in %v", ticks, taken)
	}
}

// TestAttached draws in a context whose state somebody else set.
func TestAttached(t *testing.T) {
	canvas := js.Global().Get("OffscreenCanvas").New(32, 16)
	context := canvas.Call("getContext", "webgl2")
	g, err := Attach(context)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	// As unlike the device's as can be.
	page := struct{ texture, sampler, buffer, frame, array js.Value }{
		context.Call("createTexture"), context.Call("createSampler"), context.Call("createBuffer"), context.Call("createFramebuffer"), context.Call("createVertexArray"),
	}
	for _, capability := range disabled[:len(disabled)-1] {
		context.Call("enable", capability)
	}
	context.Call("enable", rasterizeDiscard)
	context.Call("activeTexture", texture0+3)
	for unit := range mostUnits {
		context.Call("bindSampler", unit, page.sampler)
	}
	context.Call("bindTexture", texture2DArray, page.texture)
	context.Call("bindVertexArray", page.array)
	context.Call("bindBuffer", pixelPackBuffer, page.buffer)
	context.Call("bindBuffer", pixelUnpackBuffer, page.buffer)
	context.Call("bindFramebuffer", readFramebuffer, page.frame)
	context.Call("viewport", 1, 2, 3, 4)
	context.Call("scissor", 5, 6, 7, 8)
	context.Call("colorMask", true, false, true, false)
	for _, p := range pixelStores {
		value := any(2)
		if _, ok := p.want.(bool); ok {
			value = true
		}
		context.Call("pixelStorei", p.name, value)
	}
	snapshot := func() []js.Value {
		var all []js.Value
		get := func(name int) {
			v := context.Call("getParameter", name)
			if v.Type() == js.TypeObject && v.Get("length").Type() == js.TypeNumber {
				for i := range v.Length() {
					all = append(all, v.Index(i))
				}
				return
			}
			all = append(all, v)
		}
		for _, name := range append([]int{currentProgram, vertexArrayBinding, drawBinding, readBinding, packBinding, unpackBinding, activeUnit, viewportBox, scissorBox, colorWriteMask, textureBinding, samplerBinding}, disabled[:]...) {
			get(name)
		}
		for _, p := range pixelStores {
			get(p.name)
		}
		return all
	}
	before := snapshot()
	for range 2 {
		g.Save()
		const width, height = 5, 3
		input := g.NewTexture(width, height, 1, fragment.Float1)
		data := make([]float32, width*height)
		for i := range data {
			data[i] = float32(i)
		}
		g.Upload(input, width, height, 1, fragment.Float1, bytesOf(data))
		output := g.NewTexture(width, height, 1, fragment.Float4)
		s := link(t, g, `uniform sampler2DArray memory_in0; out vec4 value; void main() { value = vec4(1.0 + texelFetch(memory_in0, ivec3(gl_FragCoord.xy, 0), 0).x); }`)
		g.Draw(&fragment.Draw{Shader: s, Target: g.NewTarget([]fragment.Attachment{{Texture: output}}), Width: width, Height: height, To: height, Textures: []fragment.Texture{input}})
		for i, v := range get(t, g, output, width, height, 1, fragment.Float4) {
			if v != float32(1+i/4) {
				t.Fatalf("value %d is %v", i, v)
			}
		}
		g.Restore()
		for i, v := range snapshot() {
			if !v.Equal(before[i]) {
				t.Errorf("state %d is %v, was %v", i, v, before[i])
			}
		}
	}
}

// TestNoAllocation holds that drawing leaves nothing for the garbage collector.
func TestNoAllocation(t *testing.T) {
	g := offscreen(t)
	a, b := g.NewTexture(4, 4, 1, fragment.Float1), g.NewTexture(4, 4, 1, fragment.Float4)
	target := g.NewTarget([]fragment.Attachment{{Texture: b}})
	s := link(t, g, `uniform sampler2DArray memory_in0; uniform int layer; out vec4 value; void main() { value = texelFetch(memory_in0, ivec3(layer), 0); }`)
	d := &fragment.Draw{Shader: s, Target: target, Width: 4, Height: 4, To: 4, Textures: []fragment.Texture{a}}
	g.Draw(d)
	if n := testing.AllocsPerRun(100, func() { g.Draw(d); d.Layer ^= 1 }); n > 0 {
		t.Errorf("%v allocations a draw", n)
	}
}

func BenchmarkDraw(b *testing.B) {
	g := offscreen(b)
	in := [2]fragment.Texture{g.NewTexture(1, 1, 1, fragment.Float4), g.NewTexture(1, 1, 1, fragment.Float4)}
	target := g.NewTarget([]fragment.Attachment{{Texture: g.NewTexture(1, 1, 1, fragment.Float4)}})
	s := link(b, g, `uniform sampler2DArray memory_in0; out vec4 value; void main() { value = texelFetch(memory_in0, ivec3(0), 0); }`)
	d := &fragment.Draw{Shader: s, Target: target, Width: 1, Height: 1, To: 1, Textures: in[:1]}
	b.ReportAllocs()
	for i := range b.N {
		d.Textures = in[i&1 : i&1+1]
		g.Draw(d)
	}
}

func BenchmarkUpload(b *testing.B) {
	for _, copies := range []bool{false, true} {
		b.Run(fmt.Sprint("copies ", copies), func(b *testing.B) {
			g := offscreen(b)
			if copies {
				g.memory.exported = js.Undefined()
			}
			texture := g.NewTexture(1024, 1024, 1, fragment.Float4)
			data := make([]float32, 4<<20)
			b.SetBytes(16 << 20)
			for range b.N {
				g.Upload(texture, 1024, 1024, 1, fragment.Float4, bytesOf(data))
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	g := offscreen(b)
	texture := g.NewTexture(256, 256, 1, fragment.Float1)
	targets := []fragment.Target{g.NewTarget([]fragment.Attachment{{Texture: texture}})}
	data := make([]float32, 256*256)
	b.ReportAllocs()
	for range b.N {
		r := g.Read(targets, 256, 256, fragment.Float1)
		for done := false; !done; {
			var err error
			if done, err = g.Wait(r, data); err != nil {
				b.Fatal(err)
			}
		}
	}
}
