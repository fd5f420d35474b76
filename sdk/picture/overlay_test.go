package picture

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
)

func overlayScene(t testing.TB, size image.Point, o Options) (*image.RGBA, Map) {
	img := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{120}), image.Point{}, draw.Src)
	fit, err := FitSize(size, o)
	if err != nil {
		t.Fatal(err)
	}
	centre := fit.ToCanvas(Point{float64(size.X) / 2, float64(size.Y) / 2})
	return img, plane(t, size, o, func(x, y int) float32 {
		return max(disc(x, y, centre.X, centre.Y, 6), 0)
	})
}

func TestOverlay(t *testing.T) {
	for _, c := range []struct {
		name string
		size image.Point
		o    Options
	}{
		{"larger than the canvas", image.Pt(300, 200), Options{Width: 64, Height: 64}},
		{"smaller than the canvas", image.Pt(40, 50), Options{Width: 64, Height: 64}},
		{"cropped", image.Pt(400, 330), Options{Geometry: GeometryPaper, Resize: 80, Crop: 64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			img, m := overlayScene(t, c.size, c.o)
			regions := m.Regions(1, 4)
			if len(regions) != 1 {
				t.Fatalf("%d regions", len(regions))
			}
			got := Overlay(img, m, OverlayOptions{Threshold: 1, Regions: regions, Verdict: Reject, Detail: "score 2.0"})
			if got.Rect.Dx() != c.size.X || got.Rect.Dy() <= c.size.Y {
				t.Fatalf("size %v", got.Rect)
			}
			centre := got.RGBAAt(c.size.X/2, c.size.Y/2)
			if centre.R == centre.B {
				t.Errorf("no heat at the peak: %v", centre)
			}
			corner := got.RGBAAt(1, c.size.Y-2)
			if c.name == "cropped" {
				if colourDistance(corner, color.Gray{60}) > 257 {
					t.Errorf("what was not looked at is %v", corner)
				}
			} else if corner != (color.RGBA{120, 120, 120, 255}) {
				t.Errorf("a low score coloured the corner: %v", corner)
			}
			if got := got.RGBAAt(c.size.X-1, c.size.Y+1); got != (color.RGBA{160, 20, 20, 255}) {
				t.Errorf("the strip is %v", got)
			}
			light, dark := 0, 0
			for y := range c.size.Y {
				for x := range c.size.X {
					switch p := got.RGBAAt(x, y); {
					case p.R > 230 && p.G > 230 && p.B > 230:
						light++
					case p.R < 40 && p.G < 40 && p.B < 40:
						dark++
					}
				}
			}
			if light < 20 || dark < 20 {
				t.Errorf("outline of %d light and %d dark pixels", light, dark)
			}
		})
	}
}

// What is drawn does not depend on the padding, and the source stays as it was.
func TestOverlayLeavesInputs(t *testing.T) {
	img, m := overlayScene(t, image.Pt(120, 60), Options{Width: 64, Height: 64})
	before := append([]uint8(nil), img.Pix...)
	a := Overlay(img, m, OverlayOptions{Threshold: 1})
	for i, v := range m.Values {
		if v == 1e6 {
			m.Values[i] = -3
		}
	}
	b := Overlay(img, m, OverlayOptions{Threshold: 1})
	if string(a.Pix) != string(b.Pix) {
		t.Error("the padding's scores are visible")
	}
	if string(before) != string(img.Pix) {
		t.Error("the source was drawn on")
	}
}

// No size of picture and no score makes Overlay fail.
func TestOverlayExtremes(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 700}, {900, 2}, {33, 33}} {
		for _, o := range []Options{{Width: 32, Height: 32}, {Geometry: GeometryPaper, Resize: 32, Crop: 32}} {
			for _, threshold := range []float32{-1, 0, 1, 1e9} {
				img, m := overlayScene(t, size, o)
				regions := append(m.Regions(threshold, 1), m.Peak())
				got := Overlay(img, m, OverlayOptions{Threshold: threshold, Regions: regions, Verdict: Pass, Detail: "a rather long line of words"})
				if got.Rect.Dx() != size.X {
					t.Errorf("%v: %v", size, got.Rect)
				}
			}
		}
	}
	if got := Overlay(image.NewGray(image.Rectangle{}), Map{}, OverlayOptions{}); !got.Rect.Empty() {
		t.Errorf("of nothing: %v", got.Rect)
	}
}

// An overlay can be drawn on a thumbnail.
func TestOverlayThumbnail(t *testing.T) {
	img, m := overlayScene(t, image.Pt(800, 600), Options{Width: 64, Height: 64})
	got := Overlay(Thumbnail(img, 200), m, OverlayOptions{Threshold: 1, Regions: m.Regions(1, 4)})
	if got.Rect != image.Rect(0, 0, 200, 150) {
		t.Errorf("size %v", got.Rect)
	}
	if c := got.RGBAAt(100, 75); c.R == c.B {
		t.Errorf("no heat at the peak: %v", c)
	}
}

func TestColourMap(t *testing.T) {
	for _, c := range []struct {
		name  string
		m     ColourMap
		t     float32
		want  color.RGBA
		slack int
	}{
		{"viridis low", Viridis, 0, color.RGBA{68, 1, 84, 255}, 0},
		{"viridis middle", Viridis, 0.5, color.RGBA{33, 145, 140, 255}, 2},
		{"viridis high", Viridis, 1, color.RGBA{253, 231, 37, 255}, 0},
		{"turbo low", Turbo, -3, color.RGBA{48, 18, 59, 255}, 0},
		{"turbo middle", Turbo, 0.5, color.RGBA{164, 252, 60, 255}, 2},
		{"turbo high", Turbo, 7, color.RGBA{122, 4, 3, 255}, 0},
	} {
		if got := c.m.At(c.t); colourDistance(got, c.want) > c.slack*257 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func BenchmarkOverlay(b *testing.B) {
	img, m := overlayScene(b, image.Pt(1024, 1024), Options{})
	o := OverlayOptions{Threshold: 1, Regions: m.Regions(1, 4), Verdict: Reject, Detail: "score 2.0"}
	for b.Loop() {
		Overlay(img, m, o)
	}
}

func BenchmarkThumbnail(b *testing.B) {
	img, _ := overlayScene(b, image.Pt(1024, 1024), Options{})
	for b.Loop() {
		Thumbnail(img, 160)
	}
}
