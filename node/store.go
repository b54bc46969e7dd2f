package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// FileStore keeps the startup configuration in a file.
func FileStore(path string) Store { return &fileStore{path: path} }

type fileStore struct {
	path string
	mu   sync.Mutex // one Save at a time
}

func (f *fileStore) Name() string { return f.path }

// Load gives an empty configuration for a file that does not exist yet.
func (f *fileStore) Load() ([]byte, error) {
	b, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// saving is in the name of a file that Save has not finished.
const saving = ".gostp-saving-"

// Save writes a new file beside the old one and renames it over it, so that a
// crash leaves one or the other whole. Where the path is a symbolic link, that is beside what the
// link leads to, and the link stays. What a Save that was killed has left is taken away.
func (f *fileStore) Save(text []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := target(f.path)
	if err != nil {
		return err
	}
	prefix := "." + filepath.Base(path) + saving
	sweep(filepath.Dir(path), prefix)
	tmp, err := os.CreateTemp(filepath.Dir(path), prefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// target is what a path leads to through symbolic links; the last may lead to what is not there yet.
func target(path string) (string, error) {
	for range 40 { // as many as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link: a file, or nothing
		}
		if !filepath.IsAbs(to) { // it leads on from where the link really is
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", fmt.Errorf("%s: symbolic links lead round in a circle", path)
}

// sweep removes the files of a folder whose names begin with prefix.
func sweep(dir, prefix string) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name(), prefix) && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// Keep copies the file to the first free name FILE.faulty, FILE.faulty.2, and so on; a copy that
// has the same text serves.
func (f *fileStore) Keep() (where string, err error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		where = f.path + ".faulty"
		if n > 1 {
			where = fmt.Sprintf("%s.faulty.%d", f.path, n)
		}
		file, err := os.OpenFile(where, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			if same, err := os.ReadFile(where); err == nil && bytes.Equal(same, text) {
				return where, nil
			}
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = file.Write(text)
		return where, errors.Join(err, file.Sync(), file.Close())
	}
}

// MemoryStore keeps the startup configuration until the program ends.
func MemoryStore(name string, text []byte) Store { return &memoryStore{name: name, text: text} }

type memoryStore struct {
	name string
	mu   sync.Mutex
	text []byte
	kept []byte
}

func (m *memoryStore) Name() string { return m.name }

func (m *memoryStore) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.text), nil
}

func (m *memoryStore) Save(text []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = bytes.Clone(text)
	return nil
}

func (m *memoryStore) Keep() (where string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = bytes.Clone(m.text)
	return m.name + ", in memory", nil
}
