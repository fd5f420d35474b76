//go:build js && wasm

package webgl

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/fragment"
)

func openDevice(t testing.TB, o fragment.Options) *fragment.Device {
	t.Helper()
	d, err := fragment.Open(t.Context(), offscreen(t), o)
	return devicetest.Opened(t, d, err)
}

// TestDevice runs the cases of every device in the browser.
func TestDevice(t *testing.T) {
	d := openDevice(t, fragment.Options{Name: "webgl"})
	devicetest.Run(t, d)
	devicetest.RunRandom(t, d, 2, 40)
}

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, openDevice(b, fragment.Options{})) }
