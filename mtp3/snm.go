package mtp3

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Names of network management messages by their heading octet, H1<<4|H0, H0 in
// the low half (Q.704 §15.3, table 1; XCO and XCA from Q.2210).
var snmNames = map[byte]string{
	0x11: "COO", 0x21: "COA", 0x31: "XCO", 0x41: "XCA", 0x51: "CBD", 0x61: "CBA",
	0x12: "ECO", 0x22: "ECA", 0x13: "RCT", 0x23: "TFC", 0x14: "TFP", 0x34: "TFR", 0x54: "TFA",
	0x15: "RST", 0x25: "RSR", 0x16: "LIN", 0x26: "LUN", 0x36: "LIA", 0x46: "LUA", 0x56: "LID",
	0x66: "LFU", 0x76: "LLT", 0x86: "LRT", 0x17: "TRA", 0x18: "DLC", 0x28: "CSS", 0x38: "CNS",
	0x48: "CNP", 0x1a: "UPU",
}

// recvSNM takes a network management message. None is acted on yet; each is
// counted, and one that Q.704 does not know is discarded (never answered, §15).
func (n *Network) recvSNM(l *link, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	if len(m.Payload) == 0 {
		n.stats.Bad++
		return append(out, note(ss7.Discard, 0, "network management message without heading on "+n.linkName(l)))
	}
	name, ok := snmNames[m.Payload[0]]
	if !ok {
		n.stats.Bad++
		return append(out, note(ss7.Discard, 0, fmt.Sprintf("network management message with unknown heading %#02x on %s", m.Payload[0], n.linkName(l))))
	}
	n.stats.SNMIn++
	return append(out, note(ss7.Discard, 0, name+" from "+n.cfg.Variant.Notation.Format(m.OPC)+" on "+n.linkName(l)+" not acted on: network management beyond the link test is not built yet"))
}
