package backbone

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels"
)

// block adds one residual block. width is the channels of its 3x3 convolutions.
type block func(a *assembler, name string, x kernels.Value, width, stride int) kernels.Value

// resnet describes torchvision's ResNets (He et al., CVPR 2016; stride in the 3x3
// convolution of bottlenecks) from the stem to layer3. timm uses the same names.
// width is layer1's.
func resnet(name string, add block, repeats [3]int, width int) Network {
	n := Network{Name: name, ignored: []string{"layer4.", "fc."}}
	for stage := range 3 {
		t := Tap{Name: fmt.Sprintf("layer%d", stage+1), Channels: 64 << stage, Stride: 4 << stage}
		if name != "resnet18" && name != "resnet34" {
			t.Channels *= bottleneckExpansion
		}
		n.Taps = append(n.Taps, t)
	}
	n.build = func(a *assembler, x kernels.Value) []kernels.Value {
		x = a.relu(a.conv("conv1", "bn1", x, 64, 7, 2))
		x = kernels.Apply1(a.b, kernels.Pool{Kind: kernels.MaxPool, Kernel: 3, Stride: 2, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1}, x)
		var taps []kernels.Value
		for stage, count := range repeats {
			for i := range count {
				stride := 1
				if i == 0 && stage > 0 {
					stride = 2
				}
				x = add(a, fmt.Sprintf("layer%d.%d", stage+1, i), x, width<<stage, stride)
			}
			taps = append(taps, x)
		}
		return taps
	}
	return n
}

// basicBlock is relu(shortcut(x) + conv2(relu(conv1(x)))).
func basicBlock(a *assembler, name string, x kernels.Value, width, stride int) kernels.Value {
	y := a.relu(a.conv(name+".conv1", name+".bn1", x, width, 3, stride))
	y = a.conv(name+".conv2", name+".bn2", y, width, 3, 1)
	return a.relu(a.add(y, a.shortcut(name, x, width, stride)))
}

// bottleneckExpansion is a bottleneck's output channels over its base width (64
// in layer1, whatever the width of its 3x3 convolution).
const bottleneckExpansion = 4

// bottleneckBlock is relu(shortcut(x) + conv3(relu(conv2(relu(conv1(x)))))).
func bottleneckBlock(a *assembler, name string, x kernels.Value, width, stride int) kernels.Value {
	out := a.b.Shape(x)[1]
	switch {
	case out == 64:
		out = 64 * bottleneckExpansion
	case stride == 2:
		out *= 2
	}
	y := a.relu(a.conv(name+".conv1", name+".bn1", x, width, 1, 1))
	y = a.relu(a.conv(name+".conv2", name+".bn2", y, width, 3, stride))
	y = a.conv(name+".conv3", name+".bn3", y, out, 1, 1)
	return a.relu(a.add(y, a.shortcut(name, x, out, stride)))
}

// shortcut is x itself or, where the block changes its shape, a 1x1 convolution.
func (a *assembler) shortcut(name string, x kernels.Value, out, stride int) kernels.Value {
	if stride == 1 && a.b.Shape(x)[1] == out {
		return x
	}
	return a.conv(name+".downsample.0", name+".downsample.1", x, out, 1, stride)
}
