// Command avo writes the assembly of package cpu. Run it by go generate there.
package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one width of vectors. A block of 16 channels is blockVectors of them.
type isa struct {
	suffix       string
	bytes        int
	blockVectors int
	vectors      []reg.VecPhysical
}

var (
	avx512 = isa{"AVX512", 64, 1, []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}}
	avx2 = isa{"AVX2", 32, 2, []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}}
)

// at is the memory operand disp(base).
func at(base reg.GPPhysical, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// function starts an assembly function of one pointer to a struct of package
// cpu. It is declared *byte because avo cannot read the types of a package that
// does not compile without its output.
func function(name, args string) reg.GPPhysical {
	build.TEXT(name, build.NOSPLIT, "func(a *byte)")
	build.Doc(name + " takes a *" + args + ".")
	build.Pragma("noescape")
	build.Load(build.Param("a"), reg.RDI)
	return reg.RDI
}

func finish() {
	build.VZEROUPPER()
	build.RET()
}

// constant broadcasts a float32 constant.
func constant(value float32, to reg.VecPhysical) {
	build.VBROADCASTSS(word(math.Float32bits(value)), to)
}

var words = map[uint32]operand.Mem{}

// word is four bytes of constant data. They are written as an integer because
// avo prints whole floats without a point, which the assembler takes for one.
func word(bits uint32) operand.Mem {
	m, ok := words[bits]
	if !ok {
		m = build.ConstData(fmt.Sprintf("word%08x", bits), operand.U32(bits))
		words[bits] = m
	}
	return m
}

func zero(i isa, v reg.VecPhysical) {
	if i.bytes == 64 {
		build.VPXORD(v, v, v)
		return
	}
	build.VXORPS(v, v, v)
}

func main() {
	build.ConstraintExpr("amd64")
	for p := 1; p <= 14; p++ {
		gemm(avx512, p, 1)
		gemm(avx512, p, 2)
	}
	for p := 1; p <= 9; p++ {
		gemm(avx512, p, 3)
	}
	for p := 1; p <= 6; p++ {
		gemm(avx2, p, 1)
	}
	for p := 1; p <= 8; p++ {
		outer(avx512, p, 1)
		outer(avx512, p, 2)
		outer(avx512, p, 3)
	}
	for p := 1; p <= 6; p++ {
		outer(avx2, p, 1)
	}
	for _, i := range []isa{avx512, avx2} {
		winogradInput(i)
		winogradOutput(i)
		pack(i)
		elementwise(i)
		window(i, "maxWindow", windowMax)
		window(i, "sumWindow", windowSum)
		window(i, "depthwise", windowDepthwise)
		lerp(i)
		learning(i)
		noise(i)
	}
	pause()
	build.Generate()
}
