package mtp3

import "github.com/gostp/gostp/ss7"

// recvManagement takes a network management message. One that Q.704 does not know is
// discarded, counted and never answered (§15).
func (n *Network) recvManagement(l *link, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	x, err := ParseManagement(n.cfg.Variant, m.Payload)
	if err != nil {
		n.stats.Bad++
		return append(out, note(ss7.Discard, 0, err.Error()+" on "+n.linkName(l)))
	}
	n.stats.SNMIn++
	return append(out, note(ss7.Discard, 0, x.Heading.String()+" from "+n.cfg.Variant.Notation.Format(m.OPC)+" on "+n.linkName(l)+" not acted on yet"))
}
