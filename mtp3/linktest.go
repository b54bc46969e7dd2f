package mtp3

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Signalling link test messages (Q.707 §5.4): a heading octet, the length of the
// test pattern in the high half of an octet, the pattern.
const (
	sltm = 0x11
	slta = 0x21
)

// LinkTest is a signalling link test message or its acknowledgement.
type LinkTest struct {
	Ack     bool
	Pattern []byte // 1 to 15 octets
	SLC     uint8  // of the link tested, in ANSI (T1.111.7); elsewhere 0, and the label's SLS has it
}

// slc is that of the link that a test is about. In ANSI the label's SLS may be any: it chooses
// nothing in a message that goes by exactly this link.
func (n *Network) slc(m *ss7.MSU, t LinkTest) uint8 {
	if formOf(n.cfg.Variant).ansi {
		return t.SLC
	}
	return n.cfg.Variant.SLC(m)
}

// testSI is the service indicator of tests on the links of s: special in ANSI, unless it is
// configured; what comes is answered with its own (T1.111.7).
func (s *linkset) testSI() ss7.SI {
	switch {
	case s.cfg.TestSI != 0:
		return s.cfg.TestSI
	case formOf(s.net.cfg.Variant).ansi:
		return ss7.SNTS
	}
	return ss7.SNT
}

// ParseLinkTest reads the payload of an MSU with SI 1 or 2. Octets after the
// pattern are ignored (Q.701 §7.2.6).
func ParseLinkTest(b []byte) (LinkTest, error) {
	if len(b) < 2 {
		return LinkTest{}, fmt.Errorf("a link test message of %d octets is too short for heading and length", len(b))
	}
	if b[0] != sltm && b[0] != slta {
		return LinkTest{}, fmt.Errorf("heading %#02x is neither SLTM (0x11) nor SLTA (0x21)", b[0])
	}
	n := int(b[1] >> 4)
	if n == 0 || len(b) < 2+n {
		return LinkTest{}, fmt.Errorf("a test pattern of %d octets is announced, %d are there", n, len(b)-2)
	}
	return LinkTest{b[0] == slta, b[2 : 2+n], b[1] & 15}, nil
}

// AppendLinkTest writes t; a pattern longer than 15 octets is cut.
func AppendLinkTest(dst []byte, t LinkTest) []byte {
	h := byte(sltm)
	if t.Ack {
		h = slta
	}
	p := t.Pattern[:min(len(t.Pattern), 15)]
	dst = append(dst, h, byte(len(p))<<4|t.SLC&15)
	return append(dst, p...)
}

// startTest sends an SLTM on l and waits for its SLTA (Q.707 §2.2). The second attempt
// has the pattern of the first, whose answer may come late over a congested link.
func (l *link) startTest(now time.Time, out []ss7.Action) []ss7.Action {
	n := l.net
	l.attempt++
	if l.attempt == 1 {
		n.serial++
		l.pattern = binary.BigEndian.AppendUint32(l.pattern[:0], n.serial)
		l.pattern = binary.BigEndian.AppendUint32(l.pattern, uint32(now.UnixNano()))
	}
	l.startFor(now, timerSLTA, n.cfg.SLTT1)
	return l.askAgain(out)
}

// askAgain sends the SLTM whose answer is waited for.
func (l *link) askAgain(out []ss7.Action) []ss7.Action {
	l.net.stats.SLTMOut++
	l.testOPC = l.set.localPC()
	m := ss7.MSU{DPC: l.set.cfg.Adjacent, OPC: l.testOPC, SLS: l.cfg.SLC, SI: l.set.testSI()}
	return l.sendTest(m, LinkTest{Pattern: l.pattern, SLC: l.cfg.SLC}, out)
}

// sendTest sends t with the label and the service indicator of m.
func (l *link) sendTest(m ss7.MSU, t LinkTest, out []ss7.Action) []ss7.Action {
	n := l.net
	m.NI = n.cfg.NI
	if formOf(n.cfg.Variant).ansi {
		m.Prio = managementPriority // T1.111.7
	} else {
		t.SLC = 0 // spare (Q.707 §5.4)
	}
	m.Payload = AppendLinkTest(nil, t)
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: l.cfg.Path, MSU: m}})
}

// recvTest handles an MSU of SI 1 or 2 that came by link l.
func (l *link) recvTest(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	n := l.net
	t, err := ParseLinkTest(m.Payload)
	if err != nil {
		n.stats.TestsUnread++
		if fault := foreignTest(n.cfg.Variant, m); fault != "" {
			l.peerFault = fault
			return append(out, discardf("link test on %s not answered: %s", l.name(), fault))
		}
		return append(out, discardf("link test message on %s: %v", l.name(), err))
	}
	if t.Ack {
		n.stats.SLTAIn++
		return l.recvSLTA(now, m, t, out)
	}
	n.stats.SLTMIn++
	return l.recvSLTM(now, m, t, out)
}

// recvSLTM answers the far end's test, whether or not we ever test (Q.707 §2.2),
// but only one that can be for this link; else it tells what is set up wrongly.
func (l *link) recvSLTM(now time.Time, m *ss7.MSU, t LinkTest, out []ss7.Action) []ss7.Action {
	n := l.net
	if l.peerFault = l.testFault(m, t); l.peerFault == "" {
		n.stats.SLTAOut++
		back := ss7.MSU{DPC: m.OPC, OPC: m.DPC, SLS: m.SLS, SI: m.SI}
		out = l.sendTest(back, LinkTest{Ack: true, Pattern: t.Pattern, SLC: t.SLC}, out)
		return l.addressed(now, m.DPC, out)
	}
	n.stats.TestsUnanswered++
	return append(out, discardf("link test on %s not answered: %s", l.name(), l.peerFault))
}

