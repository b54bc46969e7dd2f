package m2ua

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// xua names each application server by one number. M2UA names interfaces: by numbers, ranges of numbers or
// texts (§3.3.2.7). inward and outward translate between the two.

// span is a range of interface identifiers, or a text.
type span struct {
	first, last uint32
	text        string
}

func (s *span) String() string {
	switch {
	case s.text != "":
		return printable.Name(s.text)
	case s.first == s.last:
		return fmt.Sprint(s.first)
	}
	return fmt.Sprintf("%d-%d", s.first, s.last)
}

func (s *span) append(dst []byte) []byte {
	i := Interface{s.first, s.text}
	if s.text != "" || s.first == s.last {
		return i.append(dst)
	}
	dst = append(dst, byte(tagRange>>8), byte(tagRange&0xff), 0, 12)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(dst, s.first), s.last)
}

// names has the interfaces and AS that a message named.
type names struct {
	numbers []uint32    // the numbers of the AS
	known   []Interface // the interfaces of these AS that were named
	unknown []span
}

// inward puts numbers of AS in the place of interface identifiers. One identifier is enough to mean the whole
// AS (§3.3.2.7). It gives the identifiers that there were; nil if there were none.
func (l *Layer) inward(p *farEnd, m *xua.Message) (*names, *xua.Error) {
	if m.Type == xua.BEAT || m.Type == xua.BEATAck { // they are echoed as they are
		return nil, nil
	}
	spans, rest, e := parseSpans(m)
	if e != nil || len(spans) == 0 {
		return nil, e
	}
	found := &names{}
	_, servings := l.x.Serves(p.cfg.Path)
	var mine []*ASConfig
	for _, s := range servings {
		if as := l.as(s.AS); as != nil {
			mine = append(mine, as)
		}
	}
	for _, s := range spans {
		found.resolve(mine, s)
	}
	if len(found.unknown) > maxIdentifiers {
		found.unknown = found.unknown[:maxIdentifiers]
	}
	m.Params = xua.AppendUint32s(rest, tagID, found.numbers)
	return found, nil
}

// parseSpans takes the interface identifiers out of a message.
func parseSpans(m *xua.Message) (spans []span, rest xua.Params, e *xua.Error) {
	texts := 0
	for p := m.Params; ; {
		tag, v, after, ok := p.Cut()
		if !ok {
			break
		}
		p = after
		switch tag {
		case tagID:
			for ; len(v) >= 4; v = v[4:] {
				id := binary.BigEndian.Uint32(v)
				spans = append(spans, span{first: id, last: id})
			}
		case tagRange:
			for ; len(v) >= 8; v = v[8:] {
				s := span{first: binary.BigEndian.Uint32(v), last: binary.BigEndian.Uint32(v[4:])}
				if s.first > s.last {
					return nil, nil, &xua.Error{Code: xua.InvalidParameterValue,
						Why: fmt.Sprintf("%s: range of interface identifiers from %d to %d", m.Name, s.first, s.last)}
				}
				spans = append(spans, s)
			}
		case tagText:
			texts++
			spans = append(spans, span{text: string(v)})
		default:
			rest = xua.AppendBytes(rest, tag, v)
		}
	}
	if texts > 0 && texts < len(spans) {
		return nil, nil, &xua.Error{Code: xua.UnexpectedParameter,
			Why: m.Name + ": interface identifiers that are texts beside numbers (§3.3.2.7)"}
	}
	return spans, rest, nil
}

