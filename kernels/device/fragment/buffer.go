package fragment

import (
	"errors"
	"fmt"
	"math"

	"github.com/flawscope/flawscope/kernels/device"
)

// Buffer is a tensor in a texture array.
type Buffer struct {
	device      *Device
	layout      device.Layout
	arrangement arrangement
	closed      bool

	texture Texture
	whole   Target   // all layers at once, or 0
	targets []Target // each layer alone, or 0
}

// Layout returns what the buffer holds.
func (b *Buffer) Layout() device.Layout { return b.layout }

// Bytes returns the memory taken, padding included.
func (b *Buffer) Bytes() int64 { return b.arrangement.bytes() }

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
	a, err := d.arrangementOf(l)
	if err != nil {
		return nil, err
	}
	var b *Buffer
	d.queue.Wait(func() {
		if err = d.status(); err == nil {
			b, err = d.alloc(l, a)
		}
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (d *Device) arrangementOf(l device.Layout) (arrangement, error) {
	if l.Packing == "" {
		return arrange(l.Shape, d.limits)
	}
	return arrangeWeights(l, d.limits)
}

// alloc makes a buffer on the context's thread.
func (d *Device) alloc(l device.Layout, a arrangement) (*Buffer, error) {
	b := &Buffer{device: d, layout: l, arrangement: a, targets: make([]Target, a.Layers)}
	if d.maxBytes > 0 && d.bytes+b.Bytes() > d.maxBytes {
		return nil, fmt.Errorf("fragment: %v takes %d bytes, of the %d allowed %d are in use: %w", l.Shape, b.Bytes(), d.maxBytes, d.bytes, device.ErrOutOfMemory)
	}
	b.texture = d.gl.NewTexture(a.Width, a.Height, a.Layers, a.Format)
	d.buffers[b] = struct{}{}
	d.bytes += b.Bytes()
	if err := d.status(); err != nil {
		d.drop(b)
		return nil, err
	}
	return b, nil
}

// drop frees b on the context's thread.
func (d *Device) drop(b *Buffer) {
	if _, held := d.buffers[b]; !held {
		return
	}
	delete(d.buffers, b)
	d.bytes -= b.Bytes()
	for _, t := range append(b.targets, b.whole) {
		if t != 0 {
			d.gl.DeleteTarget(t)
		}
	}
	for key, t := range d.joint {
		for _, texture := range key.textures {
			if texture == b.texture {
				d.gl.DeleteTarget(t)
				delete(d.joint, key)
				break
			}
		}
	}
	d.gl.DeleteTexture(b.texture)
}

// layerTarget returns the target of one layer.
func (b *Buffer) layerTarget(layer int) Target {
	if b.targets[layer] == 0 {
		b.targets[layer] = b.device.gl.NewTarget([]Attachment{{b.texture, layer}})
	}
	return b.targets[layer]
}

// wholeTarget returns the target of all layers.
func (b *Buffer) wholeTarget() Target {
	if b.arrangement.Layers == 1 {
		return b.layerTarget(0)
	}
	if b.whole == 0 {
		attachments := make([]Attachment, b.arrangement.Layers)
		for i := range attachments {
			attachments[i] = Attachment{b.texture, i}
		}
		b.whole = b.device.gl.NewTarget(attachments)
	}
	return b.whole
}

// jointTarget returns the target of one layer of each output.
func (d *Device) jointTarget(j *job, out []int, layer int) Target {
	if len(out) == 1 {
		return j.slot(out[0]).layerTarget(layer)
	}
	key := joint{layer: layer}
	for i, slot := range out {
		key.textures[i] = j.slot(slot).texture
	}
	if t := d.joint[key]; t != 0 {
		return t
	}
	var attachments []Attachment
	for _, slot := range out {
		attachments = append(attachments, Attachment{j.slot(slot).texture, layer})
	}
	t := d.gl.NewTarget(attachments)
	d.joint[key] = t
	return t
}

// Poison fills the whole of b, spare memory included, with NaN.
func (d *Device) Poison(b device.Buffer) error {
	buffer, ok := b.(*Buffer)
	if !ok || buffer.device != d || d.closed {
		return errors.New("fragment: a buffer of another device")
	}
	var err error
	d.queue.Wait(func() {
		memory := d.stage(buffer.arrangement.floats())
		for i := range memory {
			memory[i] = float32(math.NaN())
		}
		d.upload(buffer, memory)
		err = d.status()
	})
	return err
}
