//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/train"
	"github.com/flawscope/flawscope/wasm/chromium"
)

var built struct {
	once   sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// engine builds the engine as it is shipped and returns its file.
func engine(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		built.folder, built.err = os.MkdirTemp("", "flawscope-engine")
		if built.err == nil {
			var out []byte
			command := exec.Command("make", "engine", "ENGINE="+built.folder)
			command.Dir = filepath.Join("..", "..")
			if out, built.err = command.CombinedOutput(); built.err != nil {
				built.err = fmt.Errorf("%w\n%s", built.err, out)
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.folder
}

// data are files that pages fetch by name.
type data map[string][]byte

// page opens a page with the engine's files and the data.
func page(t *testing.T, mode chromium.Mode, files data) *chromium.Page {
	t.Helper()
	folder := engine(t)
	s, err := chromium.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if b, ok := files[strings.TrimPrefix(name, "data/")]; ok {
			w.Write(b)
			return
		}
		if name == "data/weights" {
			w.Write(assets.Compact())
			return
		}
		for _, from := range []string{folder, "testdata"} {
			path := filepath.Join(from, filepath.Base(name))
			if _, err := os.Stat(path); err == nil {
				http.ServeFile(w, r, path)
				return
			}
		}
		http.NotFound(w, r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p, err := chromium.Start(t, mode).Page(t.Context(), s.URL()+"/page.html")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// evaluate runs the body of an async function in the page, within minutes: a hang
// is a failure.
func evaluate(t *testing.T, p *chromium.Page, body string, value any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	if err := p.Evaluate(ctx, "(async () => {"+body+"})()", value); err != nil {
		t.Fatal(err)
	}
}

// TestMessages holds every kind of message, and that learning on either device can
// be cancelled.
func TestMessages(t *testing.T) {
	for _, mode := range chromium.Modes() {
		for _, device := range []string{"webgl", "cpu"} {
			t.Run(string(mode)+"/"+device, func(t *testing.T) {
				var got struct {
					Ready     struct{ Protocol int }
					Device    struct{ Device, Renderer string }
					Refused   []string
					Learned   struct{ Width, Folds int }
					Progress  map[string]int
					Falling   int
					Gap       float64
					Bad, Good struct {
						Score, PValue float64
						Verdict       string
						Map, Regions  int
					}
					Same             bool
					Moved            struct{ Verdict string }
					Cancelled        string
					CancelledAfterMs float64
					After            float64
					Events           int
				}
				evaluate(t, page(t, mode, nil), `
const out = {refused: []};
const e = new Engine("lossy.js");
e.worker.postMessage("nonsense");
e.worker.postMessage({id: 900, type: "save", bytes: 7});
out.ready = await e.ready;
out.refused.push((await e.try({type: "inspect"})).error);
const opened = await e.post({type: "open", device: "`+device+`"});
out.device = {device: opened.name, renderer: opened.renderer};
for (const m of [
  {type: "dance"}, {type: "inspect", bytes: "text"}, {type: "learn", epochs: 1.5}, {type: "learn", pictures: [7]}, {type: "save"}, {type: "learn"},
  {type: "weights", name: "compact", bytes: new Uint8Array(9)}, {type: "load", bytes: new Uint8Array(9)}, {type: "open", device: "abacus"},
]) out.refused.push((await e.try(m)).error);
await e.post({type: "open", device: "`+device+`"});
await e.post({type: "weights", name: "compact", bytes: await bytes("weights")});
for (let i = 0; i < 3; i++) await e.post({type: "add", name: i + ".png", bytes: await part(i, 64, 64)});
out.refused.push((await e.try({type: "learn"})).error);
const pictures = [];
for (let i = 3; i < 5; i++) pictures.push({name: i + ".png", bytes: (await part(i, 64, 64)).buffer});
pictures.push({name: "broken.png", bytes: new Uint8Array(5)});
e.progress = [];
const learned = await e.post({type: "learn", pictures, width: 32, height: 32, epochs: 20, seed: 5});
out.learned = {width: learned.width, folds: learned.folds};
out.progress = {};
out.falling = 0;
out.gap = 0;
for (const [i, p] of e.progress.entries()) {
  out.progress[p.skipped ? "skipped" : p.phase] = 1;
  if (i && p.fraction < e.progress[i-1].fraction) out.falling++;
  if (i) out.gap = Math.max(out.gap, p.at - e.progress[i-1].at);
}
await e.post({type: "compile"});
const short = (r) => ({...r, map: r.map?.length ?? 0, regions: r.regions.length});
const bad = await part(9, 90, 70, true);
const found = await e.post({type: "inspect", bytes: bad});
out.bad = short(found);
out.good = short(await e.post({type: "inspect", bytes: await part(10, 64, 64), map: false}));
out.refused.push((await e.try({type: "inspect", bytes: new Uint8Array([71, 73, 70])})).error);
const saved = await e.post({type: "save"});
out.same = saved.bytes.length === learned.bytes.length && saved.bytes.every((b, i) => b === learned.bytes[i]);
await e.post({type: "policy", threshold: found.score + 1});
out.moved = {verdict: (await e.post({type: "inspect", bytes: bad})).verdict};
await e.post({type: "load", bytes: saved.bytes});
e.onprogress = (p) => {
  if (p.phase !== "learning" || e.cancelledAt) return;
  e.cancelledAt = performance.now();
  e.post({type: "cancel", target: slow.id});
};
const slow = e.post({type: "learn", pictures, width: 64, height: 64, epochs: 100000});
out.cancelled = await slow.catch((error) => error.name);
out.cancelledAfterMs = performance.now() - e.cancelledAt;
out.after = (await e.post({type: "inspect", bytes: bad})).score - found.score;
await e.post({type: "close"});
out.refused.push((await e.try({type: "inspect", bytes: bad})).error);
out.events = e.events.filter((m) => m.type === "error" && m.error.name === "badRequest").length;
return out;`, &got)
				if got.Ready.Protocol != 1 || got.Device.Device != device || got.Device.Renderer == "" {
					t.Errorf("ready %+v, device %+v", got.Ready, got.Device)
				}
				want := []string{"notOpen", "badRequest", "badRequest", "badRequest", "badRequest", "noDetector", "needWeights", "badWeights", "badDetector", "unsupported", "tooFew", "badPicture", "notOpen"}
				if !slices.Equal(got.Refused, want) {
					t.Errorf("refused with %q, want %q", got.Refused, want)
				}
				if got.Learned.Width != 32 || got.Learned.Folds != 5 {
					t.Errorf("learned %+v", got.Learned)
				}
				for _, phase := range []string{"reading", "learning", "calibrating", "skipped"} {
					if got.Progress[phase] == 0 {
						t.Errorf("no progress of %s: %v", phase, got.Progress)
					}
				}
				if got.Falling > 0 {
					t.Errorf("progress fell %d times", got.Falling)
				}
				if got.Bad.Map != 32*32 || got.Good.Map != 0 || !(got.Bad.Score > got.Good.Score) || got.Moved.Verdict != "pass" {
					t.Errorf("bad %+v, good %+v, with the threshold above it %+v", got.Bad, got.Good, got.Moved)
				}
				if !got.Same {
					t.Error("another detector was saved than learned")
				}
				if got.Cancelled != "cancelled" || got.After != 0 {
					t.Errorf("cancelled: %q; then the score differs by %v", got.Cancelled, got.After)
				}
				if got.Events != 2 {
					t.Errorf("%d answers to messages that were none, want 2", got.Events)
				}
				t.Logf("%s: longest pause of progress %.0f ms, cancelled after %.0f ms", got.Device.Renderer, got.Gap, got.CancelledAfterMs)
			})
		}
	}
}

var shared = filepath.Join("..", "..", "..", "shared", "data")

// find returns files of a pattern below the outside data, or skips the test.
func find(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(shared, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skipf("no pictures ../shared/data/%s", pattern)
	}
	return names
}

// files is a train.Source of picture files.
type files []string

func (f files) Len() int { return len(f) }

func (f files) Picture(i int) (train.Picture, error) {
	b, err := os.ReadFile(f[i])
	return train.Picture{Name: f[i], Bytes: b}, err
}

// fitted is a detector learned on the desktop's processor.
func fitted(t *testing.T, good []string, o train.Options) (*sdk.Detector, []byte) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	d, err := train.Fit(t.Context(), dev, o, files(good), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return d, b.Bytes()
}

// TestParity: one detector and the same bytes give on the desktop's processor and
// in the browser scores that differ by at most 1e-3·max(|score|, interquartile
// range of the calibration scores), and the same verdict unless the score is that
// close to the threshold, on 50 real pictures.
func TestParity(t *testing.T) {
	good := find(t, "magnetic_tile/train/good/*")[:24]
	leather, tiles := find(t, "leather/test/*/*"), find(t, "magnetic_tile/test/*/*")
	var pictures []string
	for i := range 15 {
		pictures = append(pictures, leather[i*len(leather)/15])
	}
	for i := range 35 {
		pictures = append(pictures, tiles[i*len(tiles)/35])
	}
	d, detector := fitted(t, good, train.Options{Epochs: 5, Seed: 1})
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	inspector, err := d.On(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer inspector.Close()
	served := data{"detector": detector}
	var want []sdk.Result
	for i, name := range pictures {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		served[fmt.Sprint(i)] = b
		r, err := inspector.InspectBytes(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	}
	scores := slices.Clone(d.Calibration.Scores)
	slices.Sort(scores)
	spread := float64(scores[len(scores)*3/4] - scores[len(scores)/4])
	for _, run := range []struct {
		mode   chromium.Mode
		device string
		count  int
	}{{chromium.EGL, "webgl", 50}, {chromium.SwiftShader, "webgl", 10}, {chromium.EGL, "cpu", 3}} {
		t.Run(string(run.mode)+"/"+run.device, func(t *testing.T) {
			var got struct {
				Device  struct{ Name, Renderer string }
				Results []struct {
					Score   float64
					Verdict string
					Ms      float64
				}
			}
			evaluate(t, page(t, run.mode, served), fmt.Sprintf(`
const e = await opened(%q);
await e.post({type: "load", bytes: await bytes("detector")});
await e.post({type: "compile"});
const results = [];
for (let i = 0; i < %d; i++) {
  const picture = await bytes(i);
  const began = performance.now();
  const r = await e.post({type: "inspect", bytes: picture});
  results.push({score: r.score, verdict: r.verdict, ms: performance.now() - began});
}
return {device: e.device, results};`, run.device, run.count), &got)
			largest, ms := 0.0, []float64{}
			for i, r := range got.Results {
				score := want[i].Score
				allowed := 1e-3 * max(math.Abs(score), spread)
				off := math.Abs(r.Score - score)
				largest = max(largest, off/allowed)
				ms = append(ms, r.Ms)
				if !(off <= allowed) {
					t.Errorf("%s: %v, on the desktop %v", pictures[i], r.Score, score)
				}
				if verdict := strings.ToLower(string(want[i].Verdict)); r.Verdict != verdict && math.Abs(score-want[i].Decision.Threshold) > allowed {
					t.Errorf("%s: %s, on the desktop %s", pictures[i], r.Verdict, verdict)
				}
			}
			if len(got.Results) != run.count {
				t.Errorf("%d results", len(got.Results))
			}
			slices.Sort(ms)
			t.Logf("%s, %s: %d pictures, largest difference %.4f of what is allowed, median %.0f ms", got.Device.Name, got.Device.Renderer, len(ms), largest, ms[len(ms)/2])
		})
	}
}

// TestTune: the first engine measures and says so, a new worker on the same origin
// remembers, one that shall not measures nothing, and without a database the first does;
// the verdicts are the same.
func TestTune(t *testing.T) {
	type run struct {
		Measured, Told, Lines int
		Score, Compiled       float64
		Verdict               string
	}
	var got struct{ First, Second, Refused, Private run }
	evaluate(t, page(t, chromium.EGL, nil), `
const picture = await part(9, 64, 64, true);
const pictures = [];
for (let i = 0; i < 4; i++) pictures.push({name: i + ".png", bytes: await part(i, 64, 64)});
let detector;
async function run(script, options) {
  const e = new Engine(script);
  await e.post({type: "open", device: "webgl", ...options});
  await e.post({type: "weights", name: "compact", bytes: await bytes("weights")});
  detector ??= (await e.post({type: "learn", pictures, width: 64, height: 64, epochs: 2, seed: 5})).bytes;
  await e.post({type: "load", bytes: detector});
  const began = performance.now();
  await e.post({type: "compile"});
  const compiled = performance.now() - began;
  const r = await e.post({type: "inspect", bytes: picture});
  const table = await e.post({type: "variants"});
  const told = e.progress.filter((p) => p.phase === "measuring").length;
  e.worker.terminate();
  return {measured: table.measured, told, lines: table.text.split("\n").filter((l) => l.startsWith("conv2d")).length, score: r.score, compiled, verdict: r.verdict};
}
const out = {};
out.refused = await run("worker.js", {tune: false});
out.first = await run("worker.js");
out.second = await run("worker.js");
out.private = await run("private.js");
return out;`, &got)
	t.Logf("%+v", got)
	if got.Refused.Measured+got.Refused.Told+got.Refused.Lines != 0 {
		t.Errorf("measured in spite of tune: false: %+v", got.Refused)
	}
	for name, r := range map[string]run{"first": got.First, "private": got.Private} {
		if r.Measured == 0 || r.Told == 0 || r.Lines != r.Measured {
			t.Errorf("the %s engine: %+v", name, r)
		}
	}
	if got.Second.Measured != 0 || got.Second.Told != 0 || got.Second.Lines != got.First.Lines {
		t.Errorf("the second engine: %+v, the first %+v", got.Second, got.First)
	}
	for _, r := range []run{got.First, got.Second, got.Private} {
		if !(math.Abs(r.Score-got.Refused.Score) <= 1e-4*math.Abs(got.Refused.Score)) || r.Verdict != got.Refused.Verdict {
			t.Errorf("%v, %s, by default kernels %v, %s", r.Score, r.Verdict, got.Refused.Score, got.Refused.Verdict)
		}
	}
}

// TestLost loses the context at random calls of GL: 50 of inspecting, 50 of
// learning. Each time the result is the same or the error says "lost", and the next
// inspection gives the same score as ever.
func TestLost(t *testing.T) {
	const seed, points = 3, 50
	p := page(t, chromium.EGL, nil)
	random := rand.New(rand.NewPCG(seed, 0))
	evaluate(t, p, `
globalThis.e = await opened("webgl");
globalThis.pictures = [];
for (let i = 0; i < 4; i++) pictures.push({name: i + ".png", bytes: await part(i, 32, 32)});
globalThis.learn = {type: "learn", pictures, width: 32, height: 32, epochs: 1, seed: 5};
globalThis.bad = await part(9, 40, 32, true);
globalThis.learned = await e.post(learn);
globalThis.want = await e.post({type: "inspect", bytes: bad});
globalThis.same = (r) => r.score === want.score && r.pValue === want.pValue && r.map.every((v, i) => v === want.map[i]);`, nil)
	for _, work := range []struct{ name, measure, request string }{
		{"inspecting", `await e.post({type: "load", bytes: learned.bytes}); await e.post({type: "inspect", bytes: bad});`,
			`await e.post({type: "load", bytes: learned.bytes}); const r = await e.try({type: "inspect", bytes: bad}); const ok = !r.error && same(r);`},
		{"learning", `await e.post(learn);`,
			`const r = await e.try(learn); const ok = !r.error && r.bytes.length === learned.bytes.length && r.bytes.every((b, i) => b === learned.bytes[i]);`},
	} {
		t.Run(work.name, func(t *testing.T) {
			var calls int
			evaluate(t, p, `const before = (await e.ask()).calls; `+work.measure+` return (await e.ask()).calls - before;`, &calls)
			at := make([]int, points)
			for i := range at {
				at[i] = 1 + random.IntN(calls)
			}
			list, err := json.Marshal(at)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Same, Typed, Losses, Restored int
				Wrong                         []string
				Longest                       float64
			}
			evaluate(t, p, `
const out = {same: 0, typed: 0, wrong: [], longest: 0};
e.events = [];
for (const at of `+string(list)+`) {
  await e.ask(at);
  const began = performance.now();
  `+work.request+`
  out.longest = Math.max(out.longest, performance.now() - began);
  if (ok) out.same++;
  else if (r.error === "lost") out.typed++;
  else out.wrong.push(at + ": " + (r.error ? r.error + ": " + r.message : "another result"));
  await e.ask(); // no loss from here on
  for (let i = 0; i < 2; i++) {
    const again = await e.try({type: "inspect", bytes: bad});
    if (again.error || !same(again)) out.wrong.push(at + ", then: " + (again.message ?? again.score));
  }
}
out.losses = e.events.filter((m) => m.type === "lost").length;
out.restored = e.events.filter((m) => m.type === "restored").length;
return out;`, &got)
			for _, wrong := range got.Wrong {
				t.Errorf("seed %d: lost at call %s", seed, wrong)
			}
			t.Logf("seed %d: of %d calls, %d points: %d times the same result, %d times a typed error; %d losses told, %d restored; longest %.0f ms",
				seed, calls, points, got.Same, got.Typed, got.Losses, got.Restored, got.Longest)
			if got.Losses < points/2 || got.Restored < points/2 {
				t.Error("the context was hardly ever lost")
			}
		})
	}
	var idle struct{ Lost, Restored, Same bool }
	evaluate(t, p, `
e.events = [];
await e.ask(1);
await e.try({type: "load", bytes: learned.bytes});
await e.try({type: "compile"});
const canvas = await e.ask(1);
for (let i = 0; i < 100 && !e.events.some((m) => m.type === "restored"); i++) await new Promise((r) => setTimeout(r, 20));
await e.ask();
const r = await e.post({type: "inspect", bytes: bad});
return {lost: e.events.some((m) => m.type === "lost"), restored: e.events.some((m) => m.type === "restored"), same: same(r)};`, &idle)
	if !idle.Lost || !idle.Restored || !idle.Same {
		t.Errorf("after a loss while compiling: %+v", idle)
	}
}

// TestMemory: over 500 inspections of pictures of 10 sizes neither WebAssembly's
// memory nor what is held of GL grows.
func TestMemory(t *testing.T) {
	var got struct {
		Start, End struct {
			Memory int64
			Held   map[string]int
		}
		Sizes int
	}
	evaluate(t, page(t, chromium.EGL, nil), `
const e = await opened("webgl");
const pictures = [];
for (let i = 0; i < 4; i++) pictures.push({name: i + ".png", bytes: await part(i, 64, 64)});
await e.post({type: "learn", pictures, width: 64, height: 64, epochs: 2, seed: 5});
const sizes = [];
for (let i = 0; i < 10; i++) sizes.push(await part(i, 40 + 93 * i, 700 - 61 * i, i % 2 === 1));
let start;
for (let i = 0; i < 500; i++) {
  await e.post({type: "inspect", bytes: sizes[i % 10]});
  if (i === 99) start = structuredClone(await e.ask());
}
return {start, end: await e.ask(), sizes: sizes.length};`, &got)
	if got.End.Memory != got.Start.Memory {
		t.Errorf("WebAssembly's memory grew from %d to %d bytes", got.Start.Memory, got.End.Memory)
	}
	for name, n := range got.End.Held {
		if n != got.Start.Held[name] {
			t.Errorf("%d of %s, after 100 inspections %d", n, name, got.Start.Held[name])
		}
	}
	t.Logf("%d bytes of WebAssembly's memory, held of GL: %v", got.End.Memory, got.End.Held)
}

// maxBytes is the largest that the engine may be, by brotli of quality 9.
const maxBytes = 950_000

// TestSize holds what a browser downloads.
func TestSize(t *testing.T) {
	info, err := os.Stat(filepath.Join(engine(t), "engine.wasm.br"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
	if info.Size() > maxBytes {
		t.Errorf("%d bytes by brotli, at most %d", info.Size(), maxBytes)
	}
}
