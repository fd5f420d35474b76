package opengl

import (
	"fmt"
	"slices"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/glsl"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// way is one way to run an operation: which kernels, on which blocks.
type way struct {
	reads    Variant // from shared memory or buffer textures
	plain    bool    // an invocation for each texel of outputs
	winograd bool    // by F(4x4, 3x3)
	block    block   // of outputs in a group
	rows     int     // shared memory: positions an invocation computes
}

// String returns the name by which a way is remembered.
func (w way) String() string {
	by, of := "buffertexture", fmt.Sprintf("%dx%d", w.block.lanes, w.block.each)
	if w.reads == SharedMemory {
		by, of = "sharedmemory", fmt.Sprintf("%dx%d", 16*w.rows, 4*w.block.size())
	}
	switch {
	case w.plain:
		return "plain"
	case w.winograd:
		return "winograd by " + by + " " + of
	}
	return by + " " + of
}

// sharedTile is the default of the shared memory kernels: 64 positions x 64
// outputs.
var sharedTile = way{reads: SharedMemory, block: tile, rows: 4}

// sharedTiles are worth measuring: small ones give more groups where maps are
// small, large ones read less of either operand for each multiplication.
var sharedTiles = []way{
	sharedTile,
	{reads: SharedMemory, block: tile, rows: 2},
	{reads: SharedMemory, block: tile, rows: 8},
	{reads: SharedMemory, block: block{16, 2}, rows: 8},
}

// waysOf returns the ways to run op on a device of variant v, the default first.
func waysOf(op kernels.Op, in []device.Operand, out []tensor.Shape, v Variant) []way {
	plain := way{reads: v, plain: true}
	x, y := in[0].Shape, out[0]
	switch op := op.(type) {
	case kernels.Conv2D:
		if op.Groups > 1 || tooNarrow(x[1], y[1]) {
			return []way{plain}
		}
		fast := in[1].Constant && winogradApplies(op, x, y)
		if v == SharedMemory {
			ways := slices.Clone(sharedTiles)
			if fast {
				ways = append(ways, way{reads: v, winograd: true, block: tile, rows: 4})
			}
			ways = append(ways, way{reads: BufferTexture, block: convolutionBlock(op, x, y)})
			return withPlain(ways, plain, x, y)
		}
		ways := textureWays(convolutionBlock(op, x, y), block{16, 1}, block{16, 2})
		if fast {
			ways = append(ways, way{reads: v, winograd: true, block: blockOf(y[1])})
		}
		if last := len(ways) - 1; fast && winogradPays(x, y) {
			ways[0], ways[last] = ways[last], ways[0]
		}
		return withPlain(ways, plain, x, y)
	case kernels.Linear:
		if tooNarrow(x[1], y[1]) {
			return []way{plain}
		}
		if v == SharedMemory {
			return withPlain(append(slices.Clone(sharedTiles), way{reads: BufferTexture, block: blockOf(y[1])}), plain, x, y)
		}
		return withPlain(textureWays(blockOf(y[1]), block{8, 4}, block{16, 2}), plain, x, y)
	case kernels.LinearWeightGradient:
		dy := in[1].Shape
		if tooNarrow(x[1], dy[1]) {
			return []way{plain}
		}
		ways := []way{sharedTile, {reads: BufferTexture, block: blockOf(x[1])}}
		if v == BufferTexture {
			// Shared memory is far slower there.
			ways = ways[1:]
		}
		return ways
	}
	return []way{plain}
}

// textureWays are the buffer texture kernels on the first block and on others.
func textureWays(blocks ...block) []way {
	var all []way
	for _, b := range blocks {
		if w := (way{reads: BufferTexture, block: b}); !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// withPlain adds the plain kernels where the others' tiles are partly empty.
func withPlain(ways []way, plain way, x, y tensor.Shape) []way {
	if x[1] < 16 || y[1] < 64 {
		return append(ways, plain)
	}
	return ways
}

// ways checks the shapes.
func ways(op kernels.Op, in []device.Operand, v Variant) ([]way, error) {
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
	}
	out, err := op.Outputs(shapes...)
	if err != nil {
		return nil, err
	}
	return waysOf(op, in, out, v), nil
}

// Variants names the ways to run op; see device.Varied.
func (d *Device) Variants(op kernels.Op, in []device.Operand) []string {
	all, err := ways(op, in, d.variant)
	if err != nil {
		return nil
	}
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.String()
	}
	return names
}

// PrepareVariant builds the program of op by one of its ways; see device.Varied.
func (d *Device) PrepareVariant(op kernels.Op, in []device.Operand, variant string) (device.Program, error) {
	all, err := ways(op, in, d.variant)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(w way) bool { return w.String() == variant })
	if i < 0 {
		return nil, fmt.Errorf("opengl: %s has no variant %q here, but %q", op.Name(), variant, all)
	}
	return d.prepare(op, in, all[i])
}

// fits says whether everything that buffer textures are to show fits into them.
func (d *Device) fits(r *glsl.Recipe, w way) error {
	if w.reads != BufferTexture || d.variant == BufferTexture {
		return nil // of the latter, Alloc gives out no larger ones
	}
	layouts := slices.Clone(r.Inputs)
	for _, s := range r.Scratch {
		layouts = append(layouts, device.Layout{Shape: s})
	}
	for _, l := range layouts {
		s, err := arranged(l)
		if err != nil {
			return err
		}
		// A texel of a single channel is one value.
		if n := size(s); n > 4*d.texels || s[1] == 1 && n > d.texels {
			return fmt.Errorf("%v has more texels than the %d of a buffer texture", l.Shape, d.texels)
		}
	}
	return nil
}

// recipes is to be raised whenever recipes change otherwise than by a shader.
const recipes = "1"

// Revision names the state of the shaders and recipes; see device.Varied.
func (d *Device) Revision() string { return recipes + "-" + glsl.Revision() }

var _ device.Varied = (*Device)(nil)
