package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// These cases are about what is said of others, and about messages that go round.
var management = []attack{
	{"ssp-any-name", "Q sends SSP in the name of P's code",
		"titles go on to P; P's own SSP stops them", sspAnyName, ""},
	{"scon-others", "Q says SCON about 2.2.2, which is not behind it", "titles go on to P", sconOthers, "udp"},
	{"dupu-others", "Q says DUPU about 2.2.2, which is not behind it", "titles go on to P", dupuOthers, ""},
	{"escapes", "text identifiers of M2UA carry escapes and forged lines",
		"log and terminal have no octet of them", escapes, "udp"},
	{"ring", "a message goes round three nodes by their summary routes",
		"it is told, and with loop-protection stopped", ring, ""},
}

// translator is a gateway that translates titles that begin with 49 to 2.2.2.
const translator = gateway + `cs7 gtt selector E164 tt 0 gti 4 np 1 nai 4
 gta 49 pcssn 2.2.2 pcssn ssn 8
`

// title is an E.164 address of ten digits that begins with 49 (Q.713 §3.4.2.3.4), for subsystem 8.
func title() []byte {
	digits := []byte{0, 1<<4 | 2, 4, 0x94, 0x21, 0x43, 0x65, 0x87}
	return sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{GTI: 4, HasSSN: true, SSN: 8, Title: digits})
}

func subsystem(ssn uint8) []byte {
	return sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{OnSSN: true, HasSSN: true, SSN: ssn})
}

// serial makes each text that is sent a different one.
var serial atomic.Uint32

// translated makes Q send a title, and tells whether that comes to P.
func translated(q, p *asp) bool {
	text := fmt.Sprintf("for P by title %d", serial.Add(1))
	m := sccp.Message{Type: sccp.UDT, Called: title(), Calling: subsystem(7), Data: []byte(text)}
	b, _ := sccp.Append(nil, &m)
	for i := range 4 {
		q.msu(20, pc("3.3.3"), pc("1.1.1"), ss7.SCCP, uint8(i), b)
	}
	return p.receives(text, 1500*time.Millisecond)
}

// titles starts the translator with P and Q up, and with titles that arrive. Q is an IPSP, which may say what
// it likes about destinations.
func titles(t *trial) (q, p *asp, n *node) {
	ipsp := " remote-ip NET.3\n role ipsp respond\n sctp-role server\n"
	n = t.start(strings.Replace(translator, " remote-ip NET.3\n", ipsp, 1), nil)
	q = t.serves(t.at(3), 2905, 20, 5*time.Second)
	p = t.serves(t.at(2), 2905, 10, 5*time.Second)
	t.need(q != nil && p != nil, "P and Q do not come up")
	arrive := wait(4*time.Second, func() bool { return translated(q, p) })
	t.need(arrive, "titles do not arrive at P: %s", n.exec("test cs7 gtt 4912345678"))
	return q, p, n
}

// notice sends SCCP management from an ASP, in the name of a code.
func notice(a *asp, context uint32, opc ss7.PC, x sccp.Notice) {
	m := sccp.Message{Type: sccp.UDT, Called: subsystem(1), Calling: subsystem(1)}
	m.Data = sccp.AppendNotice(ss7.ITU, nil, x)
	b, _ := sccp.Append(nil, &m)
	a.msu(context, opc, pc("1.1.1"), ss7.SCCP, 0, b)
}

func sspAnyName(t *trial) {
	q, p, _ := titles(t)
	ssp := sccp.Notice{Command: sccp.SSP, SSN: 8, PC: pc("2.2.2")}
	for _, opc := range []string{"2.2.2", "3.3.3", "6.6.6"} {
		notice(q, 20, pc(opc), ssp)
		time.Sleep(200 * time.Millisecond)
		t.must(translated(q, p), "an SSP about 2.2.2 from Q in the name of %s stops titles to 2.2.2", opc)
		notice(p, 10, pc("2.2.2"), sccp.Notice{Command: sccp.SSA, SSN: 8, PC: pc("2.2.2")})
		time.Sleep(200 * time.Millisecond)
	}
	notice(p, 10, pc("2.2.2"), ssp)
	time.Sleep(200 * time.Millisecond)
	t.must(!translated(q, p), "P's own SSP is not believed")
}

// affected writes an Affected Point Code parameter.
func affected(code ss7.PC) []byte { return xua.AppendUint32(nil, xua.TagAffected, uint32(code)) }

func sconOthers(t *trial) {
	q, p, n := titles(t)
	for range 40 { // what is said within 300 ms counts once (Q.714 §5.2.6)
		q.tell(m3ua.SCON, rc(20), affected(pc("2.2.2")), xua.AppendUint32(nil, 0x0205, 3))
		time.Sleep(310 * time.Millisecond)
	}
	arrived := 0
	for range 3 {
		if translated(q, p) {
			arrived++
		}
	}
	t.must(arrived == 3, "after SCON about 2.2.2 from Q titles to 2.2.2 are held back")
	out := n.exec("show cs7 sccp subsystems")
	t.must(!strings.Contains(out, "ongest"), "SCCP counts 2.2.2 as congested because Q says so")
}

func dupuOthers(t *trial) {
	q, p, _ := titles(t)
	q.tell(m3ua.DUPU, rc(20), affected(pc("2.2.2")), xua.AppendUint32(nil, 0x0204, 1<<16|uint32(ss7.SCCP)))
	time.Sleep(300 * time.Millisecond)
	t.must(translated(q, p), "one DUPU about 2.2.2 from Q stops titles to 2.2.2")
}

