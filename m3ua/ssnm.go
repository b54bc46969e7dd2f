package m3ua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Availability is the state of a destination (Q.704 §3.4).
type Availability uint8

// The states of a destination.
const (
	Unavailable Availability = iota
	Available
	Restricted
)

var availabilityTypes = [...]xua.Type{Unavailable: DUNA, Available: DAVA, Restricted: DRST}

// Destination is a range of codes and its state. Level is its congestion, 0 none.
type Destination struct {
	Range ss7.Range
	State Availability
	Level uint8
	Own   bool // of the AS that asks: nobody else leads there, and it is told nothing of it
}

// Change is a destination whose state is another than before.
type Change struct {
	Destination
	Silent bool   // as others see it it has not changed: the AS in Views alone hear of it
	Views  []View // of AS that see it otherwise, since they are a way there themselves
}

// View is a destination as one AS sees it: as it is without the ways by that AS.
type View struct {
	AS     ss7.PathID
	State  Availability
	Silent bool // the AS is told nothing: it is its own, or as it knows it
}

// to gives what an AS has to hear of a change; false: nothing.
func (c *Change) to(as ss7.PathID) (Destination, bool) {
	for _, v := range c.Views {
		if v.AS == as {
			return Destination{Range: c.Range, State: v.State, Level: c.Level}, !v.Silent
		}
	}
	return c.Destination, !c.Silent
}

// Routes is what a Layer asks of MTP3.
type Routes interface {
	// State is that of the destination with the longest code that covers all of r;
	// Unavailable if there is none. The server as sees it as it is without the ways by
	// that server, its own destinations apart; 0: nobody in particular.
	State(r ss7.Range, as ss7.PathID) (Availability, uint8)
	// Within calls f for the destinations inside r that are smaller than r as the server
	// as sees them, those with the shorter codes first, until f returns false.
	Within(r ss7.Range, as ss7.PathID, f func(Destination) bool)
	// Behind calls f for the single codes that routes over a server lead to, until it
	// returns false.
	Behind(server ss7.PathID, f func(ss7.PC) bool)
	// Reserved tells why a peer may not register dpc, if not: it is a code of this
	// node, or has a route that was configured. Summary: it has only a route that is
	// shorter than dpc.
	Reserved(dpc ss7.Range) (why string, summary bool)
}

const (
	perMessage = 64  // point codes in one message
	perAnswer  = 512 // point codes that answer one question
	answerHold = time.Second
)

// A gateway may lose and regain all codes of ITU within seconds, and none of that may be lost here:
// what it tells of a destination it does not tell again. A message costs as much as newsLeast codes at
// least.
const (
	newsBurst = 1 << 15
	newsRate  = 8000 // a second
	newsLeast = 8
)

// Unreachable answers a peer whose MSU could go no further: DUNA or SCON, and DUPU with a cause
// (§3.4.5) where nobody takes its service indicator; not again and again (§3.4.1).
func (l *Layer) Unreachable(now time.Time, path, server ss7.PathID, m *ss7.MSU, d Destination, noUser bool,
	cause uint16, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	p, as := l.peers[path], l.as(server)
	if p == nil || as == nil || p.cfg.Role == xua.RoleASP {
		return out
	}
	si := ss7.SI(0)
	if noUser {
		si = m.SI
	}
	for i := range p.told {
		if t := &p.told[i]; !t.at.IsZero() && t.pc == m.DPC && t.si == si && now.Sub(t.at) < answerHold {
			p.stats.AnswersSpared++
			return out
		}
	}
	if !p.audits.Take(now, 1) {
		p.stats.AnswersSpared++
		return out
	}
	p.told[p.next] = answered{m.DPC, si, now}
	p.next = (p.next + 1) % len(p.told)
	s := SSNM{Type: DUNA, Affected: []uint32{uint32(m.DPC)}, NA: as.NA, HasNA: as.HasNA}
	if to, _ := p.gate.To(server); to != nil && to.HasRC {
		s.RCs = []uint32{to.RC}
	}
	switch {
	case noUser:
		s.Type, s.User, s.Cause = DUPU, m.SI, cause
	case d.State != Unavailable && d.Level > 0:
		s.Type, s.Level, s.HasLevel = SCON, d.Level, true
	}
	return l.ssnm(p, &s, out)
}

