//go:build unix

package capture

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A capture into a named pipe that nobody reads any more goes on. At the end it hears how much was left out.
// What is read before that is whole.
func TestUnreadPipeHoldsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	w, c, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := w.Interface("wire", LinkRaw)
	first := make([]byte, 1<<10)
	n, err := reader.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() {
		var err error
		for range 2 * streamKeep { // a pipe has room for some tens of these
			err = w.Packet(id, time.Unix(1, 0), Unknown, make([]byte, 1400), "")
		}
		wrote <- err
	}()
	if err := <-wrote; err != nil { // it never comes if the pipe holds who writes
		t.Fatal(err)
	}
	if err := c.Close(); err == nil || !strings.Contains(err.Error(), "left out") {
		t.Error(err)
	}
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if all := append(first[:n:n], rest...); len(all) < 1<<15 || all[0] != 0x0a {
		t.Errorf("%d octets came", len(all))
	}
}

// What is read is all there, without a word.
func TestReadPipeHasAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte)
	go func() {
		b, _ := os.ReadFile(path)
		got <- b
	}()
	w, c, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := w.Interface("wire", LinkRaw)
	const packets = 100
	for range packets {
		if err := w.Packet(id, time.Unix(1, 0), Unknown, []byte{1, 2, 3, 4}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if bs := blocks(t, <-got); len(bs) != 2+packets {
		t.Errorf("%d blocks", len(bs))
	}
}
