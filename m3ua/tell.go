package m3ua

import (
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has what ASPs are told of destinations, and what gateways are asked (RFC 4666 §4.5).

// label says how a network is named to a far end: by the routing contexts in which it is active there, if it
// needs to be told these (§3.4.1).
type label struct {
	na    uint32
	hasNA bool
	rcs   []uint32
}

// concerned tells whether a far end is an active ASP of any AS that is meant, and how these AS are named to it.
func (l *Layer) concerned(p *farEnd, meant func(*ASConfig) bool) (label, bool) {
	var lb label
	if p.gate == nil || p.cfg.Role == xua.RoleASP {
		return lb, false
	}
	any := false
	for i := range p.gate.Entries {
		e := &p.gate.Entries[i]
		as := l.as(e.AS)
		if !e.Sends || as == nil || !meant(as) {
			continue
		}
		any = true
		lb.na, lb.hasNA = e.NA, e.HasNA
		if e.HasRC {
			lb.rcs = append(lb.rcs, e.RC)
		}
	}
	return lb, any
}

// Tell tells all concerned ASPs that destinations of a network have changed state (§4.5.1). Concerned are the
// ASPs that are active in that network. They are told for every AS as that AS sees the destinations, in one
// message where that is the same.
func (l *Layer) Tell(now time.Time, network int, changes []Change, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	common, apart := split(changes)
	for _, p := range l.order {
		if p.gate == nil {
			continue
		}
		var others, single []ss7.PathID
		var heard [][]Destination // what the AS in single hear
		for i := range p.gate.Entries {
			as := p.gate.Entries[i].AS
			if dests := hears(as, changes, apart); dests != nil && !slices.Equal(dests, common) {
				single, heard = append(single, as), append(heard, dests)
			} else {
				others = append(others, as)
			}
		}
		meant := func(s *ASConfig) bool { return s.Network == network && slices.Contains(others, s.Path) }
		if lb, ok := l.concerned(p, meant); ok {
			if len(single) == 0 {
				others = nil // all AS hear the same
			}
			out = l.tell(now, p, lb, network, others, common, out)
		}
		for i, as := range single {
			one := func(s *ASConfig) bool { return s.Network == network && s.Path == as }
			if lb, ok := l.concerned(p, one); ok {
				out = l.tell(now, p, lb, network, []ss7.PathID{as}, heard[i], out)
			}
		}
	}
	return out
}

// split gives what most AS hear of changes, and those AS that may hear something else.
func split(changes []Change) (common []Destination, apart map[ss7.PathID]bool) {
	apart = map[ss7.PathID]bool{}
	for i := range changes {
		if !changes[i].Silent {
			common = append(common, changes[i].Destination)
		}
		for _, v := range changes[i].Views {
			apart[v.AS] = true
		}
	}
	return common, apart
}

// hears gives what an AS that is apart hears of changes; nil if the AS is not apart.
func hears(as ss7.PathID, changes []Change, apart map[ss7.PathID]bool) []Destination {
	if !apart[as] {
		return nil
	}
	dests := []Destination{}
	for i := range changes {
		if d, ok := changes[i].to(as); ok {
			dests = append(dests, d)
		}
	}
	return dests
}

// TellUsers tells an event of MTP3 to the ASPs that it concerns: SCON for Status (congestion of Dest, level
// Arg; 0 means that it is over), DUPU for UserPart (the user MSU.SI at Dest is not there, with cause Arg).
// These are the ASPs of server Path. If Path is 0, they are the ASPs of every server whose key has the code
// MSU.OPC. If Of is set, it is the server that said so of what is behind it, and they are the ASPs of every
// other server (RFC 4666 §3.4.4: "to all concerned ASPs").
func (l *Layer) TellUsers(_ time.Time, network int, ev ss7.Event, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	bits := l.cfg.Networks[network].Variant.Bits()
	meant := func(s *ASConfig) bool {
		switch {
		case s.Network != network || s.Away:
			return false
		case ev.Of != 0:
			return s.Path != ev.Of
		}
		return s.Path == ev.Path || ev.Path == 0 && s.Key.Has(ev.MSU.OPC, bits)
	}
	s := SSNM{Type: SCON, Affected: []uint32{Affected(ev.Dest, bits)}, Level: uint8(ev.Arg), HasLevel: true}
	if ev.Kind == ss7.UserPart {
		s = SSNM{Type: DUPU, Affected: s.Affected, User: ev.MSU.SI, Cause: uint16(ev.Arg)}
	}
	for _, p := range l.order {
		if lb, ok := l.concerned(p, meant); ok {
			s.NA, s.HasNA, s.RCs = lb.na, lb.hasNA, lb.rcs
			out = l.ssnm(p, &s, out)
		}
	}
	return out
}

// Audit asks the gateways of a server for the state of a destination (DAUD, §4.5.2).
func (l *Layer) Audit(_ time.Time, server ss7.PathID, dest ss7.Range, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	as := l.as(server)
	if as == nil {
		return out
	}
	bits := l.cfg.Networks[as.Network].Variant.Bits()
	for _, p := range l.order {
		if p.gate == nil || p.cfg.Role == xua.RoleSG {
			continue
		}
		if to, active := p.gate.To(server); active {
			s := SSNM{Type: DAUD, NA: to.NA, HasNA: to.HasNA, Affected: []uint32{Affected(dest, bits)}}
			if to.HasRC {
				s.RCs = []uint32{to.RC}
			}
			out = l.ssnm(p, &s, out)
		}
	}
	return out
}

// sendAll writes the states of destinations: congestion first (§4.5.3). Equal states go into one message, even
// if others stand between them.
func (l *Layer) sendAll(p *farEnd, lb label, bits uint8, dests []Destination, out []ss7.Action) []ss7.Action {
	s := SSNM{NA: lb.na, HasNA: lb.hasNA, RCs: lb.rcs}
	done := make([]bool, len(dests))
	for i, d := range dests {
		if done[i] {
			continue
		}
		s.Affected = s.Affected[:0]
		for _, j := range alike(dests[i:], done[i:], bits) {
			s.Affected = append(s.Affected, Affected(dests[i+j].Range, bits))
			done[i+j] = true
		}
		if d.Level > 0 && d.State != Unavailable {
			s.Type, s.Level, s.HasLevel = SCON, d.Level, true
			out = l.ssnm(p, &s, out)
			s.HasLevel = false
		}
		s.Type = availabilityTypes[d.State]
		out = l.ssnm(p, &s, out)
	}
	return out
}

// alike gives the indices of the destinations that can be told together with the first one: those that have the
// same state and do not lie inside a range of another state that is told later.
func alike(dests []Destination, done []bool, bits uint8) (at []int) {
	var passed []ss7.Range
	for j := 0; j < len(dests) && len(at) < perMessage; j++ {
		d := &dests[j]
		covered := slices.ContainsFunc(passed, func(r ss7.Range) bool { return covers(r, d.Range, bits) })
		switch {
		case done[j]:
		case d.State == dests[0].State && d.Level == dests[0].Level && !covered:
			at = append(at, j)
		case d.Range.Len < bits:
			passed = append(passed, d.Range)
		}
	}
	return at
}

func (l *Layer) ssnm(p *farEnd, s *SSNM, out []ss7.Action) []ss7.Action {
	start := len(l.arena)
	l.arena = AppendSSNM(l.arena, s)
	return l.sent(p, s.Type, start, out)
}

// sent sends what was written to the arena from start on. It goes on stream 0, in order with the
// acknowledgements.
func (l *Layer) sent(p *farEnd, t xua.Type, start int, out []ss7.Action) []ss7.Action {
	if !l.x.Sent(p.cfg.Path, t) {
		return out
	}
	return append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)],
		Event: ss7.Event{Path: p.cfg.Path}})
}

// brief tells an ASP that has become active what it cannot reach (§4.5.1).
func (l *Layer) brief(now time.Time, path, server ss7.PathID, out []ss7.Action) []ss7.Action {
	p, as := l.farEnds[path], l.as(server)
	if p == nil || as == nil || p.cfg.Role == xua.RoleASP || l.cfg.Networks[as.Network].Routes == nil {
		return out
	}
	lb := label{na: as.NA, hasNA: as.HasNA}
	if to, _ := p.gate.To(server); to != nil && to.HasRC {
		lb.rcs = []uint32{to.RC}
	}
	var bad []Destination
	l.cfg.Networks[as.Network].Routes.Within(ss7.Range{}, server, func(d Destination) bool {
		own := d.Own || slices.ContainsFunc(as.Key.Terms, func(t Term) bool { return t.DPC == d.Range })
		if (d.State != Available || d.Level > 0) && !own { // its own destination is about to change
			bad = append(bad, d)
		}
		return true
	})
	return l.tell(now, p, lb, as.Network, []ss7.PathID{server}, bad, out)
}
