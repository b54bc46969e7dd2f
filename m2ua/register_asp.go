package m2ua

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has link key management at an ASP (§4.4). A link that is configured by its key asks its gateway for
// the interface identifier each time that this end comes up there, because registrations end with ASPDN and
// with the association.

// regRetry is how long a REG REQ waits for its answer, and how long a refused one waits for the next.
const regRetry = 10 * time.Second

func (k LinkKey) String() string { return fmt.Sprintf("%d/%d", k.SDT, k.SDL) }

// Result is one result of a REG RSP or DEREG RSP.
type Result struct {
	LocalID   uint32 // only in a REG RSP
	Status    uint32
	Interface Interface
}

var regResultFields = []xua.Field{{Tag: tagLocalLK, Must: true, Size: 4}, {Tag: tagRegStatus, Must: true, Size: 4},
	{Tag: tagID, Size: 4}, {Tag: tagText, Max: maxText}}
var deregResultFields = []xua.Field{{Tag: tagID, Size: 4}, {Tag: tagText, Max: maxText},
	{Tag: tagDeregStatus, Must: true, Size: 4}}

// ParseResults reads a REG RSP or DEREG RSP.
func ParseResults(m xua.Message) ([]Result, *xua.Error) {
	outer, fields, status := tagRegResult, regResultFields, tagRegStatus
	if m.Type == DEREGRsp {
		outer, fields, status = tagDeregResult, deregResultFields, tagDeregStatus
	}
	var out []Result
	for p := m.Params; ; {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return out, nil
		}
		if p = rest; tag != outer {
			continue
		}
		if e := xua.Check(fields, v); e != nil {
			e.Why = m.Name + ": result: " + e.Why
			return nil, e
		}
		var r Result
		r.LocalID, _ = xua.Params(v).Uint32(tagLocalLK)
		r.Status, _ = xua.Params(v).Uint32(status)
		r.Interface.ID, _ = xua.Params(v).Uint32(tagID)
		if text, ok := xua.Params(v).Get(tagText); ok {
			r.Interface.Text = string(text)
		}
		out = append(out, r)
	}
}

// learn gives an AS that is configured by a link key the interface that its gateway gave it. Until then the AS
// has none.
func (l *Layer) learn(s *ASConfig) {
	if !s.Register || len(s.Interfaces) != 1 {
		return
	}
	l.keyed[s.Path] = s.Interfaces[0]
	s.Interfaces, s.HasID = nil, false
	if id, ok := l.learned[s.Path]; ok {
		s.Interfaces, s.HasID = []InterfaceConfig{l.keyed[s.Path]}, true
		s.Interfaces[0].Interface = id
	}
}

// KeyState says why a link that is configured by its key has no interface; "" if it has one.
func (l *Layer) KeyState(path ss7.PathID) string { return l.keyWhy[path] }

// register asks the gateways for the interfaces that our links wait for.
func (l *Layer) register(now time.Time, out []ss7.Action) []ss7.Action {
	for _, p := range l.order {
		if p.cfg.Role != xua.RoleASP {
			continue
		}
		waiting := l.x.Unregistered(p.cfg.Path)
		if len(waiting) == 0 {
			p.regAt = time.Time{}
		}
		if len(waiting) == 0 || now.Before(p.regAt) {
			continue
		}
		p.regAt = now.Add(regRetry)
		for batch := range slices.Chunk(waiting, maxKeys) {
			var keys []Registration
			for _, path := range batch {
				keys = append(keys, Registration{LocalID: uint32(path), Key: l.keyed[path].Key})
				out = l.keyStands(path, fmt.Sprintf("link key %v: gateway %s was asked for its interface", l.keyed[path].Key,
					p.cfg.Name), out)
			}
			start := len(l.arena)
			l.arena = AppendRegistrations(l.arena, keys)
			l.x.Sent(p.cfg.Path, REGReq)
			out = append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)],
				Event: ss7.Event{Path: p.cfg.Path}})
		}
	}
	return out
}

