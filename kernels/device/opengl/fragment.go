package opengl

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/fragment"
	"github.com/go-gl/gl/v4.3-core/gl"
)

// FragmentOptions choose the context of a fragment device.
type FragmentOptions struct {
	fragment.Options
	// ES asks for OpenGL ES 3.0, whose shaders are a browser's to the letter,
	// instead of OpenGL 3.3.
	ES bool
}

// OpenFragment makes a device that runs fragment shaders, in a context of its own:
// for OpenGL without compute shaders, and for testing what runs in a browser.
func OpenFragment(ctx context.Context, o FragmentOptions) (*fragment.Device, error) {
	return openFragment(ctx, o, func(g fragment.GL) fragment.GL { return g })
}

// openFragment has the device draw through what through makes of its GL.
func openFragment(ctx context.Context, o FragmentOptions, through func(fragment.GL) fragment.GL) (*fragment.Device, error) {
	api := desktopGL(3, 3)
	if o.ES {
		api = embeddedGL(3, 0)
	}
	type result struct {
		device *fragment.Device
		err    error
	}
	opened := make(chan result)
	go func() {
		runtime.LockOSThread()
		g, err := newFragmentGL("libEGL.so.1", api)
		if err != nil {
			opened <- result{nil, err}
			return
		}
		fragment.Serve(through(g), o.Options, func(d *fragment.Device, err error) { opened <- result{d, err} }, g.context.close)
	}()
	r := <-opened
	if r.err == nil {
		if r.err = r.device.SelfTest(ctx); r.err != nil {
			r.err = errors.Join(r.err, r.device.Close())
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("opengl: %w", r.err)
	}
	return r.device, nil
}

// fragmentGL is fragment.GL on a context of OpenGL 3.3 or OpenGL ES 3.0.
type fragmentGL struct {
	context  *eglContext
	caps     fragment.Caps
	lost     bool
	readings map[fragment.Reading]*reading
	last     fragment.Reading
	array    uint32
	layers   map[fragment.Shader]int32 // where the uniform layer is

	shader fragment.Shader
	target fragment.Target
}

// reading is a copy on its way through a buffer.
type reading struct {
	buffer uint32
	fence  uintptr
	bytes  int
}

func newFragmentGL(library string, a api) (*fragmentGL, error) {
	c, err := openContext(library, a)
	if err != nil {
		return nil, err
	}
	if err := loaded.loadDrawing(c.procAddress); err != nil {
		c.close()
		return nil, err
	}
	g := &fragmentGL{context: c, readings: map[fragment.Reading]*reading{}, layers: map[fragment.Shader]int32{}}
	number := func(name uint32) int {
		var v int32
		gl.GetIntegerv(name, &v)
		return int(v)
	}
	g.caps = fragment.Caps{
		Renderer: text(gl.RENDERER), Version: text(gl.VERSION), ES: a.es,
		TextureSize: number(gl.MAX_TEXTURE_SIZE), TextureLayers: number(gl.MAX_ARRAY_TEXTURE_LAYERS),
		DrawBuffers: min(number(gl.MAX_DRAW_BUFFERS), number(gl.MAX_COLOR_ATTACHMENTS)), TextureUnits: number(gl.MAX_TEXTURE_IMAGE_UNITS),
		FloatTargets: !a.es,
	}
	for i := range number(gl.NUM_EXTENSIONS) {
		switch gl.GoStr(gl.GetStringi(gl.EXTENSIONS, uint32(i))) {
		case "GL_EXT_color_buffer_float":
			g.caps.FloatTargets = true
		case "GL_KHR_parallel_shader_compile", "GL_ARB_parallel_shader_compile":
			g.caps.ParallelCompiles = true
		}
	}
	if !a.es {
		g.caps.Version = "OpenGL " + g.caps.Version
	}
	gl.GenVertexArrays(1, &g.array)
	gl.BindVertexArray(g.array)
	gl.Disable(gl.DITHER)
	gl.Disable(gl.BLEND)
	gl.Disable(gl.DEPTH_TEST)
	gl.Enable(gl.SCISSOR_TEST)
	gl.PixelStorei(gl.PACK_ALIGNMENT, 4)
	gl.PixelStorei(gl.UNPACK_ALIGNMENT, 4)
	return g, nil
}

// Caps describes the context.
func (g *fragmentGL) Caps() fragment.Caps { return g.caps }

// storage returns how a texel of a format is stored and transferred.
func storage(f fragment.Format) (internal int32, format, kind uint32, bytes int) {
	switch f {
	case fragment.Float1:
		return gl.R32F, gl.RED, gl.FLOAT, 4
	case fragment.Half4:
		return gl.RGBA16F, gl.RGBA, gl.HALF_FLOAT, 8
	}
	return gl.RGBA32F, gl.RGBA, gl.FLOAT, 16
}

func (g *fragmentGL) NewTexture(width, height, layers int, f fragment.Format) fragment.Texture {
	var name uint32
	gl.GenTextures(1, &name)
	gl.ActiveTexture(gl.TEXTURE0)
	gl.BindTexture(gl.TEXTURE_2D_ARRAY, name)
	for _, p := range []uint32{gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER} {
		gl.TexParameteri(gl.TEXTURE_2D_ARRAY, p, gl.NEAREST)
	}
	gl.TexParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAX_LEVEL, 0)
	internal, format, kind, _ := storage(f)
	gl.TexImage3D(gl.TEXTURE_2D_ARRAY, 0, internal, int32(width), int32(height), int32(layers), 0, format, kind, nil)
	return fragment.Texture(name)
}

