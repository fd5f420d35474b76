package sdk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/flawscope/flawscope/kernels/tensor"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// ErrFormat means that bytes are not the file they should be, or a damaged one.
var ErrFormat = errors.New("not a usable file")

// ErrNewer means that a file is of a newer format than this program reads. It
// comes with ErrFormat.
var ErrNewer = errors.New("of a newer format")

// ErrNoWeights means that a detector or a fit needs a backbone's weights that are
// not built in and were not given.
var ErrNoWeights = errors.New("weights are missing")

// ReplaceFile writes a file so that after a crash at any moment either the old
// or the new one is there, whole: into a temporary file beside it, synced, then
// renamed. (github.com/google/renameio does the same but not on Windows.)
func ReplaceFile(path string, write func(io.Writer) error) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("sdk: %w", err)
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
			err = fmt.Errorf("sdk: %s was not written: %w", path, err)
		}
	}()
	if err := write(temporary); err != nil {
		return err
	}
	if err := temporary.Chmod(newFileMode); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

const newFileMode = 0o644

// syncFolder makes a rename last through a power cut where the system can.
func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	// Some file systems cannot sync a folder; the rename itself has succeeded.
	_ = folder.Sync()
	return nil
}

// WriteTensors writes a safetensors file by ReplaceFile, values as float32.
func WriteTensors(path string, tensors map[string]*tensor.Tensor, metadata map[string]string) error {
	f := &tensor.File{Metadata: metadata}
	for name, t := range tensors {
		if err := f.Store(name, tensor.F32, t); err != nil {
			return fmt.Errorf("sdk: %s was not written: %w", path, err)
		}
	}
	return ReplaceFile(path, func(w io.Writer) error { return tensor.Write(w, f) })
}

// ReadTensors reads a safetensors file. Damage is ErrFormat.
func ReadTensors(path string) (map[string]*tensor.Tensor, map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	tensors, metadata, err := parseTensors(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, metadata, nil
}

// LoadWeights reads a backbone's weights from a safetensors file. Damage is
// ErrFormat.
func LoadWeights(r io.Reader) (backbone.Weights, error) {
	tensors, _, err := parseTensors(r)
	return tensors, err
}

func parseTensors(r io.Reader) (map[string]*tensor.Tensor, map[string]string, error) {
	f, err := tensor.Read(r, tensor.Limits{})
	if err != nil {
		return nil, nil, formatError(err)
	}
	tensors := map[string]*tensor.Tensor{}
	for _, name := range f.Names() {
		t, err := f.Load(name)
		if err != nil {
			return nil, nil, formatError(err)
		}
		tensors[name] = t
	}
	return tensors, f.Metadata, nil
}

func formatError(err error) error {
	if errors.Is(err, tensor.ErrFormat) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}