// resolve finds the interfaces that s names among those of the AS. The rest of s is unknown.
func (n *names) resolve(among []*ASConfig, s span) {
	var hits []uint32
	for _, as := range among {
		for _, i := range as.Interfaces {
			if s.text != i.Text || s.text == "" && (i.ID < s.first || i.ID > s.last) {
				continue
			}
			hits = append(hits, i.ID)
			if !slices.Contains(n.known, i.Interface) {
				n.known = append(n.known, i.Interface)
			}
			if !slices.Contains(n.numbers, as.ID) {
				n.numbers = append(n.numbers, as.ID)
			}
		}
	}
	if s.text != "" {
		if len(hits) == 0 {
			n.unknown = append(n.unknown, s)
		}
		return
	}
	slices.Sort(hits)
	next := uint64(s.first)
	for _, h := range hits {
		if uint64(h) > next {
			n.unknown = append(n.unknown, span{first: uint32(next), last: h - 1})
		}
		next = uint64(h) + 1
	}
	if next <= uint64(s.last) {
		n.unknown = append(n.unknown, span{first: uint32(next), last: s.last})
	}
}

// outward writes a message of xua anew, with interface identifiers in the place of numbers. An answer has those
// that were asked for; any other message has all identifiers of the AS. If there are both numbers and texts,
// the message becomes two; otherwise second is nil.
func (l *Layer) outward(wire []byte, named *names) (first, second []byte) {
	t, p, e := xua.ParseHeader(wire)
	if e != nil || t>>8 == classMAUP || t>>8 == classIIM || t == xua.BEATAck {
		return wire, nil
	}
	numbers := p.Uint32s(tagID)
	_, isErr := p.Uint32(xua.TagErrorCode)
	if numbers == nil && !isErr {
		return wire, nil
	}
	var only []Interface
	if named != nil && (t == xua.ASPACAck || t == xua.ASPIAAck) {
		only = named.known
	}
	ids, texts := l.interfaces(numbers, only)
	if len(ids) == 0 || len(texts) == 0 {
		return l.rewrite(t, p, append(xua.AppendUint32s(nil, tagID, ids), texts...)), nil
	}
	return l.rewrite(t, p, xua.AppendUint32s(nil, tagID, ids)), l.rewrite(t, p, texts)
}

// rewrite puts interface identifiers and M2UA's own error codes into a message of xua.
func (l *Layer) rewrite(t xua.Type, p xua.Params, identifiers []byte) []byte {
	start := len(l.arena)
	l.arena = xua.Begin(l.arena, t)
	for {
		tag, v, rest, ok := p.Cut()
		if !ok {
			break
		}
		p = rest
		switch {
		case tag == xua.TagErrorCode:
			code := binary.BigEndian.Uint32(v)
			if c := xua.Code(code); c == xua.NoConfiguredAS || c == xua.InvalidRoutingContext {
				code = uint32(invalidIID)
			}
			l.arena = xua.AppendUint32(l.arena, tag, code)
		case tag == tagID:
			l.arena = append(l.arena, identifiers...)
		default:
			l.arena = xua.AppendBytes(l.arena, tag, v)
		}
	}
	l.arena = xua.End(l.arena, start)
	return l.arena[start:len(l.arena):len(l.arena)]
}

// interfaces gives the interfaces of some AS, or only those in only if that is not nil: the numbers, and the
// texts as parameters.
func (l *Layer) interfaces(numbers []uint32, only []Interface) (ids []uint32, texts []byte) {
	for _, number := range numbers {
		as := l.as(ss7.PathID(number))
		if as == nil { // the AS was taken away meanwhile
			continue
		}
		for i := range as.Interfaces {
			x := &as.Interfaces[i].Interface
			switch {
			case only != nil && !slices.Contains(only, *x):
			case x.Text != "":
				texts = x.append(texts)
			default:
				ids = append(ids, x.ID)
			}
		}
	}
	return ids, texts
}

// Names counts the interface identifiers that a message names, where a range counts as one. foreign counts
// those that none of the interfaces has.
func Names(m xua.Message, has []Interface) (named, foreign int) {
	spans, _, e := parseSpans(&m)
	if e != nil {
		return 0, 0
	}
	for _, s := range spans {
		in := func(i Interface) bool {
			return i.Text == s.text && (s.text != "" || s.first <= i.ID && i.ID <= s.last)
		}
		if !slices.ContainsFunc(has, in) {
			foreign++
		}
	}
	return len(spans), foreign
}
