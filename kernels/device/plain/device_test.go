package plain

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
)

func TestDevice(t *testing.T) {
	yields := 0
	devicetest.Run(t, Open(Options{Yield: func() { yields++ }}))
	if yields == 0 {
		t.Error("the device never gave way")
	}
}

func TestRandom(t *testing.T) { devicetest.RunRandom(t, Open(Options{}), 7, 150) }

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, Open(Options{})) }
