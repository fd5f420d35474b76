package backbone

import "github.com/flawscope/flawscope/kernels"

// compact describes Compact, the backbone that ships with the program (see
// assets/compact/README.md): 1.2 million weights that imitate ResNet-18's layer2
// and layer3. The taps are side branches.
func compact() Network {
	return Network{
		Name: "compact",
		Taps: []Tap{{Name: "layer2", Channels: 128, Stride: 8}, {Name: "layer3", Channels: 256, Stride: 16}},
		build: func(a *assembler, x kernels.Value) []kernels.Value {
			conv := func(name string, x kernels.Value, out, kernel, stride int) kernels.Value {
				return a.relu(a.conv(name, "", x, out, kernel, stride))
			}
			residual := func(name string, x kernels.Value, channels int) kernels.Value {
				y := a.conv(name+".conv2", "", conv(name+".conv1", x, channels, 3, 1), channels, 3, 1)
				return a.relu(a.add(y, x))
			}
			x = conv("stem", x, 32, 5, 2)
			x = residual("stage4.0", conv("reduce4", x, 48, 3, 2), 48)
			x = residual("stage8.0", conv("reduce8", x, 96, 3, 2), 96)
			fine := conv("tap2", x, 128, 1, 1)
			x = residual("stage16.0", conv("reduce16", x, 192, 3, 2), 192)
			return []kernels.Value{fine, conv("tap3", x, 256, 1, 1)}
		},
	}
}
