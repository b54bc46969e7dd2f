package sctp

import (
	"errors"
	"fmt"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/internal/lock"
)

const (
	sendBatch    = 64
	keepQueue    = 256 << 10               // octets of memory that an empty queue keeps
	sndInfoSpace = unix.SizeofCmsghdr + 16 // sizes that need no padding

	cmsgSndInfo  = 2
	sndUnordered = 1 << 0
	sndAbort     = 1 << 2
	sndEOF       = 1 << 9
)

// kernelSender gives messages to the socket, and keeps those that the socket does not take.
type kernelSender struct {
	a    *kernelAssoc
	room func(fd uintptr) bool
	now  func(fd uintptr)

	mu      lock.Mutex[lock.KernelSender]
	limit   int // octets that may wait here
	single  bool
	closing bool   // no more messages are accepted
	ended   *Event // how this end ended the association
	broken  bool   // the socket takes no more
	waits   bool   // a goroutine waits for room
	queue   sendQueue
	burden  burden

	hdrs [sendBatch]mmsghdr
	iovs [sendBatch]unix.Iovec
	ctl  [sendBatch][sndInfoSpace]byte
	msgs []Message // msgs, sent and err are the argument and the results of now
	sent int
	err  error
}

func (s *kernelSender) init(a *kernelAssoc) {
	s.a, s.limit, s.single, s.burden = a, a.params.SendBuffer, a.params.Single, a.endpoint.kernel.burden()
	for i := range s.hdrs {
		h := &s.hdrs[i]
		h.Iov = &s.iovs[i]
		h.SetIovlen(1)
		h.Control = &s.ctl[i][0]
		h.SetControllen(sndInfoSpace)
	}
	s.now = func(fd uintptr) { s.sent, s.err = s.flush(fd, s.msgs) }
	s.room = s.drain
}

// Send implements Assoc. It gives msgs to the kernel without copying them. What the kernel does not take waits
// in our queue, up to Params.SendBuffer octets.
func (a *kernelAssoc) Send(msgs []Message) (int, error) {
	s := &a.send
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return 0, net.ErrClosed
	}
	good, bad := a.valid(msgs)
	sent := 0
	if s.queue.empty() {
		s.msgs = msgs[:good]
		if a.rc.Control(s.now) != nil {
			return 0, net.ErrClosed
		}
		s.msgs = nil
		sent = s.sent
	}
	for s.err == nil && sent < good && !s.burden.full(s.queue.octets+len(msgs[sent].Data)) {
		if !s.queue.put(&msgs[sent], s.limit) {
			break
		}
		sent++
	}
	s.burden.reckon(s.queue.octets)
	a.count(msgs[:sent])
	if err := s.err; err != nil {
		s.err = nil
		return sent, err
	}
	if !s.queue.empty() && !s.waits {
		s.waits = true
		go s.wait()
	}
	if sent < good {
		return sent, ErrFull
	}
	return sent, bad
}

// valid counts the messages before the first that cannot be sent.
func (a *kernelAssoc) valid(msgs []Message) (int, error) {
	out := a.outStreams()
	for i := range msgs {
		if m := &msgs[i]; len(m.Data) == 0 || len(m.Data) > kernelMaxMessage || m.Stream >= out {
			return i, fmt.Errorf("message of %d octets for stream %d of %d cannot be sent", len(m.Data), m.Stream, out)
		}
	}
	return len(msgs), nil
}

func (a *kernelAssoc) outStreams() uint16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out
}

func (a *kernelAssoc) count(msgs []Message) {
	octets := 0
	for i := range msgs {
		octets += len(msgs[i].Data)
	}
	a.sentMessages.Add(uint64(len(msgs)))
	a.sentOctets.Add(uint64(octets))
}

// flush sends until the socket is full, which is no error. All but the last message go with MSG_MORE, which
// makes the kernel fill packets in spite of SCTP_NODELAY. If the socket is full before the last message, the
// queue is flushed later, and that ends without MSG_MORE. The caller holds s.mu.
func (s *kernelSender) flush(fd uintptr, msgs []Message) (sent int, err error) {
	for sent < len(msgs) {
		k := min(len(msgs)-sent, sendBatch)
		more := unix.MSG_MORE
		if s.single {
			more = 0
		} else if sent+k == len(msgs) {
			if k > 1 {
				k--
			} else {
				more = 0
			}
		}
		n, err := s.give(fd, msgs[sent:sent+k], more)
		sent += n
		switch {
		case errors.Is(err, unix.EAGAIN):
			return sent, nil
		case errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			return sent, nil // there is no memory now: treat the socket as full
		case err != nil:
			return sent, s.refused(err)
		}
	}
	return sent, nil
}

// give makes one system call.
func (s *kernelSender) give(fd uintptr, msgs []Message, flags int) (int, error) {
	for i := range msgs {
		m := &msgs[i]
		s.iovs[i].Base = &m.Data[0]
		s.iovs[i].SetLen(len(m.Data))
		fillSndInfo(&s.ctl[i], m, 0, 0)
	}
	n, err := sendmmsg(fd, s.hdrs[:len(msgs)], flags)
	for i := range msgs {
		s.iovs[i].Base = nil // it is the caller's
	}
	return n, err
}

