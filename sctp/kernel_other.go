//go:build !linux

package sctp

import (
	"errors"
	"runtime"
)

// Kernel is SCTP by the Linux kernel, which this machine has not.
func Kernel() (Transport, error) {
	return nil, errors.New("only Linux has an SCTP in its kernel that is used here, and this is " + runtime.GOOS)
}
