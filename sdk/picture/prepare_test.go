package picture

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/kernels/tensor"
)

func open(t testing.TB, name string) image.Image {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decode(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// enlarge repeats every pixel factor times both ways.
func enlarge(img image.Image, factor int) image.Image {
	size := img.Bounds().Size().Mul(factor)
	if g, ok := img.(*image.Gray); ok {
		out := image.NewGray(image.Rectangle{Max: size})
		for y := range size.Y {
			for x := range size.X {
				out.SetGray(x, y, g.GrayAt(x/factor, y/factor))
			}
		}
		return out
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			out.Set(x, y, img.At(x/factor, y/factor))
		}
	}
	return out
}

// level undoes the normalisation of one value, to 0..255.
func level(v float32, channel int) float64 {
	mean, deviation := imageNet()
	return (float64(v)*float64(deviation[channel]) + float64(mean[channel])) * 255
}

func TestPillow(t *testing.T) {
	fit := func(w, h int) Options { return Options{Width: w, Height: h} }
	paper := Options{Geometry: GeometryPaper}
	cases := []struct {
		source, want string
		enlarge      int
		options      Options
	}{
		{"odd", "odd.fit64x64", 1, fit(64, 64)},
		{"oddgray", "oddgray.fit64x64", 1, fit(64, 64)},
		{"up", "up.fit64x48", 1, fit(64, 48)},
		{"upgray", "upgray.fit48x64", 1, fit(48, 64)},
		{"wide", "wide.fit64x64", 1, fit(64, 64)},
		{"tall", "tall.fit64x64", 1, fit(64, 64)},
		{"same", "same.fit48x64", 1, fit(48, 64)},
		{"large", "large.fit256x256", 1, fit(256, 256)},
		{"paper1024", "paper1024.paper", 32, paper},
		{"paper900", "paper900.paper", 30, paper},
		{"paperodd", "paperodd.paper", 9, paper},
	}
	worst := 0.0
	t.Cleanup(func() { t.Logf("largest deviation from Pillow: %.5f levels", worst) })
	for _, c := range cases {
		t.Run(c.want, func(t *testing.T) {
			img := open(t, c.source+".png")
			if c.enlarge > 1 {
				img = enlarge(img, c.enlarge)
			}
			want := open(t, c.want+".png")
			got, fit, err := Prepare(img, c.options)
			if err != nil {
				t.Fatal(err)
			}
			valid := fit.Valid()
			if valid.Size() != want.Bounds().Size() {
				t.Fatalf("placed %v, Pillow's is %v", valid, want.Bounds())
			}
			off := deviation(got, valid, want)
			worst = max(worst, off)
			if off > 0.01 {
				t.Errorf("off by %.3f levels of Pillow", off)
			}
		})
	}
}

// deviation returns the largest difference between a tensor's valid part and a picture, in levels.
func deviation(got *tensor.Tensor, valid image.Rectangle, want image.Image) float64 {
	worst := 0.0
	for y := range valid.Dy() {
		for x := range valid.Dx() {
			r, g, b, _ := want.At(x, y).RGBA()
			for c, w := range []uint32{r, g, b} {
				v := level(got.At(0, c, valid.Min.Y+y, valid.Min.X+x), c)
				worst = max(worst, math.Abs(v-float64(w>>8)))
			}
		}
	}
	return worst
}

func TestPillow16Bit(t *testing.T) {
	raw, err := os.ReadFile("testdata/deep.fit32x32.f32")
	if err != nil {
		t.Fatal(err)
	}
	got, fit, err := Prepare(open(t, "deep.png"), Options{Width: 32, Height: 32})
	if err != nil {
		t.Fatal(err)
	}
	valid := fit.Valid()
	if len(raw) != 4*valid.Dx()*valid.Dy() {
		t.Fatalf("placed %v, Pillow's has %d values", valid, len(raw)/4)
	}
	for i := range len(raw) / 4 {
		want := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		v := level(got.At(0, 0, valid.Min.Y+i/valid.Dx(), valid.Min.X+i%valid.Dx()), 0) * 257
		if math.Abs(v-want) > 0.05 {
			t.Fatalf("value %d: %.3f, Pillow's is %.3f of 65535", i, v, want)
		}
	}
}

// The same opaque pixels in every type give the same tensor.
func TestPrepareTypes(t *testing.T) {
	source := open(t, "odd.png")
	b := source.Bounds()
	colour := map[string]interface {
		image.Image
		Set(x, y int, c color.Color)
	}{
		"NRGBA":   image.NewNRGBA(b),
		"RGBA64":  image.NewRGBA64(b),
		"NRGBA64": image.NewNRGBA64(b),
		"shifted": image.NewRGBA(b.Add(image.Pt(5, -7))),
	}
	want, _, err := Prepare(source, Options{Width: 64, Height: 64})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range colour {
		t.Run(name, func(t *testing.T) {
			origin := m.Bounds().Min
			for y := range b.Dy() {
				for x := range b.Dx() {
					m.Set(origin.X+x, origin.Y+y, source.At(x, y))
				}
			}
			got, _, err := Prepare(m, Options{Width: 64, Height: 64})
			if err != nil {
				t.Fatal(err)
			}
			limit := 0.001
			if strings.Contains(name, "64") { // not rounded between the passes
				limit = 1.01
			}
			for i, v := range want.Data {
				c := i / (64 * 64)
				if d := math.Abs(level(v, c) - level(got.Data[i], c)); d > limit {
					t.Fatalf("value %d is %.3f levels off", i, d)
				}
			}
		})
	}
}

func TestPrepareSubImage(t *testing.T) {
	whole := open(t, "odd.png").(*image.RGBA)
	r := image.Rect(20, 10, 90, 70)
	part := whole.SubImage(r)
	alone := image.NewRGBA(image.Rectangle{Max: r.Size()})
	for y := range r.Dy() {
		for x := range r.Dx() {
			alone.Set(x, y, whole.At(r.Min.X+x, r.Min.Y+y))
		}
	}
	got, _, _ := Prepare(part, Options{Width: 32, Height: 32})
	want, _, _ := Prepare(alone, Options{Width: 32, Height: 32})
	for i := range want.Data {
		if got.Data[i] != want.Data[i] {
			t.Fatalf("value %d differs", i)
		}
	}
}

// Every chroma subsampling gives the colours of the standard library.
func TestPrepareYCbCr(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		whole := image.NewYCbCr(image.Rect(-5, 0, 37, 29), ratio)
		for _, plane := range [][]uint8{whole.Y, whole.Cb, whole.Cr} {
			for i := range plane {
				plane[i] = uint8(rng.Uint32())
			}
		}
		for _, r := range []image.Rectangle{whole.Rect, image.Rect(3, 5, 36, 28), image.Rect(1, 1, 2, 2)} {
			m := whole.SubImage(r)
			flat := image.NewRGBA(r)
			draw.Draw(flat, r, m, r.Min, draw.Src)
			got, _, err := Prepare(m, Options{Width: 32, Height: 32})
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := Prepare(flat, Options{Width: 32, Height: 32})
			for i := range want.Data {
				if got.Data[i] != want.Data[i] {
					t.Fatalf("seed %d, %v, %v: value %d is %v, want %v", seed, ratio, r, i, got.Data[i], want.Data[i])
				}
			}
		}
	}
}

