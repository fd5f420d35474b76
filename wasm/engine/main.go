package main

import (
	"bytes"
	"context"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/fragment"
	"github.com/flawscope/flawscope/kernels/device/plain"
	"github.com/flawscope/flawscope/kernels/device/webgl"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/train"
)

func main() {
	d, err := sdk.Load(bytes.NewReader(nil))
	println(err)
	var dev device.Device = plain.Open(plain.Options{})
	gl, err := webgl.OpenOffscreen()
	dev, err = fragment.Open(context.Background(), gl, fragment.Options{})
	d, err = train.Fit(context.Background(), dev, train.Options{}, nil, nil)
	i, err := d.On(dev)
	r, err := i.InspectBytes(context.Background(), nil)
	println(r.Score)
	var b bytes.Buffer
	d.Write(&b)
}
