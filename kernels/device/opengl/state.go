package opengl

import "github.com/go-gl/gl/v4.3-core/gl"

// state is the part of GL's state that the device touches.
type state struct {
	program, unit                int32
	storage, copyRead, copyWrite int32
	textures                     [maxBindings]int32
	buffers                      [maxBindings]int32
	starts, sizes                [maxBindings]int64
}

func (s *state) save() {
	gl.GetIntegerv(gl.CURRENT_PROGRAM, &s.program)
	gl.GetIntegerv(gl.ACTIVE_TEXTURE, &s.unit)
	gl.GetIntegerv(gl.SHADER_STORAGE_BUFFER_BINDING, &s.storage)
	gl.GetIntegerv(gl.COPY_READ_BUFFER_BINDING, &s.copyRead)
	gl.GetIntegerv(gl.COPY_WRITE_BUFFER_BINDING, &s.copyWrite)
	for i := range uint32(maxBindings) {
		gl.ActiveTexture(gl.TEXTURE0 + i)
		gl.GetIntegerv(gl.TEXTURE_BINDING_BUFFER, &s.textures[i])
		gl.GetIntegeri_v(gl.SHADER_STORAGE_BUFFER_BINDING, i, &s.buffers[i])
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_START, i, &s.starts[i])
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_SIZE, i, &s.sizes[i])
	}
	gl.ActiveTexture(uint32(s.unit))
}

func (s *state) restore() {
	for i := range uint32(maxBindings) {
		gl.ActiveTexture(gl.TEXTURE0 + i)
		gl.BindTexture(gl.TEXTURE_BUFFER, uint32(s.textures[i]))
		if s.sizes[i] > 0 {
			gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, i, uint32(s.buffers[i]), int(s.starts[i]), int(s.sizes[i]))
		} else {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, i, uint32(s.buffers[i]))
		}
	}
	gl.ActiveTexture(uint32(s.unit))
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, uint32(s.storage))
	gl.BindBuffer(gl.COPY_READ_BUFFER, uint32(s.copyRead))
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, uint32(s.copyWrite))
	gl.UseProgram(uint32(s.program))
}
