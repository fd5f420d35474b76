//go:build darwin || freebsd || linux

package main

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// openBLAS is Debian's libopenblas0-pthread.
type openBLAS struct {
	name  string
	sgemm func(order, transA, transB, m, n, k int32, alpha float32, a unsafe.Pointer, lda int32,
		b unsafe.Pointer, ldb int32, beta float32, c unsafe.Pointer, ldc int32)
}

func openOpenBLAS(threads int) (*openBLAS, error) {
	library, err := purego.Dlopen("libopenblas.so.0", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	b := &openBLAS{}
	var set func(int32)
	var get func() int32
	var config func() string
	purego.RegisterLibFunc(&set, library, "openblas_set_num_threads")
	purego.RegisterLibFunc(&get, library, "openblas_get_num_threads")
	purego.RegisterLibFunc(&config, library, "openblas_get_config")
	purego.RegisterLibFunc(&b.sgemm, library, "cblas_sgemm")
	set(int32(threads))
	if n := get(); int(n) != threads {
		return nil, fmt.Errorf("OpenBLAS takes %d threads, not %d", n, threads)
	}
	b.name = strings.Join(strings.Fields(config())[:2], " ")
	return b, nil
}

// linear computes y = w·x: w (O,I,1,1), x (1,I,1,P), y (1,O,1,P), all row-major.
func (b *openBLAS) linear(y, w, x *tensor.Tensor) {
	const rowMajor, plain = 101, 111
	o, i, p := int32(w.Shape[0]), int32(w.Shape[1]), int32(x.Shape[3])
	b.sgemm(rowMajor, plain, plain, o, p, i, 1, unsafe.Pointer(&w.Data[0]), i, unsafe.Pointer(&x.Data[0]), p, 0, unsafe.Pointer(&y.Data[0]), p)
	runtime.KeepAlive(w)
	runtime.KeepAlive(x)
	runtime.KeepAlive(y)
}
