//go:build js && wasm

// Engine is the worker of the browser build: it learns and inspects, and answers
// messages. wasm/README.md and engine.d.ts describe them; package session is what
// happens between them, and this package only turns JavaScript's values into Go's
// and back.
package main

import (
	"context"
	"syscall/js"

	"github.com/flawscope/flawscope/wasm/engine/session"
)

func main() {
	turns := newTurns()
	var s *session.Session
	o := opener{breathe: func() { s.Breathe() }}
	s = session.New(session.Options{Open: o.open, Emit: emit, Yield: turns.give, Store: tables{}})
	take := js.FuncOf(func(_ js.Value, args []js.Value) any {
		id, r, err := decode(args[0].Get("data"))
		if err != nil {
			s.Refuse(id, err)
		} else {
			s.Post(r)
		}
		return nil
	})
	worker := js.Global()
	worker.Set("onmessage", take)
	// worker.js keeps what came before.
	if early := worker.Get("early"); early.Type() == js.TypeObject {
		for i := range early.Length() {
			take.Invoke(early.Index(i))
		}
		worker.Delete("early")
	}
	s.Serve(context.Background())
}

// turns lets the worker's messages come in while Go computes.
type turns struct {
	post js.Value
	come chan struct{}
}

func newTurns() *turns {
	t := &turns{come: make(chan struct{}, 1)}
	channel := js.Global().Get("MessageChannel").New()
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		t.come <- struct{}{}
		return nil
	}))
	port := channel.Get("port2")
	t.post = port.Get("postMessage").Call("bind", port)
	return t
}

// give waits for one turn of the event loop, which takes microseconds: messages,
// unlike timers, are not held back, and what was posted before comes before.
func (t *turns) give() {
	t.post.Invoke(0)
	<-t.come
}
