package sctp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Notifications (RFC 6458 §6.1), as <linux/sctp.h> numbers them.
const (
	noteAssocChange     = 0x8001
	notePeerAddrChange  = 0x8002
	noteSendFailed      = 0x8003
	noteRemoteError     = 0x8004
	noteShutdown        = 0x8005
	notePartialDelivery = 0x8006

	changeUp        = 0
	changeLost      = 1
	changeRestart   = 2
	changeShutdown  = 3
	changeCannot    = 4
	addrAvailable   = 0
	addrUnreachable = 1
	addrRemoved     = 2
)

// assocChange is struct sctp_assoc_change.
type assocChange struct {
	state, cause, out, in uint16
	assoc                 int32
	info                  []byte // the error causes of an ABORT
}

// why gives the reason that the far end gave; "" if it gave none.
func (c *assocChange) why() string {
	switch {
	case len(c.info) > 0:
		return causeText(c.info)
	case c.cause != 0:
		return causeText(binary.BigEndian.AppendUint32(nil, uint32(c.cause)<<16|4))
	}
	return ""
}

// parseAssocChange reads a notification; ok is false if it is of another kind.
func parseAssocChange(b []byte) (c assocChange, ok bool) {
	if len(b) < 20 || binary.NativeEndian.Uint16(b) != noteAssocChange {
		return c, false
	}
	n := binary.NativeEndian.Uint16
	return assocChange{n(b[8:]), n(b[10:]), n(b[12:]), n(b[14:]), int32(binary.NativeEndian.Uint32(b[16:])), b[20:]}, true
}

// notification turns a notification into an event, or keeps it for the end of the association. It ignores one
// that is too short for its kind.
func (r *kernelReader) notification(b *Batch, n []byte) {
	if len(n) < 8 {
		return
	}
	kind := binary.NativeEndian.Uint16(n)
	if kind != noteSendFailed {
		r.tellFailures(b)
	}
	switch kind {
	case noteAssocChange:
		if c, ok := parseAssocChange(n); ok {
			r.assocChange(b, c)
		}
	case notePeerAddrChange:
		if len(n) >= 148 {
			r.peerAddrChange(b, n)
		}
	case noteSendFailed:
		// The message stands behind struct sctp_send_failed.
		if len(n) >= 48 {
			r.failed.messages++
			r.failed.octets += len(n) - 48
			r.failed.why = "the association ended"
		}
	case noteRemoteError:
		if len(n) >= 16 {
			why := "the far end reports: " + remoteError(n)
			r.a.note(why)
			r.event(b, PeerError, netip.Addr{}, why)
		}
	case noteShutdown:
		r.event(b, PeerShutdown, netip.Addr{}, "the far end is shutting down")
	case notePartialDelivery:
		// The rest of the message whose beginning is kept here will not come.
		r.drop()
		r.event(b, PeerError, netip.Addr{}, "the far end did not finish a message that it had begun")
	}
}

func (r *kernelReader) assocChange(b *Batch, c assocChange) {
	switch c.state {
	case changeLost, changeCannot:
		why := r.silence()
		if told := c.why(); told != "" {
			why = fmt.Sprintf("aborted by %s: %s", r.a.name(), told)
			r.aborted = true
		}
		r.ending = &Event{Kind: Lost, Why: why}
	case changeShutdown:
		r.ending = &Event{Kind: Closed, Why: "shut down by the far end"}
	case changeRestart:
		r.drop()
		r.a.mu.Lock()
		r.a.in, r.a.out = c.in, c.out
		r.a.mu.Unlock()
		why := r.a.name() + " restarted"
		r.a.note(why)
		r.event(b, Restart, netip.Addr{}, why)
	}
}

// peerAddrChange handles a struct sctp_paddr_change: the address stands at 8, the state at 136.
func (r *kernelReader) peerAddrChange(b *Batch, n []byte) {
	ip, _ := fromStorage(n[8 : 8+octetsOfAddr])
	p := r.a.settings()
	r.a.mu.Lock()
	_, down := r.a.pathWhy[ip]
	why, kind := "", EventKind(0)
	switch binary.NativeEndian.Uint32(n[136:]) {
	case addrAvailable:
		if kind = PathUp; !down {
			kind = 0 // the path was only suspected
		}
		why = fmt.Sprintf("%v answers again", ip)
		delete(r.a.pathWhy, ip)
	case addrUnreachable:
		kind, why = PathDown, fmt.Sprintf("%v does not answer: more than %d retransmissions or heartbeats", ip, p.PathRetrans)
		r.a.pathWhy[ip] = why
	case addrRemoved:
		kind, why = PathDown, fmt.Sprintf("the far end removed its address %v", ip)
		r.a.pathWhy[ip] = why
	}
	r.a.mu.Unlock()
	if kind != 0 {
		r.event(b, kind, ip, why)
	}
}

// remoteError reads a struct sctp_remote_error: the cause stands at 8, in network order, and what came with it
// at 16.
func remoteError(n []byte) string {
	cause := binary.BigEndian.Uint16(n[8:])
	data := n[16:]
	c := binary.BigEndian.AppendUint16(nil, cause)
	c = binary.BigEndian.AppendUint16(c, uint16(4+len(data)))
	return causeText(append(c, data...))
}
