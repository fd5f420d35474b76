//go:build js && wasm

package webgl

import (
	"syscall/js"

	"github.com/flawscope/flawscope/kernels/device/fragment"
)

// state is what the device changes in a context that is somebody else's.
type state struct {
	program, array, draw, read, pack, unpack, unit js.Value
	viewport, scissor, mask                        js.Value
	enabled                                        [len(disabled)]bool
	pixels                                         [len(pixelStores)]js.Value
	textures, samplers                             []js.Value
}

// pixelStores are the parameters of uploads and readings, with what the device wants.
var pixelStores = [...]struct {
	name int
	want any
}{
	{0x0CF5, 4},     // UNPACK_ALIGNMENT
	{0x0CF2, 0},     // UNPACK_ROW_LENGTH
	{0x0CF3, 0},     // UNPACK_SKIP_ROWS
	{0x0CF4, 0},     // UNPACK_SKIP_PIXELS
	{0x806D, 0},     // UNPACK_SKIP_IMAGES
	{0x806E, 0},     // UNPACK_IMAGE_HEIGHT
	{0x9240, false}, // UNPACK_FLIP_Y_WEBGL
	{0x9241, false}, // UNPACK_PREMULTIPLY_ALPHA_WEBGL
	{0x0D05, 4},     // PACK_ALIGNMENT
	{0x0D02, 0},     // PACK_ROW_LENGTH
	{0x0D03, 0},     // PACK_SKIP_ROWS
	{0x0D04, 0},     // PACK_SKIP_PIXELS
}

// Names of state that is asked for.
const (
	currentProgram     = 0x8B8D
	vertexArrayBinding = 0x85B5
	drawBinding        = 0x8CA6 // DRAW_FRAMEBUFFER_BINDING
	readBinding        = 0x8CAA
	packBinding        = 0x88ED
	unpackBinding      = 0x88EF
	activeUnit         = 0x84E0
	viewportBox        = 0x0BA2
	scissorBox         = 0x0C10
	colorWriteMask     = 0x0C23
	textureBinding     = 0x8C1D // TEXTURE_BINDING_2D_ARRAY
	samplerBinding     = 0x8919
)

// mostUnits is how many texture units the device uses at most, and so how many are
// put back.
const mostUnits = 16

// Save keeps the state that the device changes in a page's own context and sets
// what it needs; in a context of its own there is nothing to do.
func (g *GL) Save() {
	if !g.shared || g.gone() {
		return
	}
	get := func(name int) js.Value { return g.call[getParameter].Invoke(name) }
	s := &state{
		program: get(currentProgram), array: get(vertexArrayBinding), draw: get(drawBinding), read: get(readBinding),
		pack: get(packBinding), unpack: get(unpackBinding), unit: get(activeUnit),
		viewport: get(viewportBox), scissor: get(scissorBox), mask: get(colorWriteMask),
	}
	for i, capability := range disabled {
		s.enabled[i] = g.call[isEnabled].Invoke(capability).Truthy()
	}
	for i, p := range pixelStores {
		s.pixels[i] = get(p.name)
		g.call[pixelStorei].Invoke(p.name, p.want)
	}
	for unit := range min(mostUnits, g.caps.TextureUnits) {
		g.call[activeTexture].Invoke(texture0 + unit)
		s.textures, s.samplers = append(s.textures, get(textureBinding)), append(s.samplers, get(samplerBinding))
		g.call[bindSampler].Invoke(unit, nil)
	}
	g.call[activeTexture].Invoke(texture0)
	g.call[bindBuffer].Invoke(pixelPackBuffer, nil)
	g.call[bindBuffer].Invoke(pixelUnpackBuffer, nil)
	g.call[colorMask].Invoke(true, true, true, true)
	g.setUp()
	if g.gone() {
		return // with answers that may be null
	}
	g.saved = s
	g.bound = bound{textures: g.bound.textures}
	// No number says "what the page has bound".
	for unit := range g.bound.textures {
		g.bound.textures[unit] = unknown
	}
}

// unknown is the number of no texture.
const unknown = ^fragment.Texture(0)

// Restore puts back what Save kept.
func (g *GL) Restore() {
	s := g.saved
	g.saved = nil
	if s == nil || g.gone() {
		return
	}
	for unit := range s.textures {
		g.call[activeTexture].Invoke(texture0 + unit)
		g.call[bindTexture].Invoke(texture2DArray, s.textures[unit])
		g.call[bindSampler].Invoke(unit, s.samplers[unit])
	}
	g.call[activeTexture].Invoke(s.unit)
	for i, p := range pixelStores {
		g.call[pixelStorei].Invoke(p.name, s.pixels[i])
	}
	for i, capability := range disabled {
		if s.enabled[i] {
			g.call[enable].Invoke(capability)
		} else {
			g.call[disable].Invoke(capability)
		}
	}
	box := func(f, v js.Value) { f.Invoke(v.Index(0), v.Index(1), v.Index(2), v.Index(3)) }
	box(g.call[viewport], s.viewport)
	box(g.call[scissor], s.scissor)
	box(g.call[colorMask], s.mask)
	g.call[bindBuffer].Invoke(pixelPackBuffer, s.pack)
	g.call[bindBuffer].Invoke(pixelUnpackBuffer, s.unpack)
	g.call[bindFramebuffer].Invoke(drawFramebuffer, s.draw)
	g.call[bindFramebuffer].Invoke(readFramebuffer, s.read)
	g.call[bindVertexArray].Invoke(s.array)
	g.call[useProgram].Invoke(s.program)
}
