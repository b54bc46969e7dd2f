package node

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// FileStore keeps the startup configuration in a file.
func FileStore(path string) Store { return fileStore(path) }

type fileStore string

func (f fileStore) Name() string { return string(f) }

// Load gives an empty configuration for a file that does not exist yet.
func (f fileStore) Load() ([]byte, error) {
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save writes a new file beside the old one and renames it over it, so that a
// crash leaves one or the other whole.
func (f fileStore) Save(text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(string(f)), "."+filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(string(f)); err == nil {
		mode = st.Mode().Perm()
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), string(f))
}

// MemoryStore keeps the startup configuration until the program ends.
func MemoryStore(name string, text []byte) Store { return &memoryStore{name: name, text: text} }

type memoryStore struct {
	name string
	mu   sync.Mutex
	text []byte
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
