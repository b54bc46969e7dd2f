package sctp

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// slot is the room for a message in one batch; a longer one takes several.
	slot             = 2048
	kernelMaxMessage = 1 << 20 // octets; what is longer ends the association
	receiveBatch     = 256
	rcvInfoSpace     = unix.SizeofCmsghdr + 32 // room for a struct sctp_rcvinfo of 28 octets, and padding
	cmsgRcvInfo      = 3
	flagUnordered    = 1
	msgNotification  = 0x8000
)

// kernelReader turns what the socket gives into items. One goroutine at a time uses it.
type kernelReader struct {
	a    *kernelAssoc
	fill func(fd uintptr) bool
	hdrs []mmsghdr
	iovs []unix.Iovec
	ctl  [][rcvInfoSpace]byte
	base *byte // the memory of the batch that the iovs point into
	n    int   // n and err are the results of fill
	err  error

	carry  []byte // the beginning of a message whose end has not come yet
	hold   *holding
	errors int    // errors of the socket in a row
	sockEr error  // the last of them
	ending *Event // the end that the kernel told of; delivered last
	failed failures
	ended  bool // the socket has nothing more to read
	// aborted says that the far end ended the association and gave a reason.
	aborted bool
	over    bool // the last item was delivered
}

// failures sums up the SCTP_SEND_FAILED notifications: a lost association brings one for each message.
type failures struct {
	messages, octets int
	why              string
}

func (r *kernelReader) init(a *kernelAssoc) {
	r.a, r.hold = a, a.endpoint.kernel.holding(a.Abort)
	r.fill = func(fd uintptr) bool {
		r.n, r.err = recvmmsg(fd, r.hdrs)
		// SEND_FAILED after the end of the association is queued together with that end, so nothing more will come.
		return !errors.Is(r.err, unix.EAGAIN) || r.ending != nil
	}
}

// aim points the receive vectors at the batch's memory.
func (r *kernelReader) aim(b *Batch) {
	n := min(max(cap(b.Items), 1), receiveBatch)
	if cap(b.buf) < n*slot {
		b.buf = make([]byte, n*slot)
	}
	b.buf = b.buf[:n*slot]
	if len(r.hdrs) != n {
		r.hdrs, r.iovs, r.ctl, r.base = make([]mmsghdr, n), make([]unix.Iovec, n), make([][rcvInfoSpace]byte, n), nil
	}
	move := r.base != &b.buf[0]
	for i := range r.hdrs {
		h := &r.hdrs[i]
		if move {
			r.iovs[i].Base = &b.buf[i*slot]
			r.iovs[i].SetLen(slot)
			h.Iov, h.Control = &r.iovs[i], &r.ctl[i][0]
			h.SetIovlen(1)
		}
		h.SetControllen(rcvInfoSpace)
	}
	r.base = &b.buf[0]
}

// Read implements Assoc. It waits in Go's poller.
func (a *kernelAssoc) Read(b *Batch) error {
	r := &a.read
	b.Items = b.Items[:0]
	if r.over {
		return io.EOF
	}
	for len(b.Items) == 0 {
		if r.ended {
			r.finish(b)
			return nil
		}
		r.aim(b)
		switch {
		case a.rc.Read(r.fill) != nil: // closed by Abort
			r.ended = true
		case r.err != nil:
			// recvmmsg gives the error of the socket before what was received, so read on.
			if r.errors++; !errors.Is(r.err, unix.EAGAIN) {
				r.sockEr = r.err
			}
			r.ended = r.errors > 2 || errors.Is(r.err, unix.ENOTCONN) || errors.Is(r.err, unix.EAGAIN)
		default:
			r.errors = 0
			r.take(b)
		}
	}
	return nil
}

