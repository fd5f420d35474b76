// Package serial carries out the calls to a device one after the other on the one
// goroutine that owns its context, or where they are made when the context is the
// caller's own.
package serial

import (
	"context"
	"sync/atomic"
)

// Jobs is how many runs may wait at a time.
const Jobs = 16

// Queue carries out calls in order. J is what a run needs to know; its values are
// used again and again, so that a run need not allocate.
type Queue[J any] struct {
	run           func(*J)
	before, after func() // around every call, in the caller's context
	calls         chan call[J]
	ended         chan struct{}
	jobs          [Jobs]J
	free          chan *J
}

// call is something to do: a run or a function.
type call[J any] struct {
	job *J
	do  func()
}

// New returns a queue whose calls are carried out by the goroutine that calls Serve.
func New[J any](run func(*J)) *Queue[J] {
	q := &Queue[J]{run: run, calls: make(chan call[J], 2*Jobs), ended: make(chan struct{}), free: make(chan *J, Jobs)}
	for i := range q.jobs {
		q.free <- &q.jobs[i]
	}
	return q
}

// Here returns a queue that carries out calls where they are made, between before
// and after.
func Here[J any](run func(*J), before, after func()) *Queue[J] {
	q := New(run)
	q.calls, q.before, q.after = nil, before, after
	return q
}

// Serve carries out calls until Close, then calls end.
func (q *Queue[J]) Serve(end func()) {
	for c := range q.calls {
		q.carryOut(c)
	}
	end()
	close(q.ended)
}

func (q *Queue[J]) carryOut(c call[J]) {
	if c.do != nil {
		c.do()
		return
	}
	q.run(c.job)
	q.free <- c.job
}

func (q *Queue[J]) post(c call[J]) {
	if q.calls != nil {
		q.calls <- c
		return
	}
	q.before()
	q.carryOut(c)
	q.after()
}

// Job returns a job to be filled in and given to Run or Return.
func (q *Queue[J]) Job() *J { return <-q.free }

// Return gives back a job that is not to be run.
func (q *Queue[J]) Return(j *J) { q.free <- j }

// Run has the job run in its turn.
func (q *Queue[J]) Run(j *J) { q.post(call[J]{job: j}) }

// Post has do called in its turn.
func (q *Queue[J]) Post(do func()) { q.post(call[J]{do: do}) }

// Wait has do called and waits for it.
func (q *Queue[J]) Wait(do func()) {
	if q.calls == nil {
		q.Post(do)
		return
	}
	done := make(chan struct{})
	q.Post(func() { do(); close(done) })
	<-done
}

// The states of a reading, so that whoever waits can leave before the copying
// begins but not in its midst.
const (
	waiting = iota
	copying
	left
)

// Read has arrive wait for a result and, unless the caller has left because ctx is
// done, copy store it. It returns the error of either, or ctx's.
func (q *Queue[J]) Read(ctx context.Context, arrive, store func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var state atomic.Int32
	result := make(chan error, 1)
	read := func() {
		err := arrive()
		if err == nil && state.CompareAndSwap(waiting, copying) {
			err = store()
		}
		result <- err
	}
	if q.calls == nil {
		q.Post(read)
		return <-result
	}
	select {
	case q.calls <- call[J]{do: read}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if state.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
		return <-result
	}
}

// Close ends Serve once the calls before it are carried out.
func (q *Queue[J]) Close() {
	if q.calls != nil {
		close(q.calls)
		<-q.ended
	}
}
