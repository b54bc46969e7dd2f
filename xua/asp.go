package xua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// serves tells whether the far end is an ASP of ours.
func (a *asp) serves() bool { return a.cfg.Role != RoleASP }

// both tells whether one exchange of messages moves both directions.
func (a *asp) both() bool { return a.cfg.Role == RoleIPSP }

// Recv handles one message of the classes that all layers have.
func (l *Layer) Recv(now time.Time, path ss7.PathID, m Message, out []ss7.Action) []ss7.Action {
	out = l.Begin(out)
	a := l.byPath[path]
	if a == nil || !a.comm {
		return out
	}
	l.Heard(now, path, m.Type)
	if a.leaving != "" && a.serves() && (m.Type == ASPUP || m.Type == ASPAC) {
		e := &Error{Code: ManagementBlocking, Why: m.Name + " refused: this end is leaving"}
		e.IDs = m.Params.Uint32s(l.tags.ID)
		return l.settle(now, l.Refuse(now, path, e, out))
	}
	switch m.Type {
	case ERR:
		out = l.recvError(now, a, m, out)
	case NTFY:
		out = l.recvNotify(now, a, m, out)
	case BEAT: // it is answered in every state, with the same content (§4.3.4.6)
		start := len(l.arena)
		l.arena = append(Begin(l.arena, BEATAck), m.Params...)
		for (len(l.arena)-start)%4 != 0 {
			l.arena = append(l.arena, 0) // the message that came may lack its last padding
		}
		out = l.send(a, start, out)
	case BEATAck:
		l.recvBeatAck(a, m)
	case ASPUP:
		out = l.recvUp(now, a, m, out)
	case ASPDN:
		out = l.recvDown(now, a, m, out)
	case ASPAC:
		out = l.recvActive(now, a, m, out)
	case ASPIA:
		out = l.recvInactive(now, a, m, out)
	case ASPUPAck, ASPDNAck, ASPACAck, ASPIAAck:
		out = l.recvAck(now, a, m, out)
	}
	return l.settle(now, out)
}

// Heard counts a message, and notes that the far end lives. For messages that do not pass through the Layer,
// their reader calls Heard now and then.
func (l *Layer) Heard(now time.Time, path ss7.PathID, t Type) {
	if a := l.byPath[path]; a != nil {
		a.heard = now
		count(&a.stats.In, t)
	}
}

// recvUp handles ASPUP (§4.3.4.1).
func (l *Layer) recvUp(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	if !a.serves() {
		return l.unexpected(now, a, m, out)
	}
	id, hasID := m.Params.Uint32(TagASPID)
	if e := l.mayComeUp(a, id, hasID); e != nil {
		return l.Refuse(now, a.cfg.Path, e, out)
	}
	if hasID {
		a.id, a.hasID = id, true
	}
	active := slices.ContainsFunc(a.members, func(x *member) bool { return x.far == Active })
	if active && !a.cfg.Slack.StayActive {
		for _, x := range a.members {
			out = l.deactivate(now, x, "the far end sent ASPUP while active", out)
		}
		out = l.deregister(now, a, "the far end sent ASPUP while active", out)
		out = l.publish(out)
	}
	out = l.ack(a, ASPUPAck, m, nil, out)
	if a.farUp {
		if active && !a.cfg.Slack.StayActive {
			return l.Refuse(now, a.cfg.Path, &Error{Code: UnexpectedMessage, Why: "ASPUP while active"}, out)
		}
		return out
	}
	a.farUp = true
	a.timers.Stop(tUp)
	a.ownUp = a.ownUp || a.both()
	a.why, a.since = "up", now
	out = append(out, note(a.cfg.Path, NoteASP, "ASP "+a.cfg.Name+" is up"))
	for _, x := range a.members {
		out = l.enter(now, x, out)
	}
	if a.both() {
		out = l.pursue(now, a, out)
	}
	return out
}