// testFault says what the far end's test reveals to be set up wrongly, here or there; empty:
// nothing.
func (l *link) testFault(m *ss7.MSU, t LinkTest) string {
	n := l.net
	f, slc := n.format, n.slc(m, t)
	switch {
	case m.NI != n.cfg.NI:
		return fmt.Sprintf("the far end tests with network indicator %v; this node has %v", m.NI, n.cfg.NI)
	case m.OPC != l.set.cfg.Adjacent && n.isOwn(m.OPC):
		return fmt.Sprintf("the far end says that it is %s, which is this node's own code: two points cannot have "+
			"one code", f(m.OPC))
	case m.OPC != l.set.cfg.Adjacent:
		text := fmt.Sprintf("the far end is %s; linkset %s expects %s", f(m.OPC), l.set.cfg.Name, f(l.set.cfg.Adjacent))
		for _, s := range n.sets {
			if s != l.set && s.cfg.Adjacent == m.OPC {
				text += fmt.Sprintf(" (%s is the neighbour of linkset %s: two neighbours cannot have one code)",
					f(m.OPC), s.cfg.Name)
			}
		}
		return text
	case !n.isOwn(m.DPC):
		return fmt.Sprintf("the far end expects this node to be %s; it is %s", f(m.DPC), f(n.cfg.Own[0]))
	case slc != l.cfg.SLC:
		return fmt.Sprintf("the far end calls this link SLC %d; here it is SLC %d", slc, l.cfg.SLC)
	}
	return ""
}

// foreignTest says of what came as a link test and is none in this node's variant that it
// is one in another; empty: it is one in none. Variants differ in the width of their codes,
// so that the heading stands at another place of the MSU. The message must end with its
// pattern (Q.707 §5.4, T1.111.7): what is any longer may be anything.
func foreignTest(own *ss7.Variant, m *ss7.MSU) string {
	b := own.AppendMSU(nil, m)
	for _, v := range ss7.Variants {
		n := v.LabelLen()
		if n == own.LabelLen() || len(b) < 3+n || len(b) != 3+n+int(b[2+n]>>4) || b[2+n]>>4 == 0 {
			continue
		}
		h := b[1+n]
		if n+1 == own.LabelLen() && own.SLSBits < 8 { // its high half was read as no part of the SLS
			h |= sltm & 0xf0
		}
		if h == sltm || h == slta {
			return fmt.Sprintf("the far end speaks %d-bit codes (%s); this node speaks %d-bit codes (`cs7 variant %s`)",
				v.Bits(), sisters(v), own.Bits(), own.Name)
		}
	}
	return ""
}

// sisters names the variants with codes as wide as those of v.
func sisters(v *ss7.Variant) string {
	var out []string
	for _, o := range ss7.Variants {
		if o.LabelLen() == v.LabelLen() {
			out = append(out, o.Name)
		}
	}
	return strings.Join(out, " or ")
}

// recvSLTA ends our test: it must have come by the link that its SLC names, from
// the adjacent point, with our pattern (Q.707 §2.2).
func (l *link) recvSLTA(now time.Time, m *ss7.MSU, t LinkTest, out []ss7.Action) []ss7.Action {
	n := l.net
	if !l.running(timerSLTA) {
		return out // late, or unasked for
	}
	f, slc := n.format, n.slc(m, t)
	switch {
	case m.NI != n.cfg.NI:
		why := fmt.Sprintf("answered with network indicator %v instead of %v", m.NI, n.cfg.NI)
		return l.testFailed(now, why, out)
	case !n.isOwn(m.DPC):
		return l.testFailed(now, fmt.Sprintf("the answer is for %s, which is not this node", f(m.DPC)), out)
	case m.OPC != l.set.cfg.Adjacent:
		return l.testFailed(now, fmt.Sprintf("answered by %s instead of %s", f(m.OPC), f(l.set.cfg.Adjacent)), out)
	case slc != l.cfg.SLC:
		return l.testFailed(now, fmt.Sprintf("answered for SLC %d instead of SLC %d", slc, l.cfg.SLC), out)
	case !bytes.Equal(t.Pattern, l.pattern):
		return l.testFailed(now, "answered with another test pattern", out)
	}
	l.stop(timerSLTA)
	l.attempt = 0
	l.startFor(now, timerSLT, n.cfg.SLTT2)
	if l.state == Testing {
		out = l.become(now, Available, "link test passed", out)
	}
	return out
}

// testFailed repeats the test once; a second failure takes the link out of
// service (Q.707 §2.2; for the periodic test this is our choice, as in T1.111.7).
func (l *link) testFailed(now time.Time, why string, out []ss7.Action) []ss7.Action {
	l.stop(timerSLTA)
	if l.peerFault != "" {
		why += "; " + l.peerFault
	}
	if l.attempt < 2 {
		return l.startTest(now, out)
	}
	l.net.stats.TestsFailed++
	out = append(out, order(ss7.Stop, l.cfg.Path))
	return l.fail(now, "link test failed: "+why, out)
}
