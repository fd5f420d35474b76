package main

import (
	"context"
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
	"github.com/flawscope/flawscope/kernels/device/tune"
	"github.com/spf13/cobra"
)

// deviceNames are the devices there can be.
var deviceNames = [...]string{"cpu", "opengl", "fragment"}

// deviceFlags say where to compute, and how.
type deviceFlags struct {
	name   string
	noTune bool
}

func (f *deviceFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.name, "device", "auto", "where to compute: cpu, opengl, fragment, or auto (opengl on a hardware renderer, else cpu)")
	flags.BoolVar(&f.noTune, "no-tune", false, "take default kernels, neither measured nor remembered ones")
}

// open opens the device that the flags ask for.
func (f deviceFlags) open(ctx context.Context, c *console) (device.Device, error) {
	dev, err := chooseDevice(ctx, f.name)
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

// chooseDevice opens the device that --device names. OpenGL without compute shaders,
// as before 4.3, draws by fragment shaders instead.
func chooseDevice(ctx context.Context, name string) (device.Device, error) {
	switch name {
	case "opengl":
		return openGL(ctx)
	case "auto":
		gpu, err := openGL(ctx)
		if err == nil && !gpu.Info().Software {
			return gpu, nil
		}
		if err == nil {
			if err := gpu.Close(); err != nil {
				return nil, err
			}
		}
		return openDevice(ctx, "cpu")
	}
	return openDevice(ctx, name)
}

func openGL(ctx context.Context) (device.Device, error) {
	dev, err := openDevice(ctx, "opengl")
	if err == nil {
		return dev, nil
	}
	if dev, failed := openDevice(ctx, "fragment"); failed == nil {
		return dev, nil
	}
	return nil, err
}

// openDevice opens just the device of that name, which takes default kernels.
func openDevice(ctx context.Context, name string) (device.Device, error) {
	switch name {
	case "cpu":
		return cpu.Open(cpu.Options{})
	case "opengl":
		return opengl.Open(opengl.Options{})
	case "fragment":
		dev, err := opengl.OpenFragment(ctx, opengl.FragmentOptions{})
		if err == nil {
			return dev, nil
		}
		// Small boards have OpenGL ES 3.0 and no OpenGL 3.3.
		if dev, failed := opengl.OpenFragment(ctx, opengl.FragmentOptions{ES: true}); failed == nil {
			return dev, nil
		}
		return nil, err
	}
	return nil, usagef("--device %s: want auto, cpu, opengl or fragment", name)
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
