//go:build !linux

package sctp

import (
	"errors"
	"runtime"
)

// Kernel is the transport over the SCTP of the Linux kernel, which this machine does not have.
func Kernel() (Transport, error) {
	return nil, errors.New("only Linux has an SCTP in its kernel that is used here, and this is " + runtime.GOOS)
}
