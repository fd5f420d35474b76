//go:build !js

package chromium

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed harness
var harness embed.FS

// Program is a Go program compiled for js/wasm and what it is given.
type Program struct {
	File string // the .wasm
	Args []string
	Env  map[string]string
	// Files may be fetched by the program, from the address in globalThis.files.
	// os.Root's FS keeps links from leading out of a folder.
	Files fs.FS
	// Output gets each line of standard output and error, without its end; nil
	// drops them.
	Output func(line string)
}

// policy keeps programs to what strict pages allow: no eval, nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:"

// Run runs a program in a worker of a new page until it exits, and returns its
// exit code. An error that nothing in the page or the worker caught ends it.
func (b *Browser) Run(ctx context.Context, p Program) (int, error) {
	root, err := GoRoot(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &running{exited: make(chan int, 1), fail: cancel, output: lines{to: p.Output}, log: b.say}
	pages, err := fs.Sub(harness, "harness")
	if err != nil {
		return 0, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(pages))
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, q *http.Request) {
		http.ServeFile(w, q, filepath.Join(root, "lib", "wasm", "wasm_exec.js"))
	})
	mux.HandleFunc("GET /program.wasm", func(w http.ResponseWriter, q *http.Request) { http.ServeFile(w, q, p.File) })
	mux.HandleFunc("POST /report", r.report)
	if p.Files != nil {
		mux.Handle("GET /files/", http.StripPrefix("/files", http.FileServerFS(p.Files)))
	}
	server, err := Serve(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, q)
	}))
	if err != nil {
		return 0, err
	}
	defer server.Close()
	page, err := b.Page(ctx, server.URL()+"/page.html")
	if err != nil {
		return 0, err
	}
	defer page.Close()
	given, err := json.Marshal(struct {
		Args []string          `json:"args"`
		Env  map[string]string `json:"env"`
	}{append([]string{filepath.Base(p.File)}, p.Args...), nonNil(p.Env)})
	if err != nil {
		return 0, err
	}
	if err := page.Evaluate(ctx, fmt.Sprintf("start(%s)", given), nil); err != nil {
		return 0, err
	}
	select {
	case code := <-r.exited:
		return code, page.Err()
	case <-page.ctx.Done():
		r.output.end()
		return 0, fmt.Errorf("chromium: %s did not end: %w", filepath.Base(p.File), context.Cause(page.ctx))
	}
}

func nonNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// running takes what the page says. The page has one report on its way at a time.
type running struct {
	exited chan int
	fail   context.CancelCauseFunc
	output lines
	log    func(string)
}

func (r *running) report(w http.ResponseWriter, q *http.Request) {
	var batch [][2]any
	if err := json.NewDecoder(q.Body).Decode(&batch); err != nil {
		r.fail(fmt.Errorf("chromium: a report: %w", err))
		return
	}
	for _, said := range batch {
		switch kind, value := said[0], said[1]; kind {
		case "out":
			r.output.write(fmt.Sprint(value))
		case "log":
			r.log(fmt.Sprint(value))
		case "exit":
			code, ok := value.(float64)
			if !ok {
				r.fail(errors.New("chromium: the program ended without an exit code"))
				return
			}
			r.output.end()
			r.exited <- int(code)
		default:
			r.fail(fmt.Errorf("chromium: not caught: %v", value))
		}
	}
}

// lines cuts text into lines.
type lines struct {
	to   func(string)
	rest string
}

func (l *lines) write(text string) {
	all := strings.Split(l.rest+text, "\n")
	l.rest = all[len(all)-1]
	for _, line := range all[:len(all)-1] {
		l.send(line)
	}
}

// end sends a last line that has no end.
func (l *lines) end() {
	if l.rest != "" {
		l.send(l.rest)
		l.rest = ""
	}
}

func (l *lines) send(line string) {
	if l.to != nil {
		l.to(line)
	}
}

// Build compiles a command, or with test the tests of a package, for js/wasm. It
// runs the go command in dir.
func Build(ctx context.Context, dir, pkg, file string, test bool) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("chromium: %w", err)
	}
	args := []string{"build", "-o", file, pkg}
	if test {
		args = []string{"test", "-c", "-o", file, pkg}
	}
	if _, err := goCommand(ctx, dir, args...); err != nil {
		return err
	}
	// go test -c writes nothing, and says so at best, when there are no tests.
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("chromium: %s: nothing to run: %w", pkg, err)
	}
	return nil
}

// goCommand runs the go command for js/wasm and returns what it prints.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("chromium: go %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return out, nil
}

// GoRoot returns where the Go installation of the go command lies.
func GoRoot(ctx context.Context) (string, error) {
	out, err := goCommand(ctx, "", "env", "GOROOT")
	return strings.TrimSpace(string(out)), err
}
