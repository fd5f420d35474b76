//go:build js && wasm

// Package webgl draws for the fragment device in a browser: it supplies
// fragment.GL over WebGL 2, on an OffscreenCanvas in a worker or in a context that
// the page brings along. It asks for EXT_color_buffer_float and uses
// KHR_parallel_shader_compile where that is there. It needs no eval.
//
// Every call from Go to JavaScript costs, and so does every question to the driver,
// which is another process: state that is already set is not set again, functions
// are bound once, and Status asks only where something may have gone wrong.
package webgl

import (
	"errors"
	"fmt"
	"syscall/js"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/fragment"
)

// GL is one WebGL 2 context. It is used by one goroutine at a time.
type GL struct {
	context js.Value
	call    functions
	memory  memory
	turns   turns
	caps    fragment.Caps
	saved   *state // of a context that is somebody else's while the device is at work
	shared  bool
	owned   bool // opened here

	lost      bool // for ever; nothing is asked of the context then
	lostEvent js.Func
	onLost    func() // is told, if not nil
	canvas    js.Value

	textures table[texture]
	targets  table[target]
	shaders  table[shader]
	readings table[reading]
	vertex   map[string]any // vertex shaders by their text
	array    any            // the vertex array, which has no attributes
	bound    bound
	packs    []pack // free to be read into
	single   int    // floats a texel that a Float1 texture is read by; 0 not known yet
	ask      bool   // GL may have an error to tell
	pending  int    // an error that GL told when it was not asked for Status
}

// New makes a GL of a WebGL 2 context that nobody else uses.
func New(context js.Value) (*GL, error) {
	g, err := open(context)
	if err != nil {
		return nil, err
	}
	g.setUp()
	return g, nil
}

// Attach makes a GL of a page's own WebGL 2 context. Its device puts back the state
// that it changes whenever it has done something, so the page may draw in between.
func Attach(context js.Value) (*GL, error) {
	g, err := open(context)
	if err != nil {
		return nil, err
	}
	g.shared = true
	return g, nil
}

// OpenOffscreen makes a GL on a canvas of its own that nobody sees, in a worker or
// in a page. Close frees it.
func OpenOffscreen() (*GL, error) {
	constructor := js.Global().Get("OffscreenCanvas")
	if constructor.IsUndefined() {
		return nil, errors.New("webgl: there is no OffscreenCanvas here")
	}
	g, err := OpenCanvas(constructor.New(1, 1))
	if err != nil {
		return nil, err
	}
	g.owned = true
	return g, nil
}

// OpenCanvas makes a GL on a canvas that has no context yet.
func OpenCanvas(canvas js.Value) (*GL, error) {
	why := ""
	said := js.FuncOf(func(_ js.Value, args []js.Value) any {
		why = ": " + args[0].Get("statusMessage").String()
		return nil
	})
	defer said.Release()
	canvas.Call("addEventListener", "webglcontextcreationerror", said)
	defer canvas.Call("removeEventListener", "webglcontextcreationerror", said)
	context := canvas.Call("getContext", "webgl2", map[string]any{
		"alpha": false, "depth": false, "stencil": false, "antialias": false,
		"preserveDrawingBuffer": false, "powerPreference": "high-performance",
	})
	if context.IsNull() {
		return nil, errors.New("webgl: the browser gives no WebGL 2" + why)
	}
	return New(context)
}

func open(context js.Value) (*GL, error) {
	constructor := js.Global().Get("WebGL2RenderingContext")
	if constructor.IsUndefined() || !context.InstanceOf(constructor) {
		return nil, errors.New("webgl: not a WebGL 2 context")
	}
	g := &GL{context: context, vertex: map[string]any{}, canvas: context.Get("canvas")}
	g.call.bind(context)
	if g.call[isContextLost].Invoke().Bool() {
		return nil, errLost
	}
	g.memory = openMemory()
	g.turns.open()
	g.lostEvent = js.FuncOf(func(_ js.Value, args []js.Value) any {
		args[0].Call("preventDefault") // the page may want it back; the device never does
		g.lost = true
		if g.onLost != nil {
			g.onLost()
		}
		return nil
	})
	g.canvas.Call("addEventListener", "webglcontextlost", g.lostEvent)
	g.caps = g.describe()
	g.array = g.call[createVertexArray].Invoke()
	g.bound.textures = make([]fragment.Texture, g.caps.TextureUnits)
	return g, nil
}

