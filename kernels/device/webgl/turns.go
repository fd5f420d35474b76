//go:build js && wasm

package webgl

import "syscall/js"

// turns lets the event loop of the browser run. Without that no fence is ever seen
// to be passed, and no event of a lost context arrives.
type turns struct {
	post, timeout js.Value
	channel       js.Value
	arrived       js.Func
	come          chan struct{}
}

func (t *turns) open() {
	t.come = make(chan struct{}, 1)
	t.arrived = js.FuncOf(func(js.Value, []js.Value) any {
		select {
		case t.come <- struct{}{}:
		default:
		}
		return nil
	})
	t.channel = js.Global().Get("MessageChannel").New()
	t.channel.Get("port1").Set("onmessage", t.arrived)
	port := t.channel.Get("port2")
	t.post = port.Get("postMessage").Call("bind", port)
	t.timeout = js.Global().Get("setTimeout")
}

func (t *turns) close() {
	t.channel.Get("port1").Call("close")
	t.arrived.Release()
}

// give waits for one turn, which takes microseconds: messages, unlike timers, are
// not held back.
func (t *turns) give() {
	t.post.Invoke(0)
	<-t.come
}

// nap waits for a millisecond. Timers that begin timers take four, so it begins
// from a message.
func (t *turns) nap() {
	t.give()
	t.timeout.Invoke(t.arrived, 1)
	<-t.come
}