// recvSSNM is told a message about destinations.
func (l *Layer) recvSSNM(now time.Time, p *peer, m xua.Message, b []byte, out []ss7.Action) []ss7.Action {
	s, e := ParseSSNM(m)
	if e == nil {
		e = l.mayTell(p, &s, m.Name)
	}
	var all, soon []*ASConfig
	if e == nil {
		all, soon, e = l.about(p, &s, m.Name)
	}
	if e != nil {
		e.Diag = xua.Head(b)
		return l.x.Refuse(now, p.cfg.Path, e, out)
	}
	as := append(all, soon...)[0]
	bits := l.cfg.Networks[as.Network].Variant.Bits()
	for _, a := range s.Affected {
		if _, ok := Range(a, bits); !ok {
			e := &xua.Error{Code: xua.InvalidParameterValue, Why: fmt.Sprintf("%s for a point code wider than %d bits", m.Name, bits), Diag: xua.Head(b)}
			return l.x.Refuse(now, p.cfg.Path, e, out)
		}
	}
	if s.Type == DAUD {
		return l.answer(now, p, as, &s, bits, out)
	}
	bucket, cost := &p.audits, len(s.Affected)
	if s.Type == DUNA || s.Type == DAVA || s.Type == DRST {
		bucket, cost = &p.news, max(newsLeast, cost)
	}
	if !bucket.Take(now, cost) {
		p.stats.AuditsSpared++
		return out
	}
	for _, as := range soon {
		p.keep(as, &s, m.Name)
	}
	for _, as := range speakers(all, &s, bits) {
		out = l.heed(now, p, as, &s, m.Name, out)
	}
	return out
}

// speakers are those of several AS of a peer that SCON or DUPU can be from, where it names no
// routing context: the AS whose keys have what it is about, if there are any.
func speakers(all []*ASConfig, s *SSNM, bits uint8) []*ASConfig {
	if len(all) < 2 || len(s.RCs) > 0 || s.Type != SCON && s.Type != DUPU {
		return all
	}
	var some []*ASConfig
	for _, as := range all {
		has := func(a uint32) bool { r, _ := Range(a, bits); return as.Key.Has(r.PC, bits) }
		if !as.Away && slices.ContainsFunc(s.Affected, has) {
			some = append(some, as)
		}
	}
	if some == nil {
		return all
	}
	return some
}

// heed tells MTP3 what a peer says of destinations in an AS.
func (l *Layer) heed(now time.Time, p *peer, as *ASConfig, s *SSNM, name string, out []ss7.Action) []ss7.Action {
	bits, said := l.cfg.Networks[as.Network].Variant.Bits(), *s
	if s.Type == SCON {
		said.Affected = l.congested(now, p, as, s.Affected, bits)
	}
	return raise(p, as, &said, name, bits, out)
}

// scattered is how many codes a range that is congested may become.
const scattered = 256

// congested makes single codes of ranges that SCON is about, because MTP3 knows congestion
// of single codes alone (Q.704 §11.2.3): every code of a small range that a route leads to,
// of a large one the destinations that are known.
func (l *Layer) congested(now time.Time, p *peer, as *ASConfig, affected []uint32, bits uint8) (single []uint32) {
	routes := l.cfg.Networks[as.Network].Routes
	for _, a := range affected {
		r, _ := Range(a, bits)
		if r.Len == bits {
			single = append(single, a)
			continue
		}
		if routes == nil || !p.sweeps.Take(now, 1) {
			p.stats.AuditsSpared++
			continue
		}
		if room := scattered - len(single); 1<<(bits-r.Len) <= room {
			for pc := r.PC; pc <= r.Last(bits); pc++ {
				if state, _ := routes.State(ss7.Range{PC: pc, Len: bits}, 0); state != Unavailable {
					single = append(single, uint32(pc))
				}
			}
			continue
		}
		routes.Within(r, 0, func(d Destination) bool {
			if d.Range.Len == bits {
				single = append(single, uint32(d.Range.PC))
			}
			return len(single) < scattered
		})
	}
	return single
}

// raise tells MTP3 what a peer says of destinations in an AS.
func raise(p *peer, as *ASConfig, s *SSNM, name string, bits uint8, out []ss7.Action) []ss7.Action {
	for _, a := range s.Affected {
		r, _ := Range(a, bits)
		ev := ss7.Event{Kind: ssnmKinds[s.Type], Path: as.Path, Dest: r, Why: name + " from ASP " + p.cfg.Name}
		switch s.Type {
		case SCON:
			ev.Arg, ev.MSU.OPC = uint32(s.Level), s.Concerned
			if !s.HasLevel {
				ev.Arg = 1 // the method without levels: congested (§3.4.4)
			}
		case DUPU:
			ev.Arg, ev.MSU.SI = uint32(s.Cause), s.User
		}
		out = append(out, ss7.Action{Op: ss7.Raise, Event: ev})
	}
	return out
}

var ssnmKinds = map[xua.Type]ss7.Kind{DUNA: ss7.Pause, DAVA: ss7.Resume, DRST: ss7.Restricted, SCON: ss7.Status, DUPU: ss7.UserPart}

// mayTell: an ASP asks and tells of congestion; a gateway tells the rest (§3.4).
func (l *Layer) mayTell(p *peer, s *SSNM, name string) *xua.Error {
	fits := true
	switch p.cfg.Role {
	case xua.RoleSG:
		fits = s.Type == DAUD || s.Type == SCON
	case xua.RoleASP:
		fits = s.Type != DAUD
	}
	if !fits {
		return &xua.Error{Code: xua.UnexpectedMessage, Why: name + " in the wrong direction", IDs: s.RCs}
	}
	return nil
}

