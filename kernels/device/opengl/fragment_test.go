package opengl

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/fragment"
)

func openFragment(t testing.TB, o FragmentOptions) *fragment.Device {
	t.Helper()
	d, err := OpenFragment(t.Context(), o)
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

func TestFragment(t *testing.T) {
	for name, o := range map[string]FragmentOptions{
		"OpenGL 3.3":    {},
		"OpenGL ES 3.0": {ES: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := openFragment(t, o)
			devicetest.Run(t, d)
			devicetest.RunRandom(t, d, 2, 40)
		})
	}
}
