package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/sdk"
)

// Bounds of soak.
const (
	soakWarm   = 200
	soakTotal  = 2000
	soakWindow = 100
	soakMost   = 1.02
)

// soak inspects pictures of real sizes, decoded from files in memory, and
// compares the process's resident memory after 2,000 with that after 200.
func soak(ctx context.Context, o options) error {
	debug.SetGCPercent(20) // as the program does
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
	var early memory
	var sum int64
	for n := 1; n <= soakTotal; n++ {
		if _, err := inspector.InspectBytes(ctx, pictures[n%len(pictures)]); err != nil {
			return err
		}
		kib, err := resident()
		if err != nil {
			return err
		}
		if sum += kib; n%soakWindow != 0 {
			continue
		}
		now := memory{mean: sum / soakWindow}
		sum = 0
		if n != soakWarm && n != soakTotal {
			fmt.Printf("%5d inspections: VmRSS %d KiB\n", n, now.mean)
			continue
		}
		debug.FreeOSMemory()
		if now.held, err = resident(); err != nil {
			return err
		}
		fmt.Printf("%5d inspections: VmRSS %d KiB, %d KiB after a collection\n", n, now.mean, now.held)
		if n == soakWarm {
			early = now
			continue
		}
		mean, held := float64(now.mean)/float64(early.mean), float64(now.held)/float64(early.held)
		fmt.Printf("ratio %.4f; after a collection %.4f, at most %.2f is wanted\n", mean, held, soakMost)
		if max(mean, held) > soakMost {
			return errors.New("memory grew")
		}
	}
	return nil
}

// memory is resident memory in KiB: the mean over the last soakWindow
// inspections, which wanders with the collector's timing, and what stays after a
// collection.
type memory struct{ mean, held int64 }

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
