package picture_test

import (
	"errors"
	"fmt"
	"image"

	"github.com/flawscope/flawscope/sdk/picture"
)

func ExampleDecode() {
	_, err := picture.Decode([]byte("not a picture"), picture.Limits{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, picture.ErrFormat))
	// Output:
	// picture: not a picture that can be read: it is text that begins with "not a picture"; PNG, JPEG, BMP, TIFF and WebP are accepted
	// true
}

func ExamplePrepare() {
	img := image.NewGray(image.Rect(0, 0, 640, 480))
	tensor, fit, err := picture.Prepare(img, picture.Options{Width: 256, Height: 256})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tensor.Shape, "picture at", fit.Placed)
	// Output: 1x3x256x256 picture at (0,32)-(256,224)
}

func ExampleMap_Regions() {
	fit, err := picture.FitSize(image.Pt(320, 320), picture.Options{Width: 32, Height: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	scores := make([]float32, 32*32)
	for x := 10; x < 14; x++ {
		scores[20*32+x] = 3
	}
	m, err := picture.NewMap(scores, fit)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range m.Regions(2, 1) {
		fmt.Println(r.Area, "canvas pixels, in the picture", fit.RegionToPicture(r).Box)
	}
	// Output: 4 canvas pixels, in the picture (100,200)-(140,210)
}