// describe asks for extensions and limits.
func (g *GL) describe() fragment.Caps {
	number := func(name int) int {
		v := g.call[getParameter].Invoke(name)
		if v.Type() != js.TypeNumber {
			return 0
		}
		return v.Int()
	}
	text := func(name int) string {
		v := g.call[getParameter].Invoke(name)
		if v.Type() != js.TypeString {
			return ""
		}
		return v.String()
	}
	has := func(name string) bool { return g.context.Call("getExtension", name).Truthy() }
	renderer := text(glRenderer)
	if has("WEBGL_debug_renderer_info") {
		if unmasked := text(unmaskedRenderer); unmasked != "" {
			renderer = unmasked
		}
	}
	return fragment.Caps{
		Renderer:         renderer,
		Version:          text(glVersion),
		ES:               true,
		TextureSize:      number(maxTextureSize),
		TextureLayers:    number(maxArrayTextureLayers),
		DrawBuffers:      min(number(maxDrawBuffers), number(maxColorAttachments)),
		TextureUnits:     number(maxTextureImageUnits),
		ParallelCompiles: has("KHR_parallel_shader_compile"),
		FloatTargets:     has("EXT_color_buffer_float"),
	}
}

// setUp sets what stays as it is while the device draws, in a context that has all
// else as it was made.
func (g *GL) setUp() {
	for _, capability := range disabled {
		g.call[disable].Invoke(capability)
	}
	g.call[bindVertexArray].Invoke(g.array)
}

// OnLost has f called, which must not wait, when the browser says that the context is
// lost; it never is again usable by this GL.
func (g *GL) OnLost(f func()) { g.onLost = f }

// Caps describes the context.
func (g *GL) Caps() fragment.Caps { return g.caps }

// Flush sends what was drawn on its way.
func (g *GL) Flush() { g.call[flush].Invoke() }

var errLost = fmt.Errorf("webgl: the context is lost: %w", device.ErrLost)

// gone says whether the context is lost, which costs no question to the driver.
func (g *GL) gone() bool {
	if !g.lost && g.call[isContextLost].Invoke().Bool() {
		g.lost = true
	}
	return g.lost
}

// Status returns and forgets the first error since the last call. Asking GL waits
// until the browser has worked through all calls so far. So it is asked only after
// calls that can fail though all arguments are right, which are those that take
// memory, and after the first drawing of a shader.
func (g *GL) Status() error {
	if g.gone() {
		return errLost
	}
	if !g.ask {
		return nil
	}
	g.ask = false
	var first error
	for range 8 { // GL keeps one error of a kind
		code := g.pending
		if g.pending = 0; code == noError {
			code = g.call[getError].Invoke().Int()
		}
		switch code {
		case noError:
			return first
		case contextLost:
			g.lost = true
			return errLost
		case outOfMemory:
			if !errors.Is(first, device.ErrOutOfMemory) {
				first = fmt.Errorf("webgl: GL said OUT_OF_MEMORY: %w", device.ErrOutOfMemory)
			}
		default:
			if first == nil {
				first = fmt.Errorf("webgl: GL said %s", errorName(code))
			}
		}
	}
	return first
}

// forgive lets GL forget that it was given an empty view; see memory.
func (g *GL) forgive() {
	switch code := g.call[getError].Invoke().Int(); code {
	case noError, invalidOperation, invalidValue:
	default:
		g.pending, g.ask = code, true
	}
}

func errorName(code int) string {
	switch code {
	case invalidEnum:
		return "INVALID_ENUM"
	case invalidValue:
		return "INVALID_VALUE"
	case invalidOperation:
		return "INVALID_OPERATION"
	case invalidFramebufferOperation:
		return "INVALID_FRAMEBUFFER_OPERATION"
	}
	return fmt.Sprintf("%#x", code)
}

// Close frees what the GL still holds. A context that was opened here is gone then;
// of another only what belongs to this GL.
func (g *GL) Close() {
	g.canvas.Call("removeEventListener", "webglcontextlost", g.lostEvent)
	g.lostEvent.Release()
	g.turns.close()
	if g.owned {
		// A browser has room for few contexts and collects them late.
		if lose := g.context.Call("getExtension", "WEBGL_lose_context"); lose.Truthy() {
			lose.Call("loseContext")
		}
		return
	}
	if g.gone() {
		return
	}
	for i := range g.readings.all() {
		g.Drop(fragment.Reading(i))
	}
	for i := range g.targets.all() {
		g.DeleteTarget(fragment.Target(i))
	}
	for i := range g.textures.all() {
		g.DeleteTexture(fragment.Texture(i))
	}
	for i := range g.shaders.all() {
		g.DeleteShader(fragment.Shader(i))
	}
	for _, v := range g.vertex {
		g.call[deleteShader].Invoke(v)
	}
	for _, p := range g.packs {
		g.call[deleteBuffer].Invoke(p.object)
	}
	g.call[deleteVertexArray].Invoke(g.array)
}

var _ fragment.GL = (*GL)(nil)
