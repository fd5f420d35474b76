package backbone

import (
	"fmt"
	"math"
	"strings"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// assembler adds layers to a graph, taking their weights by name, and keeps what
// it found wrong.
type assembler struct {
	b       kernels.Builder
	weights Weights
	used    map[string]bool
	random  bool // make what is missing
	seed    uint32

	missing, misshapen, unexpected []string
}

// Batch norm's epsilon in torchvision's ResNets.
const batchNormEpsilon = 1e-5

// conv adds a convolution without activation. Its batch norm is norm's tensors,
// or was folded into name's weights already, which then have a bias.
func (a *assembler) conv(name, norm string, x kernels.Value, out, kernel, stride int) kernels.Value {
	op := kernels.Conv(kernel, stride, kernels.Identity)
	w := a.take(name+".weight", tensor.Shape{out, a.b.Shape(x)[1], kernel, kernel})
	if _, normed := a.weights[norm+".weight"]; !normed {
		return kernels.Apply1(a.b, op, x, w, a.take(name+".bias", tensor.Vector(out)))
	}
	op.Bias = false
	in := []kernels.Value{kernels.Apply1(a.b, op, x, w)}
	for _, part := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		in = append(in, a.take(norm+part, tensor.Vector(out)))
	}
	return kernels.Apply1(a.b, kernels.BatchNormInference{Epsilon: batchNormEpsilon}, in...)
}

func (a *assembler) relu(x kernels.Value) kernels.Value {
	return kernels.Apply1(a.b, kernels.Activate{Activation: kernels.ReLU}, x)
}

func (a *assembler) add(x, y kernels.Value) kernels.Value {
	return kernels.Apply1(a.b, kernels.Add{}, x, y)
}

func (a *assembler) take(name string, s tensor.Shape) kernels.Value {
	t := a.weights[name]
	if t == nil && a.random {
		t = a.draw(s)
		a.weights[name] = t
	}
	a.used[name] = true
	switch {
	case t == nil:
		a.missing = append(a.missing, name)
	case t.Shape != s:
		a.misshapen = append(a.misshapen, fmt.Sprintf("%s is %v, want %v", name, t.Shape, s))
	default:
		return a.b.Constant(t)
	}
	return a.b.Constant(tensor.New(s))
}

// draw makes He-normal weights; vectors are biases and stay zero.
func (a *assembler) draw(s tensor.Shape) *tensor.Tensor {
	t := tensor.New(s)
	if s[0] > 1 {
		std := math.Sqrt(2 / float64(s[1]*s[2]*s[3]))
		counter := tensor.From(tensor.Rows(1, 4), kernels.Counter(a.seed, uint32(len(a.weights))))
		kernels.Noise{To: s, Std: float32(std)}.Reference([]*tensor.Tensor{t}, []*tensor.Tensor{counter})
	}
	return t
}

func (a *assembler) report(network string) error {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"missing", a.missing}, {"wrong shape", a.misshapen}, {"unexpected", a.unexpected}} {
		if len(p.names) > 0 {
			parts = append(parts, fmt.Sprintf("%s (%d): %s", p.what, len(p.names), abbreviate(p.names)))
		}
	}
	if parts == nil {
		return nil
	}
	return fmt.Errorf("backbone: the weights are not those of %s: %s", network, strings.Join(parts, "; "))
}

func abbreviate(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
