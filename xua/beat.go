package xua

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// startBeat begins to send heartbeats, if they are configured for the far end (RFC 4666 §4.3.4.6).
func (l *Layer) startBeat(now time.Time, a *asp) {
	a.timers.Start(tBeat, now, a.cfg.TBeat)
	a.timers.Start(tDead, now, 2*a.cfg.TBeat)
}

func (l *Layer) sendBeat(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	a.timers.Start(tBeat, now, a.cfg.TBeat)
	a.beat++
	start := len(l.arena)
	l.arena = AppendBytes(Begin(l.arena, BEAT), TagHeartbeat, binary.BigEndian.AppendUint64(nil, a.beat))
	return l.send(a, start, out)
}

// recvBeatAck handles BEAT Ack. Any message proves that the far end lives, so an echo of a heartbeat that was
// never sent is only counted.
func (l *Layer) recvBeatAck(a *asp, m Message) {
	v, _ := m.Params.Get(TagHeartbeat)
	if len(v) != 8 || binary.BigEndian.Uint64(v) > a.beat || a.beat == 0 {
		a.stats.Refused.Add(UnexpectedMessage)
	}
}

// checkAlive ends the association with a far end that has said nothing for 2*T(beat).
func (l *Layer) checkAlive(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	if quiet := now.Sub(a.heard); quiet < 2*a.cfg.TBeat {
		a.timers.Start(tDead, now, 2*a.cfg.TBeat-quiet)
		return out
	}
	why := fmt.Sprintf("the far end has said nothing for 2 T(beat) (%v)", 2*a.cfg.TBeat)
	return l.hangUp(now, a, why, out)
}

// hangUp ends an association because this end wants it.
func (l *Layer) hangUp(now time.Time, a *asp, why string, out []ss7.Action) []ss7.Action {
	out = append(out, ss7.Action{Op: ss7.Hangup, Event: ss7.Event{Path: a.cfg.Path, Why: why}})
	return l.commLost(now, a, why, out)
}
