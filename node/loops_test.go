package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// ringConfig is node k of three, 1.1.1, 2.2.2 and 3.3.3, joined in a ring by one link each;
// node 1 has a station, 7.7.7.
func ringConfig(k int, more string) string {
	next, last := k%3+1, (k+1)%3+1
	code := func(k int) string { return fmt.Sprintf("%d.%d.%d", k, k, k) }
	c := fmt.Sprintf(`hostname N%d
cs7 variant itu
cs7 network-indicator international
cs7 point-code %s
cs7 local-peer 2000
 local-ip 10.0.%d.1
cs7 linkset NEXT %s
 link 0 sctp 10.0.%d.1 2000 2000
cs7 linkset LAST %s
 link 0 sctp 10.0.%d.1 2000 2000
`, k, code(k), k, code(next), next, code(last), last)
	if k == 1 {
		c += "cs7 local-peer 1024\n local-ip 10.1.0.1\n" +
			"cs7 linkset STATION 7.7.7\n link 0 sctp 10.1.0.9 1024 1024 passive\n"
	}
	return c + more
}

// onRing is three nodes in a ring with a station at the first, and what each has besides.
func onRing(t *testing.T, more string, f func(w *wires, nodes [3]*box, s *station)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		w.SetFaults(sctptest.Faults{Delay: 5 * time.Millisecond}) // else a round takes no time, for ever
		var nodes [3]*box
		for k := range nodes {
			next := fmt.Sprintf("%[1]d.%[1]d.%[1]d", (k+1)%3+1)
			nodes[k] = boxOn(t, w, ringConfig(k+1, strings.ReplaceAll(more, "NEXTPC", next)))
			defer nodes[k].Close()
		}
		time.Sleep(100 * time.Millisecond)
		s := newStation(ctx, t, w, "10.1.0.9", "10.1.0.1", itu("7.7.7"), itu("1.1.1"))
		defer s.group.Wait()
		defer cancel()
		time.Sleep(20 * time.Second)
		for _, b := range nodes {
			b.want("show cs7 linkset NEXT", "avail/links=1/1")
		}
		f(w, nodes, s)
	})
}

func (b *box) carried() uint64 { return b.discards.transferred.Load() }

// circling is how many messages a second a node passes on.
func (b *box) circling() uint64 {
	before := b.carried()
	time.Sleep(time.Second)
	return b.carried() - before
}

const summaryRing = `cs7 route-table system
 update route 5.0.0/3 linkset NEXT
`

// Three nodes whose summaries lead to each other: a message that goes round is proven to by a
// probe, told by alarm, log and counters, discarded where that is wanted, and over when the
// circle is.
func TestEndlessCircleOfSummaries(t *testing.T) {
	t.Parallel()
	onRing(t, summaryRing, func(_ *wires, nodes [3]*box, s *station) {
		s.send(ss7.MSU{DPC: itu("5.1.1"), SLS: 3, SI: ss7.SCCP, Payload: []byte("round and round")})
		time.Sleep(10 * time.Second)
		a := nodes[0]
		if n := a.circling(); n < 10 {
			t.Fatalf("%d messages a second: nothing goes round, the test shows nothing", n)
		}
		told := "essages to 5.1.1 go round for ever: a probe of this node came back by LAST after"
		for _, b := range nodes {
			b.want("show alarms", "Major", "endless circle to 5.1.1 by LAST", told,
				"`cs7 loop-protection drop` would discard what comes by there", "`trace cs7 5.1.1`")
			b.want("show logging", "%CS7MTP3-4-CIRCULAR: M"+told)
			b.want("show cs7 mtp3 errors", "circles proven 1, messages discarded in them 0")
		}
		a.run("configure terminal", "cs7 loop-protection drop", "end")
		time.Sleep(time.Second)
		if n := a.discards.by[mtp3.Looping].Load(); n != 1 {
			t.Errorf("%d discarded, of one message", n)
		}
		a.want("show cs7 mtp3 statistics", "goes round for ever, as a probe has proven (loop-protection drop)")
		a.want("show cs7 route explain 5.1.1 from LAST sls 3", "DISCARDED: goes round for ever")
		if n := a.circling(); n > 5 {
			t.Errorf("%d messages a second still go round", n)
		}
		// What is discarded is found out by probes that pass, those of the others too.
		for _, b := range nodes[1:] {
			b.run("configure terminal", "cs7 loop-protection drop", "end")
		}
		time.Sleep(time.Minute)
		for _, b := range nodes {
			b.want("show alarms", "endless circle to 5.1.1 by LAST", "what comes by there is discarded")
		}
		nodes[2].run("configure terminal", "cs7 route-table system", "remove route 5.0.0/3", "end")
		time.Sleep(time.Minute)
		for _, b := range nodes {
			if got := b.run("show alarms"); strings.Contains(got, "endless") {
				t.Errorf("the circle is cut: %s", got)
			}
			b.want("show logging", "Messages to 5.1.1 by LAST go round no more: the last probe came back")
		}
	})
}

