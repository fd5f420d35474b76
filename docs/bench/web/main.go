//go:build !js

// Command web times Flawscope's WebGL device beside tfjs and onnxruntime-web in one
// page of a headless Chromium and writes the result as docs/bench does.
// page/page.js says what is timed.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flawscope/flawscope/docs/bench/contest"
	"github.com/flawscope/flawscope/wasm/chromium"
	"github.com/klauspost/cpuid/v2"
)

//go:embed page
var page embed.FS

// rowNames are known to package ours.
var rowNames = []string{"resnet18_l3_256", "compact_l3_256", "conv64", "conv128", "conv256", "linear_1296x1536x1536"}

// endings of the lines beside each peer, in the page's order.
var endings = []string{"", "/tfjs-wasm", "/onnxruntime-wasm"}

// options are the command line's.
type options struct {
	out    string // bench-web.json
	peers  string // folder with node_modules
	rounds int
	mode   string
}

func main() {
	var o options
	flag.StringVar(&o.out, "o", "build/bench-web.json", "`file` for the results")
	flag.StringVar(&o.peers, "peers", "build/peers", "`folder` with the peers' node_modules")
	flag.IntVar(&o.rounds, "rounds", 9, "`times` that all contenders take turns")
	flag.StringVar(&o.mode, "mode", string(chromium.EGL), "how Chromium draws WebGL: gl-egl or swiftshader")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-web:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	load := contest.LoadAverage()
	handler, done, err := pages(ctx, o.peers)
	if err != nil {
		return err
	}
	defer done()
	server, err := chromium.Serve(handler)
	if err != nil {
		return err
	}
	defer server.Close()
	browser, err := chromium.Open(ctx, chromium.Options{Mode: chromium.Mode(o.mode), Log: func(line string) {
		if !strings.Contains(line, "performance warning") {
			fmt.Fprintln(os.Stderr, line)
		}
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, browser.Close()) }()
	tab, err := browser.Page(ctx, server.URL()+"/")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tab.Close()) }()

	var about struct {
		Renderer, Browser string
		Isolated          bool
		Peers             []string
	}
	if err := tab.Evaluate(ctx, "describe()", &about); err != nil {
		return err
	}
	if !about.Isolated {
		return errors.New("the page is not isolated from other origins: the peers would get no threads")
	}
	rows, err := prepare(ctx, tab, about.Peers)
	if err != nil {
		return err
	}
	results, err := contest.Measure(ctx, rows, o.rounds)
	if err != nil {
		return err
	}
	cpu := fmt.Sprintf("%s, %d threads", cpuid.CPU.BrandName, runtime.NumCPU())
	for i := range results {
		results[i].Machine = fmt.Sprintf("%s; %s, %s; %s; load %.1f before", about.Renderer, about.Browser, o.mode, cpu, load)
	}
	fmt.Printf("webgl   %s\nbrowser %s, %s\ncpu     %s\n", about.Renderer, about.Browser, o.mode, cpu)
	contest.WarnOfLoad(os.Stdout, load, runtime.NumCPU())
	fmt.Println()
	if err := contest.Print(os.Stdout, results); err != nil {
		return err
	}
	return contest.Write(o.out, results)
}

// prepare makes every row ready. What the contenders of a row compute is compared
// before anything is timed.
func prepare(ctx context.Context, tab *chromium.Page, peers []string) ([]*contest.Row, error) {
	var rows []*contest.Row
	for _, name := range rowNames {
		fmt.Fprintln(os.Stderr, name)
		contender := func(who string) contest.Contender {
			return func(times int) ([]time.Duration, error) {
				var ms float64
				err := tab.Evaluate(ctx, fmt.Sprintf("run(%q, %q, %d)", name, who, times), &ms)
				return []time.Duration{time.Duration(ms / float64(times) * float64(time.Millisecond))}, err
			}
		}
		r := &contest.Row{Name: "webgl/" + name, Ours: contender("ours")}
		if err := tab.Evaluate(ctx, fmt.Sprintf("load(%q)", name), &r.FLOP); err != nil {
			return nil, err
		}
		for i, peer := range peers {
			r.Peers = append(r.Peers, contest.Peer{Name: peer, Ending: endings[i], Run: contender(peer)})
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// pages serves the page, our program, which it compiles, and the peers' files.
func pages(ctx context.Context, peers string) (h http.Handler, done func(), err error) {
	modules := filepath.Join(peers, "node_modules")
	for _, name := range []string{"@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgl", "@tensorflow/tfjs-backend-wasm", "onnxruntime-web"} {
		if _, err := os.Stat(filepath.Join(modules, name)); err != nil {
			return nil, nil, fmt.Errorf("%s is not there: %w", name, err)
		}
	}
	root, err := chromium.GoRoot(ctx)
	if err != nil {
		return nil, nil, err
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "flawscope-bench-web")
	if err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(folder) }
	program := filepath.Join(folder, "ours.wasm")
	if err := chromium.Build(ctx, "", "github.com/flawscope/flawscope/docs/bench/web/ours", program, false); err != nil {
		done()
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /peers/", http.StripPrefix("/peers", http.FileServer(http.Dir(modules))))
	for path, file := range map[string]string{
		"/ours.wasm":    program,
		"/wasm_exec.js": filepath.Join(root, "lib", "wasm", "wasm_exec.js"),
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	return mux, done, nil
}
