package sctp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	lksctp "github.com/ishidawataru/sctp"
	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/internal/lock"
)

// kernelAssoc is a socket that was peeled off. The only goroutine of ours that runs for it is its reader. While
// the send buffer of the socket is full, there is another one that waits for room.
type kernelAssoc struct {
	endpoint *kernelEndpoint
	f        *os.File
	rc       syscall.RawConn
	remote   Addr // every address that the far end listed
	// home is the address from which the far end set up the association, or answered.
	home     netip.Addr
	since    time.Time
	notes    []string
	accepted bool          // the far end has set up the association
	done     chan struct{} // closed once the descriptor is
	release  sync.Once

	read kernelReader // belongs to the goroutine that reads
	send kernelSender // has its own lock

	sentMessages, sentOctets, recvMessages, recvOctets atomic.Uint64

	mu        lock.Mutex[lock.KernelAssociation]
	params    Params
	in, out   uint16
	lastError string
	pathWhy   map[netip.Addr]string // why paths are down
	stall     stallWatch
}

// newKernelAssoc takes over a socket. It gives nil if the association has ended already.
func newKernelAssoc(e *kernelEndpoint, fd int) *kernelAssoc {
	var st assocStatus
	peer, err := lksctp.NewSCTPConn(fd, nil).SCTPRemoteAddr(0) // every address that the far end told of
	if err == nil {
		err = getOpt(fd, solSCTP, optStatus, &st)
	}
	f := os.NewFile(uintptr(fd), "sctp")
	rc, e2 := f.SyscallConn()
	if err != nil || e2 != nil || len(peer.IPAddrs) == 0 {
		f.Close()
		return nil
	}
	home, _ := fromStorage(st.primary.addr[:])
	remote := fromLibrary(peer)
	a := &kernelAssoc{endpoint: e, f: f, rc: rc, remote: remote, home: remote.withZone(home), since: time.Now(),
		notes: e.notes, params: e.params, in: st.in, out: st.out,
		done: make(chan struct{}), pathWhy: map[netip.Addr]string{}}
	a.read.init(a)
	a.send.init(a)
	return a
}

// keys gives the keys under which the endpoint may find the association; has tells whether it is the right one.
func (a *kernelAssoc) keys() []netip.AddrPort { return keysOf(a.remote) }

// has tells whether the far end has proved to be at one of its addresses.
func (a *kernelAssoc) has(k netip.AddrPort) bool {
	return slices.Contains(a.Confirmed(), k.Addr())
}

// Confirmed implements Assoc. At first the kernel's primary path is the one by which INIT came and INIT ACK
// went back. The kernel calls the other paths of an accepted association unconfirmed until a HEARTBEAT is
// answered (SCTP_GET_PEER_ADDR_INFO, RFC 6458 §8.2.2).
func (a *kernelAssoc) Confirmed() []netip.Addr {
	out := []netip.Addr{a.home}
	_ = control(a.rc, func(fd int) error {
		for _, ip := range a.remote.IPs {
			info := peerAddrInfo{}
			toStorage(&info.addr, ip, a.remote.Port)
			if ip != a.home && getOpt(fd, solSCTP, optPeerAddrInfo, &info) == nil && info.state != addrUnconfirmed {
				out = append(out, ip)
			}
		}
		return nil
	})
	return out
}

func (a *kernelAssoc) Local() Addr  { return a.endpoint.local }
func (a *kernelAssoc) Remote() Addr { return a.remote }

// alive tells whether the kernel still has the association.
func (a *kernelAssoc) alive() bool {
	var st assocStatus
	return control(a.rc, func(fd int) error { return getOpt(fd, solSCTP, optStatus, &st) }) == nil
}

// free closes the descriptor. A Read that still waits ends with net.ErrClosed.
func (a *kernelAssoc) free() {
	a.release.Do(func() {
		a.f.Close()
		a.endpoint.forget(a)
		close(a.done)
	})
}

