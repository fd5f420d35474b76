package backbone_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/kernels/graph"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// shared is the folder of outside weights, beside the repository.
var shared = filepath.Join("..", "..", "..", "shared", "weights")

// devices opens what the golden vectors are checked on, with the largest
// relative L2 error allowed.
func devices(t *testing.T) map[string]struct {
	device.Device
	tolerance float64
} {
	t.Helper()
	open := func(d device.Device, err error) device.Device {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	reference, err := cpu.Open(cpu.Options{Reference: true})
	fast, err2 := cpu.Open(cpu.Options{})
	gl, err3 := opengl.Open(opengl.Options{})
	drawing, err4 := opengl.OpenFragment(t.Context(), opengl.FragmentOptions{})
	return map[string]struct {
		device.Device
		tolerance float64
	}{
		"reference": {open(reference, err), 1e-5},
		"cpu":       {open(fast, err2), 1e-4},
		"opengl":    {open(gl, err3), 1e-5},
		"fragment":  {open(drawing, err4), 1e-4},
	}
}

// TestGolden holds the taps to PyTorch's on both sizes of the golden files.
func TestGolden(t *testing.T) {
	open := devices(t)
	for _, network := range []string{"compact", "resnet18"} {
		weights, golden := load(t, network)
		n, err := backbone.Named(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Check(weights); err != nil {
			t.Fatal(err)
		}
		for _, size := range []string{"64x64", "96x64"} {
			x := plane(t, golden, "input_"+size)
			for name, dev := range open {
				t.Run(fmt.Sprintf("%s/%s/%s", network, size, name), func(t *testing.T) {
					taps := run(t, n, weights, dev, x)
					for i, tap := range n.Taps {
						want := plane(t, golden, tap.Name+"_"+size)
						e := relative(taps[i], want)
						t.Logf("%s: relative L2 %.2e", tap.Name, e)
						if !(e <= dev.tolerance) {
							t.Errorf("%s: relative L2 error %.2e, want at most %.0e", tap.Name, e, dev.tolerance)
						}
					}
				})
			}
		}
	}
}

func run(t *testing.T, n backbone.Network, w backbone.Weights, dev device.Device, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	g := graph.New()
	values := n.Build(g, g.Input("picture", x.Shape), w)
	var taps []*tensor.Tensor
	for i, v := range values {
		g.Output(n.Taps[i].Name, v)
		taps = append(taps, tensor.New(g.Shape(v)))
	}
	ctx := context.Background()
	plan, err := g.Compile(ctx, dev, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if err := plan.Write("picture", x); err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(); err != nil {
		t.Fatal(err)
	}
	for i, tap := range taps {
		if err := plan.Read(ctx, n.Taps[i].Name, tap); err != nil {
			t.Fatal(err)
		}
	}
	return taps
}

func load(t *testing.T, network string) (backbone.Weights, *tensor.File) {
	t.Helper()
	if network == "compact" {
		w, err := sdk.EmbeddedWeights(network)
		if err != nil {
			t.Fatal(err)
		}
		return w, parse(t, assets.CompactGolden())
	}
	w, _, err := sdk.ReadTensors(filepath.Join(shared, network+"_l3.safetensors"))
	if err != nil {
		t.Skipf("outside weights are not here: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(shared, network+"_l3_golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return w, parse(t, b)
}

func parse(t *testing.T, b []byte) *tensor.File {
	t.Helper()
	f, err := tensor.Read(bytes.NewReader(b), tensor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// plane returns a golden array of C, H, W as (1, C, H, W).
func plane(t *testing.T, f *tensor.File, name string) *tensor.Tensor {
	t.Helper()
	values, dims, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return tensor.From(tensor.Shape{1, dims[0], dims[1], dims[2]}, values)
}

func relative(got, want *tensor.Tensor) float64 {
	var difference, norm float64
	for i, w := range want.Data {
		d := float64(got.Data[i]) - float64(w)
		difference += d * d
		norm += float64(w) * float64(w)
	}
	return math.Sqrt(difference / norm)
}

// TestCheck: random weights pass, and the report names all that is wrong.
func TestCheck(t *testing.T) {
	for _, name := range backbone.Names() {
		n, err := backbone.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		w := n.Random(1)
		if err := n.Check(w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w["surprise"] = tensor.New(tensor.Scalar)
		for first := range w {
			if strings.HasSuffix(first, ".weight") {
				w[first] = tensor.New(tensor.Shape{7, 7, 7, 7})
				break
			}
		}
		for first := range w {
			if strings.HasSuffix(first, ".bias") {
				delete(w, first)
				break
			}
		}
		err = n.Check(w)
		for _, part := range []string{"missing (1)", "wrong shape (1)", "unexpected (1): surprise"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the report %v lacks %q", name, err, part)
			}
		}
	}
}

// TestBatchNorm: unfolded statistics give the same taps as folded weights.
func TestBatchNorm(t *testing.T) {
	n, err := backbone.Named("resnet18")
	if err != nil {
		t.Fatal(err)
	}
	folded := n.Random(3)
	unfolded := backbone.Weights{"fc.weight": tensor.New(tensor.Shape{10, 512, 1, 1})}
	for name, w := range folded {
		conv, isBias := strings.CutSuffix(name, ".bias")
		if !isBias {
			continue // comes with its bias
		}
		norm := strings.Replace(strings.Replace(conv, "conv", "bn", 1), "downsample.0", "downsample.1", 1)
		mean, variance, gamma, beta := w.Clone(), w.Clone(), w.Clone(), w.Clone()
		weights := folded[conv+".weight"].Clone()
		per := len(weights.Data) / len(w.Data)
		for c := range w.Data {
			m, v, g, b := 0.1*float64(c%7), 0.5+0.1*float64(c%5), 1.2-0.1*float64(c%3), 0.3-0.1*float64(c%4)
			mean.Data[c], variance.Data[c], gamma.Data[c], beta.Data[c] = float32(m), float32(v), float32(g), float32(b)
			k := float64(gamma.Data[c]) / math.Sqrt(float64(variance.Data[c])+1e-5)
			for i := c * per; i < (c+1)*per; i++ {
				weights.Data[i] *= float32(k)
			}
			w.Data[c] = float32(float64(beta.Data[c]) - float64(mean.Data[c])*k)
		}
		unfolded[conv+".weight"] = folded[conv+".weight"]
		folded[conv+".weight"] = weights
		for part, values := range map[string]*tensor.Tensor{".weight": gamma, ".bias": beta, ".running_mean": mean, ".running_var": variance} {
			unfolded[norm+part] = values
		}
	}
	if err := n.Check(unfolded); err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	x := tensor.New(tensor.Shape{1, 3, 64, 64})
	for i := range x.Data {
		x.Data[i] = float32(math.Sin(float64(i) * 0.37))
	}
	want := run(t, n, folded, dev, x)
	for i, got := range run(t, n, unfolded, dev, x) {
		if e := relative(got, want[i]); !(e < 1e-5) {
			t.Errorf("%s: relative L2 error %.2e", n.Taps[i].Name, e)
		}
	}
}
