//go:build js

// Package probe is run in the browser by package chromium's tests.
package probe

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall/js"
	"testing"
)

// TestRenderer makes a WebGL2 context on the worker's canvas.
func TestRenderer(t *testing.T) {
	gl := js.Global().Get("canvas").Call("getContext", "webgl2")
	if gl.IsNull() {
		t.Fatal("no WebGL2")
	}
	info := gl.Call("getExtension", "WEBGL_debug_renderer_info")
	fmt.Println("renderer:", gl.Call("getParameter", info.Get("UNMASKED_RENDERER_WEBGL")).String())
	if gl.Call("getExtension", "EXT_color_buffer_float").IsNull() {
		t.Error("no EXT_color_buffer_float")
	}
	if !js.Global().Get("crossOriginIsolated").Bool() {
		t.Error("the worker is not isolated from other origins")
	}
}

// TestLost loses a context on purpose.
func TestLost(t *testing.T) {
	canvas := js.Global().Get("OffscreenCanvas").New(1, 1)
	gl := canvas.Call("getContext", "webgl2")
	lost := make(chan bool, 1)
	hear := js.FuncOf(func(js.Value, []js.Value) any {
		lost <- gl.Call("isContextLost").Bool()
		return nil
	})
	defer hear.Release()
	canvas.Call("addEventListener", "webglcontextlost", hear)
	gl.Call("getExtension", "WEBGL_lose_context").Call("loseContext")
	if !<-lost {
		t.Error("the event came, but the context is not lost")
	}
}

func TestEnvironment(t *testing.T) {
	if got := os.Getenv("FLAWSCOPE_PROBE"); got != "größer" {
		t.Errorf("FLAWSCOPE_PROBE is %q", got)
	}
}

// TestFiles fetches a file, and some that lie outside.
func TestFiles(t *testing.T) {
	for name, want := range map[string]string{"inside.txt": "inside\n", "outside": "", "%2e%2e/secret": "", "..%2fsecret": ""} {
		answer, err := http.Get(js.Global().Get("files").String() + name)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if found := answer.StatusCode == http.StatusOK; found != (want != "") || found && string(body) != want {
			t.Errorf("%s: %s %q", name, answer.Status, body)
		}
	}
}

// TestNoise prints much, in pieces that end in the middle of lines and letters.
func TestNoise(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("FLAWSCOPE_NOISE"))
	if err != nil {
		t.Skip("FLAWSCOPE_NOISE is not set")
	}
	w := bufio.NewWriterSize(os.Stdout, 4099)
	for i := range count {
		fmt.Fprintln(w, "noise ä", i)
	}
	w.Flush()
}

// TestUnhappy ends as it is told to.
func TestUnhappy(t *testing.T) {
	switch os.Getenv("FLAWSCOPE_UNHAPPY") {
	case "fail":
		t.Error("as told")
	case "exit":
		os.Exit(7)
	case "panic":
		panic("as told")
	case "throw":
		js.Global().Get("Promise").Call("reject", "thrown as told")
		select {}
	case "hang":
		select {}
	default:
		t.Skip("FLAWSCOPE_UNHAPPY is not set")
	}
}