func (l *Layer) mayComeUp(a *asp, id uint32, has bool) *Error {
	switch {
	case a.cfg.Shutdown:
		return &Error{Code: ManagementBlocking, Why: "ASPUP refused: the ASP is shut down here"}
	case a.cfg.NeedID && !has:
		return &Error{Code: ASPIDRequired, Why: "ASPUP without an ASP Identifier"}
	case a.cfg.HasID && has && id != a.cfg.ID:
		return &Error{Code: InvalidASPID, Why: fmt.Sprintf("ASPUP with ASP Identifier %d; %d is configured", id, a.cfg.ID)}
	}
	for _, m := range a.members {
		for _, o := range m.as.members { // the identifier is unique within the AS (§3.5.1)
			if has && o != m && o.asp.farUp && o.asp.hasID && o.asp.id == id {
				return &Error{Code: InvalidASPID, Why: fmt.Sprintf("ASP Identifier %d is in use by ASP %s", id, o.asp.cfg.Name)}
			}
		}
	}
	return nil
}

// recvDown handles ASPDN (§4.3.4.2). It is acknowledged even if the ASP is down already.
func (l *Layer) recvDown(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	if !a.serves() {
		return l.unexpected(now, a, m, out)
	}
	if a.cfg.Role == RoleIPSPDouble { // the other direction stays as it is (§4.3)
		a.farUp = false
		a.why, a.since = "the far end sent ASPDN", now
		for _, x := range slices.Clone(a.members) {
			out = l.set(now, x, Down, x.own, a.why, out)
		}
		out = l.deregister(now, a, a.why, out)
	} else {
		out = l.fall(now, a, "the far end sent ASPDN", false, out)
	}
	return l.ack(a, ASPDNAck, m, nil, l.publish(out))
}

// recvActive handles ASPAC (§4.3.4.3).
func (l *Layer) recvActive(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	if !a.serves() || !a.farUp {
		return l.unexpected(now, a, m, out)
	}
	mode, hasMode := m.Params.Uint32(TagTrafficMode)
	ids := m.Params.Uint32s(l.tags.ID)
	if hasMode && (mode == 0 || mode > uint32(Broadcast)) {
		return l.Refuse(now, a.cfg.Path, &Error{Code: UnsupportedTrafficMode,
			Why: fmt.Sprintf("traffic mode %d does not exist", mode), IDs: ids}, out)
	}
	good, bad, e := l.members(a, ids, NoConfiguredAS)
	if e != nil {
		return l.Refuse(now, a.cfg.Path, e, out)
	}
	var blocked, mixed, acked []uint32
	var enter []*member
	for _, x := range good {
		switch {
		case a.cfg.Block || x.as.cfg.Shutdown:
			blocked = append(blocked, x.as.cfg.ID)
		case hasMode && x.as.mode != 0 && x.as.mode != Mode(mode):
			mixed = append(mixed, x.as.cfg.ID)
		default:
			acked, enter = append(acked, x.as.cfg.ID), append(enter, x)
			if x.as.mode == 0 {
				x.as.mode, x.as.passing = Mode(mode), true
				if !hasMode {
					x.as.mode = Loadshare
				}
			}
		}
	}
	if ids == nil {
		blocked, mixed, acked = blocked[:0:0], mixed[:0:0], nil
	}
	if len(enter) > 0 {
		out = l.ack(a, ASPACAck, m, echo(ids, acked), out)
		for _, x := range enter {
			out = l.activate(now, x, out)
		}
	}
	return l.refuseActive(now, a, len(enter), len(good), ids, bad, blocked, mixed, out)
}

// echo gives the routing contexts of an acknowledgement as the request named them: a far end that writes 0 for
// none is answered with 0.
func echo(ids, acked []uint32) []uint32 {
	if len(ids) == 1 && len(acked) > 0 {
		return ids
	}
	return acked
}