func TestPrepareAlphaOverWhite(t *testing.T) {
	r := image.Rect(0, 0, 16, 16)
	nrgba, nrgba64, palette := image.NewNRGBA(r), image.NewNRGBA64(r), image.NewPaletted(r, color.Palette{color.NRGBA{200, 0, 0, 128}})
	ycc := image.NewNYCbCrA(r, image.YCbCrSubsampleRatio444)
	for y := range 16 {
		for x := range 16 {
			nrgba.SetNRGBA(x, y, color.NRGBA{200, 0, 0, 128})
			nrgba64.SetNRGBA64(x, y, color.NRGBA64{200 * 257, 0, 0, 128 * 257})
			yy, cb, cr := color.RGBToYCbCr(200, 0, 0)
			at := ycc.YOffset(x, y)
			ycc.Y[at], ycc.Cb[at], ycc.Cr[at], ycc.A[at] = yy, cb, cr, 128
		}
	}
	// 200*128/255 + 127 = 227.4; 0 + 127.
	for name, img := range map[string]image.Image{"NRGBA": nrgba, "NRGBA64": nrgba64, "Paletted": palette, "NYCbCrA": ycc} {
		got, _, err := Prepare(img, Options{Width: 16, Height: 16})
		if err != nil {
			t.Fatal(err)
		}
		for c, want := range []float64{227.4, 127, 127} {
			if v := level(got.Data[c*256], c); math.Abs(v-want) > 1.1 {
				t.Errorf("%s: channel %d is %.2f, want %.1f", name, c, v, want)
			}
		}
	}
}

