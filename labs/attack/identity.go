package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// These cases are about who is believed to be whom. Host 1 is the node, 2 and 4 are the honest P, 3 is the
// honest Q, 66 and above are the attacker.
var identity = []attack{
	{"stranger", "a stranger's INIT lists the address of P, then ASPUP, ASPAC",
		"it gets no traffic of P, and P does", stranger, ""},
	{"stranger-m2ua", "the same at a gateway of M2UA", "it never comes up", strangerM2UA, ""},
	{"stranger-link", "the same in the name of a link's far end",
		"the link is that of its far end", strangerLink, ""},
	{"lurker", "a stranger that lists P's address waits until P goes", "it does not take the place of P", lurker, ""},
	{"camper", "a stranger from P's port lists one of P's two addresses and does not answer there",
		"P is let in from both", camper, ""},
	{"silent-strangers", "one source holds 300 associations and never says ASP Up",
		"an honest newcomer comes up", silent, ""},
	{"rkm-summary", "a stranger registers what a summary route covers", "it is refused", summary, ""},
	{"rkm-hoard", "one source registers all that a node has room for", "an honest newcomer registers", hoard, "udp"},
}

// honestTraffic makes Q send to 2.2.2, and checks that P gets it and the others do not. P may become active a
// moment after it was told so.
func honestTraffic(t *trial, q, p *asp, liars ...*asp) {
	text := fmt.Sprintf("for P alone %d", serial.Add(1))
	received := p != nil && wait(4*time.Second, func() bool {
		for i := range 8 {
			q.msu(20, pc("3.3.3"), pc("2.2.2"), ss7.ISUP, byte(i), []byte(text))
		}
		return p.receives(text, 300*time.Millisecond)
	})
	t.must(received, "P received nothing")
	for _, l := range liars {
		t.must(l == nil || !l.receives(text, time.Second), "the stranger received traffic of P")
	}
}

func stranger(t *trial) {
	t.start(gateway, nil)
	q := t.serves(t.at(3), 2905, 20, 5*time.Second)
	t.need(q != nil, "Q does not come up")
	l := t.asp(t.at(66), 2905, t.at(66), t.at(2))
	t.must(l == nil || !l.comesUp() || !l.activates(10), "the stranger became active as P")
	p := t.serves(t.at(2), 2905, 10, 8*time.Second)
	t.must(p != nil, "P does not come up beside the stranger")
	honestTraffic(t, q, p, l)
}

func strangerM2UA(t *trial) {
	t.start(linkGateway, nil)
	l := t.dial(t.at(66), 2904, t.at(1), 2904, t.at(66), t.at(2))
	t.must(l == nil || !(&asp{l, m2uaPPID}).comesUp(), "the stranger came up as MGC")
	up := wait(8*time.Second, func() bool {
		a := t.dial(t.at(2), 2904, t.at(1), 2904)
		return a != nil && (&asp{a, m2uaPPID}).comesUp()
	})
	t.must(up, "MGC does not come up beside the stranger")
}

const m2uaPPID = 2

// linked is one of two nodes with a link between them. The other node has ME and FAR the other way round.
const linked = `hostname NODE
cs7 network-indicator international
cs7 point-code ME.1.1
cs7 transport TRANSPORT
cs7 local-peer 1024
 local-ip NET.ME
cs7 linkset TO FAR.1.1
 link 0 sctp NET.FAR 1024 1024
`

func linkOf(me, far int) string {
	return strings.NewReplacer("ME", fmt.Sprint(me), "FAR", fmt.Sprint(far)).Replace(linked)
}

