package opengl

import (
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
)

func TestVariants(t *testing.T) {
	for _, v := range []Variant{SharedMemory, BufferTexture} {
		t.Run(v.suffix(), func(t *testing.T) { devicetest.RunVariants(t, open(t, Options{Variant: v}), 8) })
	}
}
