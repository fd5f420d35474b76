package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"strconv"
	"strings"

	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/sdk"
)

// Bounds of soak.
const (
	soakWarm  = 200
	soakTotal = 2000
	soakMost  = 1.02
)

// soak inspects pictures of real sizes, decoded from files in memory, and
// compares the process's resident memory after 2,000 with that after 200.
func soak(ctx context.Context, o options) error {
	dev, err := cpu.Open(cpu.Options{Workers: o.workers})
	if err != nil {
		return err
	}
	defer dev.Close()
	weights, err := sdk.EmbeddedWeights("compact")
	if err != nil {
		return err
	}
	d, _, err := randomDetector("compact", weights, 256)
	if err != nil {
		return err
	}
	inspector, err := d.On(dev)
	if err != nil {
		return err
	}
	defer inspector.Close()
	var pictures [][]byte
	for _, size := range [][2]int{{1024, 1024}, {640, 480}, {300, 400}, {1280, 960}, {256, 256}} {
		var b bytes.Buffer
		if err := png.Encode(&b, gradient(size[0], size[1])); err != nil {
			return err
		}
		pictures = append(pictures, b.Bytes())
	}
	var early int64
	for n := range soakTotal {
		if _, err := inspector.InspectBytes(ctx, pictures[n%len(pictures)]); err != nil {
			return err
		}
		if n+1 != soakWarm && (n+1)%(soakTotal/10) != 0 {
			continue
		}
		kib, err := resident()
		if err != nil {
			return err
		}
		fmt.Printf("%5d inspections: VmRSS %d KiB\n", n+1, kib)
		switch n + 1 {
		case soakWarm:
			early = kib
		case soakTotal:
			ratio := float64(kib) / float64(early)
			fmt.Printf("ratio %.4f, at most %.2f is wanted\n", ratio, soakMost)
			if ratio > soakMost {
				return errors.New("memory grew")
			}
		}
	}
	return nil
}

// resident is this process's VmRSS in KiB, as Linux tells it.
func resident() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseInt(strings.Fields(value)[0], 10, 64)
		}
	}
	return 0, errors.New("/proc/self/status has no VmRSS")
}
