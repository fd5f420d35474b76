package opengl

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
)

// open opens a device with the tests' own context. OpenGL must be there.
func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDevice(t *testing.T) {
	for _, c := range []struct {
		name    string
		variant Variant
	}{
		{"buffer textures", BufferTexture},
		{"shared memory", SharedMemory},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, Options{Variant: c.variant})
			devicetest.Run(t, d)
			devicetest.RunRandom(t, d, 2, 40)
		})
	}
}

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, open(b, Options{})) }
