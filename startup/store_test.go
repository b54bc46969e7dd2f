package startup

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A symbolic link leads on from the folder in which it is, and not from a link to that folder.
func TestSaveThroughALinkInALinkedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf, store := filepath.Join(dir, "opt", "conf"), filepath.Join(dir, "opt", "store")
	for _, f := range []string{conf, store, filepath.Join(dir, "store")} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	linked := filepath.Join(dir, "etc")
	for link, to := range map[string]string{
		linked: conf, filepath.Join(conf, "stp.cfg"): filepath.Join("..", "store", "real.cfg"),
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := File(filepath.Join(linked, "stp.cfg")).Save([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(store, "real.cfg")); err != nil || string(got) != "text" {
		t.Error(string(got), err)
	}
}

// A Save that was killed leaves nothing that stays, and a symbolic link stays one.
func TestSaveThroughALinkAndAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "stp.cfg")
	if err := os.Symlink(filepath.Join("store", "real.cfg"), link); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(store, ".real.cfg"+saving+"123")
	for _, f := range []string{left, filepath.Join(store, ".real.cfg.mine")} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := File(link)
	for _, text := range []string{"first", "second"} { // the link leads to nothing at first
		if err := s.Save([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Load(); err != nil || string(got) != text {
			t.Error(string(got), err)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != filepath.Join("store", "real.cfg") {
		t.Error("the link is gone", to, err)
	}
	var names []string
	all, _ := os.ReadDir(store)
	for _, e := range all {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != ".real.cfg.mine real.cfg" {
		t.Error(names)
	}
	kept := map[string]bool{}
	for _, text := range []string{"one", "two", "two"} {
		if err := s.Save([]byte(text)); err != nil {
			t.Fatal(err)
		}
		where, err := s.Keep()
		if got, _ := os.ReadFile(where); err != nil || string(got) != text {
			t.Error(where, string(got), err)
		}
		kept[where] = true
	}
	if len(kept) != 2 {
		t.Error(kept)
	}
}

// A file keeps the permissions that it has, and a new one is nobody else's to read: it may have keys in it.
func TestSaveKeepsPermissions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stp.cfg")
	for _, want := range []os.FileMode{0o600, 0o640} {
		if err := File(path).Save([]byte("text")); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%v, %v: want %v", st.Mode(), err, want)
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// A Save that fails says so, and leaves nothing unfinished.
func TestSaveFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "stp.cfg") // a folder, which no file replaces
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := File(path).Save([]byte("text")); err == nil {
		t.Error("a Save that has replaced nothing gives no error")
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
}

// `gostp run --config /dev/null` and `write memory` by root would replace the machine's /dev/null. A socket stands in
// for the device.
func TestOnlyARegularFileIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stp.cfg")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if err := File(p).Save([]byte("text")); err == nil || !strings.Contains(err.Error(), "is no regular file") {
			t.Error(p, err)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Type() != os.ModeSocket {
		t.Error(st, err)
	}
	if all, _ := os.ReadDir(filepath.Dir(path)); len(all) != 2 {
		t.Error(all)
	}
}

// A startup configuration that leads to /dev/zero would be read until the memory is full.
func TestWhatIsReadHasABound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stp.cfg")
	if err := os.WriteFile(path, []byte("hostname x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, most); err != nil {
		t.Fatal(err)
	}
	if text, err := File(path).Load(); err != nil || len(text) != most {
		t.Error(len(text), err)
	}
	if err := os.Truncate(path, most+1); err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() error{
		func() error { _, err := File(path).Load(); return err }, func() error { _, err := File(path).Keep(); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), "octets, which no configuration has") {
			t.Error(err)
		}
	}
}