func (a *kernelAssoc) note(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastError = why
}

// Close has the kernel shut down once our own queue is empty.
func (a *kernelAssoc) Close() {
	if a.send.close() {
		go a.finish()
	}
}

// finish frees the descriptor of an association that was closed and has no reader any more. A reader frees it
// itself, when all is read.
func (a *kernelAssoc) finish() {
	wait := 5 * time.Millisecond
	for a.alive() {
		select {
		case <-a.done:
			return
		case <-time.After(wait):
			wait = min(2*wait, 500*time.Millisecond)
		}
	}
	select {
	case <-a.done:
	case <-time.After(5 * time.Second):
		a.send.end(Event{Kind: Closed, Why: "shut down by this end"})
		a.free()
	}
}

// Abort ends the association here at once. The kernel sends ABORT with the reason.
func (a *kernelAssoc) Abort(reason string) {
	select {
	case <-a.done:
		return
	default:
	}
	if !a.send.end(Event{Kind: Lost, Why: "aborted by this end: " + reason}) {
		return
	}
	a.endpoint.kernel.aborted.Add(1)
	_ = control(a.rc, func(fd int) error { return sendAbort(fd, 0, reason) }) // an error means that it has ended already
	a.free()
}

// sendAbort sends, with SCTP_ABORT, a message that is not delivered but becomes the reason (RFC 6458 §5.3.4).
func sendAbort(fd int, assoc int32, reason string) error {
	return sendFlag(fd, assoc, sndAbort, []byte(reason[:min(len(reason), 200)]))
}

// sendEOF makes the kernel shut down once it has delivered all that it holds.
func sendEOF(fd int) error { return sendFlag(fd, 0, sndEOF, nil) }

// sendFlag sends data with a flag. It does not use unix.Sendmsg, which sends one octet when there is no data.
func sendFlag(fd int, assoc int32, flag uint16, data []byte) error {
	var ctl [sndInfoSpace]byte
	fillSndInfo(&ctl, &Message{}, flag, assoc)
	h := make([]mmsghdr, 1)
	iov := unix.Iovec{Base: unsafe.SliceData(data)}
	iov.SetLen(len(data))
	h[0].Iov, h[0].Control = &iov, &ctl[0]
	h[0].SetIovlen(1)
	h[0].SetControllen(len(ctl))
	_, err := sendmmsg(uintptr(fd), h, 0)
	return err
}

func (a *kernelAssoc) SetPrimary(ip netip.Addr) error {
	ip = ip.Unmap()
	p := primaryAddr{}
	toStorage(&p.addr, ip, a.remote.Port)
	err := control(a.rc, func(fd int) error { return setOpt(fd, solSCTP, optPrimary, &p) })
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%v is not an address of this association", ip)
	}
	return err
}

func (a *kernelAssoc) Set(p Params) { a.adopt(p.or(DefaultParams())) }

// adopt applies the settings that a living association can take.
func (a *kernelAssoc) adopt(p Params) {
	a.mu.Lock()
	p.OutStreams, p.InStreams, p.RecvBuffer, p.SendBuffer = a.params.OutStreams, a.params.InStreams,
		a.params.RecvBuffer, a.params.SendBuffer
	a.params = p
	a.mu.Unlock()
	a.send.setSingle(p.Single)
	if err := control(a.rc, func(fd int) error { return tune(fd, p) }); err != nil && !errors.Is(err, net.ErrClosed) {
		a.note("settings that the kernel refuses: " + err.Error())
	}
}

