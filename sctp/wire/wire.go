// Package wire is what our own SCTP runs over. A network carries its packets: by raw IP, in UDP, or within the
// process.
package wire

import "net/netip"

// Network opens wires, one for each local address.
type Network interface {
	// Open binds the wire of a local address. Its port is the UDP encapsulation port, or 0 where packets go bare.
	// The error says which addresses there are.
	Open(local netip.AddrPort) (Wire, error)
	// Source gives the local address from which packets to dst leave by the network's own routing. It is invalid
	// if no route leads there.
	Source(dst netip.Addr) netip.Addr
}

// Packet is an SCTP packet, from the common header on.
type Packet struct {
	Addr netip.AddrPort // of the far end; the port is its UDP encapsulation port, 0 where packets go bare
	DSCP uint8          // only for packets to be sent
	Data []byte
}

// Wire carries the SCTP packets of one local address.
type Wire interface {
	// Write sends packets. Their Data belongs to the caller again on return. Write never waits: what cannot be
	// sent is lost, as on any wire. It gives how many packets went out. The error is that of the first that did
	// not, and is only to be counted.
	Write(ps []Packet) (sent int, err error)
	// Read waits for a packet, and fills ps with as many as are there. Data lies in the wire's memory until the
	// next Read. Only one goroutine at a time may Read.
	Read(ps []Packet) (n int, err error)
	// MTU gives the size of the largest SCTP packet that the wire takes, in octets.
	MTU() int
	// Close ends Read with net.ErrClosed.
	Close() error
}
