// Package sctp is the transport under every SIGTRAN protocol: one interface over
// several backends. It imports nothing of this program but internal packages.
//
// An Endpoint is a bound local port (what the command line calls a local-peer).
// It dials and accepts associations; both ends of an association may dial each
// other at once from the same ports, and one association results (RFC 9260
// §5.2.1). An Assoc delivers messages and events in one order, so that a Restart
// stands between old data and new.
package sctp

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Addr is an SCTP transport address: one port at one or more IP addresses.
type Addr struct {
	IPs  []netip.Addr
	Port uint16
	UDP  uint16 // UDP encapsulation port (RFC 6951); 0: the network carries SCTP bare
}

// Params are the settings of an association. Zero fields take the defaults of
// DefaultParams, which are made for signalling: a dead peer is found in seconds.
type Params struct {
	OutStreams, InStreams      uint16
	RTOInitial, RTOMin, RTOMax time.Duration
	Heartbeat                  time.Duration // interval of HEARTBEAT on an idle path
	SackDelay                  time.Duration // at most 500 ms (RFC 9260 §6.2)
	InitRetrans                int           // attempts of INIT and COOKIE ECHO before Dial gives up
	PathRetrans, AssocRetrans  int           // RFC 9260 §8.1, §8.2
	CookieLife                 time.Duration
	RecvBuffer, SendBuffer     int // octets of user data
}

// Transport opens endpoints; one per backend.
type Transport interface {
	Name() string
	// Open binds a local port. The error names the address and says what to do.
	Open(local Addr, p Params) (Endpoint, error)
}

// Endpoint is a bound local port.
type Endpoint interface {
	// Dial establishes an association with remote, or gives up after
	// Params.InitRetrans attempts or when ctx ends. If the far end dials us first,
	// the association that results is the one returned. ErrExists: there is an
	// association with that address already (it was accepted).
	Dial(ctx context.Context, remote Addr, p Params) (Assoc, error)
	// Accept waits for an association that the far end established.
	Accept(ctx context.Context) (Assoc, error)
	Local() Addr
	// Close aborts what is still open and ends Accept with net.ErrClosed.
	Close() error
}

// Assoc is one association. Its methods may be called from any goroutine; one at
// a time may Read.
type Assoc interface {
	// Read waits until there is something, then fills b with all that is there, up
	// to its size. After the item that ends the association (Lost or Closed) it
	// returns io.EOF. Data is valid until the next Read with the same batch.
	Read(b *Batch) error
	// Send queues messages without ever blocking and returns how many it took; the
	// rest did not fit the send buffer (ErrFull) or came too late (net.ErrClosed).
	Send(msgs []Message) (int, error)
	Local() Addr
	Remote() Addr
	Status() Status
	// Close shuts down gracefully: what was sent is delivered first, in the background.
	Close()
	// Abort ends the association at once; the peer is told reason (RFC 9260 §3.3.10.12).
	Abort(reason string)
}

// Message is one user message.
type Message struct {
	Stream    uint16
	PPID      uint32 // host order; the wire carries it in network order
	Unordered bool
	Data      []byte
}

// EventKind says what happened to an association.
type EventKind uint8

// Events in the order of RFC 6458 §6.1.
const (
	Lost      EventKind = iota + 1 // ended without shutdown: abort received, or too many retransmissions
	Closed                         // shut down gracefully by either side
	Restart                        // the peer restarted: all sequence starts anew (RFC 9260 §5.2.2)
	PathUp                         // Addr is reachable again
	PathDown                       // Addr failed
	PeerError                      // the peer sent ERROR
)

// Event is what happened, with a reason a person understands.
type Event struct {
	Kind EventKind
	Addr netip.Addr // PathUp, PathDown
	Why  string
}

// Item is a message, or an event if Event is not nil.
type Item struct {
	Message
	Event *Event
}

// Batch is the reusable memory of Read. Make one with NewBatch.
type Batch struct {
	Items []Item // filled by Read
	buf   []byte // holds the data of Items
}

// NewBatch makes a batch for up to n items.
func NewBatch(n int) *Batch { return &Batch{Items: make([]Item, 0, n), buf: make([]byte, 0, n*512)} }

// Status is a picture of an association for show commands.
type Status struct {
	State      string // "ESTABLISHED", ...
	Since      time.Time
	LocalTag   uint32
	RemoteTag  uint32
	OutStreams uint16
	InStreams  uint16
	Paths      []PathStatus
	SendQueued int    // octets accepted and not yet acknowledged by the peer
	RecvQueued int    // octets received and not yet read
	PeerWindow uint32 // octets the peer has room for
	LastError  string
	Stats      Stats
}

// PathStatus is one remote address of an association.
type PathStatus struct {
	Addr       netip.Addr
	Primary    bool
	Active     bool
	SRTT, RTO  time.Duration
	CWND       uint32 // octets
	SSThresh   uint32
	InFlight   int // octets
	Errors     int // consecutive
	MTU        int
	Heartbeats uint64 // sent
}

// Stats counts since the association was established.
type Stats struct {
	SentMessages, RecvMessages uint64
	SentOctets, RecvOctets     uint64 // user data
	SentPackets, RecvPackets   uint64
	SentChunks, RecvChunks     uint64 // DATA
	Retransmits                uint64 // DATA chunks sent again
	FastRetransmits            uint64
	Timeouts                   uint64 // T3-rtx
	Duplicates                 uint64 // DATA chunks received again
	Discarded                  uint64 // packets or chunks discarded as wrong
}

// Errors that callers tell apart.
var (
	ErrExists = errors.New("an association with that address exists already")
	ErrFull   = errors.New("the send buffer is full")
)

// Network opens wires, one for each local address.
type Network interface {
	// Open binds the wire of a local address; Port is the UDP encapsulation port
	// and 0 where packets go bare. The error says which addresses there are.
	Open(local netip.AddrPort) (Wire, error)
}

// Wire carries SCTP packets, from the common header on, of one local address.
type Wire interface {
	// WriteTo sends one packet; b is the caller's again on return. A packet that
	// cannot be sent is lost, as on any wire; the error is for counting.
	WriteTo(dst netip.AddrPort, b []byte) error
	// ReadFrom waits for a packet and tells where it came from.
	ReadFrom(b []byte) (n int, src netip.AddrPort, err error)
	// MTU is the largest SCTP packet the wire takes, in octets.
	MTU() int
	Close() error
}
