package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What a run that was killed has left goes with the next run; what a living one has stays.
func TestFoldersOfKilledRunsGo(t *testing.T) {
	dir := t.TempDir()
	killed := filepath.Join(dir, "gostp-bench-1")
	other := filepath.Join(dir, "gostp-bunch-1")
	for _, f := range []string{killed, other} {
		if err := os.Mkdir(f, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f, "output"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var living []string
	for range 2 {
		f, err := own(dir, "gostp-bench-")
		if err != nil {
			t.Fatal(err)
		}
		living = append(living, f)
	}
	if _, err := os.Stat(killed); err == nil {
		t.Error("the folder of a killed run is still there")
	}
	for _, f := range append(living, other) {
		if _, err := os.Stat(f); err != nil {
			t.Error(err)
		}
	}
}
