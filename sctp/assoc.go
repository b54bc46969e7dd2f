package sctp

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

// state is the state of an association (RFC 9260 §4).
type state uint8

const (
	closed state = iota
	cookieWait
	cookieEchoed
	established
	shutdownPending
	shutdownSent
	shutdownReceived
	shutdownAckSent
)

var stateNames = [...]string{"CLOSED", "COOKIE-WAIT", "COOKIE-ECHOED", "ESTABLISHED", "SHUTDOWN-PENDING",
	"SHUTDOWN-SENT", "SHUTDOWN-RECEIVED", "SHUTDOWN-ACK-SENT"}

// Timers of the association; T3 and heartbeat are each path's own.
const (
	timerT1    = iota // INIT, COOKIE ECHO
	timerT2           // SHUTDOWN, SHUTDOWN ACK
	timerT5           // the whole shutdown
	timerSack         // delayed acknowledgement (§6.2)
	timerProbe        // zero window probe (§6.1 A)
	timerCount
)

// instant is the time since the association was made; 0 means no time.
type instant = time.Duration

// assoc is one association. Its mu guards all fields after it. It is held while packets are made and handed to
// the wire, which never waits.
type assoc struct {
	endpoint *endpoint
	port     uint16 // of the far end
	base     time.Time
	up, down chan struct{} // closed when established, when ended
	readable chan struct{} // one slot

	mu          lock.Mutex[lock.SCTPAssociation]
	params      Params
	state       state
	since       time.Time
	now         instant // the time of what is being handled
	why         string  // why it ended
	localTag    uint32
	peerTag     uint32
	tie         uint64 // tie-tags that our cookies carry (§5.2.2)
	outs, ins   uint16 // streams
	cookie      []byte
	dialled     bool    // dialled by this end
	echoed      instant // when COOKIE ECHO was sent first
	tries       int     // attempts counted by T1 and T2
	timers      [timerCount]instant
	timer       *time.Timer
	armed       instant
	touched     bool // the batch of packets that is being handled had one for it
	out         *outgoing
	control     []byte // chunks to go out with the next packet
	stats       Stats
	lastError   string
	enrolled    []netip.Addr // the addresses by which the endpoint finds it; the endpoint's lock guards them
	enrolledTag uint32

	paths   []*path
	primary *path
	errors  int     // consecutive, of the whole association (§8.1)
	failing instant // when the first of them was counted
	heard   instant // when the last packet came

	sender
	receiver
	burden burden
}

func newAssoc(e *endpoint, port uint16, p Params) *assoc {
	a := &assoc{endpoint: e, port: port, params: p, base: time.Now(), tie: random64() | 1, up: make(chan struct{}),
		down:     make(chan struct{}),
		readable: make(chan struct{}, 1)}
	a.held, a.burden = e.user.holding(a.Abort), e.user.burden()
	a.timer = time.AfterFunc(time.Hour, a.tick)
	a.timer.Stop()
	return a
}

// clock reads the time, once for all that is handled now.
func (a *assoc) clock() instant {
	a.now = time.Since(a.base) + 1
	return a.now
}

func (a *assoc) count(i int) { a.endpoint.user.count.add(i) }

// fragmentSize is the most user data that a chunk can carry on any of the paths.
func (a *assoc) fragmentSize() int {
	m := a.endpoint.wires[0].wire.MTU()
	for _, w := range a.endpoint.wires[1:] {
		m = min(m, w.wire.MTU())
	}
	return (m - headerLen - dataHeaderLen) &^ 3
}

func (a *assoc) Local() Addr { return a.endpoint.addr }

func (a *assoc) Remote() Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := Addr{Port: a.port}
	for _, p := range a.paths {
		out.IPs = append(out.IPs, p.addr)
		if p == a.primary {
			out.UDP = p.udp
		}
	}
	return out
}

// Confirmed implements Assoc.
func (a *assoc) Confirmed() (out []netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.paths {
		if p.confirmed {
			out = append(out, p.addr)
		}
	}
	return out
}

// name says who the far end is, in texts for people.
func (a *assoc) name() string {
	var ips []netip.Addr
	for _, p := range a.paths {
		ips = append(ips, p.addr)
	}
	return addrList(ips)
}

func addrList(ips []netip.Addr) string {
	var out []string
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return strings.Join(out, ", ")
}

func (a *assoc) become(s state) {
	a.state = s
	if s == established {
		a.since = time.Now()
	}
}

// SetPrimary makes a remote address the one to which data goes while it answers.
func (a *assoc) SetPrimary(ip netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.path(ip.Unmap())
	if p == nil {
		return fmt.Errorf("%v is no address of the far end, which has %s", ip, a.name())
	}
	a.primary = p
	return nil
}

// Set changes the settings of a living association. The number of streams and the buffers stay as they are.
func (a *assoc) Set(p Params) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p = p.or(DefaultParams())
	p.OutStreams, p.InStreams, p.RecvBuffer, p.SendBuffer = a.params.OutStreams, a.params.InStreams,
		a.params.RecvBuffer, a.params.SendBuffer
	marked := p.DSCP != a.params.DSCP
	a.params = p
	if a.state < established {
		return
	}
	a.clock()
	for _, x := range a.paths {
		x.rto = min(max(x.rto, p.RTOMin), p.RTOMax)
		if marked {
			x.open() // another DSCP means another queue and another congestion (§7.2.5.1)
		}
		if a.state < shutdownSent {
			a.scheduleBeat(x)
		}
	}
	a.settle()
}

