//go:build !amd64

package cpu

import "runtime"

func bestLevel() Level { return Plain }

func useAVX512(*kernelSet) {}

func useAVX2(*kernelSet) {}

func pause() { runtime.Gosched() }