func (l *Layer) refuseActive(now time.Time, a *asp, entered, good int, ids, bad, blocked, mixed []uint32,
	out []ss7.Action) []ss7.Action {
	if len(bad) > 0 {
		out = l.Refuse(now, a.cfg.Path, &Error{Code: NoConfiguredAS,
			Why: fmt.Sprintf("ASPAC for routing context %v: this ASP serves no such AS", bad), IDs: bad}, out)
	}
	if len(blocked) > 0 || ids == nil && entered < good && a.cfg.Block {
		out = l.Refuse(now, a.cfg.Path, &Error{Code: ManagementBlocking, Why: "ASPAC refused: blocked here",
			IDs: blocked}, out)
	} else if len(mixed) > 0 || ids == nil && entered < good {
		out = l.Refuse(now, a.cfg.Path, &Error{Code: UnsupportedTrafficMode,
			Why: "ASPAC with another traffic mode than the AS has", IDs: mixed}, out)
	}
	return out
}

// members resolves the routing contexts of a message. good are the AS that the far end serves, bad are all
// others. No routing context means all of them (§4.3.4.3, §4.3.4.4). If the far end serves no AS at all, code
// tells which of the two procedures it is.
func (l *Layer) members(a *asp, ids []uint32, code Code) (good []*member, bad []uint32, e *Error) {
	if len(ids) == 0 || len(ids) == 1 && ids[0] == 0 && l.zeroIsNone(a) {
		switch {
		case len(a.members) == 0 && code == NoConfiguredAS:
			return nil, nil, &Error{Code: InvalidRoutingContext,
				Why: "ASPAC without a routing context, and this ASP serves no AS", IDs: ids}
		case len(a.members) == 0:
			return nil, nil, &Error{Code: NoConfiguredAS, Why: "ASPIA without a routing context, and this ASP serves no AS"}
		case a.cfg.NeedRC && code == NoConfiguredAS:
			return nil, nil, &Error{Code: MissingParameter, Why: "ASPAC without a routing context"}
		}
		return a.members, nil, nil
	}
	for _, id := range ids {
		if m := a.serving(id); m == nil {
			bad = append(bad, id)
		} else if !slices.Contains(good, m) {
			good = append(good, m)
		}
	}
	return good, bad, nil
}

func (a *asp) serving(id uint32) *member {
	for _, m := range a.members {
		if m.as.hasID && m.as.cfg.ID == id {
			return m
		}
	}
	return nil
}

// zeroIsNone tells whether routing context 0 stands for none: if the far end is known to write it so, and no AS
// has that number.
func (l *Layer) zeroIsNone(a *asp) bool {
	return a.cfg.Slack.ZeroID || len(a.members) == 1 && !a.members[0].as.hasID
}

// recvInactive handles ASPIA (§4.3.4.4). Traffic has stopped before the acknowledgement goes out.
func (l *Layer) recvInactive(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	if !a.serves() || !a.farUp {
		return l.unexpected(now, a, m, out)
	}
	ids := m.Params.Uint32s(l.tags.ID)
	good, bad, e := l.members(a, ids, InvalidRoutingContext)
	if e != nil {
		return l.Refuse(now, a.cfg.Path, e, out)
	}
	var acked []uint32
	for _, x := range good {
		out = l.deactivate(now, x, "the far end sent ASPIA", out)
		acked = append(acked, x.as.cfg.ID)
	}
	if ids == nil {
		acked = nil
	}
	out = l.publish(out)
	if len(good) > 0 {
		out = l.ack(a, ASPIAAck, m, echo(ids, acked), out)
	}
	for _, id := range bad { // each has an ERR of its own (§4.3.4.4)
		out = l.Refuse(now, a.cfg.Path, &Error{Code: InvalidRoutingContext,
			Why: fmt.Sprintf("ASPIA for routing context %d: this ASP serves no such AS", id), IDs: []uint32{id}}, out)
	}
	return out
}

