//go:build unix

package machine

import (
	"errors"
	"fmt"
	"syscall"
)

func isPermission(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

// sendError turns the system's error of a packet into what a ping shows.
func sendError(err error) error {
	switch {
	case errors.Is(err, syscall.ENETUNREACH):
		return fmt.Errorf("this machine has no route there: %w", ErrEchoUnreachable)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ECONNREFUSED):
		return ErrEchoUnreachable
	case errors.Is(err, syscall.EMSGSIZE):
		return ErrEchoTooBig
	}
	return err
}
