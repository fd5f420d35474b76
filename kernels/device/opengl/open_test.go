//go:build linux || freebsd

package opengl

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/go-gl/gl/v4.3-core/gl"
)

func TestOpen(t *testing.T) {
	d := open(t, Options{})
	info := d.Info()
	if info.Name != "opengl" || info.Renderer == "" || !strings.HasPrefix(info.Detail, "OpenGL 4.") || info.MaxBufferBytes < 1<<24 || info.Tolerance > 1e-5 {
		t.Errorf("%+v", info)
	}
	t.Logf("%+v", info)
}

func TestNoLibrary(t *testing.T) {
	_, err := openLibrary("libNoEGL.so.1", Options{})
	if err == nil || !strings.Contains(err.Error(), "apt-get install libegl1") {
		t.Errorf("got %v", err)
	}
}

// A driver that stops below OpenGL 4.3, as Mesa can pretend in a process of its
// own.
func TestOldDriver(t *testing.T) {
	if os.Getenv("MESA_GL_VERSION_OVERRIDE") != "" {
		_, err := Open(Options{})
		fmt.Println("error:", err)
		return
	}
	if !strings.Contains(open(t, Options{}).Info().Detail, "Mesa") {
		t.Skip("only Mesa can pretend to be older")
	}
	c := exec.Command(os.Args[0], "-test.run=^TestOldDriver$")
	c.Env = append(os.Environ(), "MESA_GL_VERSION_OVERRIDE=3.3")
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "OpenGL 4.3 is needed") || !strings.Contains(string(out), "has 3.") {
		t.Errorf("%v\n%s", err, out)
	}
}

// snapshot is the state of GL that a host may rely on.
func snapshot() map[string]int64 {
	s := map[string]int64{}
	get := func(name string, which uint32) {
		var v [4]int32
		gl.GetIntegerv(which, &v[0])
		for i, x := range v {
			s[fmt.Sprint(name, i)] = int64(x)
		}
	}
	get("program", gl.CURRENT_PROGRAM)
	get("vertex array", gl.VERTEX_ARRAY_BINDING)
	get("array buffer", gl.ARRAY_BUFFER_BINDING)
	get("pack buffer", gl.PIXEL_PACK_BUFFER_BINDING)
	get("unpack buffer", gl.PIXEL_UNPACK_BUFFER_BINDING)
	get("uniform buffer", gl.UNIFORM_BUFFER_BINDING)
	get("dispatch buffer", gl.DISPATCH_INDIRECT_BUFFER_BINDING)
	get("storage buffer", gl.SHADER_STORAGE_BUFFER_BINDING)
	get("copy read", gl.COPY_READ_BUFFER_BINDING)
	get("copy write", gl.COPY_WRITE_BUFFER_BINDING)
	get("draw framebuffer", gl.DRAW_FRAMEBUFFER_BINDING)
	get("read framebuffer", gl.READ_FRAMEBUFFER_BINDING)
	get("viewport", gl.VIEWPORT)
	get("alignment", gl.UNPACK_ALIGNMENT)
	get("blend", gl.BLEND)
	get("unit", gl.ACTIVE_TEXTURE)
	for i := range uint32(maxBindings) {
		gl.ActiveTexture(gl.TEXTURE0 + i)
		get(fmt.Sprint("2D texture ", i), gl.TEXTURE_BINDING_2D)
		get(fmt.Sprint("buffer texture ", i), gl.TEXTURE_BINDING_BUFFER)
		get(fmt.Sprint("sampler ", i), gl.SAMPLER_BINDING)
		var start, size int64
		var name int32
		gl.GetIntegeri_v(gl.SHADER_STORAGE_BUFFER_BINDING, i, &name)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_START, i, &start)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_SIZE, i, &size)
		s[fmt.Sprint("storage ", i)], s[fmt.Sprint("start ", i)], s[fmt.Sprint("size ", i)] = int64(name), start, size
	}
	gl.ActiveTexture(uint32(s["unit0"]))
	return s
}

// occupy binds something of the host's wherever the device might.
func occupy() {
	var buffers, textures [maxBindings]uint32
	gl.GenBuffers(maxBindings, &buffers[0])
	gl.GenTextures(maxBindings, &textures[0])
	for i := range uint32(maxBindings) {
		gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, buffers[i])
		gl.BufferData(gl.SHADER_STORAGE_BUFFER, 4096, nil, gl.STATIC_DRAW)
		if i%2 == 0 {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, i, buffers[i])
		} else {
			gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, i, buffers[i], 1024, 512)
		}
		gl.ActiveTexture(gl.TEXTURE0 + i)
		gl.BindTexture(gl.TEXTURE_BUFFER, textures[i])
		gl.TexBuffer(gl.TEXTURE_BUFFER, gl.R32F, buffers[i])
	}
	gl.ActiveTexture(gl.TEXTURE5)
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, buffers[3])
	gl.BindBuffer(gl.COPY_READ_BUFFER, buffers[1])
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, buffers[2])
	gl.BindBuffer(gl.PIXEL_PACK_BUFFER, buffers[4])
	gl.BindBuffer(gl.PIXEL_UNPACK_BUFFER, buffers[5])
	gl.BindBuffer(gl.UNIFORM_BUFFER, buffers[6])
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	source, free := gl.Strs("#version 430\nlayout(local_size_x = 1) in;\nvoid main() {}\n\x00")
	defer free()
	gl.ShaderSource(shader, 1, source, nil)
	gl.CompileShader(shader)
	program := gl.CreateProgram()
	gl.AttachShader(program, shader)
	gl.LinkProgram(program)
	gl.UseProgram(program)
}

func TestFromCurrent(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	host, err := openContext("libEGL.so.1", desktopGL(4, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer host.close()
	if err := loaded.loadAll(host.procAddress); err != nil {
		t.Fatal(err)
	}
	occupy()
	before := snapshot()
	for _, v := range []Variant{SharedMemory, BufferTexture} {
		d, err := FromCurrent(nil, Options{Variant: v})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range devicetest.Cases() {
			if i%37 != 0 {
				continue
			}
			if err := devicetest.Check(t.Context(), d, c); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
		if n := testing.AllocsPerRun(10, runOnce(t, d)); n != 0 {
			t.Errorf("%v allocations in a run", n)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if after := snapshot(); !maps.Equal(before, after) {
			for k, v := range before {
				if after[k] != v {
					t.Errorf("variant %d: %s was %d and is %d", d.variant, k, v, after[k])
				}
			}
		}
	}
	if code := gl.GetError(); code != 0 {
		t.Errorf("GL error %#x left behind", code)
	}
}

func runOnce(t *testing.T, d *Device) func() {
	p, out, in := product(t, d, 20, 16, 16)
	return func() {
		if err := d.Run(p, out, in); err != nil {
			t.Fatal(err)
		}
	}
}

// Two devices of one process share a display but not a fate.
func TestTwoDevices(t *testing.T) {
	a, b := open(t, Options{}), open(t, Options{})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Alloc(device.Layout{Shape: [4]int{1, 1, 1, 1}}); err != nil {
		t.Error(err)
	}
	runOnce(t, b)()
}
