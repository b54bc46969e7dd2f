// Package wire is what our own SCTP runs over: a network carries its packets, by raw IP, in UDP, or within the process.
package wire

import "net/netip"

// Network opens wires, one for each local address.
type Network interface {
	// Open binds the wire of a local address; Port is the UDP encapsulation port
	// and 0 where packets go bare. The error says which addresses there are.
	Open(local netip.AddrPort) (Wire, error)
	// Source is the local address that packets to dst leave from by the network's
	// own routing; invalid where nothing leads there.
	Source(dst netip.Addr) netip.Addr
}

// Packet is an SCTP packet from the common header on.
type Packet struct {
	Addr netip.AddrPort // of the far end; the port is its UDP encapsulation port, 0 where packets go bare
	DSCP uint8          // of packets that are sent
	Data []byte
}

// Wire carries the SCTP packets of one local address.
type Wire interface {
	// Write sends packets, whose Data is the caller's again on return. It does not
	// wait: what cannot be sent is lost, as on any wire. It tells how many went out;
	// the error, of the first that did not, is for counting.
	Write(ps []Packet) (sent int, err error)
	// Read waits for a packet and fills ps with as many as are there. Data lies in the
	// wire's memory until the next Read. One goroutine at a time may Read.
	Read(ps []Packet) (n int, err error)
	// MTU is the largest SCTP packet the wire takes, in octets.
	MTU() int
	// Close ends Read with net.ErrClosed.
	Close() error
}
