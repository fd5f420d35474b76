package cpu

import (
	"fmt"
	"slices"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// The ways to run convolutions and linear maps. Those of a product differ in how
// the work is cut, which changes no bit of the results; so do those of Winograd's
// algorithm. From one algorithm to the other they differ by rounding.
const (
	productRule    = "product"                 // groups of positions by the rule of product.plan
	productSmall   = "product in small groups" // of a tile
	productLarge   = "product in large groups" // as large as they can be
	winogradChunks = "winograd in chunks"      // each worker takes some tiles through all steps
	winogradSteps  = "winograd in steps"       // all workers do each step for all tiles
	depthwise      = "depthwise"
)

// revision is to be raised whenever the speed of kernels changes.
const revision = "1"

// Revision names the state of the kernels; see device.Varied.
func (d *Device) Revision() string { return revision }

// Variants names the ways to run op; see device.Varied.
func (d *Device) Variants(op kernels.Op, in []device.Operand) []string {
	shapes := make([]tensor.Shape, len(in))
	for i, o := range in {
		shapes[i] = o.Shape
	}
	outputs, err := op.Outputs(shapes...)
	if err != nil || d.options.Reference {
		return nil
	}
	switch op := op.(type) {
	case kernels.Conv2D:
		x, y := shapes[0], outputs[0]
		algorithms := convVariants(op, x, y)
		i := slices.Index(algorithms, productRule)
		if i < 0 {
			return algorithms
		}
		return slices.Replace(algorithms, i, i+1, d.productVariants(x[1]*op.Kernel*op.Kernel, y)...)
	case kernels.Linear:
		return d.productVariants(shapes[0][1], outputs[0])
	}
	return nil
}

// convVariants names the algorithms for a convolution, the default first.
func convVariants(op kernels.Conv2D, x, y tensor.Shape) []string {
	switch {
	case op.Groups > 1 && op.Groups == x[1] && op.Groups == y[1] && isBlocked(x) && op.Kernel*op.Kernel <= maxTaps:
		return []string{depthwise}
	case !winogradApplies(op, x, y):
		return []string{productRule}
	}
	ways := []string{winogradChunks, winogradSteps}
	if winogradWantsSteps(x, y) {
		slices.Reverse(ways)
	}
	if winogradPays(y) {
		return append(ways, productRule)
	}
	return append([]string{productRule}, ways...)
}

// productVariants names the ways to cut a product of that depth, the default
// first.
func (d *Device) productVariants(depth int, y tensor.Shape) []string {
	p := product{kernels: &d.kernels, workers: d.workers, depth: depth}
	p.shape(y)
	variants := []string{productRule}
	groups := []int{p.groupOf(productRule)}
	for _, v := range []string{productSmall, productLarge} {
		// Ways that cut the work alike are one.
		if g := p.groupOf(v); !slices.ContainsFunc(groups, func(other int) bool { return ceil(p.plane, other) == ceil(p.plane, g) }) {
			variants, groups = append(variants, v), append(groups, g)
		}
	}
	return variants
}

// PrepareVariant builds the program of op by one of its ways; see device.Varied.
func (d *Device) PrepareVariant(op kernels.Op, in []device.Operand, variant string) (device.Program, error) {
	if variants := d.Variants(op, in); !slices.Contains(variants, variant) {
		return nil, fmt.Errorf("cpu: %s has no variant %q here, but %q", op.Name(), variant, variants)
	}
	return d.prepare(op, in, variant)
}

var _ device.Varied = (*Device)(nil)
