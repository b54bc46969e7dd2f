package m2ua

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has link key management at the gateway (§3.3.4, §4.4).

// RegStatus is the outcome of a registration (§3.3.4.2).
type RegStatus uint32

// The outcomes.
const (
	RegOK RegStatus = iota
	RegUnknown
	RegInvalidSDL
	RegInvalidSDT
	RegInvalidKey
	RegDenied
	RegOverlapping
	RegNotProvisioned
	RegNoResources
)

var regNames = [...]string{"successfully registered", "unknown error", "invalid SDLI", "invalid SDTI",
	"invalid link key", "permission denied", "overlapping (non-unique) link key", "link key not provisioned",
	"insufficient resources"}

func (s RegStatus) String() string {
	if int(s) < len(regNames) {
		return regNames[s]
	}
	return fmt.Sprintf("registration status %d", uint32(s))
}

// The outcomes of a deregistration (§3.3.4.4).
const (
	DeregOK            uint32 = 0
	DeregInvalidID     uint32 = 2
	DeregDenied        uint32 = 3
	DeregNotRegistered uint32 = 4
)

var linkKeyFields = []xua.Field{{Tag: tagLocalLK, Must: true, Size: 4}, {Tag: tagSDT, Must: true, Size: 4},
	{Tag: tagSDL, Must: true, Size: 4}}

// Registration is one link key of a REG REQ.
type Registration struct {
	LocalID uint32
	Key     LinkKey
	Bad     RegStatus // what is wrong with it; RegOK if nothing is
}

// keyMost is the greatest identifier in a link key: it has 14 bits, and the bits above are coded 0 (§3.3.4.1).
const keyMost = 1<<14 - 1

// ParseRegistrations reads the link keys of a REG REQ.
func ParseRegistrations(m xua.Message) ([]Registration, *xua.Error) {
	var out []Registration
	for p := m.Params; ; {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return out, nil
		}
		if p = rest; tag != tagLinkKey {
			continue
		}
		if e := xua.Check(linkKeyFields, v); e != nil {
			e.Why = "REG REQ: link key: " + e.Why
			return nil, e
		}
		if len(out) >= maxKeys {
			return nil, &xua.Error{Code: xua.InvalidParameterValue,
				Why: fmt.Sprintf("REG REQ with more than %d link keys", maxKeys)}
		}
		var r Registration
		r.LocalID, _ = xua.Params(v).Uint32(tagLocalLK)
		sdt, _ := xua.Params(v).Uint32(tagSDT)
		sdl, _ := xua.Params(v).Uint32(tagSDL)
		r.Key = LinkKey{uint16(sdt), uint16(sdl)}
		switch {
		case sdt > keyMost:
			r.Bad = RegInvalidSDT
		case sdl > keyMost:
			r.Bad = RegInvalidSDL
		}
		out = append(out, r)
	}
}

// AppendRegistrations writes a REG REQ.
func AppendRegistrations(dst []byte, keys []Registration) []byte {
	start := len(dst)
	dst = xua.Begin(dst, REGReq)
	for _, r := range keys {
		dst = append(dst, byte(tagLinkKey>>8), byte(tagLinkKey&0xff), 0, 28)
		dst = xua.AppendUint32(dst, tagLocalLK, r.LocalID)
		dst = xua.AppendUint32(dst, tagSDT, uint32(r.Key.SDT))
		dst = xua.AppendUint32(dst, tagSDL, uint32(r.Key.SDL))
	}
	return xua.End(dst, start)
}

// recvRegistration answers a REG REQ or DEREG REQ. The error is what else the far end must be told.
func (l *Layer) recvRegistration(
	now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action,
) ([]ss7.Action, *xua.Error) {
	path := p.cfg.Path
	if p.cfg.Role == xua.RoleASP && (m.Type == REGRsp || m.Type == DEREGRsp) {
		return l.recvResults(now, p, m, b, out)
	}
	if (m.Type != REGReq && m.Type != DEREGReq) || p.cfg.Role != xua.RoleSG || !l.x.Up(path) {
		return out, &xua.Error{Code: xua.UnexpectedMessage, Why: m.Name + ", which does not fit state and role",
			Diag: xua.Head(b)}
	}
	if !p.regs.Take(now, 1) {
		p.stats.RegistrationsSpared++
		return out, nil
	}
	if m.Type == DEREGReq {
		return l.recvDeregister(now, p, m, b, out)
	}
	keys, e := ParseRegistrations(m)
	if e != nil {
		e.Diag = xua.Head(b)
		return out, e
	}
	start := len(l.arena)
	l.arena = xua.Begin(l.arena, REGRsp)
	n := len(out)
	for _, k := range keys {
		as, i, status, why := l.place(p, &k)
		id := Interface{}
		if status == RegOK {
			id = i.Interface
			// What the ASP had registered ended with its association.
			if _, registered, _ := l.x.Member(path, as.Path); !registered {
				maps.DeleteFunc(p.keys, func(_ Interface, x ss7.PathID) bool { return x == as.Path })
			}
			p.keys[id] = as.Path
			out = l.x.Register(now, path, as.Path, out)
		} else {
			out = append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: path, Arg: xua.NoteError,
				Why: fmt.Sprintf("registration of link key %v by ASP %s refused, %v: %s", k.Key, p.cfg.Name, status, why)}})
		}
		l.arena = appendResult(l.arena, tagRegResult, k.LocalID, true, tagRegStatus, uint32(status), id)
	}
	return l.x.Settle(now, l.respond(path, REGRsp, start, n, out)), nil
}

