package m3ua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has what this end, as an ASP, learns of destinations when it becomes active. Its gateway may tell
// it some before it acknowledges ASPAC (RFC 4666 §4.3.4.3). This end must ask for what the gateway told earlier
// (§4.5.2).

// early is a message about destinations that came while ASPAC was unanswered.
type early struct {
	server ss7.PathID
	s      SSNM
	name   string
}

// keep keeps a message until this end is active in as. Beyond perAnswer codes it keeps nothing more: the
// gateway will be asked about those.
func (p *farEnd) keep(as *ASConfig, s *SSNM, name string) {
	codes := len(s.Affected)
	for _, e := range p.early {
		codes += len(e.s.Affected)
	}
	if codes > perAnswer {
		return
	}
	e := early{as.Path, *s, name}
	e.s.Affected = slices.Clone(s.Affected)
	p.early = append(p.early, e)
}

// begun is called when this end has become active in the AS of path server at gateway p. It handles what came
// before, in its order, and asks the gateway about the destinations behind it.
func (l *Layer) begun(now time.Time, p *farEnd, server ss7.PathID, out []ss7.Action) []ss7.Action {
	as := l.as(server)
	if as == nil || p.cfg.Role != xua.RoleASP {
		return out
	}
	for _, e := range p.early {
		if e.server == server {
			out = l.heed(now, p, as, &e.s, e.name, out)
		}
	}
	p.early = slices.DeleteFunc(p.early, func(e early) bool { return e.server == server })
	return l.ask(p, as, out)
}

// ask asks a gateway (DAUD) about the single codes that routes over as lead to. It does not ask about ranges,
// because some gateways answer these code by code.
func (l *Layer) ask(p *farEnd, as *ASConfig, out []ss7.Action) []ss7.Action {
	net := &l.cfg.Networks[as.Network]
	to, _ := p.gate.To(as.Path)
	if net.Routes == nil || to == nil {
		return out
	}
	bits := net.Variant.Bits()
	s := SSNM{Type: DAUD, NA: to.NA, HasNA: to.HasNA}
	if to.HasRC {
		s.RCs = []uint32{to.RC}
	}
	asked := 0
	net.Routes.Behind(as.Path, func(pc ss7.PC) bool {
		s.Affected = append(s.Affected, Affected(ss7.Range{PC: pc, Len: bits}, bits))
		if asked++; len(s.Affected) == perMessage {
			out = l.ssnm(p, &s, out)
			s.Affected = s.Affected[:0]
		}
		return asked < perAnswer
	})
	if len(s.Affected) > 0 {
		out = l.ssnm(p, &s, out)
	}
	return out
}