func TestPreparePadding(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 40, 10))
	for i := range img.Pix {
		img.Pix[i] = uint8(6 * (i % 40))
	}
	got, fit, err := Prepare(img, Options{Width: 32, Height: 48})
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 20, 32, 28); fit.Placed != want {
		t.Fatalf("placed at %v, want %v", fit.Placed, want)
	}
	for x := range 32 {
		for y := range 48 {
			if got.At(0, 1, y, x) != got.At(0, 1, min(max(y, 20), 27), x) {
				t.Fatalf("padding at (%d,%d) does not repeat the border", x, y)
			}
		}
	}
}

func TestPrepareBatchReusesMemory(t *testing.T) {
	p, err := NewPreparer(Options{Width: 64, Height: 64})
	if err != nil {
		t.Fatal(err)
	}
	to := tensor.New(p.Shape(2))
	img := open(t, "odd.png")
	prepare := func() {
		if _, err := p.Prepare(to, 1, img); err != nil {
			t.Fatal(err)
		}
	}
	prepare()
	if n := testing.AllocsPerRun(10, prepare); n > 0 {
		t.Errorf("%v allocations a picture", n)
	}
	other, r := tensor.New(p.Shape(1)), img.Bounds()
	for _, img := range []image.Image{
		image.NewGray(r), image.NewGray16(r), image.NewNRGBA(r), image.NewRGBA64(r),
		image.NewYCbCr(r, image.YCbCrSubsampleRatio420),
	} {
		n := testing.AllocsPerRun(10, func() {
			if _, err := p.Prepare(other, 0, img); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("%T: %v allocations a picture", img, n)
		}
	}
	one, _, _ := Prepare(img, Options{Width: 64, Height: 64})
	for i, v := range one.Data {
		if to.Data[i] != 0 || to.Data[len(one.Data)+i] != v {
			t.Fatalf("value %d of the batch is wrong", i)
		}
	}
	if _, err := p.Prepare(to, 2, img); err == nil {
		t.Error("a picture beyond the batch was accepted")
	}
	if _, err := p.Prepare(tensor.New(tensor.Shape{1, 3, 32, 64}), 0, img); err == nil {
		t.Error("a tensor of the wrong shape was accepted")
	}
}

func TestPrepareRefuses(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 4, 4))
	for name, c := range map[string]struct {
		img image.Image
		o   Options
	}{
		"no image":         {nil, Options{}},
		"zero width":       {image.NewGray(image.Rect(0, 0, 0, 4)), Options{}},
		"odd canvas":       {gray, Options{Width: 250}},
		"negative canvas":  {gray, Options{Height: -16}},
		"huge canvas":      {gray, Options{Width: 1 << 30}},
		"unknown geometry": {gray, Options{Geometry: "stretch"}},
		"crop over resize": {gray, Options{Geometry: GeometryPaper, Resize: 256, Crop: 288}},
	} {
		if _, _, err := Prepare(c.img, c.o); err == nil || !strings.HasPrefix(err.Error(), "picture: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestPrepareMask(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 64, 32))
	for y := 8; y < 16; y++ {
		for x := 20; x < 40; x++ {
			mask.SetGray(x, y, color.Gray{255})
		}
	}
	got, fit, err := PrepareMask(mask, Options{Width: 32, Height: 32})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Placed != image.Rect(0, 8, 32, 24) {
		t.Fatalf("placed at %v", fit.Placed)
	}
	for y := range 32 {
		for x := range 32 {
			if want := image.Pt(x, y).In(image.Rect(10, 12, 20, 16)); got[y*32+x] != want {
				t.Errorf("(%d,%d) is %v", x, y, got[y*32+x])
			}
		}
	}
}

func TestPrepareMaskKinds(t *testing.T) {
	r := image.Rect(0, 0, 16, 16)
	clear := image.NewNRGBA(r)
	classes := image.NewGray(r)
	red := image.NewRGBA(r)
	deep := image.NewGray16(r)
	for y := range 8 {
		for x := range 16 {
			clear.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
			classes.SetGray(x, y, color.Gray{2})
			red.SetRGBA(x, y, color.RGBA{255, 200, 100, 255})
			deep.SetGray16(x, y, color.Gray16{65535})
		}
	}
	for name, m := range map[string]image.Image{"transparent": clear, "classes": NonZero(classes), "colour": red, "16 bit": deep} {
		got, _, err := PrepareMask(m, Options{Width: 16, Height: 16})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != (i < 128) {
				t.Errorf("%s: pixel %d is %v", name, i, v)
				break
			}
		}
	}
}

func TestFitRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		size := image.Pt(1+rng.IntN(2000), 1+rng.IntN(2000))
		for _, o := range []Options{{}, {Width: 320, Height: 192}, {Geometry: GeometryPaper}} {
			f, err := FitSize(size, o)
			if err != nil {
				t.Fatal(err)
			}
			if f.Valid().Empty() {
				t.Fatalf("%v: nothing of the picture is on the canvas", f)
			}
			p := Point{rng.Float64() * 100, rng.Float64() * 100}
			back := f.ToPicture(f.ToCanvas(p))
			if math.Hypot(back.X-p.X, back.Y-p.Y) > 1e-9 {
				t.Fatalf("%v: %v comes back as %v", f, p, back)
			}
			if r := f.RectangleToPicture(f.Placed); r != (image.Rectangle{Max: size}) {
				t.Fatalf("%v: the placed picture maps to %v", f, r)
			}
			if c := f.Cells(f.Canvas.X, f.Canvas.Y); c != f.Valid() {
				t.Fatalf("%v: cells %v of one pixel, valid %v", f, c, f.Valid())
			}
			c := f.Cells(f.Canvas.X/16, f.Canvas.Y/16)
			if c.Empty() || !c.In(image.Rect(0, 0, f.Canvas.X/16, f.Canvas.Y/16)) {
				t.Fatalf("%v: cells %v", f, c)
			}
		}
	}
}

func TestFitPaper(t *testing.T) {
	f, err := FitSize(image.Pt(1024, 1024), Options{Geometry: GeometryPaper})
	if err != nil || f.Placed != image.Rect(-20, -20, 309, 309) {
		t.Errorf("placed at %v, error %v", f.Placed, err)
	}
}

func TestThumbnail(t *testing.T) {
	for _, c := range []struct{ w, h, side, wantW, wantH int }{
		{400, 200, 100, 100, 50}, {50, 20, 100, 50, 20}, {3, 900, 90, 1, 90}, {0, 5, 10, 0, 0},
	} {
		for _, img := range []image.Image{
			image.NewGray(image.Rect(0, 0, c.w, c.h)), image.NewGray16(image.Rect(0, 0, c.w, c.h)),
			image.NewRGBA64(image.Rect(0, 0, c.w, c.h)), image.NewYCbCr(image.Rect(0, 0, c.w, c.h), image.YCbCrSubsampleRatio420),
		} {
			if got := Thumbnail(img, c.side).Bounds().Size(); got != image.Pt(c.wantW, c.wantH) {
				t.Errorf("%T %dx%d: %v", img, c.w, c.h, got)
			}
		}
	}
}

// realPictures returns files of the shared data folder, or skips.
func realPictures(t testing.TB, pattern string) []string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Skip("no go.mod above the test")
		}
		root = filepath.Dir(root)
	}
	data := filepath.Join(root, "..", "shared", "data")
	files, err := fs.Glob(os.DirFS(data), pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no pictures %s in ../shared/data", pattern)
	}
	for i, f := range files {
		files[i] = filepath.Join(data, f)
	}
	return files
}

func TestRealPictures(t *testing.T) {
	for _, pattern := range []string{"leather/test/*/*.png", "magnetic_tile/train/good/*1.png"} {
		t.Run(pattern, func(t *testing.T) {
			for _, name := range realPictures(t, pattern)[:3] {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				img, err := Decode(b, Limits{})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got, _, err := Prepare(img, Options{})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for i, v := range got.Data {
					if !(v > -3 && v < 3) {
						t.Fatalf("%s: value %d is %v", name, i, v)
					}
				}
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	square := image.Rect(0, 0, 1024, 1024)
	noise := func(p []uint8) {
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range p {
			p[i] = uint8(rng.Uint32())
		}
	}
	rgba, gray, ycc, deep := image.NewRGBA(square), image.NewGray(square), image.NewYCbCr(square, image.YCbCrSubsampleRatio420), image.NewGray16(square)
	noise(rgba.Pix)
	for i := 3; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i] = 255
	}
	noise(gray.Pix)
	noise(ycc.Y)
	noise(deep.Pix)
	for _, img := range []image.Image{rgba, gray, ycc, deep} {
		for _, o := range []Options{{}, {Geometry: GeometryPaper}} {
			b.Run(fmt.Sprintf("%T/%s", img, o.Geometry), func(b *testing.B) {
				p, err := NewPreparer(o)
				if err != nil {
					b.Fatal(err)
				}
				to := tensor.New(p.Shape(1))
				for b.Loop() {
					if _, err := p.Prepare(to, 0, img); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
