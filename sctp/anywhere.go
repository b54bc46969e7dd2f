package sctp

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/gostp/gostp/sctp/wire"
)

// Anywhere is the local address that stands for every address of this machine, of both families. The kernel's
// SCTP and TCP also take addresses that the machine gets later. Our own SCTP takes those that the machine has
// when the port is opened.
var Anywhere = netip.IPv6Unspecified()

// anywhere tells whether a is every address of this machine.
func (a Addr) anywhere() bool { return slices.Contains(a.IPs, Anywhere) }

// from gives the address of a from which to reach to: one of the same family. Anywhere gives the unspecified
// address of either family.
func (a Addr) from(to netip.Addr) (netip.Addr, bool) {
	for _, ip := range a.IPs {
		switch ip = ip.Unmap(); {
		case ip == Anywhere && to.Unmap().Is4():
			return netip.IPv4Unspecified(), true
		case ip.Is4() == to.Unmap().Is4():
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// locals is implemented by a Network that knows the addresses of its machine.
type locals interface{ Locals() ([]netip.Addr, error) }

// placed gives local with Anywhere replaced by the addresses that it stands for.
func placed(n wire.Network, local Addr) (Addr, error) {
	if !local.anywhere() {
		return local, nil
	}
	k, ok := n.(locals)
	if !ok {
		return local, errors.New("this network does not tell the addresses of its machine: give the port a `local-ip`")
	}
	var err error
	if local.IPs, err = k.Locals(); err == nil && len(local.IPs) == 0 {
		err = errors.New("this machine has no address yet")
	}
	return local, err
}

// machineAddresses gives the addresses of this machine that SCTP can use. Link-local addresses are not among
// them: they mean nothing to a far end that does not know the name of the interface.
func machineAddresses() (out []netip.Addr, err error) {
	all, err := net.InterfaceAddrs()
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if ip := p.Addr().Unmap(); err == nil && !ip.IsLinkLocalUnicast() && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	return out, err
}

// Locals gives the addresses of this machine.
func (udpNet) Locals() ([]netip.Addr, error) { return machineAddresses() }
