package opengl

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/fragment"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func fragments(t testing.TB, o FragmentOptions) *fragment.Device {
	t.Helper()
	d, err := OpenFragment(t.Context(), o)
	return devicetest.Opened(t, d, err)
}

func TestFragment(t *testing.T) {
	for name, o := range map[string]FragmentOptions{
		"OpenGL 3.3":    {},
		"OpenGL ES 3.0": {ES: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := fragments(t, o)
			devicetest.Run(t, d)
			devicetest.RunRandom(t, d, 2, 40)
		})
	}
}

// A driver of OpenGL 3.3 need not know a function of OpenGL 4.3, and one of those
// that are listed must be there. Devices of compute shaders open afterwards all the same.
func TestFragmentFunctions(t *testing.T) {
	runtime.LockOSThread() // until the test ends: the context is current here
	host, err := openContext("libEGL.so.1", desktopGL(3, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer host.close()
	loaded.some, loaded.all = false, false
	missing := "glViewport"
	old := func(name string) unsafe.Pointer {
		if name == missing || !slices.Contains(drawing[:], strings.TrimPrefix(name, "gl")) {
			return nil
		}
		return host.procAddress(name)
	}
	if err := loaded.loadDrawing(old); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("without %s: %v", missing, err)
	}
	missing = ""
	if err := loaded.loadDrawing(old); err != nil {
		t.Fatal(err)
	}
	d := fragments(t, FragmentOptions{})
	for i, c := range devicetest.Cases() {
		if i%37 != 0 {
			continue
		}
		if err := devicetest.Check(t.Context(), d, c); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if err := loaded.loadAll(old); err == nil {
		t.Error("functions of OpenGL 4.3 were found that are not there")
	}
	runOnce(t, open(t, Options{}))()
}

// Products and convolutions keep their results on small textures, which fold, with
// four draw buffers, and with their loops rolled, as on some renderers.
func TestFragmentLimits(t *testing.T) {
	for name, o := range map[string]FragmentOptions{
		"small textures":    {Options: fragment.Options{TextureSize: 128}},
		"four draw buffers": {Options: fragment.Options{DrawBuffers: 4}},
		"rolled":            {ES: true, Options: fragment.Options{Rolled: true}},
	} {
		t.Run(name, func(t *testing.T) {
			d := fragments(t, o)
			checked := 0
			for i, c := range devicetest.Cases() {
				if !strings.Contains(c.Op.Name(), "conv2d") && !strings.Contains(c.Op.Name(), "linear") && i%8 != 0 || strings.Contains(c.Name, "activation") {
					continue
				}
				err := devicetest.Check(t.Context(), d, c)
				if errors.Is(err, device.ErrOutOfMemory) {
					continue
				}
				if checked++; err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
			if checked < 100 {
				t.Errorf("only %d cases fit", checked)
			}
		})
	}
}

// The ways that Prepare does not take first give the same results.
func TestFragmentVariants(t *testing.T) {
	devicetest.RunVariants(t, fragments(t, FragmentOptions{ES: true}), 0)
}

func TestFragmentRunDoesNotAllocate(t *testing.T) {
	runsWithoutAllocating(t, fragments(t, FragmentOptions{}))
}

func TestFragmentMemory(t *testing.T) {
	d := fragments(t, FragmentOptions{Options: fragment.Options{MaxBytes: 1 << 20}})
	before := d.Bytes()
	big, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, 60000)})
	if err != nil {
		t.Fatal(err)
	}
	if d.Bytes() != before+big.Bytes() {
		t.Errorf("%d bytes in use", d.Bytes())
	}
	if _, err := d.Alloc(device.Layout{Shape: tensor.Rows(4, 60000)}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("over MaxBytes: %v", err)
	}
	big.Close()
	big.Close()
	if d.Bytes() != before {
		t.Errorf("%d bytes in use after closing, %d before", d.Bytes(), before)
	}
	if _, err := d.Alloc(device.Layout{Shape: tensor.Rows(1<<20, 1<<12)}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("over the largest texture: %v", err)
	}
}

// bent is a GL that goes wrong: it changes a number that is read, or is lost after so
// many draws.
type bent struct {
	fragment.GL
	number int  // of the value that is changed, or -1
	half   bool // change it to a rounded half float, when half floats are read
	draws  int  // until it is lost
	format fragment.Format
}

func (b *bent) Draw(d *fragment.Draw) {
	if b.draws--; b.draws >= 0 {
		b.GL.Draw(d)
	}
}

