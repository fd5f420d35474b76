package fragment

// GL is the little of OpenGL 3.3, OpenGL ES 3.0 and WebGL 2 that the device needs.
// Its methods are called on the thread that owns the context. Errors of GL are
// told by Status; after the context is lost every call is harmless.
type GL interface {
	// Caps describes the context.
	Caps() Caps

	// NewTexture makes a 2D texture array with nearest filtering.
	NewTexture(width, height, layers int, f Format) Texture
	// Upload fills all layers of t, one after the other, each row by row:
	// float32 for Float1 and Float4, half floats for Half4.
	Upload(t Texture, width, height, layers int, f Format, data []byte)
	DeleteTexture(t Texture)

	// NewTarget makes a framebuffer whose attachment i is Attachments[i]; all its
	// draw buffers are in use.
	NewTarget(attachments []Attachment) Target
	DeleteTarget(t Target)

	// Compile begins to compile and link a shader program of the vertex shader of the
	// device, which covers the viewport, and the given fragment shader.
	Compile(vertex, fragment string) Shader
	// Compiled says whether the program is linked. It binds the sampler
	// memory_in<i> to texture unit i the first time it says so. With block it waits.
	// An error carries the compiler's log.
	Compiled(s Shader, block bool) (done bool, err error)
	DeleteShader(s Shader)

	// Draw draws one triangle over the target.
	Draw(d *Draw)
	// Flush sends what was drawn on its way.
	Flush()

	// Read begins to copy the layers 0 to layers-1 of a texture, whose attachments
	// are targets[i][0], out of the context.
	Read(targets []Target, width, height int, f Format) Reading
	// Wait waits a few milliseconds at most, in a browser by giving way to its
	// events, and says whether the reading has arrived. It copies what arrived into data,
	// four floats a texel whatever the format, one for Float1, and ends the reading.
	Wait(r Reading, data []float32) (done bool, err error)
	// Drop ends a reading that nobody waits for.
	Drop(r Reading)

	// Status returns and forgets the first error since the last call:
	// device.ErrLost for ever once the context is lost, device.ErrOutOfMemory, or
	// another that says what GL said.
	Status() error
}

// Handles of objects of a GL; 0 is none.
type (
	Texture uint32
	Target  uint32
	Shader  uint32
	Reading uint32
)

// Attachment is a layer of a texture that is drawn to.
type Attachment struct {
	Texture Texture
	Layer   int
}

// Format is what a texel holds.
type Format int

// The formats.
const (
	Float4 Format = iota // RGBA32F
	Float1               // R32F
	Half4                // RGBA16F
)

// Draw is one triangle over the lines From to To-1 of a target of Width x Height.
type Draw struct {
	Shader        Shader
	Target        Target
	Width, Height int
	From, To      int
	Textures      []Texture // units 0 and up
	Layer         int32     // the uniform int "layer", when the program has one
}

// Caps describes a context.
type Caps struct {
	Renderer         string
	Version          string
	ES               bool // GLSL ES 3.00, otherwise GLSL 3.30
	TextureSize      int  // the most texels along an axis
	TextureLayers    int
	DrawBuffers      int
	TextureUnits     int
	ParallelCompiles bool // KHR_parallel_shader_compile: Compiled can be asked without waiting
	FloatTargets     bool // float textures can be drawn to
}
