//go:build unix

package sctp

import (
	"errors"

	"golang.org/x/sys/unix"
)

// writeNow gives the socket what it has room for, and never waits.
func writeNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := unix.Write(int(fd), b)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}