// keyStands notes why a link has no interface, and raises a Note of it.
func (l *Layer) keyStands(path ss7.PathID, why string, out []ss7.Action) []ss7.Action {
	l.keyWhy[path] = why
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: xua.Republish, Path: path}})
}

// recvResults handles what a gateway answers. An answer that nothing asked for changes nothing.
func (l *Layer) recvResults(
	now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action,
) ([]ss7.Action, *xua.Error) {
	results, e := ParseResults(m)
	if e != nil {
		e.Diag = xua.Head(b)
		return out, e
	}
	if m.Type == DEREGRsp {
		return out, nil
	}
	waiting := l.x.Unregistered(p.cfg.Path)
	for _, r := range results {
		path := ss7.PathID(r.LocalID)
		s := l.as(path)
		if s == nil || !slices.Contains(waiting, path) {
			continue
		}
		why := ""
		if r.Status != uint32(RegOK) {
			why = fmt.Sprintf("%v", RegStatus(r.Status))
		} else if other := l.owner(p, r.Interface); other != nil && other.Path != path {
			why = fmt.Sprintf("it gave interface %v, which %s has", r.Interface, other.Name)
		}
		if why != "" {
			why = fmt.Sprintf("link key %v: gateway %s refuses it: %s; asked again in %v", l.keyed[path].Key, p.cfg.Name,
				why, regRetry)
			out = l.keyStands(path, why, out)
			out = append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: p.cfg.Path,
				Arg: xua.NoteError, Why: s.Name + ": " + why}})
			continue
		}
		delete(l.keyWhy, path)
		l.learned[path], p.keys[r.Interface] = r.Interface, path
		s.Interfaces = []InterfaceConfig{l.keyed[path]}
		s.Interfaces[0].Interface = r.Interface
		_, out = l.x.Granted(now, p.cfg.Path, path, uint32(path), out) // a link has one gateway
	}
	return l.x.Settle(now, out), nil
}

// owner gives the AS of ours that has an interface of a gateway; nil if there is none.
func (l *Layer) owner(p *farEnd, id Interface) *ASConfig {
	_, servings := l.x.Serves(p.cfg.Path)
	for _, s := range servings {
		if as := l.as(s.AS); as != nil && slices.ContainsFunc(as.Interfaces,
			func(i InterfaceConfig) bool { return i.Interface == id }) {
			return as
		}
	}
	return nil
}

// forget drops what belongs to links that c does not have any more.
func (l *Layer) forget(c *Config) {
	for i := range l.cfg.ASs {
		path := l.cfg.ASs[i].Path
		if !slices.ContainsFunc(c.ASs, func(x ASConfig) bool { return x.Path == path }) {
			delete(l.learned, path)
			delete(l.keyed, path)
			delete(l.keyWhy, path)
		}
	}
}

// deregister takes leave of gateways that have no link of ours any more. ASPIA comes first, because what is
// active is not deregistered (§3.3.3.1). While one link is left, ASPIA might stop that one too, if they share
// an AS there (§3.3.2.7). Then the other registrations stay, at most until the association ends.
func (l *Layer) deregister(out []ss7.Action) []ss7.Action {
	for _, p := range l.order {
		_, left := l.x.Serves(p.cfg.Path)
		if p.cfg.Role != xua.RoleASP || len(left) > 0 {
			continue
		}
		for _, id := range slices.SortedFunc(maps.Keys(p.keys), func(a, b Interface) int {
			return strings.Compare(a.String(), b.String())
		}) {
			for _, t := range []xua.Type{xua.ASPIA, DEREGReq} {
				if l.x.Sent(p.cfg.Path, t) {
					start := len(l.arena)
					l.arena = xua.End(id.append(xua.Begin(l.arena, t)), start)
					out = append(out, ss7.Action{Op: ss7.Send, Wire: l.arena[start:len(l.arena):len(l.arena)],
						Event: ss7.Event{Path: p.cfg.Path}})
				}
			}
		}
		clear(p.keys)
	}
	return out
}