// take turns r.n received pieces into items.
func (r *kernelReader) take(b *Batch) {
	var octets, messages uint64
	start, end := 0, 0 // where in b.buf the message lies, so far
	for i := range r.n {
		h := &r.hdrs[i]
		n, flags := int(h.n), h.Flags
		note := flags&msgNotification != 0
		if n == 0 && !note {
			r.ended = true // end of file: the rest of the batch is empty too
			break
		}
		if start == end {
			start, end = i*slot, i*slot
		}
		if end != i*slot { // a piece before this one was short
			copy(b.buf[end:], b.buf[i*slot:i*slot+n])
		}
		end += n
		if flags&unix.MSG_EOR == 0 {
			if end-start+len(r.carry) > kernelMaxMessage {
				r.a.Abort(fmt.Sprintf("a message longer than %d octets", kernelMaxMessage))
				return
			}
			continue
		}
		data := b.buf[start:end:end]
		start, end = 0, 0
		if len(r.carry) > 0 {
			data = append(r.carry, data...)
			r.drop() // it belongs to the caller now
		}
		if note {
			r.notification(b, data)
			continue
		}
		r.tellFailures(b)
		it := Item{Message: Message{Data: data}}
		it.Stream, it.PPID, it.Unordered = rcvInfo(&r.ctl[i], &h.Msghdr)
		b.Items = append(b.Items, it)
		messages++
		octets += uint64(len(data))
	}
	r.keep(b.buf[start:end])
	r.tellFailures(b)
	r.a.recvMessages.Add(messages)
	r.a.recvOctets.Add(octets)
}

// keep keeps the beginning of a message. It aborts the association if there is no memory for that.
func (r *kernelReader) keep(b []byte) {
	if len(b) > 0 && !r.hold.take(len(b)) {
		r.a.Abort(noMemory)
		return
	}
	r.carry = append(r.carry, b...)
}

// drop forgets the beginning of a message that it kept.
func (r *kernelReader) drop() {
	r.carry = nil
	r.hold.empty()
}

// rcvInfo reads an SCTP_RCVINFO control message (RFC 6458 §5.3.5).
func rcvInfo(b *[rcvInfoSpace]byte, h *unix.Msghdr) (stream uint16, ppid uint32, unordered bool) {
	c := (*unix.Cmsghdr)(unsafe.Pointer(b))
	if h.Controllen < unix.SizeofCmsghdr+28 || c.Level != solSCTP || c.Type != cmsgRcvInfo {
		return
	}
	type rcv struct {
		stream, ssn, flags, _      uint16
		ppid, tsn, cumTSN, context uint32
		assoc                      int32
	}
	i := (*rcv)(unsafe.Pointer(&b[unix.SizeofCmsghdr]))
	return i.stream, netOrder32(i.ppid), i.flags&flagUnordered != 0
}

// finish gives the last items: what could not be sent, and how the association ended.
func (r *kernelReader) finish(b *Batch) {
	mine, closing, messages, octets := r.a.send.outcome()
	r.failed.messages += messages
	r.failed.octets += octets
	if r.failed.why == "" {
		r.failed.why = "the association ended"
	}
	r.tellFailures(b)
	ev := r.ending
	switch {
	case mine != nil:
		ev = mine
	case ev == nil:
		ev = &Event{Kind: Lost, Why: r.silence()}
	case ev.Kind == Closed && closing:
		ev.Why = "shut down by this end"
	}
	b.Items = append(b.Items, Item{Event: ev})
	r.over = true
	r.drop()
	r.a.note(ev.Why)
	r.a.free()
	if mine == nil && r.a.accepted && r.silent() {
		go r.a.endpoint.part(r.a.remote, r.a.settings())
	}
}

// silence says what ended an association that ended without a word from the far end.
func (r *kernelReader) silence() string {
	if r.sockEr == nil || errors.Is(r.sockEr, unix.ETIMEDOUT) {
		p := r.a.settings()
		return fmt.Sprintf("%s is silent: more than %d retransmissions or heartbeats unanswered", r.a.name(), p.AssocRetrans)
	}
	if errors.Is(r.sockEr, unix.ECONNRESET) {
		return "aborted by " + r.a.name()
	}
	return fmt.Sprintf("the association with %s failed: %v", r.a.name(), r.sockEr)
}

func (a *kernelAssoc) name() string { return a.remote.IPs[0].String() }

func (a *kernelAssoc) settings() Params {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.params
}

func (r *kernelReader) tellFailures(b *Batch) {
	if f := r.failed; f.messages > 0 {
		r.failed = failures{}
		r.event(b, SendFailed, netip.Addr{},
			fmt.Sprintf("%d messages of %d octets that were accepted are not delivered: %s", f.messages, f.octets, f.why))
	}
}

func (r *kernelReader) event(b *Batch, k EventKind, ip netip.Addr, why string) {
	b.Items = append(b.Items, Item{Event: &Event{Kind: k, Addr: ip, Why: why}})
}
