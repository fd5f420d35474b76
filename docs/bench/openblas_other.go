//go:build !darwin && !freebsd && !linux

package main

import (
	"errors"

	"github.com/flawscope/flawscope/kernels/tensor"
)

type openBLAS struct{ name string }

func openOpenBLAS(threads int) (*openBLAS, error) {
	return nil, errors.New("OpenBLAS is not looked for on this system")
}

func (b *openBLAS) linear(y, w, x *tensor.Tensor) {}
