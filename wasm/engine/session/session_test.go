//go:build !inferonly

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/devicetest"
	"github.com/flawscope/flawscope/kernels/device/tune"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
)

// engine is a session with what it said.
type engine struct {
	*Session
	t    *testing.T
	last int

	mu      sync.Mutex
	replies []Reply
	news    chan struct{}

	// fragile, where not nil, gives the call at which the next device is lost.
	fragile func() int
	devices []*devicetest.Fragile
	lost    []func()
	broken  bool // no device can be opened
}

func start(t *testing.T) *engine { return startWith(t, nil) }

func startWith(t *testing.T, store tune.Store) *engine {
	t.Helper()
	e := &engine{t: t, news: make(chan struct{}, 1)}
	e.Session = New(Options{Open: e.open, Emit: e.take, Store: store})
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		e.Serve(ctx)
		close(served)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
	return e
}

func (e *engine) open(_ context.Context, kind string, _ any, lost func()) (device.Device, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if kind == "webgl" || e.broken {
		return nil, errors.New("no such thing here")
	}
	dev, err := cpu.Open(cpu.Options{Workers: 2})
	if err != nil {
		return nil, err
	}
	if kind == "varied" {
		return dev, nil
	}
	at := 0
	if e.fragile != nil {
		at = e.fragile()
	}
	f := devicetest.NewFragile(dev, at)
	e.devices, e.lost = append(e.devices, f), append(e.lost, lost)
	return f, nil
}

func (e *engine) take(r Reply) {
	e.mu.Lock()
	e.replies = append(e.replies, r)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// await returns the first reply from place from on that pick picks.
func (e *engine) await(from int, pick func(Reply) bool) Reply {
	e.t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		e.mu.Lock()
		i := slices.IndexFunc(e.replies[min(from, len(e.replies)):], pick)
		e.mu.Unlock()
		if i >= 0 {
			return e.replies[from+i]
		}
		select {
		case <-e.news:
		case <-deadline:
			e.t.Fatalf("no answer; there were %+v", e.replies)
		}
	}
}

func (e *engine) post(r Request) int {
	e.last++
	r.ID = e.last
	e.Post(r)
	return r.ID
}

func (e *engine) end(id int) (any, error) {
	e.t.Helper()
	r := e.await(0, func(r Reply) bool { return r.ID == id && r.Kind != ReplyProgress })
	if r.Kind == ReplyError {
		return nil, r.Value.(*Error)
	}
	return r.Value, nil
}

func (e *engine) ask(r Request) (any, error) {
	e.t.Helper()
	return e.end(e.post(r))
}

func must[T any](e *engine, r Request) T {
	e.t.Helper()
	v, err := e.ask(r)
	if err != nil {
		e.t.Fatalf("%s: %v", r.Kind, err)
	}
	got, _ := v.(T)
	return got
}

func (e *engine) refused(r Request, want Code) {
	e.t.Helper()
	_, err := e.ask(r)
	var coded *Error
	if !errors.As(err, &coded) || coded.Code != want || coded.Error() == "" {
		e.t.Errorf("%s: %v (%+v), want the code %s", r.Kind, err, coded, want)
	}
}