// A ring whose last side is M3UA: node 3 is the gateway of node 1, which is an ASP. The probe
// comes back among the gateway's DATA, where no code tells that it is our own.
func TestEndlessCircleByGateway(t *testing.T) {
	t.Parallel()
	const asp = `cs7 m3ua 2905
 local-ip 10.0.1.1
cs7 asp SG 2905 2905 m3ua
 remote-ip 10.0.3.1
 role asp
cs7 as UP m3ua
 asp SG
 routing-key 5 5.0.0/3
`
	const gateway = `cs7 m3ua 2905
 local-ip 10.0.3.1
cs7 asp P 2905 2905 m3ua
 remote-ip 10.0.1.1
 sctp-role server
cs7 as DOWN m3ua
 asp P
 routing-key 5 5.0.0/3
`
	onRing(t, "", func(_ *wires, nodes [3]*box, s *station) {
		nodes[2].run(append([]string{"configure terminal"}, strings.Split(gateway+"end", "\n")...)...)
		nodes[0].run(append([]string{"configure terminal"}, strings.Split(asp+summaryRing+"end", "\n")...)...)
		nodes[1].run(append([]string{"configure terminal"}, strings.Split(summaryRing+"end", "\n")...)...)
		time.Sleep(20 * time.Second)
		nodes[0].want("show cs7 as", "active")
		s.send(ss7.MSU{DPC: itu("5.1.1"), SLS: 3, SI: ss7.SCCP, Payload: []byte("round and round")})
		time.Sleep(10 * time.Second)
		if n := nodes[0].circling(); n < 10 {
			t.Fatalf("%d messages a second: nothing goes round, the test shows nothing", n)
		}
		nodes[0].want("show alarms", "endless circle to 5.1.1 by as UP", "came back by as UP")
		nodes[1].want("show alarms", "endless circle to 5.1.1 by LAST")
		nodes[0].run("configure terminal", "cs7 loop-protection drop", "end")
		time.Sleep(time.Second)
		if n := nodes[0].circling(); n > 10 {
			t.Errorf("%d messages a second still go round", n)
		}
	})
}

const titleRing = `cs7 gtt selector ALL tt 0 gti 4 np 1 nai 4
 gta 49 pcssn NEXTPC gt
`

// Three nodes that translate a title to each other: the same, and nothing of one who asks
// for nothing of the kind.
func TestEndlessCircleOfTitles(t *testing.T) {
	t.Parallel()
	onRing(t, titleRing, func(_ *wires, nodes [3]*box, s *station) {
		payload, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Data: []byte("round and round"),
			Called: titleAddress(t, "4917123", 6), Calling: titleAddress(t, "4179", 8)})
		s.send(ss7.MSU{DPC: itu("1.1.1"), SLS: 3, SI: ss7.SCCP, Payload: payload})
		time.Sleep(10 * time.Second)
		a := nodes[0]
		if n := a.circling(); n < 10 {
			t.Fatalf("%d messages a second: nothing goes round, the test shows nothing", n)
		}
		a.want("show alarms", "endless circle to the title", "4917123", "a probe of this node came back by LAST",
			"One of the nodes that translate it")
		a.want("show logging", "%CS7MTP3-4-CIRCULAR: Messages to the title")
		a.run("configure terminal", "cs7 loop-protection drop", "end")
		time.Sleep(time.Second)
		if n := a.discards.by[mtp3.Looping].Load(); n != 1 {
			t.Errorf("%d discarded, of one message", n)
		}
		if n := a.circling(); n > 5 {
			t.Errorf("%d messages a second still go round", n)
		}
		a.run("configure terminal", "cs7 loop-protection off", "end")
		if got := a.run("show alarms"); strings.Contains(got, "endless") {
			t.Errorf("switched off: %s", got)
		}
		a.want("show logging", "go round no more: loop-protection is off")
	})
}

// titleAddress is a called or calling address that routes on a title.
func titleAddress(t *testing.T, digits string, ssn uint8) []byte {
	t.Helper()
	a, err := titleOf(ss7.ITU, &exec.Title{Digits: digits, GTI: 4, NP: 1, NAI: 4, SSN: ssn})
	if err != nil {
		t.Fatal(err)
	}
	return sccp.AppendAddress(ss7.ITU, nil, &a)
}

// Equal messages alone, however many, as a load tool or a user that repeats itself sends
// them, raise nothing and lose nothing: they are probed for, rarely, and the probe does not
// come back.
func TestEqualMessagesAreNoCircle(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		for _, b := range []*box{p.a, p.b} {
			b.run("configure terminal", "cs7 loop-protection drop", "end")
		}
		const many = 20_000
		before := p.b.carried()
		for range many {
			p.s1.send(ss7.MSU{DPC: p.s2.pc, SLS: 5, SI: ss7.SCCP, Payload: []byte("the same again, the same again")})
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		arrived := 0
		p.s2.mu.Lock()
		for _, m := range p.s2.got {
			if m.opc == p.s1.pc { // not the probes
				arrived++
			}
		}
		p.s2.mu.Unlock()
		if arrived != many {
			t.Errorf("%d of %d arrived", arrived, many)
		}
		if n := p.b.carried() - before; n < many {
			t.Errorf("%d passed on", n)
		}
		for _, b := range []*box{p.a, p.b} {
			b.want("show alarms", "No alarms.")
			if log := b.run("show logging"); strings.Contains(log, "CIRCULAR") {
				t.Error(log)
			}
			var s tester.ProberStats
			b.core.ask(func() { s = b.core.mtpt.Stats().Probes })
			dropped := b.discards.by[mtp3.Looping].Load()
			if s.Suspected == 0 || s.Sent == 0 || s.Sent > 8 || s.Returned+s.Circles+dropped > 0 {
				t.Errorf("%+v, %d discarded", s, dropped)
			}
		}
	})
}
