package cpu

import "github.com/klauspost/cpuid/v2"

// bestLevel returns the fastest level of this processor.
func bestLevel() Level {
	switch {
	case cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX2, cpuid.FMA3):
		return AVX512
	case cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3):
		return AVX2
	}
	return Plain
}

func useAVX512(k *kernelSet) {
	k.gemm = [maxPanel + 1][maxTile + 1]kernel{
		{},
		{nil, gemmAVX512_1x1, gemmAVX512_2x1, gemmAVX512_3x1, gemmAVX512_4x1, gemmAVX512_5x1, gemmAVX512_6x1, gemmAVX512_7x1, gemmAVX512_8x1, gemmAVX512_9x1, gemmAVX512_10x1, gemmAVX512_11x1, gemmAVX512_12x1, gemmAVX512_13x1, gemmAVX512_14x1},
		{nil, gemmAVX512_1x2, gemmAVX512_2x2, gemmAVX512_3x2, gemmAVX512_4x2, gemmAVX512_5x2, gemmAVX512_6x2, gemmAVX512_7x2, gemmAVX512_8x2, gemmAVX512_9x2, gemmAVX512_10x2, gemmAVX512_11x2, gemmAVX512_12x2, gemmAVX512_13x2, gemmAVX512_14x2},
		{nil, gemmAVX512_1x3, gemmAVX512_2x3, gemmAVX512_3x3, gemmAVX512_4x3, gemmAVX512_5x3, gemmAVX512_6x3, gemmAVX512_7x3, gemmAVX512_8x3, gemmAVX512_9x3},
	}
	k.positions = [maxPanel + 1]int{0, 14, 14, 9}
	k.outer = [maxPanel + 1][maxTile + 1]kernel{
		{},
		{nil, outerAVX512_1x1, outerAVX512_2x1, outerAVX512_3x1, outerAVX512_4x1, outerAVX512_5x1, outerAVX512_6x1, outerAVX512_7x1, outerAVX512_8x1},
		{nil, outerAVX512_1x2, outerAVX512_2x2, outerAVX512_3x2, outerAVX512_4x2, outerAVX512_5x2, outerAVX512_6x2, outerAVX512_7x2, outerAVX512_8x2},
		{nil, outerAVX512_1x3, outerAVX512_2x3, outerAVX512_3x3, outerAVX512_4x3, outerAVX512_5x3, outerAVX512_6x3, outerAVX512_7x3, outerAVX512_8x3},
	}
	k.values = [maxPanel + 1]int{0, 8, 8, 8}
	k.winogradInput, k.winogradOutput, k.pack = winogradInputAVX512, winogradOutputAVX512, packAVX512
	k.add, k.multiply, k.leaky, k.scale, k.sigmoid, k.silu = addAVX512, multiplyAVX512, leakyAVX512, scaleAVX512, sigmoidAVX512, siluAVX512
	k.moments, k.blend, k.rectifierGradient = momentsAVX512, blendAVX512, rectifierGradientAVX512
	k.maxWindow, k.sumWindow, k.depthwise = maxWindowAVX512, sumWindowAVX512, depthwiseAVX512
	k.lerp, k.adam, k.noise = lerpAVX512, adamAVX512, noiseAVX512
}

func useAVX2(k *kernelSet) {
	k.gemm = [maxPanel + 1][maxTile + 1]kernel{
		{},
		{nil, gemmAVX2_1x1, gemmAVX2_2x1, gemmAVX2_3x1, gemmAVX2_4x1, gemmAVX2_5x1, gemmAVX2_6x1},
	}
	k.positions = [maxPanel + 1]int{0, 6}
	k.outer = [maxPanel + 1][maxTile + 1]kernel{
		{},
		{nil, outerAVX2_1x1, outerAVX2_2x1, outerAVX2_3x1, outerAVX2_4x1, outerAVX2_5x1, outerAVX2_6x1},
	}
	k.values = [maxPanel + 1]int{0, 6}
	k.winogradInput, k.winogradOutput, k.pack = winogradInputAVX2, winogradOutputAVX2, packAVX2
	k.add, k.multiply, k.leaky, k.scale, k.sigmoid, k.silu = addAVX2, multiplyAVX2, leakyAVX2, scaleAVX2, sigmoidAVX2, siluAVX2
	k.moments, k.blend, k.rectifierGradient = momentsAVX2, blendAVX2, rectifierGradientAVX2
	k.maxWindow, k.sumWindow, k.depthwise = maxWindowAVX2, sumWindowAVX2, depthwiseAVX2
	k.lerp, k.adam, k.noise = lerpAVX2, adamAVX2, noiseAVX2
}
