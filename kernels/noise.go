package kernels

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/flawscope/flawscope/kernels/tensor"
)

var counterShape = tensor.Rows(1, 4)

// Counter packs a seed and a step number into the run-time input of the random
// operations: four whole numbers below 2^16, low half first, so that float32
// carries them exactly.
func Counter(seed, step uint32) []float32 {
	return []float32{float32(seed & 0xffff), float32(seed >> 16), float32(step & 0xffff), float32(step >> 16)}
}

func counterKey(c []float32) [2]uint32 {
	return [2]uint32{uint32(c[0]) | uint32(c[1])<<16, uint32(c[2]) | uint32(c[3])<<16}
}

// Noise draws independent normal values of mean 0 and the given standard
// deviation. Value e in N, C, H, W order is
//
//	Std · sqrt(−2 ln u) · cos(2π v),   (a, b) = Threefry(seed, step, e, 0),
//	u = (a>>8 + 1)/2^24 in (0, 1],  v = (b>>8)/2^24 in [0, 1)
//
// (Box and Muller 1958). The integers are the same on every device, the normals
// agree within 1e-5: devices compute ln by u = m·2^k with m in [√½, √2) and the
// odd series in (m−1)/(m+1), cos after an exact reduction to an eighth of a turn.
//
// Input: counter (1,1,1,4), see Counter. Output: shape To.
type Noise struct {
	To  tensor.Shape
	Std float32
}

func (o Noise) Name() string { return "noise" }

func (o Noise) Outputs(in ...tensor.Shape) ([]tensor.Shape, error) {
	if err := wantInputs(o, in, 1); err != nil {
		return nil, err
	}
	if o.To.Len() == 0 {
		return nil, fmt.Errorf("noise: of the empty shape %v", o.To)
	}
	return []tensor.Shape{o.To}, wantShape(o, "counter", in[0], counterShape)
}

func (o Noise) Reference(out, in []*tensor.Tensor) {
	key := counterKey(in[0].Data)
	for e := range out[0].Data {
		a, b := Threefry(key[0], key[1], uint32(e), 0)
		u, v := float64(a>>8+1)/(1<<24), float64(b>>8)/(1<<24)
		out[0].Data[e] = float32(float64(o.Std) * math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v))
	}
}

// Threefry is the counter-based generator Threefry-2x32 with 20 rounds (Salmon,
// Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): two
// random words from a key and a counter.
func Threefry(key0, key1, counter0, counter1 uint32) (uint32, uint32) {
	keys := [3]uint32{key0, key1, 0x1BD11BDA ^ key0 ^ key1}
	x0, x1 := counter0+key0, counter1+key1
	rotations := [2][4]int{{13, 15, 26, 6}, {17, 29, 16, 24}}
	for block := range 5 {
		for _, r := range rotations[block%2] {
			x0 += x1
			x1 = bits.RotateLeft32(x1, r) ^ x0
		}
		x0 += keys[(block+1)%3]
		x1 += keys[(block+2)%3] + uint32(block+1)
	}
	return x0, x1
}
