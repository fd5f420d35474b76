package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flawscope/flawscope/docs/bench/contest"
	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// debianPython has Debian's python3-torch, whatever other Python is installed.
const debianPython = "/usr/bin/python3"

// onnxRuntime is npm's onnxruntime-node in a process of its own.
type onnxRuntime struct {
	folder  string // of peers
	scripts string // docs/bench
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// ortAnswer is what onnxruntime.cjs says.
type ortAnswer struct {
	Version string    `json:"version"`
	MS      []float64 `json:"ms"`
	Error   string    `json:"error"`
}

func openONNXRuntime(ctx context.Context, folder, scripts string, threads int) (*onnxRuntime, error) {
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "onnxruntime-node")); err != nil {
		return nil, fmt.Errorf("onnxruntime-node is not there: %w", err)
	}
	o := &onnxRuntime{folder: folder, scripts: scripts}
	o.command = exec.CommandContext(ctx, "node", filepath.Join(scripts, "onnxruntime.cjs"), folder, strconv.Itoa(threads))
	o.command.Stderr = os.Stderr
	var err error
	if o.in, err = o.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := o.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.out = bufio.NewScanner(out)
	return o, o.command.Start()
}

func (o *onnxRuntime) close() {
	o.in.Close()
	o.command.Wait()
}

func (o *onnxRuntime) ask(request map[string]any) (ortAnswer, error) {
	var answer ortAnswer
	line, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return answer, err
	}
	if !o.out.Scan() {
		return answer, errors.Join(errors.New("onnxruntime's process ended"), o.out.Err())
	}
	if err := json.Unmarshal(o.out.Bytes(), &answer); err != nil {
		return answer, fmt.Errorf("onnxruntime: %q: %w", o.out.Text(), err)
	}
	if answer.Error != "" {
		return answer, fmt.Errorf("onnxruntime: %s", answer.Error)
	}
	return answer, nil
}

// network exports a backbone up to layer3 with these weights, runs it on x and
// returns its output, its contender and its name.
func (o *onnxRuntime) network(name string, w backbone.Weights, x *tensor.Tensor, out tensor.Shape) (*tensor.Tensor, contest.Contender, string, error) {
	path := func(end string) string { return filepath.Join(o.folder, name+end) }
	f := &tensor.File{}
	for key, t := range w {
		if err := f.Store(key, tensor.F32, t); err != nil {
			return nil, nil, "", err
		}
	}
	var b bytes.Buffer
	if err := tensor.Write(&b, f); err != nil {
		return nil, nil, "", err
	}
	if err := os.WriteFile(path(".safetensors"), b.Bytes(), 0o644); err != nil {
		return nil, nil, "", err
	}
	export := exec.Command(debianPython, filepath.Join(o.scripts, "export.py"), path(".safetensors"), path(".onnx"), name,
		strconv.Itoa(x.Shape[2]), strconv.Itoa(x.Shape[3]))
	if said, err := export.CombinedOutput(); err != nil {
		return nil, nil, "", fmt.Errorf("export.py: %w\n%s", err, said)
	}
	input, err := binary.Append(nil, binary.LittleEndian, x.Data)
	if err != nil {
		return nil, nil, "", err
	}
	if err := os.WriteFile(path(".in"), input, 0o644); err != nil {
		return nil, nil, "", err
	}
	answer, err := o.ask(map[string]any{"load": name, "model": path(".onnx"), "shape": x.Shape, "input": path(".in"), "output": path(".out")})
	if err != nil {
		return nil, nil, "", err
	}
	output, err := os.ReadFile(path(".out"))
	if err != nil {
		return nil, nil, "", err
	}
	got := tensor.New(out)
	if len(output) != 4*len(got.Data) {
		return nil, nil, "", fmt.Errorf("onnxruntime: %d bytes of output, want those of %v", len(output), out)
	}
	if _, err := binary.Decode(output, binary.LittleEndian, got.Data); err != nil {
		return nil, nil, "", err
	}
	run := func(times int) ([]time.Duration, error) {
		answer, err := o.ask(map[string]any{"run": name, "times": times})
		taken := make([]time.Duration, len(answer.MS))
		for i, ms := range answer.MS {
			taken[i] = time.Duration(ms * float64(time.Millisecond))
		}
		return taken, err
	}
	return got, run, "onnxruntime " + answer.Version, nil
}
