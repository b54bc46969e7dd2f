package sctp

import (
	"encoding/binary"
	"fmt"
	"time"
)

// heartbeat is called when the next HEARTBEAT is due, or the last was not
// answered in time (§8.3). Data under way does the same service.
func (a *assoc) heartbeat(now time.Time) {
	p := &a.path
	if p.beat != 0 && !a.strike(now, "heartbeats") {
		return
	}
	if p.beat == 0 && a.sent > 0 {
		a.timers.Start(timerBeat, now, a.params.Heartbeat)
		return
	}
	p.beat = uint64(random32())<<32 | uint64(random32()) // nobody can answer what it has not seen
	p.beatAt = now
	p.beats++
	a.control = appendSimple(a.control, ctHeartbeat, 0, appendParam(nil, ptHeartbeatInfo, binary.BigEndian.AppendUint64(nil, p.beat)))
	a.timers.Start(timerBeat, now, p.rto)
}

func (a *assoc) beatAck(c chunk) {
	typ, value, _, _, err := nextParam(c.value)
	if err != nil || typ != ptHeartbeatInfo || len(value) != 8 || a.path.beat == 0 || binary.BigEndian.Uint64(value) != a.path.beat {
		return
	}
	now := time.Now()
	a.path.beat = 0
	a.rtt(now.Sub(a.path.beatAt))
	a.alive(now)
	a.timers.Start(timerBeat, now, a.params.Heartbeat)
}

// Close begins a graceful shutdown (§9.2).
func (a *assoc) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.state {
	case established:
		a.become(shutdownPending)
		a.timers.Start(timerT5, time.Now(), 5*a.params.RTOMax)
		a.flush()
		a.rearm()
	case cookieWait, cookieEchoed:
		a.end(Closed, "closed by this end")
	}
}

// maybeShutdown goes on with a shutdown once everything is acknowledged.
func (a *assoc) maybeShutdown(now time.Time) {
	if a.n > 0 {
		return
	}
	switch a.state {
	case shutdownPending:
		a.become(shutdownSent)
		a.tries = 0
		a.sendShutdown(now)
	case shutdownReceived:
		a.become(shutdownAckSent)
		a.tries = 0
		a.sendShutdown(now)
	}
}

func (a *assoc) sendShutdown(now time.Time) {
	if a.state == shutdownSent {
		a.reply(appendSimple(nil, ctShutdown, 0, binary.BigEndian.AppendUint32(nil, a.cum)))
	} else {
		a.reply(appendSimple(nil, ctShutdownAck, 0, nil))
	}
	a.timers.Stop(timerBeat)
	a.timers.Start(timerT2, now, a.path.rto)
}

func (a *assoc) retryShutdown(now time.Time) {
	if a.tries++; a.tries > a.params.AssocRetrans {
		a.end(Lost, fmt.Sprintf("%v does not answer the shutdown", a.key.ip))
		return
	}
	a.path.rto = min(2*a.path.rto, a.params.RTOMax)
	a.sendShutdown(now)
}

func (a *assoc) shutdownChunk(c chunk) {
	now := time.Now()
	switch {
	case c.typ == ctShutdown && len(c.value) >= 4:
		switch a.state {
		case established, shutdownPending:
			a.become(shutdownReceived)
			a.timers.Start(timerT5, now, 5*a.params.RTOMax)
			a.cumulative(now, binary.BigEndian.Uint32(c.value))
		case shutdownSent: // both at once
			a.become(shutdownAckSent)
			a.sendShutdown(now)
		case shutdownReceived:
			a.cumulative(now, binary.BigEndian.Uint32(c.value))
		}
	case c.typ == ctShutdownAck && (a.state == shutdownSent || a.state == shutdownAckSent):
		a.reply(appendSimple(nil, ctShutdownComplete, 0, nil))
		a.end(Closed, "shut down by this end")
	case c.typ == ctShutdownComplete && a.state == shutdownAckSent:
		a.end(Closed, fmt.Sprintf("shut down by %v", a.key.ip))
	}
}