// fillSndInfo writes an SCTP_SNDINFO control message (RFC 6458 §5.3.4).
func fillSndInfo(b *[sndInfoSpace]byte, m *Message, flags uint16, assoc int32) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(b))
	h.Level, h.Type = solSCTP, cmsgSndInfo
	h.SetLen(sndInfoSpace)
	if m.Unordered {
		flags |= sndUnordered
	}
	type sndInfo struct {
		stream, flags uint16
		ppid, context uint32
		assoc         int32
	}
	*(*sndInfo)(unsafe.Pointer(&b[unix.SizeofCmsghdr])) = sndInfo{stream: m.Stream, flags: flags,
		ppid: netOrder32(m.PPID), assoc: assoc}
}

// refused says what an error of sendmmsg means. Most errors mean that the association has ended, which Read
// tells with the reason.
func (s *kernelSender) refused(err error) error {
	if errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("the kernel refuses the message: %w", err)
	}
	s.broken = true
	return net.ErrClosed
}

// wait is a goroutine that runs while messages wait in the queue.
func (s *kernelSender) wait() {
	if s.a.rc.Write(s.room) == nil {
		return
	}
	s.mu.Lock()
	s.waits, s.broken = false, true
	s.mu.Unlock()
}

// drain sends what waits. The poller calls it again, whenever there is room, until it gives true.
func (s *kernelSender) drain(fd uintptr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.queue.empty() && !s.broken && s.ended == nil {
		msgs := s.queue.view()
		n, err := s.flush(fd, msgs)
		s.queue.drop(n)
		s.burden.reckon(s.queue.octets)
		if err != nil && !s.broken {
			s.queue.drop(1) // a message that the kernel refuses must not stop the rest
			s.a.note(err.Error())
			continue
		}
		if err == nil && n < len(msgs) {
			return false
		}
	}
	s.waits = false
	if s.closing && !s.broken && s.ended == nil {
		_ = sendEOF(int(fd)) // fails if it has ended already
	}
	return true
}

func (s *kernelSender) queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.octets
}

func (s *kernelSender) setSingle(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.single = on
}

// close makes the sender accept no more messages. It gives true to the first caller.
func (s *kernelSender) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.closing = true
	if s.queue.empty() {
		_ = control(s.a.rc, sendEOF) // fails if it has ended already
	}
	return true
}

// end notes that this end ended the association. It gives true to the first caller, whose event counts.
func (s *kernelSender) end(ev Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return false
	}
	s.ended, s.closing = &ev, true
	return true
}

// outcome tells how this end ended the association, whether it began a shutdown, and
// how much of what was accepted never reached the kernel.
func (s *kernelSender) outcome() (ended *Event, closing bool, messages, octets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, octets = s.queue.len(), s.queue.octets
	s.broken = true
	s.queue = sendQueue{}
	s.burden.close()
	return s.ended, s.closing, messages, octets
}

// sendQueue keeps messages in order, in memory that is used again.
type sendQueue struct {
	msgs   []Message // Data is nil; offs says where it lies
	ends   []int     // in buf
	buf    []byte
	first  int // message
	octets int
	out    []Message // of view
}

func (q *sendQueue) empty() bool { return q.first == len(q.msgs) }
func (q *sendQueue) len() int    { return len(q.msgs) - q.first }

func (q *sendQueue) start(i int) int {
	if i == 0 {
		return 0
	}
	return q.ends[i-1]
}

// put copies a message into the queue. It gives false if more than limit octets would wait then; the first
// message fits always.
func (q *sendQueue) put(m *Message, limit int) bool {
	if !q.empty() && q.octets+len(m.Data) > limit {
		return false
	}
	if q.first > 64 && q.first > len(q.msgs)/2 { // the larger part is done
		cut := q.start(q.first)
		q.buf = append(q.buf[:0], q.buf[cut:]...)
		q.msgs = append(q.msgs[:0], q.msgs[q.first:]...)
		q.ends = append(q.ends[:0], q.ends[q.first:]...)
		for i := range q.ends {
			q.ends[i] -= cut
		}
		q.first = 0
	}
	q.buf = append(q.buf, m.Data...)
	q.ends = append(q.ends, len(q.buf))
	q.msgs = append(q.msgs, Message{Stream: m.Stream, PPID: m.PPID, Unordered: m.Unordered})
	q.octets += len(m.Data)
	return true
}

// view gives the first messages of the queue, valid until the queue next changes. If the queue has more, the
// flush ends without MSG_MORE too early, which wastes part of a packet.
func (q *sendQueue) view() []Message {
	q.out = q.out[:0]
	for i := q.first; i < min(len(q.msgs), q.first+16*sendBatch); i++ {
		m := q.msgs[i]
		m.Data = q.buf[q.start(i):q.ends[i]]
		q.out = append(q.out, m)
	}
	return q.out
}

// drop forgets the first n messages.
func (q *sendQueue) drop(n int) {
	q.octets -= q.start(q.first+n) - q.start(q.first)
	q.first += n
	if q.empty() {
		if cap(q.buf) > keepQueue {
			*q = sendQueue{}
		}
		q.msgs, q.ends, q.buf, q.first = q.msgs[:0], q.ends[:0], q.buf[:0], 0
	}
}
