package sdk_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"

	"github.com/flawscope/flawscope/sdk/train"
)

// parts is a train.Source of so many generated good parts.
type parts int

func (p parts) Len() int { return int(p) }

func (p parts) Picture(i int) (train.Picture, error) {
	return train.Picture{Name: "part", Bytes: part(uint64(i), false)}, nil
}

// part draws a 128x96 striped texture as PNG; a defective one has a dark blot at
// (70, 40).
func part(seed uint64, defective bool) []byte {
	rng := rand.New(rand.NewPCG(seed, 9))
	phase, light := rng.Float64()*6, 0.9+0.2*rng.Float64()
	img := image.NewRGBA(image.Rect(0, 0, 128, 96))
	for y := range 96 {
		for x := range 128 {
			v := light * (120 + 40*math.Sin(0.5*float64(x)+phase) + 25*math.Sin(0.4*float64(y)) + 6*rng.NormFloat64())
			if dx, dy := float64(x-70), float64(y-40); defective && dx*dx+dy*dy < 80 {
				v = 25
			}
			c := uint8(min(max(v, 0), 255))
			img.SetRGBA(x, y, color.RGBA{c, c, uint8(min(int(c)+20, 255)), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}
