// Package startup keeps the startup configuration: the text that a node starts with, and that
// `write memory` saves.
package startup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gostp/gostp/internal/lock"
)

// Store keeps the startup configuration.
type Store interface {
	// Load gives the text; empty: there is none yet.
	Load() ([]byte, error)
	// Save replaces the old text as a whole, or not at all.
	Save([]byte) error
	// Keep copies the text that is saved now to another place, so that Save does not lose it, and tells where.
	Keep() (where string, err error)
	// Name is what people call the place.
	Name() string
}

// File keeps the startup configuration in a file.
func File(path string) Store { return &file{path: path} }

type file struct {
	path string
	mu   lock.Mutex[lock.StoreSave] // one Save at a time
}

func (f *file) Name() string { return f.path }

// Load gives an empty configuration for a file that does not exist yet.
func (f *file) Load() ([]byte, error) {
	b, err := Read(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// most is how many octets a configuration has at most.
const most = 64 << 20

// Read reads a file, or whatever has that name: a device that never ends must not fill the memory.
func Read(path string) ([]byte, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && len(text) > most {
		return nil, fmt.Errorf("%s has more than %d octets, which no configuration has", path, most)
	}
	return text, err
}

// saving is part of the name of a file that Save has not finished.
const saving = ".gostp-saving-"

// Save writes a new file beside the old one and renames it, so that a crash leaves one or the other whole. If the path
// is a symbolic link, the new file is beside the file to which the link leads, and the link stays. Save removes the
// unfinished files of a Save that was killed. It refuses to put a file in the place of a device (/dev/null), a pipe or
// a socket.
func (f *file) Save(text []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := target(f.path)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		if t := st.Mode().Type(); t != 0 && t != fs.ModeDir { // no file ever takes a folder's place
			return fmt.Errorf("%s is no regular file: nothing can be saved there", path)
		}
		mode = st.Mode().Perm()
	}
	prefix := "." + filepath.Base(path) + saving
	sweep(filepath.Dir(path), prefix)
	tmp, err := os.CreateTemp(filepath.Dir(path), prefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// target follows a path through symbolic links. The last one may lead to a file that does not exist yet.
func target(path string) (string, error) {
	for range 40 { // as many as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link: a file, or nothing
		}
		if !filepath.IsAbs(to) { // a relative link begins where the link really is
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

// Keep copies the file to the first free name among FILE.faulty, FILE.faulty.2, and so on. If a copy has the same text,
// no other is made.
func (f *file) Keep() (where string, err error) {
	text, err := Read(f.path)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		where = f.path + ".faulty"
		if n > 1 {
			where = fmt.Sprintf("%s.faulty.%d", f.path, n)
		}
		kept, err := os.OpenFile(where, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			if same, err := os.ReadFile(where); err == nil && bytes.Equal(same, text) {
				return where, nil
			}
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = kept.Write(text)
		return where, errors.Join(err, kept.Sync(), kept.Close())
	}
}

// Memory keeps the startup configuration until the program ends.
func Memory(name string, text []byte) Store { return &memory{name: name, text: text} }

type memory struct {
	name string
	mu   lock.Mutex[lock.StoreText]
	text []byte
	kept []byte
}

func (m *memory) Name() string { return m.name }

func (m *memory) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.text), nil
}

func (m *memory) Save(text []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text = bytes.Clone(text)
	return nil
}

func (m *memory) Keep() (where string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = bytes.Clone(m.text)
	return m.name + ", in memory", nil
}
