package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"github.com/gostp/gostp/sctp"
)

// machine is the computer this program runs on: its own addresses, SCTP in UDP.
type machine struct {
	udp sctp.Transport

	mu         sync.Mutex
	configured []Interface
}

// ThisMachine is the platform of `gostp run`. Addresses of the machine are used
// as they are; setting them from the configuration is not built yet.
func ThisMachine() Platform { return &machine{udp: sctp.NewUser(sctp.UDP())} }

// Transport has SCTP in UDP only.
func (m *machine) Transport(kind string) (sctp.Transport, string, error) {
	if kind != "auto" && kind != "udp" {
		return nil, "", fmt.Errorf("transport %s is not built yet", kind)
	}
	return m.udp, "SCTP in UDP works everywhere", nil
}

func (m *machine) Configure(ifs []Interface) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.configured = ifs
	have := map[netip.Addr]bool{}
	for _, i := range m.host() {
		for _, a := range i.Addresses {
			have[a.Addr()] = true
		}
	}
	var errs []error
	for _, i := range ifs {
		if i.Address.IsValid() && !have[i.Address.Addr()] {
			errs = append(errs, fmt.Errorf("interface %s: %s is not on this machine, and setting addresses is not built yet; add it with `ip addr add`", i.Name, i.Address))
		}
	}
	return errors.Join(errs...)
}

func (m *machine) Interfaces() []InterfaceState {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.host()
	for i := range out {
		for _, c := range m.configured {
			if c.Name == out[i].Name {
				out[i].Method = "manual"
			}
		}
	}
	return out
}

func (*machine) host() []InterfaceState {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var out []InterfaceState
	for _, i := range all {
		s := InterfaceState{Name: i.Name, Method: "host", Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0}
		if !s.Up {
			s.Why = "the machine's own interface is down"
		}
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				s.Addresses = append(s.Addresses, p)
			}
		}
		out = append(out, s)
	}
	return out
}

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
