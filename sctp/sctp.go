// Package sctp is the transport under every SIGTRAN protocol: one interface over
// several backends: the kernel's SCTP, our own, and TCP for where there is neither. It imports nothing of this program
// but internal packages.
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
	"fmt"
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
	Heartbeat                  time.Duration // interval of HEARTBEAT on an idle path; negative: none
	SackDelay                  time.Duration // at most 500 ms (RFC 9260 §6.2)
	InitRetrans                int           // attempts of INIT and COOKIE ECHO before Dial gives up
	PathRetrans, AssocRetrans  int           // RFC 9260 §8.1, §8.2
	CookieLife                 time.Duration
	RecvBuffer, SendBuffer     int // octets, each message counted with some 64 more
	DSCP                       uint8
	// Stall is how long data may wait for room at a TCP far end, if longer than SCTP would
	// retransmit. SCTP itself waits for ever (RFC 9260 §6.1 A).
	Stall       time.Duration
	Single      bool // a packet for each message: no bundling of DATA
	AnyChecksum bool // take packets whose checksum is wrong (of Open only): bridges carry unfinished ones
}

// Transport opens endpoints; one per backend.
type Transport interface {
	Name() string // "kernel SCTP", "userspace SCTP over raw IP", "userspace SCTP in UDP"
	// Open binds a local port. The error names the address and says what to do.
	Open(local Addr, p Params) (Endpoint, error)
	// Counters are those of the whole transport, in the order in which to show them.
	Counters() []Counter
}

// Counter is a count and what it counts.
type Counter struct {
	Name  string
	Value uint64
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
	// Shut refuses associations that far ends set up from now on, as if nothing were bound;
	// those there are go on, and this end may still Dial.
	Shut()
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
	// Remote is all that the far end says it has: by addresses that it only lists nobody is known.
	Remote() Addr
	// Confirmed are the addresses at which the far end has proved to be, the one it set up the
	// association from first: those that this end called, the one that INIT ACK went to, and
	// those that have answered a HEARTBEAT (RFC 9260 §5.4). By these alone it may be identified.
	Confirmed() []netip.Addr
	Status() Status
	// Stalled tells how long the far end has taken nothing although something waits for it.
	// Ask it every now and then: what happened between two calls it may learn at the second.
	Stalled() Stall
	// SetPrimary makes a remote address the one that data goes to while it answers.
	SetPrimary(netip.Addr) error
	// Set changes what may change while the association lives: RTO bounds, heartbeat,
	// delay of SACK, retransmission limits, DSCP, Single. Zero fields take defaults.
	Set(p Params)
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
	Lost         EventKind = iota + 1 // ended without shutdown: abort received, or too many retransmissions
	Closed                            // shut down gracefully by either side
	Restart                           // the peer restarted: all sequence starts anew (RFC 9260 §5.2.2)
	PathUp                            // Addr is reachable again
	PathDown                          // Addr failed
	PeerError                         // the peer sent ERROR
	SendFailed                        // a message was accepted and could not be delivered
	PeerShutdown                      // the peer began a graceful shutdown: what is sent now is refused
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
	Notes      []string // what the system did not grant, and what to do
	Stats      Stats
}

// Stall is a far end that takes nothing: it acknowledges none of what waits for it, because it
// reads no more and has closed its window, or because nothing arrives. The zero value: it takes
// what it is sent, or nothing waits.
type Stall struct {
	For    time.Duration // since it last took something, or since something waits
	Octets int           // that wait, more or less
	Closed bool          // its window has no room
}

// String says it for a person.
func (s Stall) String() string {
	how := "it has acknowledged nothing"
	if s.Closed {
		how = "its window has no room, and it has acknowledged nothing"
	}
	return fmt.Sprintf("%s for %v; %d octets wait for it", how, s.For.Round(100*time.Millisecond), s.Octets)
}

// stallWatch finds out how long a far end has taken nothing where the system does not tell: by
// comparing what was taken in all with what it was at the call before.
type stallWatch struct {
	taken uint64
	since time.Time
}

// look is told what was taken in all and how much waits.
func (w *stallWatch) look(now time.Time, taken uint64, waits int, closed bool) Stall {
	if waits == 0 || taken != w.taken || w.since.IsZero() {
		w.taken, w.since = taken, now
	}
	if waits == 0 || w.since.Equal(now) {
		return Stall{}
	}
	return Stall{now.Sub(w.since), waits, closed}
}

// PathStatus is one remote address of an association.
type PathStatus struct {
	Addr       netip.Addr
	Local      netip.Addr // what it is reached from; invalid: the system's choice
	Primary    bool
	Active     bool
	Confirmed  bool   // it has answered a HEARTBEAT, or the handshake (RFC 9260 §5.4)
	Why        string // it is not active
	SRTT, RTO  time.Duration
	CWND       uint32 // octets
	SSThresh   uint32
	InFlight   int // octets
	Errors     int // consecutive
	MTU        int
	Heartbeats uint64 // sent; 0 where the backend does not tell
	Resent     uint64 // DATA chunks sent again because this path lost them
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
