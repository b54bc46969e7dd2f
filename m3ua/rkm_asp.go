package m3ua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has the routing keys that this end, as an ASP, registers with its gateways (RFC 4666 §4.4).

// regRetry is how long a REG REQ waits for its answer. regPause is how long a refused one waits for the next.
const (
	regRetry = 10 * time.Second
	regPause = time.Minute
)

// mayChange tells whether the answer to the same request may be another one later. That depends on the
// gateway's configuration, its resources and the registrations of other ASPs. If the gateway finds fault with
// the request itself, the answer stays until this end is configured anew.
func (s RegStatus) mayChange() bool {
	switch s {
	case RegUnknown, RegPermissionDenied, RegNotUnique, RegNotProvisioned, RegNoResources:
		return true
	}
	return false
}

// register asks a gateway for the routing contexts that our AS wait for.
func (l *Layer) register(now time.Time, p *farEnd, out []ss7.Action) []ss7.Action {
	p.regAt = time.Time{}
	if p.cfg.Role != xua.RoleASP {
		return out
	}
	var regs []Registration
	for _, path := range l.x.Unregistered(p.cfg.Path) {
		why, till := l.x.Asked(p.cfg.Path, path)
		s := l.as(path)
		switch {
		case s == nil:
		case len(s.Key.Terms) == 0:
			l.x.Waits(p.cfg.Path, path, "it has no routing key that could be registered", time.Time{})
		case len(regs) < MaxKeys && (why == "" || !till.IsZero() && !now.Before(till)):
			regs = append(regs, Registration{LocalID: uint32(path), Mode: uint32(s.Mode), Key: s.Key})
			till = now.Add(regRetry)
			l.x.Waits(p.cfg.Path, path, "the gateway "+p.cfg.Name+" was asked for its routing context (REG REQ)", till)
		}
		if !till.IsZero() && (p.regAt.IsZero() || till.Before(p.regAt)) {
			p.regAt = till
		}
	}
	if len(regs) == 0 {
		return out
	}
	start := len(l.arena)
	l.arena = AppendRegistrations(l.arena, regs, l.cfg.Networks[p.cfg.Network].Variant.Bits())
	return l.sent(p, REGReq, start, out)
}

// unregistered notes that a gateway did not give an AS a routing context, and why.
func (l *Layer) unregistered(now time.Time, p *farEnd, s *ASConfig, why string, again bool,
	out []ss7.Action) []ss7.Action {
	why = fmt.Sprintf("the gateway %s does not register its routing key: %s", p.cfg.Name, why)
	var till time.Time
	if again {
		till = now.Add(regPause)
	}
	l.x.Waits(p.cfg.Path, s.Path, why, till)
	return append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: p.cfg.Path,
		Arg: xua.NoteError, Why: "AS " + s.Name + ": " + why}})
}

// recvResults handles what a gateway answers.
func (l *Layer) recvResults(now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action) []ss7.Action {
	results, e := ParseResults(m)
	if e == nil && p.cfg.Role != xua.RoleASP {
		e = &xua.Error{Code: xua.UnexpectedMessage, Why: m.Name + " that nothing asked for"}
	}
	if e != nil {
		e.Diag = xua.Head(b)
		return l.x.Refuse(now, p.cfg.Path, e, out)
	}
	if m.Type == DEREGRsp {
		out = l.recvDeregistered(p, results, out)
		return l.x.Settle(now, l.x.Answered(now, p.cfg.Path, out))
	}
	waiting := l.x.Unregistered(p.cfg.Path)
	for _, r := range results {
		path := ss7.PathID(r.LocalID)
		s := l.as(path)
		if s == nil || !slices.Contains(waiting, path) {
			continue
		}
		if status := RegStatus(r.Status); status != RegOK && status != RegAlready {
			out = l.unregistered(now, p, s, status.String(), status.mayChange(), out)
			continue
		}
		var ok bool
		if ok, out = l.x.Granted(now, p.cfg.Path, path, r.RC, out); ok {
			s.ID, s.HasID = r.RC, true
		} else {
			start := len(l.arena)
			l.arena = xua.End(xua.AppendUint32s(xua.Begin(l.arena, DEREGReq), xua.TagRoutingContext, []uint32{r.RC}), start)
			out = l.sent(p, DEREGReq, start, out)
			out = l.unregistered(now, p, s, fmt.Sprintf("it gives routing context %d, and another gateway of the AS gave %d; "+
				"gateways that do not agree need an AS each", r.RC, s.ID), false, out)
		}
	}
	return l.x.Settle(now, out)
}

// recvDeregistered notes the registrations that a gateway does not take back.
func (l *Layer) recvDeregistered(p *farEnd, results []Result, out []ss7.Action) []ss7.Action {
	for _, r := range results {
		if r.Status != deregOK {
			out = append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: p.cfg.Path,
				Arg: xua.NoteError,
				Why: fmt.Sprintf("the gateway %s keeps the registration of routing context %d: %s", p.cfg.Name, r.RC,
					deregText(r.Status))}})
		}
	}
	return out
}

func deregText(status uint32) string {
	names := [...]string{deregOK: "successfully deregistered", 1: "unknown error",
		deregInvalidRC: "invalid routing context", deregDenied: "permission denied",
		deregNotRegistered: "not registered", deregActive: "ASP currently active"}
	if int(status) < len(names) {
		return names[status]
	}
	return fmt.Sprintf("deregistration status %d", status)
}

// recvRefusal handles an ERR that may be the answer of a gateway to REG REQ, which it does not accept at all
// (§4.4.1).
func (l *Layer) recvRefusal(now time.Time, p *farEnd, m xua.Message, out []ss7.Action) []ss7.Action {
	code, _ := m.Params.Uint32(xua.TagErrorCode)
	if c := xua.Code(code); p.cfg.Role != xua.RoleASP || c != xua.UnsupportedClass && c != xua.UnsupportedType {
		return out
	}
	for _, path := range l.x.Unregistered(p.cfg.Path) {
		if why, _ := l.x.Asked(p.cfg.Path, path); why != "" && l.as(path) != nil {
			out = l.unregistered(now, p, l.as(path), "it takes no registrations ("+xua.Code(code).String()+
				"); configure the key there, and take `register` out here", false, out)
		}
	}
	return out
}

// keepGranted gives an AS that is configured anew the routing context that its gateways gave it, if what the
// gateways were told of the AS still holds. Else they are asked anew.
func (l *Layer) keepGranted(c *ASConfig) {
	was := l.as(c.Path)
	switch {
	case !c.Register || was == nil || !was.Register:
	case was.Mode != c.Mode || !was.Key.Equal(&c.Key):
		l.x.AskAnew(c.Path)
	case was.HasID:
		c.ID, c.HasID = was.ID, true
	}
}
