// Package sctp is the transport under every SIGTRAN protocol: one interface over several backends. These are
// the kernel's SCTP, our own, and TCP for machines that have neither. The package imports nothing of this
// program but internal packages and its own sctp/wire.
//
// An Endpoint is a bound local port, which the command line calls a local-peer. It dials and accepts
// associations. Both ends of an association may dial each other at once from the same ports, and one
// association results (RFC 9260 §5.2.1). An Assoc delivers messages and events in one order, so a Restart
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

// Params are the settings of an association. Zero fields take the values of DefaultParams, which are made for
// signalling: a dead far end is found out in seconds.
type Params struct {
	OutStreams, InStreams      uint16
	RTOInitial, RTOMin, RTOMax time.Duration
	Heartbeat                  time.Duration // interval of HEARTBEAT on an idle path; negative: none
	SackDelay                  time.Duration // at most 500 ms (RFC 9260 §6.2)
	InitRetrans                int           // attempts of INIT and COOKIE ECHO before Dial gives up
	PathRetrans, AssocRetrans  int           // RFC 9260 §8.1, §8.2
	CookieLife                 time.Duration
	RecvBuffer, SendBuffer     int // octets; each message counts some 64 more than its data
	DSCP                       uint8
	// Stall is how long data may wait for room at a far end over TCP, if that is longer than SCTP would
	// retransmit. SCTP itself waits for ever (RFC 9260 §6.1 A).
	Stall  time.Duration
	Single bool // each message gets a packet of its own: DATA is not bundled
	// AnyChecksum accepts packets with a wrong checksum: bridges carry packets whose checksum is not finished.
	// Only Open heeds it.
	AnyChecksum bool
}

// Transport opens endpoints. Each backend is one Transport.
type Transport interface {
	Name() string // "kernel SCTP", "userspace SCTP over raw IP", "userspace SCTP in UDP"
	// Open binds a local port. The error names the address and says what to do.
	Open(local Addr, p Params) (Endpoint, error)
	// Counters gives the counters of the whole transport, in the order in which to show them.
	Counters() []Counter
}

// Counter is a count and what it counts.
type Counter struct {
	Name  string
	Value uint64
}

// Endpoint is a bound local port.
type Endpoint interface {
	// Dial establishes an association with remote. It gives up after Params.InitRetrans attempts, or when ctx
	// ends. If the far end dials us first, Dial returns the association that results. It returns ErrExists if an
	// association with that address was accepted already.
	Dial(ctx context.Context, remote Addr, p Params) (Assoc, error)
	// Accept waits for an association that the far end established.
	Accept(ctx context.Context) (Assoc, error)
	Local() Addr
	// Shut makes the endpoint refuse associations that far ends set up from now on, as if nothing were bound.
	// Associations that exist go on, and this end may still Dial.
	Shut()
	// Close aborts what is still open and ends Accept with net.ErrClosed.
	Close() error
}

// Assoc is one association. Its methods may be called from any goroutine, but only one at a time may Read.
type Assoc interface {
	// Read waits until there is something to read, then fills b with all that is there, up to its size. After the
	// item that ends the association (Lost or Closed) it returns io.EOF. Data is valid until the next Read with
	// the same batch.
	Read(b *Batch) error
	// Send queues messages and never waits. It returns how many it took. The rest did not fit into the send buffer
	// (ErrFull) or came too late (net.ErrClosed).
	Send(msgs []Message) (int, error)
	Local() Addr
	// Remote gives every address that the far end lists. An address that is only listed identifies nobody.
	Remote() Addr
	// Confirmed gives the addresses at which the far end has proved to be. The first is the one from which it set
	// up the association. Proved are those that this end called, the one that INIT ACK went to, and those that
	// have answered a HEARTBEAT (RFC 9260 §5.4). The far end may be identified by these alone.
	Confirmed() []netip.Addr
	Status() Status
	// Stalled tells how long the far end has taken nothing although something waits for it. It is to be called
	// every now and then: some backends only compare what they see with what they saw at the call before.
	Stalled() Stall
	// SetPrimary makes a remote address the one to which data goes while it answers.
	SetPrimary(netip.Addr) error
	// Set changes the settings that may change while the association lives: RTO bounds, heartbeat, delay of SACK,
	// retransmission limits, DSCP, Single. Zero fields take the defaults.
	Set(p Params)
	// Close shuts down gracefully, in the background: what was sent is delivered first.
	Close()
	// Abort ends the association at once, and tells the far end the reason (RFC 9260 §3.3.10.12).
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
	Lost         EventKind = iota + 1 // ended without shutdown: by ABORT, or after too many retransmissions
	Closed                            // shut down gracefully by either end
	Restart                           // the far end restarted: all sequences start anew (RFC 9260 §5.2.2)
	PathUp                            // Addr is reachable again
	PathDown                          // Addr failed
	PeerError                         // the far end sent ERROR
	SendFailed                        // a message that was accepted could not be delivered
	PeerShutdown                      // the far end began a graceful shutdown: what is sent now is refused
)

// Event is what happened, and why, in words for a person.
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

// Status is a picture of an association, for show commands.
type Status struct {
	State      string // "ESTABLISHED", ...
	Since      time.Time
	LocalTag   uint32
	RemoteTag  uint32
	OutStreams uint16
	InStreams  uint16
	Paths      []PathStatus
	SendQueued int    // octets accepted and not yet acknowledged by the far end
	RecvQueued int    // octets received and not yet read
	PeerWindow uint32 // octets that the far end has room for
	LastError  string
	Notes      []string // what the system did not grant, and what to do about it
	Stats      Stats
}

// Stall describes a far end that takes nothing. It acknowledges none of what waits for it: either it reads no
// more and has closed its window, or nothing arrives there. The zero value means that the far end takes what it
// is sent, or that nothing waits.
type Stall struct {
	For    time.Duration // since the far end last took something, or since something waits
	Octets int           // how many octets wait, more or less
	Closed bool          // the window of the far end has no room
}

// String puts the stall into words.
func (s Stall) String() string {
	how := "it has acknowledged nothing"
	if s.Closed {
		how = "its window has no room, and it has acknowledged nothing"
	}
	return fmt.Sprintf("%s for %v; %d octets wait for it", how, s.For.Round(100*time.Millisecond), s.Octets)
}

// stallWatch finds out how long a far end has taken nothing, where the system does not tell. It compares what
// was taken in all with what was taken at the call before.
type stallWatch struct {
	taken uint64
	since time.Time
}

// look compares: taken is what the far end has taken in all, waits is how much waits.
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
	Local      netip.Addr // the address from which it is reached; invalid if the system chooses
	Primary    bool
	Active     bool
	Confirmed  bool   // the far end has proved to be there (RFC 9260 §5.4)
	Why        string // why the address is not active
	SRTT, RTO  time.Duration
	CWND       uint32 // octets
	SSThresh   uint32
	InFlight   int // octets
	Errors     int // unanswered in a row
	MTU        int
	Heartbeats uint64 // how many were sent; 0 where the backend does not tell
	Resent     uint64 // DATA chunks sent again because this path lost them
}

// Stats counts what happened since the association was established.
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

// These are the errors that callers tell apart.
var (
	ErrExists = errors.New("an association with that address exists already")
	ErrFull   = errors.New("the send buffer is full")
)
