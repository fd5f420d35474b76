package kernels

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/tensor"
)

// Gather picks rows of a matrix: y[c,i] = x[c, index[i]].
// Inputs: x (1,C,1,R), index (1,1,1,n) holding whole numbers in 0..R-1 (float32
// is exact up to 2^24; others are clamped). Output: y (1,C,1,n).
type Gather struct{}

func (o Gather) Name() string { return "gather" }

func (o Gather) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 2); err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	if err := wantShape(o, "x", x, tensor.Rows(x[1], x[3])); err != nil {
		return nil, err
	}
	if err := wantShape(o, "index", index, tensor.Rows(1, index[3])); err != nil {
		return nil, err
	}
	return []tensor.Shape{tensor.Rows(x[1], index[3])}, nil
}

func (o Gather) Reference(out, in []*tensor.Tensor) {
	x, index, y := in[0], in[1], out[0]
	for i, at := range index.Data {
		row := min(max(int(at), 0), x.Shape[3]-1)
		for c := range x.Shape[1] {
			y.Set(0, c, 0, i, x.At(0, c, 0, row))
		}
	}
}

// Permutation gives part of a random order of 0..Rows-1: y[i] = π(start + i mod
// Rows), where π is a bijection chosen by the counter. It is an eight-round
// balanced Feistel network on 2h bits, h = max(1, ceil(log2(Rows)/2)), whose
// round r maps (L, R) to (R, L xor Threefry(key, (R, r))[0] mod 2^h), walked
// again while the result is not below Rows (Black and Rogaway 2002, "Ciphers
// with arbitrary finite domains"). Four rounds leave up to a third too many
// neighbours together among a thousand rows; with eight no bias is measured.
//
// Inputs: counter (1,1,1,4), see Counter; start (1,1,1,1), a whole number.
// Output: y (1,1,1,Count). Rows is at most 2^24.
type Permutation struct{ Rows, Count int }

func (o Permutation) Name() string { return "permutation" }

func (o Permutation) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 2); err != nil {
		return nil, err
	}
	if o.Rows < 1 || o.Rows > 1<<24 || o.Count < 1 {
		return nil, fmt.Errorf("permutation: %d of %d rows", o.Count, o.Rows)
	}
	if err := wantShape(o, "counter", in[0], counterShape); err != nil {
		return nil, err
	}
	return []tensor.Shape{tensor.Rows(1, o.Count)}, wantShape(o, "start", in[1], tensor.Scalar)
}

// HalfBits returns h, half the number of bits the Feistel network works on.
func (o Permutation) HalfBits() int {
	h := 1
	for 1<<(2*h) < o.Rows {
		h++
	}
	return h
}

func (o Permutation) Reference(out, in []*tensor.Tensor) {
	key := counterKey(in[0].Data)
	start := uint32(in[1].Data[0])
	h := o.HalfBits()
	mask := uint32(1)<<h - 1
	for i := range o.Count {
		v := (start + uint32(i)) % uint32(o.Rows)
		for again := true; again; again = v >= uint32(o.Rows) {
			l, r := v>>h, v&mask
			for round := range uint32(8) {
				word, _ := Threefry(key[0], key[1], r, round)
				l, r = r, l^word&mask
			}
			v = l<<h | r
		}
		out[0].Data[i] = float32(v)
	}
}
