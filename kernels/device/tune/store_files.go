//go:build !js

package tune

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Files is a Store of files in a folder, which is made when it is needed. Two
// processes may use it at once: each replaces whole files.
type Files struct{ Folder string }

// UserCache returns the store in the user's cache folder, or nil, which remembers
// nothing, when there is no such folder.
func UserCache() Store {
	folder, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	return Files{filepath.Join(folder, "flawscope", "tune")}
}

// Load reads a table of a size that can be one.
func (f Files) Load(name string) ([]byte, error) {
	path := filepath.Join(f.Folder, name)
	// What is no file, a pipe say, might never be read to its end.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("tune: %s is no file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = fmt.Errorf("tune: %s has more than %d bytes", path, maxBytes)
	}
	return data, err
}

// Save writes beside the table, syncs and renames.
func (f Files) Save(name string, data []byte) (err error) {
	if err := os.MkdirAll(f.Folder, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(f.Folder, "."+name+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
		}
	}()
	if _, err := temporary.Write(data); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(f.Folder, name))
}
