package main

import (
	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/cpu"
	"github.com/flawscope/flawscope/kernels/device/opengl"
)

// deviceHelp describes the flag --device.
const deviceHelp = "where to compute: cpu, opengl, or auto (opengl on a hardware renderer, else cpu)"

// openDevice opens the device of that name.
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

// describe names a device in a line.
func describe(i device.Info) string {
	s := i.Name + ": " + i.Renderer + ", " + i.Detail
	if i.Software {
		s += " (software)"
	}
	return s
}
