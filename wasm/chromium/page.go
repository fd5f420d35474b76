//go:build !js

package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page is a tab.
type Page struct {
	browser *Browser
	ctx     context.Context // done when the page has ended; says why
	end     context.CancelCauseFunc
	close   context.CancelFunc

	mu     sync.Mutex
	errors []error
}

// errClosed is the cause of a page's end when nothing went wrong.
var errClosed = errors.New("chromium: the page is closed")

// Page opens a tab and waits until the address is loaded. The tab ends with
// Close, with ctx, or with the first error that nothing in the page catches.
func (b *Browser) Page(ctx context.Context, address string) (*Page, error) {
	if b.ctx.Err() != nil {
		return nil, errors.New("chromium: the browser has ended")
	}
	p := &Page{browser: b}
	tab, shut := chromedp.NewContext(b.ctx, chromedp.WithListener(p.event))
	p.ctx, p.end = context.WithCancelCause(tab)
	stop := context.AfterFunc(ctx, func() { p.end(context.Cause(ctx)) })
	p.close = func() {
		stop()
		shut()
	}
	// The tab lives as long as the context of the first action.
	err := chromedp.Do(tab, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, inspector.Enable, cdp.Empty{})
		return err
	}))
	if err == nil {
		err = chromedp.Do(p.ctx, chromedp.Navigate(address))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("chromium: %s: %w", address, err), p.Close())
	}
	return p, nil
}

func (p *Page) event(e any) {
	switch e := e.(type) {
	case *runtime.EventConsoleAPICalled:
		var words []string
		for _, a := range e.Args {
			words = append(words, text(a))
		}
		p.browser.say("console." + string(e.Type) + ": " + strings.Join(words, " "))
	case *log.EventEntryAdded:
		p.browser.say(fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		p.fail(exception(e.ExceptionDetails))
	case *inspector.EventTargetCrashed:
		p.fail(errors.New("chromium: the page crashed"))
	}
}

// text is how a value of JavaScript reads in a log.
func text(o *runtime.RemoteObject) string {
	if o.Type == runtime.RemoteObjectTypeString {
		if s, err := strconv.Unquote(string(o.Value)); err == nil {
			return s
		}
	}
	if len(o.Value) > 0 {
		return string(o.Value)
	}
	return o.Description
}

func exception(d *runtime.ExceptionDetails) error {
	said := d.Text
	if d.Exception != nil {
		said += " " + text(d.Exception)
	}
	return fmt.Errorf("chromium: %s (%s:%d)", said, d.URL, d.LineNumber+1)
}

// fail keeps an error of the page and ends it.
func (p *Page) fail(err error) {
	p.mu.Lock()
	p.errors = append(p.errors, err)
	p.mu.Unlock()
	p.end(err)
}

// Err returns the errors of the page that nothing caught.
func (p *Page) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.errors...)
}

// Evaluate runs a JavaScript expression in the page, waits for it where it is a
// promise, and decodes its value, by way of JSON, into value; nil drops it.
func (p *Page) Evaluate(ctx context.Context, expression string, value any) error {
	run, cancel := context.WithCancelCause(p.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	got, err := chromedp.Run(run, chromedp.Evaluate[*runtime.RemoteObject](expression,
		chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	var thrown *chromedp.ExceptionError
	switch {
	case run.Err() != nil:
		return errors.Join(p.Err(), context.Cause(run))
	case errors.As(err, &thrown):
		return exception(thrown.ExceptionDetails)
	case err != nil:
		return fmt.Errorf("chromium: %w", err)
	case value == nil:
		return nil
	}
	if err := json.Unmarshal(got.Value, value); err != nil {
		return fmt.Errorf("chromium: a value of %s: %w", expression, err)
	}
	return nil
}

// Close closes the tab and returns the errors that nothing caught.
func (p *Page) Close() error {
	p.end(errClosed)
	p.close()
	return p.Err()
}
