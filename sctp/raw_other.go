//go:build !linux

package sctp

import "errors"

// Raw is for Linux only.
func Raw() (Network, error) {
	return nil, errors.New("SCTP over raw IP is built for Linux only: use `transport udp`")
}
