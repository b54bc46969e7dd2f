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

// Destination is a range of codes and its state. Level is its congestion; 0 means none.
type Destination struct {
	Range ss7.Range
	State Availability
	Level uint8
	// Own says that the destination belongs to the AS that asks: nothing else leads there, and the AS is told
	// nothing of it.
	Own bool
}

// Change is a destination whose state has changed.
type Change struct {
	Destination
	// Silent says that it has not changed as others see it: only the AS in Views hear of it.
	Silent bool
	Views  []View // how AS see it that are a way there themselves, and so see it otherwise
}

// View is a destination as one AS sees it: without the ways that lead over that AS.
type View struct {
	AS     ss7.PathID
	State  Availability
	Silent bool // the AS is told nothing: the destination is its own, or is as it knows it
}

// to gives what an AS has to hear of a change. It gives false if the AS has to hear nothing.
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
	// State gives the state of the destination with the longest code that covers all of r; Unavailable if there is
	// none. It is the state as the server as sees it: without the ways by that server, except to its own
	// destinations. If as is 0, it is the state for nobody in particular.
	State(r ss7.Range, as ss7.PathID) (Availability, uint8)
	// Within calls f for the destinations inside r that are smaller than r, as the server as sees them. Those with
	// shorter codes come first. It ends when f returns false.
	Within(r ss7.Range, as ss7.PathID, f func(Destination) bool)
	// Behind calls f for the single codes that routes over a server lead to. It ends when f returns false.
	Behind(server ss7.PathID, f func(ss7.PC) bool)
	// Reserved says why a far end may not register dpc, if it may not: dpc is a code of this node, or has a route
	// that was configured. summary says that it only has a route that is shorter than dpc.
	Reserved(dpc ss7.Range) (why string, summary bool)
}

const (
	perMessage = 64  // how many point codes go into one message
	perAnswer  = 512 // how many point codes answer one question
	answerHold = time.Second
)

// A gateway may lose and regain all codes of ITU within seconds. None of that may be lost here, because what a
// gateway tells of a destination it does not tell again. A message costs at least as much as newsLeast codes.
const (
	newsBurst = 1 << 15
	newsRate  = 8000 // codes a second
	newsLeast = 8
)

// Unreachable answers a far end whose MSU could go no further: with DUNA or SCON, or with DUPU and a cause
// (§3.4.5) where nobody takes its service indicator. It does not answer again and again (§3.4.1).
func (l *Layer) Unreachable(now time.Time, path, server ss7.PathID, m *ss7.MSU, d Destination, noUser bool,
	cause uint16, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	p, as := l.farEnds[path], l.as(server)
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

// recvSSNM handles a message about destinations.
func (l *Layer) recvSSNM(now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action) []ss7.Action {
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
			e := &xua.Error{Code: xua.InvalidParameterValue,
				Why: fmt.Sprintf("%s for a point code wider than %d bits", m.Name, bits), Diag: xua.Head(b)}
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

// speakers gives the AS that a SCON or DUPU without a routing context can be from, if the far end serves
// several: those whose keys have what the message is about, if there are any.
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

// heed tells MTP3 what a far end says of destinations in an AS.
func (l *Layer) heed(now time.Time, p *farEnd, as *ASConfig, s *SSNM, name string, out []ss7.Action) []ss7.Action {
	bits, said := l.cfg.Networks[as.Network].Variant.Bits(), *s
	if s.Type == SCON {
		said.Affected = l.congested(now, p, as, s.Affected, bits)
	}
	return raise(p, as, &said, name, bits, out)
}

// scattered is how many codes a congested range may be taken apart into.
const scattered = 256

// congested turns the ranges that SCON is about into single codes, because MTP3 knows congestion of single
// codes alone (Q.704 §11.2.3). Of a small range it takes every code that a route leads to, of a large one the
// destinations that are known.
func (l *Layer) congested(now time.Time, p *farEnd, as *ASConfig, affected []uint32, bits uint8) (single []uint32) {
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

// raise raises what a far end says of destinations in an AS, for MTP3.
func raise(p *farEnd, as *ASConfig, s *SSNM, name string, bits uint8, out []ss7.Action) []ss7.Action {
	for _, a := range s.Affected {
		r, _ := Range(a, bits)
		ev := ss7.Event{Kind: ssnmKinds[s.Type], Path: as.Path, Dest: r, Why: name + " from ASP " + p.cfg.Name}
		switch s.Type {
		case SCON:
			ev.Arg, ev.MSU.OPC = uint32(s.Level), s.Concerned
			if !s.HasLevel {
				ev.Arg = 1 // SCON without a level says that it is congested (§3.4.4)
			}
		case DUPU:
			ev.Arg, ev.MSU.SI = uint32(s.Cause), s.User
		}
		out = append(out, ss7.Action{Op: ss7.Raise, Event: ev})
	}
	return out
}

var ssnmKinds = map[xua.Type]ss7.Kind{DUNA: ss7.Pause, DAVA: ss7.Resume, DRST: ss7.Restricted, SCON: ss7.Status,
	DUPU: ss7.UserPart}

// mayTell tells whether the role of a far end allows a message: an ASP asks, and tells of congestion; a gateway
// tells the rest (§3.4).
func (l *Layer) mayTell(p *farEnd, s *SSNM, name string) *xua.Error {
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

// about finds the AS that a message is about. The far end must serve those that it names, and must be active
// there (§4.3.1). All are of one network. If this end is an ASP that has asked to be active, the gateway may
// tell it of destinations before it agrees: those AS are in soon.
func (l *Layer) about(p *farEnd, s *SSNM, name string) (all, soon []*ASConfig, _ *xua.Error) {
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
	if len(all)+len(soon) == 0 { // an odd far end that is inactive
		all = append(all, found)
	}
	return all, soon, nil
}

// answer answers a DAUD (§4.5.3). It tells the state of the whole range that was asked for, then of the smaller
// ones inside whose state differs from what was said so far. If this takes more than perAnswer codes, the DAUD
// is refused.
func (l *Layer) answer(now time.Time, p *farEnd, as *ASConfig, s *SSNM, bits uint8, out []ss7.Action) []ss7.Action {
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
		return l.x.Refuse(now, p.cfg.Path, &xua.Error{Code: xua.DestinationStatusUnknown, Affected: refused, IDs: s.RCs,
			NA: as.NA, HasNA: as.HasNA,
			Why: fmt.Sprintf("DAUD for a range that takes more than %d codes to answer", perAnswer)}, out)
	}
	return out
}

// sweep appends what has to be said to an AS about r. cut says that there was more.
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
		for i := len(told) - 1; i >= first; i-- { // the smallest range that covers it is the last one
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