// about finds the AS that a message is about: what it names must be the peer's and
// it must be active there (§4.3.1). They are of one network. Where this end is the ASP
// and has asked to be active, a gateway may tell it before it says yes: these are soon.
func (l *Layer) about(p *peer, s *SSNM, name string) (all, soon []*ASConfig, _ *xua.Error) {
	var found *ASConfig
	var bad []uint32
	active := false
	take := func(e *Entry) {
		as := l.as(e.AS)
		if found == nil || e.Receives && !active {
			found = as
		}
		active = active || e.Receives
		alike := func(o []*ASConfig) bool { return len(o) == 0 || o[0].Network == as.Network }
		one := as != nil && alike(all) && alike(soon)
		if one && e.Receives {
			all = append(all, as)
		} else if one && p.cfg.Role == xua.RoleASP && l.x.Asking(p.cfg.Path, e.AS) {
			soon = append(soon, as)
		}
	}
	rcs := s.RCs
	if len(rcs) == 1 && rcs[0] == 0 && (p.cfg.Slack.ZeroRC || len(p.gate.Entries) == 1 && !p.gate.Entries[0].HasRC) {
		rcs = nil
	}
	for i := range p.gate.Entries {
		if rcs == nil {
			take(&p.gate.Entries[i])
		}
	}
	for _, rc := range rcs {
		known := false
		for i := range p.gate.Entries {
			if e := &p.gate.Entries[i]; e.HasRC && e.RC == rc {
				known = true
				take(e)
			}
		}
		if !known {
			bad = append(bad, rc)
		}
	}
	switch {
	case bad != nil:
		return nil, nil, &xua.Error{Code: xua.InvalidRoutingContext, IDs: bad,
			Why: fmt.Sprintf("%s for routing context %v", name, bad)}
	case found == nil:
		return nil, nil, &xua.Error{Code: xua.NoConfiguredAS, Why: name + " from an ASP that serves no AS"}
	case !active && soon == nil && !p.cfg.Slack.SSNMInactive:
		return nil, nil, &xua.Error{Code: xua.UnexpectedMessage, IDs: s.RCs,
			Why: name + " while not active; `slack ssnm-while-inactive` under its asp takes it"}
	case s.HasNA && (found.HasNA && s.NA != found.NA || !found.HasNA && s.NA != 0):
		return nil, nil, &xua.Error{Code: xua.InvalidNetworkAppearance, NA: s.NA, HasNA: true,
			Why: fmt.Sprintf("%s with network appearance %d", name, s.NA)}
	}
	if len(all)+len(soon) == 0 { // an odd peer, inactive
		all = append(all, found)
	}
	return all, soon, nil
}

// answer answers a DAUD (§4.5.3): the range that was asked for as a whole, then the
// smaller ones inside it whose state differs from what was said so far. What that
// would need more than perAnswer codes for is refused.
func (l *Layer) answer(now time.Time, p *peer, as *ASConfig, s *SSNM, bits uint8, out []ss7.Action) []ss7.Action {
	routes := l.cfg.Networks[as.Network].Routes
	lb := label{na: as.NA, hasNA: as.HasNA, rcs: s.RCs}
	var refused []uint32
	var told []Destination
	for _, a := range s.Affected {
		r, _ := Range(a, bits)
		bucket := &p.audits
		if r.Len < bits {
			bucket = &p.sweeps
		}
		if routes == nil || !bucket.Take(now, 1) {
			p.stats.AuditsSpared++
			continue
		}
		var cut bool
		if told, cut = sweep(told, routes, r, as.Path, bits); cut {
			p.stats.AuditsCut++
			refused = append(refused, a)
		}
	}
	out = l.sendAll(p, lb, bits, told, out)
	if refused != nil {
		return l.x.Refuse(now, p.cfg.Path, &xua.Error{Code: xua.DestinationStatusUnknown, Affected: refused, IDs: s.RCs, NA: as.NA, HasNA: as.HasNA,
			Why: fmt.Sprintf("DAUD for a range that takes more than %d codes to answer", perAnswer)}, out)
	}
	return out
}

// sweep appends what has to be said to an AS about r; cut: there was more.
func sweep(told []Destination, routes Routes, r ss7.Range, as ss7.PathID, bits uint8) (_ []Destination, cut bool) {
	if len(told) >= perAnswer {
		return told, true
	}
	first := len(told)
	d := Destination{Range: r}
	d.State, d.Level = routes.State(r, as)
	told = append(told, d)
	if r.Len == bits {
		return told, false
	}
	routes.Within(r, as, func(d Destination) bool {
		for i := len(told) - 1; i >= first; i-- { // the smallest that covers it is the last
			t := &told[i]
			if !t.Range.Contains(d.Range.PC, bits) {
				continue
			}
			if t.State == d.State && t.Level == d.Level {
				return true
			}
			break
		}
		if cut = len(told) >= perAnswer; cut {
			return false
		}
		told = append(told, d)
		return true
	})
	return told, cut
}
