package sctp

import (
	"encoding/binary"
	"fmt"
)

// Close begins a graceful shutdown (§9.2).
func (a *assoc) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock()
	switch a.state {
	case closed, shutdownPending, shutdownSent, shutdownReceived, shutdownAckSent:
		return
	case cookieWait, cookieEchoed:
		a.abort(appendParam(nil, causeUserAbort, []byte("no longer wanted")), "closed by this end before it was established")
		a.ship()
		return
	}
	a.become(shutdownPending)
	a.start(timerT5, 5*a.params.RTOMax)
	a.settle()
}

// maybeShutdown goes on with the shutdown once everything is acknowledged.
func (a *assoc) maybeShutdown() {
	if a.n > 0 {
		return
	}
	switch a.state {
	case shutdownPending:
		a.become(shutdownSent)
	case shutdownReceived:
		a.become(shutdownAckSent)
	default:
		return
	}
	a.tries = 0
	for _, p := range a.paths {
		p.beatAt, p.nonce, p.t3 = 0, 0, 0
	}
	a.sendShutdown(nil)
}

// sendShutdown sends SHUTDOWN or SHUTDOWN ACK, whichever is due, by p, or, if p is nil, by the path that data
// takes.
func (a *assoc) sendShutdown(p *path) {
	if p == nil {
		p = a.dataPath()
	}
	if a.state == shutdownSent {
		a.reply(p, p.wire, a.peerTag, appendSimple(nil, ctShutdown, 0, binary.BigEndian.AppendUint32(nil, a.cum)))
	} else {
		a.reply(p, p.wire, a.peerTag, appendSimple(nil, ctShutdownAck, 0, nil))
	}
	a.start(timerT2, p.rto)
}

func (a *assoc) retryShutdown() {
	if a.tries++; a.tries > a.params.AssocRetrans {
		a.end(Lost, fmt.Sprintf("%s does not answer the shutdown", a.name()))
		return
	}
	p := a.dataPath()
	p.rto = min(2*p.rto, a.params.RTOMax)
	p.errors++
	a.sendShutdown(a.otherPath(p))
}

func (a *assoc) shutdownChunk(c chunk, p *path) {
	switch c.typ {
	case ctShutdown:
		if len(c.value) < 4 {
			a.count(cChunkBad)
			return
		}
		a.peerShutdown(binary.BigEndian.Uint32(c.value), p)
	case ctShutdownAck:
		if a.state != shutdownSent && a.state != shutdownAckSent {
			a.count(cChunkState)
			return
		}
		a.reply(p, p.wire, a.peerTag, appendSimple(nil, ctShutdownComplete, 0, nil))
		a.end(Closed, "shut down by this end")
	case ctShutdownComplete:
		if a.state != shutdownAckSent {
			a.count(cChunkState) // §8.5.1 C
			return
		}
		a.end(Closed, fmt.Sprintf("shut down by %v", p.addr))
	}
}

// peerShutdown handles SHUTDOWN, which acknowledges like SACK (§9.2).
func (a *assoc) peerShutdown(cum uint32, p *path) {
	switch a.state {
	case established, shutdownPending:
		a.become(shutdownReceived)
		a.start(timerT5, 5*a.params.RTOMax)
		a.event(Event{Kind: PeerShutdown, Addr: p.addr, Why: fmt.Sprintf("%v is shutting down", p.addr)})
		a.acknowledge(cum, nil, a.peerWindow)
	case shutdownReceived:
		a.acknowledge(cum, nil, a.peerWindow)
	case shutdownSent: // both ends shut down at once
		a.become(shutdownAckSent)
		a.sendShutdown(p)
	case shutdownAckSent:
		a.sendShutdown(p)
	default:
		a.count(cChunkState)
	}
}
