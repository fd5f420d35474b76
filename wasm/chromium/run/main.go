//go:build !js

// Command run runs a program compiled for js/wasm in a worker of a headless
// Chromium and exits as it does. It serves as go test's -exec:
//
//	go build -o bin/run ./wasm/chromium/run
//	GOOS=js GOARCH=wasm go test -exec "$PWD/bin/run" -bench . ./kernels/device/webgl
//
// FLAWSCOPE_CHROMIUM names the mode, gl-egl when it is empty.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/flawscope/flawscope/wasm/chromium"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	if len(args) == 0 {
		return 0, fmt.Errorf("usage: run PROGRAM.wasm [ARGUMENT]...")
	}
	b, err := chromium.Open(ctx, chromium.Options{
		Mode: chromium.Mode(cmp.Or(os.Getenv("FLAWSCOPE_CHROMIUM"), string(chromium.EGL))),
		Env:  []string{"MESA_SHADER_CACHE_DISABLE=true"},
		Log:  func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return 0, err
	}
	defer b.Close()
	return b.Run(ctx, chromium.Program{File: args[0], Args: args[1:], Output: func(line string) { fmt.Println(line) }})
}
