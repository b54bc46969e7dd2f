package m2ua

import (
	"encoding/binary"
	"slices"

	"github.com/gostp/gostp/xua"
)

// These are the configuration lines that forgive an odd far end, as a refusal names them.
const (
	slackData    = "`slack no-interface-identifier`"
	slackAck     = "`slack no-interface-in-data-ack`"
	slackControl = "`slack no-interface-in-control`"
	slackAction  = "`slack retrieval-action-0`"
)

// Forgive gives a message of class 6 in the form that RFC 3331 wants, if the far end is forgiven that it wrote
// it otherwise. Else it gives b itself. A message that ends at a wrong place, or has a wrong length, stays as
// it is.
func (g *Gate) Forgive(b []byte) []byte {
	if !g.slack.NamelessAck && !g.slack.NamelessControl && !g.slack.ActionZero || IsData(b) {
		return b
	}
	_, p, e := xua.ParseHeader(b)
	if e != nil {
		return b
	}
	ack := IsDataAck(b)
	if _, _, named := ReadInterface(b); !named && g.single != nil &&
		(ack && g.slack.NamelessAck || !ack && g.slack.NamelessControl) {
		return forgiveAction(g.slack, append(g.single.Interface.append(xua.Begin(nil, typeOf(b))), p...))
	}
	return forgiveAction(g.slack, b)
}

func typeOf(b []byte) xua.Type { return xua.Type(b[2])<<8 | xua.Type(b[3]) }

// forgiveAction writes the action of a retrieval that has action 0. With a sequence number it can only be that
// of messages, without one only that of the BSN (§3.3.1.9). It ends the new message.
func forgiveAction(s Slack, b []byte) []byte {
	if binary.BigEndian.Uint32(b[4:]) != uint32(len(b)) {
		b = xua.End(b, 0)
	}
	if t := typeOf(b); !s.ActionZero || t != RetrievalReq && t != RetrievalCfm {
		return b
	}
	_, p, _ := xua.ParseHeader(b)
	_, sequence := p.Get(tagSequence)
	for at := len(b) - len(p); len(p) > 0; at = len(b) - len(p) {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return b
		}
		if tag == tagAction && len(v) == 4 && binary.BigEndian.Uint32(v) == 0 {
			b = slices.Clone(b)
			action := ActionBSN
			if sequence {
				action = ActionMessages
			}
			binary.BigEndian.PutUint32(b[at+4:], action)
			return b
		}
		p = rest
	}
	return b
}

// nameless names the line that accepts a message without an interface identifier, where that would help.
func (g *Gate) nameless(b []byte) string {
	line := slackControl
	switch {
	case g.single == nil:
		return "; with several interfaces nothing tells which is meant"
	case IsData(b):
		line = slackData
	case IsDataAck(b):
		line = slackAck
	}
	return "; " + line + " takes it"
}