func (e *engine) events(kind ReplyKind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, r := range e.replies {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// part draws a good part, or one with a hole.
func part(t *testing.T, i, width, height int, hole bool) Picture {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(uint64(i), 1))
	for k := range img.Pix {
		img.SetGray(k%width, k/width, color.Gray{Y: uint8(120 + 64*(k/width)/height + random.IntN(16))})
	}
	if hole {
		for k := range 16 * 16 {
			img.SetGray(width/2+k%16, height/2+k/16, color.Gray{Y: uint8(255 * (k % 2))})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return Picture{fmt.Sprintf("%d.png", i), b.Bytes()}
}

func learnRequest(t *testing.T) Request {
	r := Request{Kind: Learn, Learn: LearnOptions{Width: 32, Height: 32, Epochs: 3, Seed: 5}}
	for i := range 5 {
		r.Pictures = append(r.Pictures, part(t, i, 64, 64, false))
	}
	return r
}

// learned is a session with a detector.
func learned(t *testing.T) (*engine, Learned) { return learnedBy(t, learnRequest(t)) }

func learnedBy(t *testing.T, r Request) (*engine, Learned) {
	t.Helper()
	e := start(t)
	must[Opened](e, Request{Kind: Open, Device: "auto"})
	must[any](e, Request{Kind: Weights, Name: "compact", Bytes: assets.Compact()})
	return e, must[Learned](e, r)
}

func TestSession(t *testing.T) {
	r := learnRequest(t)
	r.Learn.Width, r.Learn.Height, r.Learn.Epochs = 64, 64, 60
	e, l := learnedBy(t, r)
	if l.Summary.Backbone != "compact" || l.Summary.Width != 64 || l.Summary.Folds != 5 || l.Summary.Training.Pictures != 5 || len(l.Bytes) == 0 {
		t.Errorf("learned %+v", l.Summary)
	}
	last := 0.0
	phases := map[string]int{}
	for _, r := range e.replies {
		if p, ok := r.Value.(Progress); ok {
			if p.Fraction < last || p.Fraction > 1 || p.Done > p.Total {
				t.Errorf("after %v came %+v", last, p)
			}
			last = p.Fraction
			phases[p.Phase]++
		}
	}
	if phases["reading"] == 0 || phases["learning"] == 0 || phases["calibrating"] == 0 {
		t.Errorf("phases told: %v", phases)
	}
	bad := part(t, 9, 90, 70, true)
	found := must[Inspection](e, Request{Kind: Inspect, Bytes: bad.Bytes})
	good := must[Inspection](e, Request{Kind: Inspect, Bytes: part(t, 10, 64, 64, false).Bytes})
	if found.Score <= good.Score || found.Verdict != picture.Reject || len(found.Regions) == 0 || len(found.Map.Values) != 64*64 {
		t.Errorf("the hole scores %v, is %v, has %d regions; a good part scores %v", found.Score, found.Verdict, len(found.Regions), good.Score)
	}
	if len(found.Regions) == 0 {
		t.FailNow()
	}
	if box := found.Regions[0].Box; !box.In(image.Rect(0, 0, 90, 70)) {
		t.Errorf("the hole is found at %v of 90x70", box)
	}
	// The same bytes give the same detector, in this session and in another.
	saved := must[Saved](e, Request{Kind: Save})
	if !bytes.Equal(saved.Bytes, l.Bytes) {
		t.Error("saved another detector than was learned")
	}
	other := start(t)
	must[Opened](other, Request{Kind: Open, Device: "cpu"})
	must[any](other, Request{Kind: Weights, Name: "compact", Bytes: assets.Compact()})
	s := must[Summary](other, Request{Kind: Load, Bytes: l.Bytes})
	if s != l.Summary {
		t.Errorf("loaded %+v, learned %+v", s, l.Summary)
	}
	must[Summary](other, Request{Kind: Compile})
	if again := must[Inspection](other, Request{Kind: Inspect, Bytes: bad.Bytes}); again.Score != found.Score || again.PValue != found.PValue {
		t.Errorf("score %v in one session, %v in another", found.Score, again.Score)
	}
	// The threshold moves without learning again, and stays moved.
	above := found.Score + 1
	must[sdk.Decision](other, Request{Kind: SetPolicy, Policy: sdk.Policy{Threshold: &above}})
	if r := must[Inspection](other, Request{Kind: Inspect, Bytes: bad.Bytes}); r.Verdict != picture.Pass || r.Decision.Threshold != above {
		t.Errorf("below the threshold: %v, threshold %v", r.Verdict, r.Decision.Threshold)
	}
	must[any](other, Request{Kind: Close})
	other.refused(Request{Kind: Inspect, Bytes: bad.Bytes}, CodeNotOpen)
}

func TestRefuses(t *testing.T) {
	e := start(t)
	e.refused(Request{Kind: Inspect}, CodeNotOpen)
	e.refused(Request{Kind: Learn}, CodeNeedWeights)
	e.refused(Request{Kind: Open, Device: "webgl"}, CodeUnsupported)
	must[Opened](e, Request{Kind: Open})
	e.refused(Request{Kind: Compile}, CodeNoDetector)
	e.refused(Request{Kind: Save}, CodeNoDetector)
	e.refused(Request{Kind: SetPolicy}, CodeNoDetector)
	e.refused(Request{Kind: "dance"}, CodeBadRequest)
	e.refused(Request{Kind: Weights, Name: "compact", Bytes: []byte("x")}, CodeBadWeights)
	e.refused(Request{Kind: Weights, Name: "nonesuch"}, CodeBadRequest)
	e.refused(Request{Kind: Load, Bytes: []byte("x")}, CodeBadDetector)
	must[any](e, Request{Kind: Weights, Name: "compact", Bytes: assets.Compact()})
	for _, bad := range []LearnOptions{{Epochs: -1}, {Width: 17, Height: 16}, {Width: 4096, Height: 4096}, {Backbone: "nonesuch"}} {
		e.refused(Request{Kind: Learn, Learn: bad}, CodeBadRequest)
	}
	e.refused(Request{Kind: Learn, Policy: sdk.Policy{FalseReject: 2}}, CodeBadRequest)
	e.refused(Request{Kind: Learn}, CodeTooFew)
	if n := must[Count](e, Request{Kind: Add, Bytes: []byte("x")}).Pictures; n != 1 {
		t.Errorf("%d pictures", n)
	}
	e.refused(Request{Kind: Learn}, CodeTooFew)
	must[Count](e, Request{Kind: Forget})
	l := must[Learned](e, learnRequest(t))
	e.refused(Request{Kind: Inspect}, CodeBadPicture)
	e.refused(Request{Kind: Inspect, Bytes: []byte("GIF89a")}, CodeBadPicture)
	e.refused(Request{Kind: SetPolicy, Policy: sdk.Policy{FalseReject: 7}}, CodeBadRequest)
	e.refused(Request{Kind: Load, Bytes: bytes.Replace(l.Bytes, []byte(`format_version\":1`), []byte(`format_version\":9`), 1)}, CodeNewerVersion)
	// What was refused has not harmed the detector.
	must[Inspection](e, Request{Kind: Inspect, Bytes: part(t, 1, 64, 64, false).Bytes})
	bare := start(t)
	bare.refused(Request{Kind: Load, Bytes: l.Bytes}, CodeNeedWeights)
	// Numbers in use are refused without harm to the request that has one.
	id := e.post(learnRequest(t))
	again := len(e.replies)
	e.Post(Request{ID: id, Kind: Save})
	e.await(again, func(r Reply) bool { return r.ID == id && r.Kind == ReplyError })
	e.await(again, func(r Reply) bool { return r.ID == id && r.Kind == ReplyDone })
}

// TestCancel: a request is cancelled wherever it is, and the next one is answered.
func TestCancel(t *testing.T) {
	e, l := learned(t)
	want := must[Inspection](e, Request{Kind: Inspect, Bytes: part(t, 9, 64, 64, true).Bytes})
	slow := learnRequest(t)
	slow.Learn.Epochs = 100_000
	for _, phase := range []string{"reading", "learning"} {
		from := len(e.replies)
		id := e.post(slow)
		waiting := e.post(Request{Kind: Inspect, Bytes: part(t, 9, 64, 64, true).Bytes})
		e.await(from, func(r Reply) bool {
			p, ok := r.Value.(Progress)
			return ok && r.ID == id && p.Phase == phase
		})
		if !must[Found](e, Request{Kind: Cancel, Target: waiting}).Found || !must[Found](e, Request{Kind: Cancel, Target: id}).Found {
			t.Error("nothing was found to be cancelled")
		}
		for _, id := range []int{id, waiting} {
			if _, err := e.end(id); err == nil || coded(err).Code != CodeCancelled {
				t.Errorf("cancelled while %s: %v", phase, err)
			}
		}
		if got := must[Inspection](e, Request{Kind: Inspect, Bytes: part(t, 9, 64, 64, true).Bytes}); got.Score != want.Score {
			t.Errorf("after learning was cancelled the score is %v, not %v", got.Score, want.Score)
		}
	}
	if must[Found](e, Request{Kind: Cancel, Target: 12345}).Found {
		t.Error("found a request that never was")
	}
	if !bytes.Equal(must[Saved](e, Request{Kind: Save}).Bytes, l.Bytes) {
		t.Error("a cancelled request changed the detector")
	}
}

// TestLostInspecting loses the device at 50 random calls of compiling and inspecting.
func TestLostInspecting(t *testing.T) {
	e, l := learned(t)
	bad := part(t, 9, 64, 64, true).Bytes
	want := must[Inspection](e, Request{Kind: Inspect, Bytes: bad})
	// The calls of a device that compiles and inspects once.
	must[Opened](e, Request{Kind: Open})
	must[Inspection](e, Request{Kind: Inspect, Bytes: bad})
	calls := e.devices[len(e.devices)-1].Calls()
	const seed = 7
	random := rand.New(rand.NewPCG(seed, 0))
	same, typed := 0, 0
	for point := range 50 {
		left := 1 + point%5 // devices that are lost in a row
		at := 1 + random.IntN(calls)
		e.fragile = func() int {
			if left--; left >= 0 {
				return at
			}
			return 0
		}
		must[Opened](e, Request{Kind: Open})
		got, err := e.ask(Request{Kind: Inspect, Bytes: bad})
		switch {
		case err == nil && sameInspection(got.(Inspection), want):
			same++
		case err != nil && coded(err).Code == CodeLost:
			typed++
		default:
			t.Errorf("seed %d, call %d: %v, %v", seed, at, got, err)
		}
		e.fragile = nil
		for range 2 {
			if again := must[Inspection](e, Request{Kind: Inspect, Bytes: bad}); !sameInspection(again, want) {
				t.Errorf("seed %d, call %d: then another result", seed, at)
			}
		}
	}
	t.Logf("seed %d: %d times the same result, %d times a typed error, %d losses, %d restored", seed, same, typed, e.events(EventLost), e.events(EventRestored))
	if same == 0 || typed == 0 || e.events(EventRestored) == 0 {
		t.Error("not all ways were taken")
	}
	if !bytes.Equal(must[Saved](e, Request{Kind: Save}).Bytes, l.Bytes) {
		t.Error("the detector changed")
	}
}

func sameInspection(a, b Inspection) bool {
	return a.Score == b.Score && a.PValue == b.PValue && a.Verdict == b.Verdict && slices.Equal(a.Map.Values, b.Map.Values)
}

// TestLostLearning loses the device at 50 random calls of learning.
func TestLostLearning(t *testing.T) {
	e, l := learned(t)
	bad := part(t, 9, 64, 64, true).Bytes
	want := must[Inspection](e, Request{Kind: Inspect, Bytes: bad})
	must[Opened](e, Request{Kind: Open})
	must[Learned](e, learnRequest(t))
	calls := e.devices[len(e.devices)-1].Calls()
	const seed = 8
	random := rand.New(rand.NewPCG(seed, 0))
	same, typed := 0, 0
	for point := range 50 {
		at := []int{1 + random.IntN(calls)}
		switch point % 10 {
		case 8: // and again on the next device
			at = append(at, 1+random.IntN(calls))
		case 9: // and none that gets anywhere
			at = []int{at[0], 1, 1, 1, 1}
		}
		e.fragile = func() int {
			if len(at) == 0 {
				return 0
			}
			first := at[0]
			at = at[1:]
			return first
		}
		must[Opened](e, Request{Kind: Open})
		got, err := e.ask(learnRequest(t))
		switch {
		case err == nil && bytes.Equal(got.(Learned).Bytes, l.Bytes):
			same++
		case err != nil && coded(err).Code == CodeLost:
			typed++
		default:
			t.Errorf("seed %d, point %d: another detector, %v", seed, point, err)
		}
		e.fragile = nil
		if again := must[Inspection](e, Request{Kind: Inspect, Bytes: bad}); !sameInspection(again, want) {
			t.Errorf("seed %d, point %d: then another result", seed, point)
		}
	}
	t.Logf("seed %d: %d times the same detector, %d times a typed error, %d losses", seed, same, typed, e.events(EventLost))
	if same == 0 || typed == 0 {
		t.Error("not all ways were taken")
	}
}

// TestLostIdle: a device that goes while nothing is asked of it is replaced at once.
func TestLostIdle(t *testing.T) {
	e, _ := learned(t)
	bad := part(t, 9, 64, 64, true).Bytes
	want := must[Inspection](e, Request{Kind: Inspect, Bytes: bad})
	from := len(e.replies)
	stale := e.lost[len(e.lost)-1]
	stale()
	e.await(from, func(r Reply) bool { return r.Kind == EventLost })
	e.await(from, func(r Reply) bool { return r.Kind == EventRestored })
	if got := must[Inspection](e, Request{Kind: Inspect, Bytes: bad}); !sameInspection(got, want) {
		t.Error("then another result")
	}
	// What an old device says does not count.
	stale()
	must[Summary](e, Request{Kind: Compile})
	must[Summary](e, Request{Kind: Compile})
	if n := e.events(EventLost); n != 1 {
		t.Errorf("%d losses told, there was one", n)
	}
	// None can be had: a typed error, and with patience a device again.
	e.mu.Lock()
	e.broken = true
	e.mu.Unlock()
	from = len(e.replies)
	e.lost[len(e.lost)-1]()
	e.await(from, func(r Reply) bool { return r.Kind == EventLost })
	e.refused(Request{Kind: Inspect, Bytes: bad}, CodeLost)
	e.mu.Lock()
	e.broken = false
	e.mu.Unlock()
	if got := must[Inspection](e, Request{Kind: Inspect, Bytes: bad}); !sameInspection(got, want) {
		t.Error("then another result")
	}
}
