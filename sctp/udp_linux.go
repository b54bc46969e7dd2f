package sctp

import (
	"net/netip"

	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

func openUDP(local netip.AddrPort) (wire.Wire, error) {
	fd, err := bound(unix.SOCK_DGRAM, 0, local)
	if err != nil {
		return nil, err
	}
	return newDgram(fd, "udp "+local.String(), local.Addr().Is4(), false,
		encapMTU(local.Addr(), interfaceMTU(local.Addr())))
}