// failure gives the error of a Dial that failed.
func (a *assoc) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.New(a.why)
}

// end closes the association. The reader gets the event after all data.
func (a *assoc) end(kind EventKind, why string) {
	if a.state == closed {
		return
	}
	was := a.state
	a.become(closed)
	a.why, a.lastError = why, why
	a.timers = [timerCount]instant{}
	for _, p := range a.paths {
		p.t3, p.beatAt = 0, 0
	}
	a.timer.Stop()
	a.armed = 0
	a.endpoint.remove(a)
	if was >= established {
		if n := a.undelivered(); n > 0 && kind == Lost {
			a.event(Event{Kind: SendFailed, Why: fmt.Sprintf("%d messages that were accepted may not have been delivered", n)})
		}
		a.event(Event{Kind: kind, Addr: a.primary.addr, Why: why})
	}
	a.sender.reset()
	a.receiver.reset()
	a.burden.close()
	close(a.down)
	a.wake()
}

// abort sends the far end an ABORT with the cause, and ends the association.
func (a *assoc) abort(cause []byte, why string) {
	if a.peerTag != 0 && len(a.paths) > 0 {
		p := a.dataPath()
		a.reply(p, p.wire, a.peerTag, appendSimple(nil, ctAbort, 0, cause))
		a.count(cAbortsOut)
	}
	a.end(Lost, why)
}

// violation aborts the association with a far end that breaks the protocol (§3.3.10.13).
func (a *assoc) violation(what string) {
	a.abort(appendParam(nil, causeProtocol, []byte(what)), fmt.Sprintf("aborted: %s broke the protocol: %s", a.name(),
		what))
}

// Abort tells the far end why, and ends the association at once.
func (a *assoc) Abort(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == closed {
		return
	}
	a.clock()
	a.abort(appendParam(nil, causeUserAbort, []byte(reason[:min(len(reason), 400)])), "aborted by this end: "+reason)
	a.ship()
}

// settle sends what is due, arms the timer and wakes the reader.
func (a *assoc) settle() {
	if a.state != closed {
		a.flush()
	}
	a.ship()
	a.burden.reckon(a.octets)
	a.sender.relax()
	a.rearm()
	if a.news {
		a.wake()
	}
}

// tick is called by the timer.
func (a *assoc) tick() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = 0
	if a.state == closed {
		return
	}
	a.clock()
	for id := range a.timers {
		if at := a.timers[id]; at != 0 && at <= a.now && a.state != closed {
			a.timers[id] = 0
			a.expired(id)
		}
	}
	for _, p := range a.paths {
		if p.t3 != 0 && p.t3 <= a.now && a.state != closed {
			p.t3 = 0
			a.timeout(p)
		}
		if p.beatAt != 0 && p.beatAt <= a.now && a.state != closed {
			p.beatAt = 0
			a.heartbeat(p)
		}
	}
	a.settle()
}

// rearm sets the one timer to the earliest deadline. When that deadline has moved away, the timer is left to
// fire, and tick arms it again.
func (a *assoc) rearm() {
	if a.state == closed {
		return
	}
	var next instant
	earlier := func(at instant) {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	for _, at := range a.timers {
		earlier(at)
	}
	for _, p := range a.paths {
		earlier(p.t3)
		earlier(p.beatAt)
	}
	if next == 0 || a.armed != 0 && next >= a.armed {
		return
	}
	a.armed = next
	a.timer.Reset(max(0, next-time.Since(a.base)))
}

func (a *assoc) start(id int, d time.Duration) { a.timers[id] = a.now + max(d, 1) }

func (a *assoc) expired(id int) {
	switch id {
	case timerT1:
		a.count(cT1)
		a.retryHandshake()
	case timerT2:
		a.count(cT2)
		a.retryShutdown()
	case timerT5:
		a.abort(nil, fmt.Sprintf("%s did not finish the shutdown within %v", a.name(), 5*a.params.RTOMax))
	case timerSack:
		a.sackNow = true
	case timerProbe:
		a.probe = true
	}
}

// wake makes a waiting Read look again.
func (a *assoc) wake() {
	a.news = false
	select {
	case a.readable <- struct{}{}:
	default:
	}
}

// Read waits for messages and events.
func (a *assoc) Read(b *Batch) error {
	for {
		a.mu.Lock()
		n := a.fill(b)
		if n > 0 {
			a.windowUpdate()
			a.mu.Unlock()
			return nil
		}
		over := a.state == closed
		a.mu.Unlock()
		if over {
			return io.EOF
		}
		select {
		case <-a.readable:
		case <-a.down:
		}
	}
}

// Status implements Assoc.
func (a *assoc) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Status{State: stateNames[a.state], Since: a.since, LocalTag: a.localTag, RemoteTag: a.peerTag,
		OutStreams: a.outs, InStreams: a.ins,
		SendQueued: a.octets, RecvQueued: a.unread, PeerWindow: a.peerWindow, LastError: a.lastError, Stats: a.stats}
	for _, p := range a.paths {
		s.Paths = append(s.Paths, p.status(p == a.primary, a.state))
	}
	return s
}