func (g *fragmentGL) Upload(t fragment.Texture, width, height, layers int, f fragment.Format, data []byte) {
	gl.ActiveTexture(gl.TEXTURE0)
	gl.BindTexture(gl.TEXTURE_2D_ARRAY, uint32(t))
	_, format, kind, _ := storage(f)
	gl.TexSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, 0, int32(width), int32(height), int32(layers), format, kind, unsafe.Pointer(&data[0]))
}

func (g *fragmentGL) DeleteTexture(t fragment.Texture) {
	name := uint32(t)
	gl.DeleteTextures(1, &name)
}

func (g *fragmentGL) NewTarget(attachments []fragment.Attachment) fragment.Target {
	var name uint32
	gl.GenFramebuffers(1, &name)
	gl.BindFramebuffer(gl.FRAMEBUFFER, name)
	buffers := make([]uint32, len(attachments))
	for i, a := range attachments {
		buffers[i] = gl.COLOR_ATTACHMENT0 + uint32(i)
		gl.FramebufferTextureLayer(gl.FRAMEBUFFER, buffers[i], uint32(a.Texture), 0, int32(a.Layer))
	}
	gl.DrawBuffers(int32(len(buffers)), &buffers[0])
	g.target = fragment.Target(name)
	return g.target
}

func (g *fragmentGL) DeleteTarget(t fragment.Target) {
	name := uint32(t)
	gl.DeleteFramebuffers(1, &name)
	g.target = 0
}

func (g *fragmentGL) Compile(vertex, source string) fragment.Shader {
	program := gl.CreateProgram()
	for kind, text := range map[uint32]string{gl.VERTEX_SHADER: vertex, gl.FRAGMENT_SHADER: source} {
		shader := gl.CreateShader(kind)
		pointer, free := gl.Strs(text + "\x00")
		gl.ShaderSource(shader, 1, pointer, nil)
		free()
		gl.CompileShader(shader)
		gl.AttachShader(program, shader)
		gl.DeleteShader(shader) // once the program lets go of it
	}
	gl.LinkProgram(program)
	return fragment.Shader(program)
}

// completionStatus is COMPLETION_STATUS_KHR of KHR_parallel_shader_compile.
const completionStatus = 0x91B1

func (g *fragmentGL) Compiled(s fragment.Shader, block bool) (bool, error) {
	program := uint32(s)
	var status int32
	if !block && g.caps.ParallelCompiles {
		if gl.GetProgramiv(program, completionStatus, &status); status == 0 {
			return false, nil
		}
	}
	if gl.GetProgramiv(program, gl.LINK_STATUS, &status); status == 0 {
		var log strings.Builder
		var shaders [2]uint32
		var count int32
		gl.GetAttachedShaders(program, 2, &count, &shaders[0])
		for _, shader := range shaders[:count] {
			log.WriteString(infoLog(shader, gl.GetShaderiv, gl.GetShaderInfoLog))
		}
		log.WriteString(infoLog(program, gl.GetProgramiv, gl.GetProgramInfoLog))
		return false, errors.New(log.String())
	}
	gl.UseProgram(program)
	g.shader = s
	for i := range g.caps.TextureUnits {
		if at := gl.GetUniformLocation(program, gl.Str(fmt.Sprintf("memory_in%d\x00", i))); at >= 0 {
			gl.Uniform1i(at, int32(i))
		}
	}
	g.layers[s] = gl.GetUniformLocation(program, gl.Str("layer\x00"))
	return true, nil
}