// place finds the interface of a registration, or says why there is none (§4.4.1). It makes no new interface,
// because a link key does not say where the far end of the link is.
func (l *Layer) place(p *farEnd, k *Registration) (*ASConfig, *InterfaceConfig, RegStatus, string) {
	if k.Bad != RegOK {
		return nil, nil, k.Bad, "identifiers have at most 14 bits"
	}
	if !p.cfg.Register {
		return nil, nil, RegDenied, "it has no `registration allowed`"
	}
	if as, i := l.withKey(k.Key); as != nil {
		return as, i, RegOK, ""
	}
	return nil, nil, RegNotProvisioned, "no interface-identifier has that `link-key`"
}

// respond puts the response before what follows from it. The response is in the arena from start on, and what
// follows from it is in out from n on.
func (l *Layer) respond(path ss7.PathID, t xua.Type, start, n int, out []ss7.Action) []ss7.Action {
	wire := xua.End(l.arena, start)[start:]
	l.x.Sent(path, t)
	return slices.Insert(out, n, ss7.Action{Op: ss7.Send, Wire: wire[:len(wire):len(wire)], Event: ss7.Event{Path: path}})
}

// withKey finds the interface that has a link key.
func (l *Layer) withKey(k LinkKey) (*ASConfig, *InterfaceConfig) {
	for i := range l.cfg.ASs {
		for j := range l.cfg.ASs[i].Interfaces {
			if x := &l.cfg.ASs[i].Interfaces[j]; x.HasKey && x.Key == k {
				return &l.cfg.ASs[i], x
			}
		}
	}
	return nil, nil
}

func appendResult(dst []byte, outer uint16, local uint32, hasLocal bool, tag uint16, status uint32,
	id Interface) []byte {
	at := len(dst)
	dst = append(dst, byte(outer>>8), byte(outer), 0, 0)
	if hasLocal {
		dst = xua.AppendUint32(dst, tagLocalLK, local)
		dst = xua.AppendUint32(dst, tag, status)
		dst = id.append(dst)
	} else {
		dst = id.append(dst)
		dst = xua.AppendUint32(dst, tag, status)
	}
	binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
	return dst
}

// recvDeregister answers DEREG REQ. An ASP may not give up an interface that it is active for (§3.3.3.1, ASP
// Active for Interface Identifier).
func (l *Layer) recvDeregister(
	now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action,
) ([]ss7.Action, *xua.Error) {
	path := p.cfg.Path
	spans, _, e := parseSpans(&m)
	if e == nil && len(spans) == 0 {
		e = &xua.Error{Code: xua.MissingParameter, Why: "DEREG REQ without an interface identifier"}
	}
	if e != nil {
		e.Diag = xua.Head(b)
		return out, e
	}
	start := len(l.arena)
	l.arena = xua.Begin(l.arena, DEREGRsp)
	n := len(out)
	for _, s := range spans[:min(len(spans), maxIdentifiers)] {
		status := DeregInvalidID
		for i := range l.cfg.ASs {
			as := &l.cfg.ASs[i]
			if !as.has(s) {
				continue
			}
			id := Interface{s.first, s.text}
			switch is, registered, state := l.x.Member(path, as.Path); {
			case !is || !registered || p.keys[id] != as.Path:
				status = DeregNotRegistered
			case state == xua.Active:
				status = DeregDenied
				if e == nil {
					e = &xua.Error{Code: activeForIID, Why: "DEREG REQ while active for the interface"}
				}
				e.Raw = s.append(e.Raw)
			default:
				status = DeregOK
				delete(p.keys, id)
				if !p.has(as.Path) { // that was the last one of the AS
					out = l.x.Deregister(now, path, as.Path, out)
				}
			}
		}
		l.arena = appendResult(l.arena, tagDeregResult, 0, false, tagDeregStatus, status, Interface{s.first, s.text})
	}
	return l.x.Settle(now, l.respond(path, DEREGRsp, start, n, out)), e
}

// has tells whether a far end has registered an interface of an AS.
func (p *farEnd) has(as ss7.PathID) bool {
	for _, x := range p.keys {
		if x == as {
			return true
		}
	}
	return false
}

func (s *ASConfig) has(x span) bool {
	for _, i := range s.Interfaces {
		if i.Text == x.text && (x.text != "" || i.ID == x.first && x.first == x.last) {
			return true
		}
	}
	return false
}
