//go:build js && wasm

package webgl

import "syscall/js"

// The functions of a context that are used.
const (
	activeTexture = iota
	attachShader
	bindBuffer
	bindFramebuffer
	bindSampler
	bindTexture
	bindVertexArray
	bufferData
	clientWaitSync
	colorMask
	compileShader
	createBuffer
	createFramebuffer
	createProgram
	createShader
	createTexture
	createVertexArray
	deleteBuffer
	deleteFramebuffer
	deleteProgram
	deleteShader
	deleteSync
	deleteTexture
	deleteVertexArray
	detachShader
	disable
	drawArrays
	drawBuffers
	enable
	fenceSync
	flush
	framebufferTextureLayer
	getActiveUniform
	getBufferSubData
	getError
	getParameter
	getProgramInfoLog
	getProgramParameter
	getShaderInfoLog
	getUniformLocation
	isContextLost
	isEnabled
	linkProgram
	pixelStorei
	readPixels
	scissor
	shaderSource
	texParameteri
	texStorage3D
	texSubImage3D
	uniform1i
	useProgram
	viewport
)

var functionNames = [...]string{
	activeTexture:           "activeTexture",
	attachShader:            "attachShader",
	bindBuffer:              "bindBuffer",
	bindFramebuffer:         "bindFramebuffer",
	bindSampler:             "bindSampler",
	bindTexture:             "bindTexture",
	bindVertexArray:         "bindVertexArray",
	bufferData:              "bufferData",
	clientWaitSync:          "clientWaitSync",
	colorMask:               "colorMask",
	compileShader:           "compileShader",
	createBuffer:            "createBuffer",
	createFramebuffer:       "createFramebuffer",
	createProgram:           "createProgram",
	createShader:            "createShader",
	createTexture:           "createTexture",
	createVertexArray:       "createVertexArray",
	deleteBuffer:            "deleteBuffer",
	deleteFramebuffer:       "deleteFramebuffer",
	deleteProgram:           "deleteProgram",
	deleteShader:            "deleteShader",
	deleteSync:              "deleteSync",
	deleteTexture:           "deleteTexture",
	deleteVertexArray:       "deleteVertexArray",
	detachShader:            "detachShader",
	disable:                 "disable",
	drawArrays:              "drawArrays",
	drawBuffers:             "drawBuffers",
	enable:                  "enable",
	fenceSync:               "fenceSync",
	flush:                   "flush",
	framebufferTextureLayer: "framebufferTextureLayer",
	getActiveUniform:        "getActiveUniform",
	getBufferSubData:        "getBufferSubData",
	getError:                "getError",
	getParameter:            "getParameter",
	getProgramInfoLog:       "getProgramInfoLog",
	getProgramParameter:     "getProgramParameter",
	getShaderInfoLog:        "getShaderInfoLog",
	getUniformLocation:      "getUniformLocation",
	isContextLost:           "isContextLost",
	isEnabled:               "isEnabled",
	linkProgram:             "linkProgram",
	pixelStorei:             "pixelStorei",
	readPixels:              "readPixels",
	scissor:                 "scissor",
	shaderSource:            "shaderSource",
	texParameteri:           "texParameteri",
	texStorage3D:            "texStorage3D",
	texSubImage3D:           "texSubImage3D",
	uniform1i:               "uniform1i",
	useProgram:              "useProgram",
	viewport:                "viewport",
}

// functions are the context's, bound to it: invoking one takes a quarter of the
// time of a call by name.
type functions [len(functionNames)]js.Value

func (f *functions) bind(context js.Value) {
	for i, name := range functionNames {
		f[i] = context.Get(name).Call("bind", context)
	}
}

// Numbers of WebGL 2 and its extensions.
const (
	noError                     = 0
	invalidEnum                 = 0x0500
	invalidValue                = 0x0501
	invalidOperation            = 0x0502
	outOfMemory                 = 0x0505
	invalidFramebufferOperation = 0x0506
	contextLost                 = 0x9242

	glRenderer            = 0x1F01
	glVersion             = 0x1F02
	unmaskedRenderer      = 0x9246
	maxTextureSize        = 0x0D33
	maxArrayTextureLayers = 0x88FF
	maxDrawBuffers        = 0x8824
	maxColorAttachments   = 0x8CDF
	maxTextureImageUnits  = 0x8872

	triangles        = 0x0004
	cullFace         = 0x0B44
	depthTest        = 0x0B71
	stencilTest      = 0x0B90
	dither           = 0x0BD0
	blend            = 0x0BE2
	scissorTest      = 0x0C11
	polygonOffset    = 0x8037
	alphaToCoverage  = 0x809E
	sampleCoverage   = 0x80A0
	rasterizeDiscard = 0x8C89

	texture0       = 0x84C0
	texture2DArray = 0x8C1A
	textureMag     = 0x2800
	textureMin     = 0x2801
	nearest        = 0x2600
	rgba32f        = 0x8814
	rgba16f        = 0x881A
	r32f           = 0x822E
	rgba           = 0x1908
	red            = 0x1903
	float          = 0x1406
	halfFloat      = 0x140B

	framebuffer     = 0x8D40
	readFramebuffer = 0x8CA8
	drawFramebuffer = 0x8CA9
	colorAttachment = 0x8CE0
	readFormat      = 0x8B9B // IMPLEMENTATION_COLOR_READ_FORMAT
	readType        = 0x8B9A

	fragmentShader   = 0x8B30
	vertexShader     = 0x8B31
	linkStatus       = 0x8B82
	activeUniforms   = 0x8B86
	completionStatus = 0x91B1

	pixelPackBuffer   = 0x88EB
	pixelUnpackBuffer = 0x88EC
	streamRead        = 0x88E1
	commandsComplete  = 0x9117 // SYNC_GPU_COMMANDS_COMPLETE
	alreadySignaled   = 0x911A
	conditionMet      = 0x911C
	waitFailed        = 0x911D
)

// disabled is all that may change what a shader writes.
var disabled = [...]int{dither, blend, cullFace, depthTest, stencilTest, scissorTest, polygonOffset, alphaToCoverage, sampleCoverage, rasterizeDiscard}
