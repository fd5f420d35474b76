package fragment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
)

// Program is an operation made ready: its passes compiled, its own memory taken.
type Program struct {
	device *Device
	name   string
	recipe *recipe
	texts  []string
	closed bool

	// The rest belongs to the context's thread.
	passes  []*compiled
	scratch []*Buffer
	err     error
}

// compiled is a GL program; equal texts share one.
type compiled struct {
	shader Shader
	text   string
	users  int
	linked bool
	err    error
}

// Prepare builds the program of op; see device.Device.
func (d *Device) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	if d.closed {
		return nil, errClosed
	}
	r, err := d.plan(op, in)
	if err != nil {
		return nil, err
	}
	texts, err := r.texts(op, d.caps.ES)
	if err != nil {
		return nil, err
	}
	p := &Program{device: d, name: op.Name(), recipe: r, texts: texts}
	d.queue.Post(func() {
		if p.err = p.build(); p.err != nil {
			p.release()
		}
	})
	return p, nil
}

// build begins to compile the passes and takes the program's own memory.
func (p *Program) build() error {
	d := p.device
	if err := d.status(); err != nil {
		return err
	}
	for _, text := range p.texts {
		p.passes = append(p.passes, d.compile(text))
	}
	first := len(p.recipe.Inputs) + len(p.recipe.Outputs)
	for i, s := range p.recipe.Scratch {
		b, err := d.alloc(device.Layout{Shape: s}, p.recipe.arrangements[first+i])
		if err != nil {
			return fmt.Errorf("%s: its own memory: %w", p.name, err)
		}
		p.scratch = append(p.scratch, b)
	}
	return nil
}

// compile begins to compile a text, unless its program is already there.
func (d *Device) compile(text string) *compiled {
	if c := d.compiled[text]; c != nil {
		c.users++
		return c
	}
	c := &compiled{shader: d.gl.Compile(d.vertex, text), text: text, users: 1}
	d.compiled[text] = c
	return c
}

// link asks whether c is compiled; with block it waits.
func (d *Device) link(c *compiled, block bool) (bool, error) {
	if c.linked || c.err != nil {
		return c.linked, c.err
	}
	done, err := d.gl.Compiled(c.shader, block)
	if err != nil && !errors.Is(err, device.ErrLost) {
		err = fmt.Errorf("the shader does not compile:\n%s\n%s", strings.TrimSpace(err.Error()), glsl.Numbered(c.text, err.Error()))
	}
	c.linked, c.err = done && err == nil, err
	return c.linked, c.err
}

// Ready waits until the program can run.
func (p *Program) Ready(ctx context.Context) error {
	for {
		done := false
		var err error
		p.device.queue.Wait(func() { done, err = p.linked(!p.device.caps.ParallelCompiles) })
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// linked says whether every pass is compiled.
func (p *Program) linked(block bool) (bool, error) {
	if p.err != nil {
		return false, p.err
	}
	for i, c := range p.passes {
		done, err := p.device.link(c, block)
		if err != nil {
			if lost := p.device.status(); errors.Is(lost, device.ErrLost) {
				err = lost
			}
			return false, fmt.Errorf("fragment: %s: %w", p.recipe.Passes[i].File, err)
		}
		if !done {
			return false, p.device.status()
		}
	}
	return true, p.device.status()
}

// Inputs returns the layout wanted of each input.
func (p *Program) Inputs() []device.Layout {
	return append([]device.Layout(nil), p.recipe.Inputs...)
}

// Close frees the program once the work before it is done.
func (p *Program) Close() {
	if p.closed || p.device.closed {
		return
	}
	p.closed = true
	p.device.queue.Post(p.release)
}

// release frees what the program holds, on the context's thread.
func (p *Program) release() {
	for _, c := range p.passes {
		if c.users--; c.users == 0 {
			p.device.gl.DeleteShader(c.shader)
			delete(p.device.compiled, c.text)
		}
	}
	for _, b := range p.scratch {
		p.device.drop(b)
	}
	p.passes, p.scratch = nil, nil
}

// execute runs a job on the context's thread.
func (d *Device) execute(j *job) error {
	p := j.program
	if p.err != nil {
		return p.err
	}
	if p.passes == nil {
		return d.status()
	}
	for i := range p.recipe.Passes {
		pass := &p.recipe.Passes[i]
		c := p.passes[i]
		if !c.linked {
			if _, err := d.link(c, true); err != nil {
				return err
			}
		}
		first := j.slot(pass.Out[0])
		a := &first.arrangement
		d.draw.Shader, d.draw.Width, d.draw.Height = c.shader, a.Width, a.Height
		d.draw.Textures = d.draw.Textures[:0]
		for _, slot := range pass.In {
			d.draw.Textures = append(d.draw.Textures, j.slot(slot).texture)
		}
		if bringsMain(*pass) {
			d.draw.Target = first.wholeTarget()
			d.drawInParts(pass.Work)
			continue
		}
		for layer := range a.Layers {
			d.draw.Target, d.draw.Layer = d.jointTarget(j, pass.Out, layer), int32(layer)
			d.drawInParts(pass.Work / float64(a.Layers))
		}
	}
	return nil
}

// drawInParts draws the lines of the target, few enough at a time.
func (d *Device) drawInParts(work float64) {
	most := min(max(int(float64(d.draw.Height)*d.work/max(work, 1)), 1), d.draw.Height)
	for d.draw.From = 0; d.draw.From < d.draw.Height; d.draw.From += most {
		if d.draw.From > 0 {
			d.gl.Flush()
		}
		d.draw.To = min(d.draw.From+most, d.draw.Height)
		d.gl.Draw(&d.draw)
	}
}

// slot returns the buffer of a recipe's slot.
func (j *job) slot(i int) *Buffer {
	if i < len(j.in) {
		return j.in[i]
	}
	if i -= len(j.in); i < len(j.out) {
		return j.out[i]
	}
	return j.program.scratch[i-len(j.out)]
}
