package node

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// streamAs is stream of a flow that is named otherwise than by its station's code: two
// stations of these tests have the same.
func (s *station) streamAs(flow uint32, dpc ss7.PC, n int) {
	for i := range n {
		b := binary.BigEndian.AppendUint32(nil, uint32(i/16))
		b = binary.BigEndian.AppendUint32(b, flow)
		s.send(ss7.MSU{DPC: dpc, SLS: uint8(i % 16), SI: ss7.SCCP, Payload: append(b, make([]byte, 40)...)})
		time.Sleep(time.Millisecond)
	}
}

// upwards streams n messages from behind each of the two ASPs while f happens, and gives what
// is missing, doubled or misordered of each at the far end.
func (c *chain) upwards(n int, f func()) (bad [2][3]int) {
	c.far.take()
	done := make(chan bool, 2)
	for i, s := range []*station{c.near, c.other} {
		go func() { s.streamAs(uint32(100+i), c.far.pc, n); done <- true }()
	}
	f()
	<-done
	<-done
	time.Sleep(5 * time.Second)
	for i := range bad {
		bad[i][0], bad[i][1], bad[i][2] = c.far.judge(ss7.PC(100+i), n)
	}
	return bad
}

// shares counts what the stations behind the ASPs got and tells whether each SLS came by
// one of them alone.
func shares(near, other []received) (n [2]int, apart bool) {
	var at [2][16]bool
	for i, got := range [][]received{near, other} {
		n[i] = len(got)
		for _, g := range got {
			at[i][g.sls] = true
		}
	}
	for sls := range 16 {
		if at[0][sls] && at[1][sls] {
			return n, false
		}
	}
	return n, true
}

// The commands by which an ASP of these tests leaves and comes back, and its end.
func (b *box) gateway(line string) {
	b.run("configure terminal", "cs7 asp SG 2904 2904 m2ua", line, "end")
}

func (b *box) pull() {
	for a := range b.m2ua.all() {
		a.Abort("pulled by the test")
	}
}

// RFC 3331 §4.3.4.3, Load-share: each SLS of a link goes to one ASP, while both have the
// link in service and test it. Those of one that leaves go to the other and come back to it.
func TestM2UALoadshare(t *testing.T) {
	t.Parallel()
	onChainOf(t, 2, "loadshare", func(c *chain) {
		c.sg.want("show cs7 m2ua", "as EXCH: active, traffic mode loadshare")
		for _, m := range c.mgc {
			m.want("show cs7 linkset STP", "avail/links=2/2")
		}
		c.near.take()
		c.other.take()
		c.far.stream(c.near.pc, 3200, time.Millisecond)
		time.Sleep(time.Second)
		c.near.mu.Lock()
		c.other.mu.Lock()
		n, apart := shares(c.near.got, c.other.got)
		c.other.mu.Unlock()
		c.near.mu.Unlock()
		if n != [2]int{1600, 1600} || !apart {
			t.Errorf("of 3200 messages %v came by the ASPs; each SLS by one alone: %v", n, apart)
		}
		if bad := c.upwards(2000, func() {}); bad != [2][3]int{} {
			t.Errorf("upwards lost, duplicated, misordered: %v", bad)
		}
		for _, how := range []struct {
			name        string
			most        int // lost: what was on its way to an ASP when it went
			leave, come func(b *box)
		}{
			{"blocked", 0, func(b *box) { b.gateway("block") }, func(b *box) { b.gateway("no block") }},
			{"shut down", 20, func(b *box) { b.gateway("shutdown") }, func(b *box) { b.gateway("no shutdown") }},
			{"aborted", 20, func(b *box) { b.pull() }, func(*box) {}}, // it comes back of itself
		} {
			if bad := c.standbyGets(15000, func() {
				time.Sleep(2 * time.Second)
				how.leave(c.mgc[1])
				time.Sleep(5 * time.Second)
				how.come(c.mgc[1])
				time.Sleep(10 * time.Second)
			}); bad[0] > how.most || bad[1]+bad[2] > 0 {
				t.Errorf("%s: lost, duplicated, misordered: %v", how.name, bad)
			}
			c.mgc[1].want("show cs7 linkset STP", "avail/links=2/2")
		}
		if log := c.stp.run("show logging"); unavailable.MatchString(log) {
			t.Error("a link went down:\n" + log)
		}
	})
}

// A link that two ASPs share fails: each changes over, and what waited at the gateway comes
// back to the first that asks, whoever had sent it.
func TestM2UALoadshareChangeover(t *testing.T) {
	t.Parallel()
	onChainOf(t, 2, "loadshare", func(c *chain) {
		change := func() {
			time.Sleep(2 * time.Second)
			c.w.setCut("10.2.1.1", true)
			time.Sleep(6 * time.Second)
			for _, m := range c.mgc {
				m.want("show cs7 linkset STP", "avail/links=1/2")
			}
			c.w.setCut("10.2.1.1", false)
			time.Sleep(14 * time.Second)
			for _, m := range c.mgc {
				m.want("show cs7 linkset STP", "avail/links=2/2")
			}
		}
		if bad := c.standbyGets(10000, change); bad != [3]int{} {
			t.Errorf("towards the ASPs lost, duplicated, misordered: %v", bad)
		}
		for i, bad := range c.upwards(10000, change) { // order is that of each, unless the other got back what it had sent
			if bad[0]+bad[1] > 0 {
				t.Errorf("ASP %d towards the STP lost, duplicated, misordered: %v", i, bad)
			}
		}
		c.mgc[0].want("show cs7 m2ua statistics", "Retrieval Complete Indication in 2")
		c.mgc[1].want("show cs7 m2ua statistics", "Retrieval Complete Indication in 2")
	})
}

// RFC 3331 §4.3.4.3, Broadcast: every ASP gets everything once, in order, whatever becomes
// of the others. What comes from them is that of each: two ASPs that both answer
// answer twice.
func TestM2UABroadcast(t *testing.T) {
	t.Parallel()
	onChainOf(t, 2, "broadcast", func(c *chain) {
		c.sg.want("show cs7 m2ua", "as EXCH: active, traffic mode broadcast")
		for _, m := range c.mgc {
			m.want("show cs7 linkset STP", "avail/links=2/2")
		}
		c.near.take()
		c.other.take()
		const n = 16000
		done := make(chan bool)
		go func() { c.far.stream(c.near.pc, n, time.Millisecond); done <- true }()
		time.Sleep(2 * time.Second)
		c.mgc[1].pull()
		time.Sleep(7 * time.Second)
		c.mgc[1].gateway("block")
		time.Sleep(2 * time.Second)
		c.mgc[1].gateway("no block")
		<-done
		time.Sleep(5 * time.Second)
		if lost, twice, late := c.near.judge(c.far.pc, n); lost+twice+late > 0 {
			t.Errorf("the ASP that stayed: lost %d, duplicated %d, misordered %d", lost, twice, late)
		}
		lost, twice, late := c.other.judge(c.far.pc, n)
		if away := n - lost; twice+late > 0 || away < n*7/10 || away > n*9/10 { // 2 s blocked, and until it had come back
			t.Errorf("the ASP that came and went: lost %d of %d, duplicated %d, misordered %d", lost, n, twice, late)
		}
		if bad := c.upwards(2000, func() {}); bad != [2][3]int{} {
			t.Errorf("upwards lost, duplicated, misordered: %v", bad)
		}
		c.sg.want("show cs7 m2ua statistics", "Data Ack in")
		if log := c.stp.run("show logging"); unavailable.MatchString(log) {
			t.Error("a link went down:\n" + log)
		}
	})
}