// ack answers a request. An ASP Identifier and a traffic mode go back as they came.
func (l *Layer) ack(a *asp, t Type, m Message, ids []uint32, out []ss7.Action) []ss7.Action {
	start := len(l.arena)
	l.arena = Begin(l.arena, t)
	switch t {
	case ASPUPAck:
		if id, ok := m.Params.Uint32(TagASPID); ok {
			l.arena = AppendUint32(l.arena, TagASPID, id)
		}
	case ASPACAck:
		if mode, ok := m.Params.Uint32(TagTrafficMode); ok {
			l.arena = AppendUint32(l.arena, TagTrafficMode, mode)
		}
	}
	l.arena = AppendUint32s(l.arena, l.tags.ID, ids)
	return l.send(a, start, out)
}

// unexpected answers a message that the far end may not send in its state or role (§3.8.1).
func (l *Layer) unexpected(now time.Time, a *asp, m Message, out []ss7.Action) []ss7.Action {
	why := m.Name + " while " + a.state().String()
	if a.cfg.Role == RoleASP {
		why = m.Name + ", which a gateway does not send"
	}
	return l.Refuse(now, a.cfg.Path, &Error{Code: UnexpectedMessage, Why: why, IDs: m.Params.Uint32s(l.tags.ID)}, out)
}

// Refuse tells a far end of its fault, at a bounded rate. A fault in an ERR is not told: its sender knows of it
// already.
func (l *Layer) Refuse(now time.Time, path ss7.PathID, e *Error, out []ss7.Action) []ss7.Action {
	a := l.byPath[path]
	if a == nil {
		return out
	}
	a.stats.Refused.Add(e.Code)
	a.lastErr = e.Why
	if e.Code != 0 {
		a.lastErr = e.Code.String() + ": " + e.Why
	}
	if e.Silent || !a.comm {
		return out
	}
	if !a.errs.Take(now, 1) {
		a.stats.ErrorsSpared++
		return out
	}
	start := len(l.arena)
	l.arena = l.tags.AppendError(l.arena, e)
	out = append(out, note(path, NoteError, fmt.Sprintf("ASP %s is told %q: %s", a.cfg.Name, e.Code, e.Why)))
	return l.sent(a, ERR, start, out)
}

// send sends the message that was written to the arena from start on.
func (l *Layer) send(a *asp, start int, out []ss7.Action) []ss7.Action {
	End(l.arena, start)
	return l.sent(a, Type(l.arena[start+2])<<8|Type(l.arena[start+3]), start, out)
}

func (l *Layer) sent(a *asp, t Type, start int, out []ss7.Action) []ss7.Action {
	if !a.comm {
		return out
	}
	count(&a.stats.Out, t)
	return append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)],
		Event: ss7.Event{Path: a.cfg.Path}})
}

// blockASP takes an active ASP out of traffic because this end wants it: by an ASPIA Ack that nothing asked for
// (§4.7). If this end is the one that asks, it sends ASPIA instead.
func (l *Layer) blockASP(now time.Time, a *asp, out []ss7.Action) []ss7.Action {
	if !a.serves() || a.both() && a.asks() {
		return out
	}
	var ids []uint32
	any := false
	for _, m := range a.members {
		if m.far == Active {
			any = true
			if m.as.hasID {
				ids = append(ids, m.as.cfg.ID)
			}
			out = l.deactivate(now, m, "blocked here", out)
		}
	}
	if !any {
		return out
	}
	return l.ack(a, ASPIAAck, Message{}, ids, l.publish(out))
}

// state is the highest of the states that the ASP has in its AS, in either direction.
func (a *asp) state() State {
	up, active := a.farUp || a.ownUp, false
	for _, m := range a.members {
		active = active || m.far == Active || m.own == Active
	}
	switch {
	case active:
		return Active
	case up:
		return Inactive
	}
	return Down
}
