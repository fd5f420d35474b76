package opengl

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/go-gl/gl/v4.3-core/gl"
)

// Buffer is a tensor in a buffer object.
type Buffer struct {
	device  *Device
	layout  device.Layout
	floats  int64
	name    uint32 // the buffer object
	texture uint32 // the buffer texture through which kernels read it, or 0
	closed  bool
}

// Layout returns what the buffer holds.
func (b *Buffer) Layout() device.Layout { return b.layout }

// Bytes returns the memory taken, padding included.
func (b *Buffer) Bytes() int64 { return 4 * b.floats }

// Close frees the memory once the work before it is done.
func (b *Buffer) Close() {
	if b.closed || b.device.closed {
		return
	}
	b.closed = true
	b.device.queue.Post(func() { b.device.drop(b) })
}

// Alloc returns a buffer; see device.Device.
func (d *Device) Alloc(l device.Layout) (device.Buffer, error) {
	if d.closed {
		return nil, errClosed
	}
	var b *Buffer
	var err error
	d.queue.Wait(func() {
		if err = d.status(); err == nil {
			b, err = d.alloc(l)
		}
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// alloc makes a buffer on the context's thread.
func (d *Device) alloc(l device.Layout) (*Buffer, error) {
	s, err := arranged(l)
	if err != nil {
		return nil, err
	}
	b := &Buffer{device: d, layout: l, floats: size(s)}
	if b.Bytes() > d.info.MaxBufferBytes {
		return nil, fmt.Errorf("opengl: %v takes %d bytes, more than the %d of one buffer of %s: %w", l.Shape, b.Bytes(), d.info.MaxBufferBytes, d.info.Renderer, device.ErrOutOfMemory)
	}
	if d.maxBytes > 0 && d.bytes+b.Bytes() > d.maxBytes {
		return nil, fmt.Errorf("opengl: %v takes %d bytes, of the %d allowed %d are in use: %w", l.Shape, b.Bytes(), d.maxBytes, d.bytes, device.ErrOutOfMemory)
	}
	gl.GenBuffers(1, &b.name)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, b.name)
	gl.BufferData(gl.COPY_WRITE_BUFFER, int(b.Bytes()), nil, gl.DYNAMIC_COPY)
	if d.variant == BufferTexture {
		format := uint32(gl.RGBA32F)
		if s[1] == 1 {
			format = gl.R32F
		}
		gl.GenTextures(1, &b.texture)
		gl.BindTexture(gl.TEXTURE_BUFFER, b.texture)
		gl.TexBuffer(gl.TEXTURE_BUFFER, format, b.name)
	}
	if err := d.status(); err != nil {
		d.release(b)
		return nil, err
	}
	d.buffers[b] = struct{}{}
	d.bytes += b.Bytes()
	return b, nil
}

func (d *Device) release(b *Buffer) {
	if b.texture != 0 {
		gl.DeleteTextures(1, &b.texture)
	}
	gl.DeleteBuffers(1, &b.name)
}

// drop frees b on the context's thread.
func (d *Device) drop(b *Buffer) {
	if _, held := d.buffers[b]; held {
		delete(d.buffers, b)
		d.bytes -= b.Bytes()
		d.release(b)
	}
}

// Poison fills the whole of b, spare memory included, with NaN.
func (d *Device) Poison(b device.Buffer) error {
	buffer, ok := b.(*Buffer)
	if !ok || buffer.device != d || d.closed {
		return errors.New("opengl: a buffer of another device")
	}
	var err error
	d.queue.Wait(func() {
		nan := uint32(0x7fc00000)
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, buffer.name)
		gl.ClearBufferData(gl.COPY_WRITE_BUFFER, gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT, unsafe.Pointer(&nan))
		err = d.status()
	})
	return err
}