// Status asks the kernel. The kernel tells no verification tags. What is queued it counts as it charges for it,
// which is more than the user's octets.
func (a *kernelAssoc) Status() Status {
	a.mu.Lock()
	s := Status{State: "CLOSED", Since: a.since, InStreams: a.in, OutStreams: a.out, LastError: a.lastError,
		Notes: a.notes}
	a.mu.Unlock()
	s.Stats = Stats{SentMessages: a.sentMessages.Load(), RecvMessages: a.recvMessages.Load(),
		SentOctets: a.sentOctets.Load(), RecvOctets: a.recvOctets.Load()}
	s.SendQueued = a.send.queued()
	_ = control(a.rc, func(fd int) error {
		var st assocStatus
		if err := getOpt(fd, solSCTP, optStatus, &st); err != nil {
			return err
		}
		s.State, s.PeerWindow = "unknown", st.window
		if st.state >= 0 && int(st.state) < len(kernelStates) {
			s.State = kernelStates[st.state]
		}
		var mem [9]uint32 // SO_MEMINFO: rmem, rcvbuf, wmem, sndbuf, forward, queued, ...
		if getOpt(fd, unix.SOL_SOCKET, unix.SO_MEMINFO, &mem) == nil {
			s.RecvQueued = int(mem[0])
			s.SendQueued += int(mem[5])
		}
		a.readStats(fd, &s.Stats)
		primary, _ := fromStorage(st.primary.addr[:])
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, ip := range a.remote.IPs {
			s.Paths = append(s.Paths, a.path(fd, ip, primary))
		}
		return nil
	})
	return s
}

// Stalled asks the kernel. The chunks that were sent once, less those not acknowledged yet, are those that the
// far end has taken.
func (a *kernelAssoc) Stalled() (s Stall) {
	waits := a.send.queued()
	_ = control(a.rc, func(fd int) error {
		var st assocStatus
		var k assocStats
		var mem [9]uint32 // SO_MEMINFO, as in Status
		if err := errors.Join(getOpt(fd, solSCTP, optStatus, &st), getOpt(fd, solSCTP, optAssocStats, &k),
			getOpt(fd, unix.SOL_SOCKET, unix.SO_MEMINFO, &mem)); err != nil {
			return err
		}
		if waits += int(mem[5]); st.unacked > 0 {
			waits = max(waits, 1)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		s = a.stall.look(time.Now(), k.outData+k.outUnordered-uint64(st.unacked), waits, st.window == 0)
		return nil
	})
	return s
}

func (a *kernelAssoc) readStats(fd int, s *Stats) {
	var k assocStats
	if getOpt(fd, solSCTP, optAssocStats, &k) != nil {
		return
	}
	s.SentPackets, s.RecvPackets = k.outPackets, k.inPackets
	s.SentChunks, s.RecvChunks = k.outData+k.outUnordered, k.inData+k.inUnordered
	s.Retransmits, s.Duplicates = k.resent, k.duplicates
}

// States of an address of the far end (enum sctp_spinfo_state).
const addrInactive, addrPotentiallyFailed, addrActive, addrUnconfirmed = 0, 1, 2, 3

// path asks the kernel about one address of the far end. The caller holds a.mu.
func (a *kernelAssoc) path(fd int, ip, primary netip.Addr) PathStatus {
	p := PathStatus{Addr: ip, Primary: ip == primary}
	info := peerAddrInfo{}
	toStorage(&info.addr, ip, a.remote.Port)
	if err := getOpt(fd, solSCTP, optPeerAddrInfo, &info); err != nil {
		p.Why = "no longer an address of this association"
		return p
	}
	p.Active, p.Confirmed = info.state == addrActive, info.state != addrUnconfirmed
	p.SRTT, p.RTO = time.Duration(info.srtt)*time.Millisecond, time.Duration(info.rto)*time.Millisecond
	p.CWND, p.MTU = info.cwnd, int(info.mtu)
	switch info.state {
	case addrInactive:
		if p.Why = a.pathWhy[ip]; p.Why == "" {
			p.Why = "does not answer"
		}
	case addrPotentiallyFailed:
		p.Why = "did not answer lately"
	case addrUnconfirmed:
		p.Why = "has not answered a HEARTBEAT yet"
	}
	return p
}