func (g *fragmentGL) DeleteShader(s fragment.Shader) {
	gl.DeleteProgram(uint32(s))
	delete(g.layers, s)
	g.shader = 0
}

func (g *fragmentGL) Draw(d *fragment.Draw) {
	if d.Shader != g.shader {
		gl.UseProgram(uint32(d.Shader))
		g.shader = d.Shader
	}
	if d.Target != g.target {
		gl.BindFramebuffer(gl.FRAMEBUFFER, uint32(d.Target))
		g.target = d.Target
	}
	for i, t := range d.Textures {
		gl.ActiveTexture(gl.TEXTURE0 + uint32(i))
		gl.BindTexture(gl.TEXTURE_2D_ARRAY, uint32(t))
	}
	if at := g.layers[d.Shader]; at >= 0 {
		gl.Uniform1i(at, d.Layer)
	}
	gl.Viewport(0, 0, int32(d.Width), int32(d.Height))
	gl.Scissor(0, int32(d.From), int32(d.Width), int32(d.To-d.From))
	gl.DrawArrays(gl.TRIANGLES, 0, 3)
}

// Flush sends what was drawn on its way.
func (g *fragmentGL) Flush() { gl.Flush() }

func (g *fragmentGL) Read(targets []fragment.Target, width, height int, f fragment.Format) fragment.Reading {
	_, format, _, bytes := storage(f)
	kind := uint32(gl.FLOAT)
	if f == fragment.Half4 {
		bytes = 16
	}
	if g.caps.ES && f == fragment.Float1 {
		// The one combination that ES promises for every float target.
		format, bytes = gl.RGBA, 16
	}
	r := &reading{bytes: width * height * bytes * len(targets)}
	gl.GenBuffers(1, &r.buffer)
	gl.BindBuffer(gl.PIXEL_PACK_BUFFER, r.buffer)
	gl.BufferData(gl.PIXEL_PACK_BUFFER, r.bytes, nil, gl.STREAM_READ)
	for i, t := range targets {
		gl.BindFramebuffer(gl.READ_FRAMEBUFFER, uint32(t))
		gl.ReadBuffer(gl.COLOR_ATTACHMENT0)
		gl.ReadPixels(0, 0, int32(width), int32(height), format, kind, unsafe.Add(nil, i*width*height*bytes))
	}
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, 0)
	gl.BindBuffer(gl.PIXEL_PACK_BUFFER, 0)
	r.fence = gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
	g.last++
	g.readings[g.last] = r
	return g.last
}

func (g *fragmentGL) Wait(number fragment.Reading, data []float32) (bool, error) {
	r := g.readings[number]
	switch gl.ClientWaitSync(r.fence, gl.SYNC_FLUSH_COMMANDS_BIT, uint64(5*time.Millisecond)) {
	case gl.TIMEOUT_EXPIRED:
		return false, nil
	case gl.WAIT_FAILED:
		err := g.Status()
		g.Drop(number)
		if err == nil {
			err = errors.New("opengl: waiting for the device failed")
		}
		return false, err
	}
	gl.BindBuffer(gl.PIXEL_PACK_BUFFER, r.buffer)
	memory := gl.MapBufferRange(gl.PIXEL_PACK_BUFFER, 0, r.bytes, gl.MAP_READ_BIT)
	if memory == nil {
		g.Drop(number)
		return false, errors.New("opengl: what was read cannot be mapped")
	}
	arrived := unsafe.Slice((*float32)(memory), r.bytes/4)
	if len(arrived) == len(data) {
		copy(data, arrived)
	} else {
		for i := range data {
			data[i] = arrived[4*i]
		}
	}
	gl.UnmapBuffer(gl.PIXEL_PACK_BUFFER)
	g.Drop(number)
	return true, nil
}

// Drop ends a reading.
func (g *fragmentGL) Drop(number fragment.Reading) {
	r := g.readings[number]
	gl.DeleteSync(r.fence)
	gl.BindBuffer(gl.PIXEL_PACK_BUFFER, 0)
	gl.DeleteBuffers(1, &r.buffer)
	delete(g.readings, number)
}

// Status returns and forgets what went wrong.
func (g *fragmentGL) Status() error {
	code := gl.GetError()
	g.lost = g.lost || code == gl.CONTEXT_LOST
	if g.lost {
		return fmt.Errorf("opengl: %s: %w", g.caps.Renderer, device.ErrLost)
	}
	return glError(code)
}
