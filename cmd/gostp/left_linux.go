package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// own makes a folder for temporary files. Later runs leave it alone while this one lives. It also removes the
// folders with that prefix in dir whose run was killed.
func own(dir, prefix string) (folder string, err error) {
	left, _ := filepath.Glob(filepath.Join(dir, prefix+"*"))
	for _, f := range left {
		if held, err := os.Open(f); err == nil {
			if syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
				_ = os.RemoveAll(f)
			}
			held.Close()
		}
	}
	if folder, err = os.MkdirTemp(dir, prefix); err != nil {
		return "", err
	}
	// Nothing closes this descriptor, so the lock lasts until the process ends, however it ends.
	fd, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	return folder, syscall.Flock(fd, syscall.LOCK_EX)
}
