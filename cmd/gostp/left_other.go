//go:build !linux

package main

import "os"

// own makes a folder for temporary files.
func own(dir, prefix string) (folder string, err error) { return os.MkdirTemp(dir, prefix) }
