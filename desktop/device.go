package main

import (
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/kernels/device/tune"
	"github.com/spf13/cobra"
)

// deviceNames are the devices there can be.
var deviceNames = [...]string{"cpu", "opengl"}

// deviceFlags say where to compute, and how.
type deviceFlags struct {
	name   string
	noTune bool
}

func (f *deviceFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.name, "device", "auto", "where to compute: cpu, opengl, or auto (opengl on a hardware renderer, else cpu)")
	flags.BoolVar(&f.noTune, "no-tune", false, "take default kernels, neither measured nor remembered ones")
}

// open opens the device that the flags ask for.
func (f deviceFlags) open(c *console) (device.Device, error) {
	dev, err := openDevice(f.name)
	varied, ok := dev.(device.Varied)
	if err != nil || !ok || f.noTune {
		return dev, err
	}
	said := false
	return tune.New(varied, tune.Options{Store: tune.UserCache(), Measured: func(tune.Entry) {
		if !said {
			fmt.Fprintln(c.err, "first use here: measuring which kernels are fastest (remembered; --no-tune does without)")
			said = true
		}
	}}), nil
}

// openDevice opens the device of that name, which takes default kernels.
func openDevice(name string) (device.Device, error) {
	switch name {
	case "cpu":
		return cpu.Open(cpu.Options{})
	case "opengl":
		return opengl.Open(opengl.Options{})
	case "auto":
		gpu, err := opengl.Open(opengl.Options{})
		if err == nil && !gpu.Info().Software {
			return gpu, nil
		}
		if err == nil {
			if err := gpu.Close(); err != nil {
				return nil, err
			}
		}
		return cpu.Open(cpu.Options{})
	}
	return nil, usagef("--device %s: want auto, cpu or opengl", name)
}

// forLearning returns dev as learning uses it. On the cpu the same seed gives the
// same detector to the last bit, so nothing there may depend on a clock.
func forLearning(dev device.Device) device.Device {
	if t, ok := dev.(*tune.Device); ok && t.Info().Name == "cpu" {
		return t.Untuned()
	}
	return dev
}

// describe names a device in a line.
func describe(i device.Info) string {
	s := i.Name + ": " + i.Renderer + ", " + i.Detail
	if i.Software {
		s += " (software)"
	}
	return s
}
