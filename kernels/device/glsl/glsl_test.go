package glsl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

func TestAttributes(t *testing.T) {
	got, err := Attributes(kernels.Conv2D{Kernel: 3, PadTop: 2, Bias: true, Activation: kernels.LeakyReLU, Slope: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{KERNEL 3} {STRIDE 0} {DILATION 0} {PAD_TOP 2} {PAD_LEFT 0} {PAD_BOTTOM 0} {PAD_RIGHT 0} {GROUPS 0} {BIAS 1} {RESIDUAL 0} {ACTIVATION 2} {SLOPE (0.10000000149011612)}]"
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	got, _ = Attributes(kernels.Expand{To: tensor.Shape{1, 2, 3, 4}})
	if fmt.Sprint(got) != "[{TO_N 1} {TO_C 2} {TO_H 3} {TO_W 4}]" {
		t.Errorf("a shape: %v", got)
	}
	for v, want := range map[float64]string{2: "(2.0)", -1e-8: "(-1e-08)", 0.5: "(0.5)"} {
		if got := literal(v); got != want {
			t.Errorf("literal(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestRepeat(t *testing.T) {
	text := "a\n#for i N\nb$i\n#for k 2\nc$i$k\n#end\n#end\nd\n"
	got, err := repeat(text, map[string]string{"N": "2"})
	if want := "a\nb0\nc00\nc01\nb1\nc10\nc11\nd\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, wrong := range []string{"#for i 2\na\n", "#for i x\n#end\n", "#for i\n#end\n"} {
		if _, err := repeat(wrong, nil); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestNumbered(t *testing.T) {
	text := strings.Repeat("line\n", 20)
	for _, log := range []string{"0:12(3): error", "ERROR: 0:12: 'x'", "0(12) : error C0000"} {
		if got := Numbered(text, log); !strings.Contains(got, "  12  line") || strings.Contains(got, "  16") {
			t.Errorf("%s: %q", log, got)
		}
	}
}

func TestSoftwareRenderer(t *testing.T) {
	for renderer, want := range map[string]bool{
		"llvmpipe (LLVM 15.0.6, 256 bits)": true,
		"softpipe":                         true,
		"ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)": true,
		"NVIDIA H100/PCIe/SSE2":                              false,
		"AMD Radeon RX 6600 (radeonsi, navi23, LLVM 15.0.6)": false,
		"Mesa Intel(R) UHD Graphics 620 (KBL GT2)":           false,
	} {
		if SoftwareRenderer(renderer) != want {
			t.Errorf("%s: software %v", renderer, !want)
		}
	}
}