func (b *bent) Wait(r fragment.Reading, data []float32) (bool, error) {
	done, err := b.GL.Wait(r, data)
	switch {
	case b.number >= 0 && b.half && b.format == fragment.Half4:
		data[b.number] = 0.36791992
	case b.number >= 0 && b.number < len(data) && !b.half:
		data[b.number] = 0.75
	}
	return done, errors.Join(err, b.lost())
}

func (b *bent) Read(targets []fragment.Target, width, height int, f fragment.Format) fragment.Reading {
	b.format = f
	return b.GL.Read(targets, width, height, f)
}

func (b *bent) Status() error { return errors.Join(b.GL.Status(), b.lost()) }

func (b *bent) lost() error {
	if b.draws < 0 {
		return fmt.Errorf("bent: %w", device.ErrLost)
	}
	return nil
}

// A context that computes otherwise than it should is refused, whatever is wrong.
func TestFragmentSelfTest(t *testing.T) {
	for i := range 16 {
		d, err := openFragment(t.Context(), FragmentOptions{ES: true}, func(g fragment.GL) fragment.GL { return &bent{GL: g, number: i, draws: 1 << 30} })
		if err == nil {
			d.Close()
			t.Errorf("a wrong number %d is not noticed", i)
		} else if !strings.Contains(err.Error(), "self-test") {
			t.Errorf("number %d: %v", i, err)
		}
	}
}

// Half floats are used where they are asked for and rounded to the nearest, which Mesa's
// software renderer does not do.
func TestFragmentHalf(t *testing.T) {
	o := FragmentOptions{ES: true, Options: fragment.Options{Half: true}}
	maps := device.Layout{Shape: tensor.Shape{1, 16, 8, 8}}
	for name, g := range map[string]bent{"as it is": {number: -1}, "as if rounded": {number: 9, half: true}} {
		d, err := openFragment(t.Context(), o, func(inner fragment.GL) fragment.GL { g.GL, g.draws = inner, 1<<30; return &g })
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Alloc(maps)
		if err != nil {
			t.Fatal(err)
		}
		half := b.Bytes() == 16*8*8*2
		if half != g.half && d.Info().Software {
			t.Errorf("%s: %d bytes for %v", name, b.Bytes(), maps.Shape)
		}
		g.number = -1
		for _, c := range devicetest.Cases() {
			if half && strings.HasPrefix(c.Name, "conv2d/3x3 ") && strings.Contains(c.Name, "channels 16x16") {
				c.Winograd = true // the larger tolerance
				// Inputs are rounded too, which the check, once results are compared, calls a change.
				if err := devicetest.Check(t.Context(), d, c); err != nil && !strings.Contains(err.Error(), "was changed") {
					t.Errorf("%s: %s: %v", name, c.Name, err)
				}
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Lost at any draw, the device says so at once and can be closed.
func TestFragmentLost(t *testing.T) {
	for draws := 0; draws < 60; draws++ {
		d, err := openFragment(t.Context(), FragmentOptions{ES: true}, func(g fragment.GL) fragment.GL { return &bent{GL: g, number: -1, draws: draws} })
		if err == nil {
			err = errors.Join(lose(t, d), d.Close())
		}
		if !errors.Is(err, device.ErrLost) {
			t.Fatalf("lost after %d draws: %v", draws, err)
		}
	}
}

// lose runs a product until something goes wrong.
func lose(t *testing.T, d *fragment.Device) error {
	p, err := d.Prepare(kernels.Linear{}, []device.Operand{{Shape: tensor.Rows(16, 20)}, {Shape: tensor.Shape{16, 16, 1, 1}}})
	if err == nil {
		err = p.Ready(t.Context())
	}
	var buffers []device.Buffer
	for _, s := range []tensor.Shape{tensor.Rows(16, 20), {16, 16, 1, 1}, tensor.Rows(16, 20)} {
		if err != nil {
			return err
		}
		var b device.Buffer
		b, err = d.Alloc(device.Layout{Shape: s})
		buffers = append(buffers, b)
	}
	for range 100 {
		if err == nil {
			err = errors.Join(d.Run(p, buffers[2:], buffers[:2]), d.Read(t.Context(), buffers[2], tensor.New(tensor.Rows(16, 20))))
		}
	}
	return err
}

func BenchmarkFragment(b *testing.B) { devicetest.Bench(b, fragments(b, FragmentOptions{ES: true})) }
