//go:build !js

package chromium

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"time"
)

// Server serves a handler to the browser on a port of this machine of its own.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Serve begins to serve. Pages are isolated from other origins, which gives them
// threads (SharedArrayBuffer) and exact clocks; files have the types that
// browsers insist on.
func Serve(h http.Handler) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	s := &Server{listener: l, http: &http.Server{Handler: isolated(h), ReadHeaderTimeout: time.Minute}}
	go s.http.Serve(l)
	return s, nil
}

// URL returns the server's address, with no slash at the end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends the server and its connections.
func (s *Server) Close() error {
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("chromium: %w", err)
	}
	return nil
}

// contentType is of the files that matter; the system's table, which net/http
// asks, may be missing or wrong.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".wasm":
		return "application/wasm"
	}
	return ""
}

func isolated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Embedder-Policy", "require-corp")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if t := contentType(r.URL.Path); t != "" {
			header.Set("Content-Type", t)
		}
		h.ServeHTTP(w, r)
	})
}