// escapes sends identifiers that clear a screen and begin a line of the log.
func escapes(t *trial) {
	n := t.start(linkGateway, nil)
	s := t.dial(t.at(2), 2904, t.at(1), 2904)
	t.need(s != nil, "no association")
	a := &asp{s, m2uaPPID}
	t.need(a.comesUp(), "MGC does not come up")
	n.exec("debug cs7 m2ua")
	evil := "E\x1b[2J\x1b]0;owned\x07\r\n*Jan 01 00:00:00.000: %SYS-1-FORGED: all is well\u009b31m"
	text := xua.AppendBytes(nil, 0x0003, []byte(evil))
	a.tell(xua.ASPAC, text)
	a.tell(0x0601, text, xua.AppendBytes(nil, 0x0300, []byte{1, 2, 3, 4, 5, 6, 7})) // Data
	a.tell(0x0602, text)                                                            // Establish Request
	a.tell(0x0608, text, xua.AppendUint32(nil, 0x0302, 1))                          // State Request
	a.tell(xua.ASPIA, text)
	a.tell(0x1001, xua.AppendBytes(nil, 0x0309, append(xua.AppendUint32(nil, 0x0308, 1), text...)))
	time.Sleep(500 * time.Millisecond)
	forged := "*Jan 01 00:00:00.000: %SYS-1-FORGED"
	outs := map[string]string{"the log": n.log()}
	for _, x := range []string{"show logging", "show cs7 m2ua detail", "show cs7 asp detail"} {
		outs[x] = n.exec(x)
	}
	for what, out := range outs {
		t.must(!strings.ContainsAny(out, "\x1b\x07\u009b"), "%s has escapes of the far end", what)
		t.must(!strings.Contains("\n"+out, "\n"+forged), "%s has lines that the far end forged", what)
	}
}

// ringNode is one of three nodes. It has a link to each of the others, and reaches a part of the network by the
// next one.
func ringNode(me int) string {
	next, last := me%3+1, (me+1)%3+1
	port := func(at, to int) string { return fmt.Sprint(2000 + at*10 + to) }
	here := strings.NewReplacer("OUR", port(me, next), "ITS", port(next, me), "MINE", port(me, last),
		"YOURS", port(last, me), "ME", fmt.Sprint(me), "NEXT", fmt.Sprint(next), "LAST", fmt.Sprint(last))
	return here.Replace(`hostname N-ME
cs7 network-indicator international
cs7 point-code ME.1.1
cs7 transport TRANSPORT
cs7 loop-protection drop
cs7 local-peer OUR
 local-ip NET.ME
cs7 local-peer MINE
 local-ip NET.ME
cs7 linkset onward NEXT.1.1
 link 0 sctp NET.NEXT ITS OUR
cs7 linkset back LAST.1.1
 link 0 sctp NET.LAST YOURS MINE passive
cs7 route-table system
 update route 6.0.0/3 linkset onward
`)
}

// around matches what an alarm says of messages that go round.
var around = regexp.MustCompile(`round|loop|circ`)

func ring(t *trial) {
	var nodes []*node
	for me := 1; me <= 3; me++ {
		config := ringNode(me)
		if me == 1 {
			config += "cs7 m3ua 2905\n local-ip NET.1\ncs7 asp Q 0 2905 m3ua\n remote-ip NET.9\n" +
				"cs7 as QQ m3ua\n asp Q\n routing-key 20 5.5.5\n"
		}
		nodes = append(nodes, t.start(config, nil))
	}
	any := func(is func(*node) bool) func() bool { return func() bool { return slices.ContainsFunc(nodes, is) } }
	blocked := any(func(n *node) bool {
		out := n.exec("show cs7 route explain 6.6.6")
		return strings.Contains(out, "DISCARDED") || !strings.Contains(out, "onward")
	})
	t.need(wait(20*time.Second, func() bool { return !blocked() }), "the ring does not come up")
	q := t.serves(t.at(9), 2905, 20, 5*time.Second)
	t.need(q != nil, "Q does not come up")
	for i := range 16 {
		q.msu(20, pc("5.5.5"), pc("6.6.6"), ss7.ISUP, byte(i), []byte("round and round"))
	}
	told := wait(15*time.Second, any(func(n *node) bool {
		for line := range strings.SplitSeq(strings.ToLower(n.exec("show alarms")), "\n") {
			if !strings.Contains(line, "startup") && around.MatchString(line) {
				return true
			}
		}
		return false
	}))
	t.must(told, "no node has an alarm that something goes round")
	began := time.Now()
	crossed := 0
	for crossed = 100; crossed >= 100 && time.Since(began) < 30*time.Second; {
		before := transferred(nodes[1])
		time.Sleep(2 * time.Second)
		crossed = transferred(nodes[1]) - before
	}
	t.must(crossed < 100, "%d messages cross a node in two seconds, of 16 that were sent once", crossed)
}

// transferred gives how many MSUs a node has passed on.
func transferred(n *node) (count int) {
	for line := range strings.SplitSeq(n.exec("show cs7 mtp3 statistics"), "\n") {
		if strings.Contains(line, "transferred") {
			for _, f := range strings.Fields(line) {
				var v int
				if _, err := fmt.Sscanf(f, "%d", &v); err == nil {
					count += v
				}
			}
		}
	}
	return count
}
