//go:build !js

package chromium

import (
	"strings"
	"testing"
)

// TestWebGL runs the tests of the WebGL device in both modes.
func TestWebGL(t *testing.T) {
	const pkg = "github.com/flawscope/flawscope/kernels/device/webgl"
	binary := BuildTests(t, pkg)
	for _, mode := range Modes() {
		t.Run(string(mode), func(t *testing.T) {
			cases := 0
			Start(t, mode).Test(t, Program{File: binary, Args: []string{"-test.v"}, Output: func(line string) {
				if strings.HasPrefix(strings.TrimSpace(line), "--- PASS: TestDevice/") {
					cases++
					return // they are many
				}
				if !strings.HasPrefix(line, "=== RUN") {
					t.Log(line)
				}
			}})
			t.Logf("%s: %d cases", mode, cases)
		})
	}
}
