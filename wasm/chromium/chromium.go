//go:build !js

// Package chromium runs pages and Go programs compiled for js/wasm in a real,
// headless Chromium, for tests and benchmarks. Nothing that ships needs it.
//
// A browser opens in one of two modes that draw WebGL without a graphics card.
// Programs run in a dedicated worker with an OffscreenCanvas; what they print
// comes back line by line, and their exit code at the end.
package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// Mode is how Chromium draws WebGL.
type Mode string

// The modes. Both run on the CPU, and neither needs an X server.
const (
	// EGL is the system's OpenGL ES driver (Mesa's llvmpipe). It is the faster
	// one, and behaves like a phone: what is not declared highp is not.
	EGL Mode = "gl-egl"
	// SwiftShader is Chromium's own software renderer, over Vulkan.
	SwiftShader Mode = "swiftshader"
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{EGL, SwiftShader} }

func (m Mode) flags() (map[string]any, error) {
	switch m {
	case EGL:
		return map[string]any{"use-gl": "angle", "use-angle": "gl-egl", "ignore-gpu-blocklist": true}, nil
	case SwiftShader:
		return map[string]any{"use-gl": "angle", "use-angle": "swiftshader", "enable-unsafe-swiftshader": true}, nil
	}
	return nil, fmt.Errorf("chromium: unknown mode %q", string(m))
}

// Options say how a browser is opened.
type Options struct {
	Mode Mode              // EGL when empty
	Path string            // of the program; empty for the first of Chromium's usual names that is installed
	Env  []string          // more environment, "NAME=value"
	Log  func(line string) // gets console messages and warnings of pages; nil drops them
}

// Browser is a running Chromium with a profile of its own.
type Browser struct {
	mode    Mode
	ctx     context.Context
	cancel  context.CancelFunc
	profile string

	mu  sync.Mutex
	log func(string) // nil once the browser is closed
}

// Open starts a browser, which ends with Close or with ctx.
func Open(ctx context.Context, o Options) (*Browser, error) {
	if o.Mode == "" {
		o.Mode = EGL
	}
	flags, err := o.Mode.flags()
	if err != nil {
		return nil, err
	}
	if o.Path == "" {
		if o.Path, err = find(); err != nil {
			return nil, err
		}
	}
	profile, err := os.MkdirTemp("", "flawscope-chromium")
	if err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(o.Path),
		chromedp.UserDataDir(profile),
		// What Chromium forgets in the folder for temporary files goes with the profile.
		chromedp.Env(append([]string{"TMPDIR=" + profile}, o.Env...)...),
		chromedp.Flag("headless", "new"),
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
	}
	for _, name := range []string{
		"no-sandbox", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-breakpad",
		// A page is never in front here; it shall run as if it were.
		"disable-background-timer-throttling", "disable-renderer-backgrounding", "disable-backgrounding-occluded-windows",
		// /dev/shm is small in containers.
		"disable-dev-shm-usage",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	for name, value := range flags {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, freed := chromedp.NewExecAllocator(ctx, options...)
	quiet := func(string, ...any) {} // of events that chromedp does not know yet
	browser, _ := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet))
	b := &Browser{mode: o.Mode, ctx: browser, cancel: freed, profile: profile, log: o.Log}
	if err := chromedp.Do(browser); err != nil {
		return nil, errors.Join(fmt.Errorf("chromium: %s does not start: %w", o.Path, err), b.Close())
	}
	return b, nil
}

// find returns the path of an installed browser.
func find() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("chromium: none of %q is installed", names)
}

// Mode returns the mode that the browser was opened in.
func (b *Browser) Mode() Mode { return b.mode }

// say logs a line. Events that arrive late must not reach a test that is over.
func (b *Browser) say(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.log != nil {
		b.log(line)
	}
}

// Close ends the browser and removes its profile.
func (b *Browser) Close() error {
	b.cancel() // returns when the process is gone
	b.mu.Lock()
	b.log = nil
	b.mu.Unlock()
	// The browser's own children may write for a moment longer.
	var err error
	for range 50 {
		if err = os.RemoveAll(b.profile); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("chromium: %w", err)
}
