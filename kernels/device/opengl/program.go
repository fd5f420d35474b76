package opengl

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/go-gl/gl/v4.3-core/gl"
)

// Program is an operation made ready: its passes compiled, its own memory taken.
type Program struct {
	device *Device
	name   string
	recipe *glsl.Recipe
	texts  []string
	ready  chan struct{}
	closed bool

	// The rest belongs to the context's thread; err is fixed once ready is closed.
	passes  []*compiled
	scratch []*Buffer
	err     error
}

// compiled is a GL program; equal texts share one.
type compiled struct {
	name  uint32
	id    [32]byte
	users int
}

// Prepare builds the program of op; see device.Device.
func (d *Device) Prepare(op kernels.Op, in []device.Operand) (device.Program, error) {
	if d.closed {
		return nil, errClosed
	}
	r, err := plan(op, in, d.variant)
	if err != nil {
		return nil, err
	}
	texts, err := texts(r, op, d.variant)
	if err != nil {
		return nil, err
	}
	p := &Program{device: d, name: op.Name(), recipe: r, texts: texts, ready: make(chan struct{})}
	d.queue.Post(func() {
		if p.err = p.build(); p.err != nil {
			p.release()
		}
		close(p.ready)
	})
	return p, nil
}

// build compiles the passes and takes the program's own memory.
func (p *Program) build() error {
	d := p.device
	if err := d.status(); err != nil {
		return err
	}
	for i, text := range p.texts {
		c, err := d.compile(text)
		if err != nil {
			return fmt.Errorf("opengl: %s: %w", p.recipe.Passes[i].File, err)
		}
		p.passes = append(p.passes, c)
	}
	for _, s := range p.recipe.Scratch {
		b, err := d.alloc(device.Layout{Shape: s})
		if err != nil {
			return fmt.Errorf("%s: its own memory: %w", p.name, err)
		}
		p.scratch = append(p.scratch, b)
	}
	return nil
}

// compile returns the program of a text, known by the text's hash.
func (d *Device) compile(text string) (*compiled, error) {
	id := sha256.Sum256([]byte(text))
	if c, ok := d.compiled[id]; ok {
		c.users++
		return c, nil
	}
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	defer gl.DeleteShader(shader)
	source, free := gl.Strs(text + "\x00")
	gl.ShaderSource(shader, 1, source, nil)
	free()
	gl.CompileShader(shader)
	name := gl.CreateProgram()
	gl.AttachShader(name, shader)
	gl.LinkProgram(name)
	gl.DetachShader(name, shader)
	var linked int32
	if gl.GetProgramiv(name, gl.LINK_STATUS, &linked); linked == 0 {
		log := infoLog(shader, gl.GetShaderiv, gl.GetShaderInfoLog)
		log += infoLog(name, gl.GetProgramiv, gl.GetProgramInfoLog)
		gl.DeleteProgram(name)
		if d.status(); d.lost {
			return nil, d.status()
		}
		return nil, fmt.Errorf("the shader does not compile:\n%s\n%s", strings.TrimSpace(log), glsl.Numbered(text, log))
	}
	c := &compiled{name: name, id: id, users: 1}
	d.compiled[id] = c
	return c, nil
}

func infoLog(object uint32, length func(uint32, uint32, *int32), get func(uint32, int32, *int32, *uint8)) string {
	var n int32
	if length(object, gl.INFO_LOG_LENGTH, &n); n <= 1 {
		return ""
	}
	log := make([]byte, n)
	get(object, n, &n, &log[0])
	return string(log[:n])
}

// Ready waits until the program can run.
func (p *Program) Ready(ctx context.Context) error {
	select {
	case <-p.ready:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
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
			gl.DeleteProgram(c.name)
			delete(p.device.compiled, c.id)
		}
	}
	for _, b := range p.scratch {
		p.device.drop(b)
	}
	p.passes, p.scratch = nil, nil
}

// dispatchWork is the work of one dispatch: at most about 100 ms on a slow machine
// of its class, so that a desktop stays alive and no watchdog strikes.
func dispatchWork(software bool) float64 {
	if software {
		return 1e9
	}
	return 5e9
}

// maxGroups is the least that every OpenGL 4.3 allows along an axis.
const maxGroups = 65535

// cut returns how many groups along x a dispatch of the given work may take.
func cut(p *glsl.Pass, work float64) int {
	n := int(float64(p.Groups[0]) * work / max(p.Work, 1))
	return min(max(n, 1), maxGroups, p.Groups[0])
}

// execute runs a job on the context's thread.
func (d *Device) execute(j *job) error {
	p := j.program
	if p.err != nil {
		return p.err
	}
	if d.lost || p.passes == nil {
		return d.status()
	}
	for i := range p.recipe.Passes {
		pass := &p.recipe.Passes[i]
		gl.UseProgram(p.passes[i].name)
		binding := uint32(0)
		for k, slot := range pass.In {
			b := j.slot(slot)
			if d.variant == BufferTexture {
				gl.ActiveTexture(gl.TEXTURE0 + uint32(k))
				gl.BindTexture(gl.TEXTURE_BUFFER, b.texture)
			} else {
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, binding, b.name)
				binding++
			}
		}
		for _, slot := range pass.Out {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, binding, j.slot(slot).name)
			binding++
		}
		most := cut(pass, d.work)
		for from := 0; from < pass.Groups[0]; from += most {
			gl.Uniform1ui(0, uint32(from))
			gl.DispatchCompute(uint32(min(most, pass.Groups[0]-from)), uint32(pass.Groups[1]), 1)
			if from > 0 {
				gl.Flush()
			}
		}
		gl.MemoryBarrier(gl.SHADER_STORAGE_BARRIER_BIT | gl.TEXTURE_FETCH_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	}
	return nil
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
