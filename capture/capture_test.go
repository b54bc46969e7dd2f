package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// blocks takes a file apart and checks its framing.
func blocks(t *testing.T, b []byte) (out [][]byte) {
	t.Helper()
	for len(b) > 0 {
		n := binary.LittleEndian.Uint32(b[4:])
		if n%4 != 0 || int(n) > len(b) || binary.LittleEndian.Uint32(b[n-4:]) != n {
			t.Fatalf("bad block of %d octets", n)
		}
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}

func TestFile(t *testing.T) {
	var f bytes.Buffer
	w, err := NewWriter(&f, "test")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := w.Interface("wire one", LinkRaw)
	at := time.Unix(1700000000, 123456789)
	for i, data := range [][]byte{{1}, {1, 2, 3, 4}, bytes.Repeat([]byte{9}, 1499)} {
		if err := w.Packet(id, at, Direction(i), data, []string{"", "why"}[i&1]); err != nil {
			t.Fatal(err)
		}
	}
	bs := blocks(t, f.Bytes())
	if len(bs) != 5 || binary.LittleEndian.Uint32(bs[0]) != blockSection ||
		binary.LittleEndian.Uint32(bs[1]) != blockInterface {
		t.Fatalf("%d blocks", len(bs))
	}
	p := bs[4]
	ns := uint64(binary.LittleEndian.Uint32(p[12:]))<<32 | uint64(binary.LittleEndian.Uint32(p[16:]))
	if ns != uint64(at.UnixNano()) || binary.LittleEndian.Uint32(p[20:]) != 1499 || p[28] != 9 {
		t.Errorf("packet block %x", p[:32])
	}
}

func TestCreateIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcapng")
	_, c, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrorIsRemembered(t *testing.T) {
	w, err := NewWriter(full{}, "test")
	if err == nil || w.Err() == nil || w.Packet(0, time.Now(), Unknown, nil, "") == nil {
		t.Error("no error")
	}
}
