//go:build !linux

package sctp

import (
	"errors"

	"github.com/gostp/gostp/sctp/wire"
)

// Raw exists on Linux only.
func Raw() (wire.Network, error) {
	return nil, errors.New("SCTP over raw IP is built for Linux only: use `transport udp`")
}
