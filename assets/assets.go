// Package assets carries the files that are built into the program: the weights
// of the default backbone with their golden vectors, and a small generated set
// of sample pictures. It is data only. A program that does not ask for one of
// them does not carry it.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed compact/compact18.safetensors
var compact string

//go:embed compact/compact18_golden.safetensors
var compactGolden string

// Compact returns the weights of the default backbone as a safetensors file:
// fp16, tensors NAME.weight (output, input, height, width) and NAME.bias. See
// compact/README.md for the network and for how the weights were made. The
// bytes are the caller's own copy.
func Compact() []byte { return []byte(compact) }

// CompactGolden returns PyTorch's inputs and outputs for Compact as a
// safetensors file: input_HxW (normalised), layer2_HxW and layer3_HxW (after
// the ReLU), each C, H, W in float32, for HxW 64x64 and 96x64. The bytes are
// the caller's own copy.
func CompactGolden() []byte { return []byte(compactGolden) }

//go:embed sample/brushed sample/fabric sample/gasket
var samples embed.FS

// Samples returns the generated sample pictures: the folders brushed, fabric
// and gasket, each in MVTec AD's layout (train/good, test/<kind>,
// ground_truth/<kind>) with 30 good pictures to learn from, 10 good and 12
// defective ones to judge, 256x256 PNG. See sample/README.md.
func Samples() fs.FS {
	sub, err := fs.Sub(samples, "sample")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}
