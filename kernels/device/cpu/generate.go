package cpu

//go:generate go run ./avo -out kernels_amd64.s -stubs kernels_amd64.go -pkg cpu
