package m2ua

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Link key management at the gateway (§3.3.4, §4.4).

// RegStatus is the outcome of a registration (§3.3.4.2).
type RegStatus uint32

// The outcomes.
const (
	RegOK             RegStatus = 0
	RegInvalidKey     RegStatus = 4
	RegDenied         RegStatus = 5
	RegNotProvisioned RegStatus = 7
)

// The outcomes of a deregistration (§3.3.4.4).
const (
	DeregOK            uint32 = 0
	DeregInvalidID     uint32 = 2
	DeregDenied        uint32 = 3
	DeregNotRegistered uint32 = 4
)

var linkKeyFields = []xua.Field{{Tag: tagLocalLK, Must: true, Size: 4}, {Tag: tagSDT, Must: true, Size: 4}, {Tag: tagSDL, Must: true, Size: 4}}

// Registration is one link key of a REG REQ.
type Registration struct {
	LocalID uint32
	Key     LinkKey
}

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
			return nil, &xua.Error{Code: xua.InvalidParameterValue, Why: fmt.Sprintf("REG REQ with more than %d link keys", maxKeys)}
		}
		var r Registration
		r.LocalID, _ = xua.Params(v).Uint32(tagLocalLK)
		sdt, _ := xua.Params(v).Uint32(tagSDT)
		sdl, _ := xua.Params(v).Uint32(tagSDL)
		r.Key = LinkKey{uint16(sdt), uint16(sdl)} // the rest is reserved
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

// recvRegistration answers a REG REQ or DEREG REQ. The error is what else the peer must
// be told.
func (l *Layer) recvRegistration(now time.Time, p *peer, m xua.Message, b []byte, out []ss7.Action) ([]ss7.Action, *xua.Error) {
	path := p.cfg.Path
	if (m.Type != REGReq && m.Type != DEREGReq) || p.cfg.Role != xua.RoleSG || !l.x.Up(path) {
		return out, &xua.Error{Code: xua.UnexpectedMessage, Why: m.Name + ", which does not fit state and role", Diag: xua.Head(b)}
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
		as, i := l.keyed(k.Key)
		status, id := RegOK, Interface{}
		switch {
		case !p.cfg.Register:
			status = RegDenied
		case as == nil:
			status = RegNotProvisioned
		default:
			id = i.Interface
			out = l.x.Register(now, path, as.Path, out)
		}
		l.arena = appendResult(l.arena, tagRegResult, k.LocalID, true, tagRegStatus, uint32(status), id)
	}
	return l.x.Settle(now, l.respond(path, REGRsp, start, n, out)), nil
}

// respond puts the response that the arena has from start on before what follows from it,
// which is in out from n on.
func (l *Layer) respond(path ss7.PathID, t xua.Type, start, n int, out []ss7.Action) []ss7.Action {
	wire := xua.End(l.arena, start)[start:]
	l.x.Sent(path, t)
	return slices.Insert(out, n, ss7.Action{Op: ss7.Send, Wire: wire[:len(wire):len(wire)], Event: ss7.Event{Path: path}})
}

// keyed finds the interface with a link key.
func (l *Layer) keyed(k LinkKey) (*ASConfig, *InterfaceConfig) {
	for i := range l.cfg.ASs {
		for j := range l.cfg.ASs[i].Interfaces {
			if x := &l.cfg.ASs[i].Interfaces[j]; x.HasKey && x.Key == k {
				return &l.cfg.ASs[i], x
			}
		}
	}
	return nil, nil
}

func appendResult(dst []byte, outer uint16, local uint32, hasLocal bool, tag uint16, status uint32, id Interface) []byte {
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

// recvDeregister: what an ASP is active for it may not give up (§3.3.3.1, ASP Active for
// Interface Identifier).
func (l *Layer) recvDeregister(now time.Time, p *peer, m xua.Message, b []byte, out []ss7.Action) ([]ss7.Action, *xua.Error) {
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
			switch is, registered, state := l.x.Member(path, as.Path); {
			case !is || !registered:
				status = DeregNotRegistered
			case state == xua.Active:
				status = DeregDenied
				if e == nil {
					e = &xua.Error{Code: activeForIID, Why: "DEREG REQ while active for the interface"}
				}
				e.Raw = s.append(e.Raw)
			default:
				status = DeregOK
				out = l.x.Deregister(now, path, as.Path, out)
			}
		}
		l.arena = appendResult(l.arena, tagDeregResult, 0, false, tagDeregStatus, status, Interface{s.first, s.text})
	}
	return l.x.Settle(now, l.respond(path, DEREGRsp, start, n, out)), e
}

func (s *ASConfig) has(x span) bool {
	for _, i := range s.Interfaces {
		if i.Text == x.text && (x.text != "" || i.ID == x.first && x.first == x.last) {
			return true
		}
	}
	return false
}