func strangerLink(t *trial) {
	a := t.start(strings.TrimSpace(linkOf(1, 2))+" passive\n", nil)
	l := t.dial(t.at(66), 1024, t.at(1), 1024, t.at(66), t.at(2))
	time.Sleep(time.Second)
	out := a.exec("show sctp association")
	taken := l != nil && !l.isOver() && strings.Contains(out, "ESTABLISHED")
	t.must(!taken, "the stranger's association is that of the link: %s", lastLine(out))
	t.start(linkOf(2, 1), nil)
	t.must(wait(15*time.Second, func() bool { return strings.Contains(a.exec("show cs7 linkset"), "avail/links=1/1") }),
		"the far end's link does not come into service beside the stranger")
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func lurker(t *trial) {
	t.start(gateway, nil)
	q := t.serves(t.at(3), 2905, 20, 5*time.Second)
	p := t.serves(t.at(2), 2905, 10, 5*time.Second)
	t.need(q != nil && p != nil, "P and Q do not come up")
	l := t.asp(t.at(66), 2907, t.at(66), t.at(2))
	honestTraffic(t, q, p, l)
	p.abort()
	if l != nil && !l.isOver() {
		time.Sleep(1500 * time.Millisecond)
		t.must(!l.comesUp() || !l.activates(10), "the lurker became active as P")
	}
	p = t.serves(t.at(2), 2905, 10, 8*time.Second)
	t.must(p != nil, "P does not come back beside the lurker")
	honestTraffic(t, q, p, l)
}

func camper(t *trial) {
	t.start(strings.Replace(gateway, " remote-ip NET.2\n", " remote-ip NET.2\n remote-ip NET.4\n", 1), nil)
	q := t.serves(t.at(3), 2905, 20, 5*time.Second)
	t.need(q != nil, "Q does not come up")
	l := t.asp(t.at(66), 2905, t.at(66), t.at(2))
	for _, from := range []int{2, 4} {
		p := t.serves(t.at(from), 2905, 10, 8*time.Second, t.at(2), t.at(4))
		t.must(p != nil, "P is not let in from its address %d", from)
		if p != nil {
			honestTraffic(t, q, p, l)
			p.abort()
		}
	}
}

// open is a node that lets anybody in and register.
const open = `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 transport TRANSPORT
cs7 local-peer 1024
 local-ip NET.1
cs7 linkset B 4.4.4
 link 0 sctp NET.9 1024 1024 passive
cs7 route-table system
 update route 2.0.0/3 linkset B
cs7 xua rkm routing-key-allocation dynamic-permitted
cs7 m3ua 2905
 local-ip NET.1
 accept-asp-connections dynamic-permitted
`

func silent(t *trial) {
	n := t.start(open, nil)
	for i := range 300 {
		if a := t.asp(t.at(66), uint16(10000+i)); a == nil {
			break // refused: no more are let in
		}
	}
	a := t.asp(t.at(2), 2905)
	t.must(a != nil && a.comesUp(), "an honest newcomer does not come up")
	t.must(n.answers(), "the console does not answer")
}

// registers gives the result of a registration of one destination; ok is false if none came.
func (a *asp) registers(dpc ss7.PC, local uint32) (m3ua.Result, bool) {
	key := m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: dpc, Len: 14}}}}
	a.send(0, a.ppid, m3ua.AppendRegistrations(nil, []m3ua.Registration{{LocalID: local, Key: key}}, 14))
	b := a.hears(m3ua.REGRsp, 2*time.Second)
	if b == nil {
		return m3ua.Result{}, false
	}
	typ, p, e := xua.ParseHeader(b)
	if e != nil {
		return m3ua.Result{}, false
	}
	r, e := m3ua.ParseResults(xua.Message{Type: typ, Params: p})
	if e != nil || len(r) != 1 {
		return m3ua.Result{}, false
	}
	return r[0], true
}

func summary(t *trial) {
	t.start(open, nil)
	a := t.asp(t.at(66), 2905)
	t.need(a != nil && a.comesUp(), "a newcomer does not come up")
	r, ok := a.registers(pc("2.2.2"), 1)
	t.must(ok && r.Status != 0, "the registration of 2.2.2, which the route 2.0.0/3 covers, was accepted")
	r, ok = a.registers(pc("5.5.5"), 2)
	t.must(ok && r.Status == 0, "the registration of 5.5.5, which no route covers, was refused")
}

func hoard(t *trial) {
	t.start(open, nil)
	taken := 0
	for i := range 24 {
		a := t.asp(t.at(66), uint16(10000+i))
		if a == nil || !a.comesUp() {
			continue
		}
		for k := range 64 {
			r, ok := a.registers(pc("5.0.0")+ss7.PC(i*64+k), uint32(k))
			if !ok || r.Status != 0 {
				break
			}
			taken++
		}
	}
	t.need(taken > 0, "nothing can be registered")
	a := t.asp(t.at(2), 2905)
	t.need(a != nil && a.comesUp(), "an honest newcomer does not come up after %d registrations", taken)
	r, ok := a.registers(pc("7.7.7"), 1)
	t.must(ok && r.Status == 0, "an honest newcomer is refused after %d registrations of one source", taken)
}
