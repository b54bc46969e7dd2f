package node

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// The ring keeps what is not acknowledged, in order, whatever is acknowledged first.
func TestUnacked(t *testing.T) {
	u := &unacked{}
	ids := func() (out []uint32) {
		for k := range u.n {
			if x := u.at(k); string(x.msu.Payload) != strconv.Itoa(int(x.id)) {
				t.Errorf("message %d has payload %q", x.id, x.msu.Payload)
			}
			out = append(out, u.at(k).id)
		}
		return out
	}
	add := func(id uint32) bool { return u.add(id, &ss7.MSU{Payload: []byte(strconv.Itoa(int(id)))}) }
	for id := range uint32(40) {
		add(id)
		if id%2 == 1 && !u.ack(id-1) {
			t.Error(id)
		}
	}
	if got := ids(); len(got) != 20 || got[0] != 1 || got[19] != 39 || !slices.IsSorted(got) {
		t.Error(got)
	}
	if u.ack(0) || !u.ack(21) || u.ack(21) {
		t.Error("acknowledged twice, or not once")
	}
	u.unsend(2)
	if got := ids(); len(got) != 17 || got[16] != 35 || slices.Contains(got, 21) {
		t.Error(got)
	}
	for id := uint32(100); u.n < unackedMost; id++ {
		if add(id) {
			t.Fatal("forgotten too early")
		}
	}
	if !add(9999) || u.n != unackedMost || u.at(0).id != 3 || u.at(u.n-1).id != 9999 {
		t.Error(u.n, u.at(0).id)
	}
	m := &ss7.MSU{Payload: []byte("7777")}
	if n := testing.AllocsPerRun(1000, func() { u.add(7777, m); u.ack(7777) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

var leftBehind = regexp.MustCompile(`not acknowledged when its association ended (\d+), of which (\d+) were sent`)

// RFC 3331 §3.3.1.2: of an ASP that dies the gateway knows what was not acknowledged, and
// with `resend` gives it to the one that takes over, before what waited: nothing is lost, and
// what the dead one had processed and not yet acknowledged comes twice, in its place. Which
// messages these are depends on the moment: all that is sure is how many at most.
func TestM2UADataAck(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"count", "resend"} {
		t.Run(how, func(t *testing.T) {
			asking := func(config string) string {
				return strings.Replace(config, " traffic-mode override\n interface",
					" traffic-mode override\n data-acknowledgement "+how+"\n interface", 1)
			}
			onChainFrom(t, 2, asking, func(c *chain) {
				c.sg.want("show running-config", " data-acknowledgement "+how+"\n")
				active := "MGC2"
				if strings.Contains(c.mgc[0].run("show cs7 m2ua"), "link 0 of linkset STP: interface 1 of gateway SG: InService") {
					active = "MGC1"
				}
				bad := c.standbyGets(6000, func() {
					time.Sleep(2 * time.Second)
					c.w.setCut("10.5.0.1", true) // it is there, and its acknowledgements are not
					time.Sleep(100 * time.Millisecond)
					for a := range c.sg.m2ua.all() {
						if a.title == active {
							a.Abort("pulled by the test")
						}
					}
					c.w.setCut("10.5.0.1", false)
				})
				left, again := 0, 0
				for _, m := range leftBehind.FindAllStringSubmatch(c.sg.run("show cs7 m2ua statistics"), -1) {
					l, _ := strconv.Atoi(m[1])
					a, _ := strconv.Atoi(m[2])
					left, again = left+l, again+a
				}
				if left == 0 || how == "resend" && again != left || how == "count" && again != 0 {
					t.Errorf("%d were not acknowledged, %d sent again", left, again)
				}
				most := [3]int{left, 0, 0}
				if how == "resend" {
					most = [3]int{0, left, left}
				}
				if bad[0] > most[0] || bad[1] > most[1] || bad[2] > most[2] {
					t.Errorf("lost, duplicated, misordered: %v, of %d not acknowledged", bad, left)
				}
				c.sg.want("show logging", "%CS7M2UA-4-UNACKNOWLEDGED: ASP MGC", "messages of interface")
				c.sg.want("show cs7 m2ua statistics", "Data acknowledged ")
			})
		})
	}
}

// Data of an interface that is taken out of the configuration waits for no acknowledgement any more.
func TestM2UAInterfaceGoneUnacknowledged(t *testing.T) {
	t.Parallel()
	asking := func(config string) string {
		return strings.Replace(config, " traffic-mode override\n interface",
			" traffic-mode override\n data-acknowledgement count\n interface", 1)
	}
	onChainFrom(t, 1, asking, func(c *chain) {
		waiting := func() (n int) {
			for a := range c.sg.m2ua.all() {
				_, left := a.ackView()
				n += left
			}
			return n
		}
		c.w.setCut("10.5.0.1", true)
		c.far.stream(c.near.pc, 32, time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		if n := waiting(); n != 32 {
			t.Errorf("%d of 32 wait for their acknowledgement", n)
		}
		c.sg.run("configure terminal", "cs7 as EXCH m2ua", "no interface-identifier 1", "no interface-identifier 2", "end")
		if n := waiting(); n != 0 {
			t.Errorf("%d wait without an interface", n)
		}
	})
}

// RFC 3331 §3.3.1.2 at the gateway: "The Data Ack message MUST be sent if a Correlation Id
// parameter is received from the peer. Otherwise, the Data Ack message MUST NOT be sent."
func TestM2UAClause3312DataAck(t *testing.T) {
	t.Parallel()
	onChain(t, 0, func(c *chain) {
		e, err := sctp.NewUser(c.w).Open(sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.3.1.1")}, Port: m2ua.Port},
			sctp.Params{OutStreams: 2, InStreams: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		a, err := e.Dial(context.Background(), sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.5.0.1")},
			Port: m2ua.Port}, sctp.Params{})
		if err != nil {
			t.Fatal(err)
		}
		var acks []uint32
		established, done := false, make(chan bool)
		go func() {
			defer close(done)
			for batch := sctp.NewBatch(64); a.Read(batch) == nil; {
				for _, it := range batch.Items {
					if typ, _, e := xua.ParseHeader(it.Data); it.Event == nil && e == nil && typ == m2ua.EstablishCfm {
						established = true
					}
					if id, _, _, ok := m2ua.ReadDataAck(it.Data); it.Event == nil && ok {
						acks = append(acks, id)
					}
				}
			}
		}()
		send := func(b []byte) {
			if _, err := a.Send([]sctp.Message{{Stream: 1, PPID: m2ua.PPID, Data: b}}); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		label := m2ua.Label{Interface: m2ua.Interface{ID: 1}, Variant: ss7.ITU}
		send(xua.End(xua.Begin(nil, xua.ASPUP), 0))
		send(xua.End(xua.Begin(nil, xua.ASPAC), 0))
		send(m2ua.Append(nil, &m2ua.Message{Type: m2ua.EstablishReq, Interface: label.Interface}, false))
		time.Sleep(15 * time.Second)
		m := ss7.MSU{DPC: itu("2.2.2"), OPC: itu("3.3.3"), NI: ss7.International, SI: ss7.SCCP, Payload: []byte{1, 2, 3}}
		send(label.Append(nil, &m))
		send(label.AppendTagged(nil, &m, 77))
		send(label.Append(nil, &m))
		a.Abort("the test is over")
		<-done
		if !established || !slices.Equal(acks, []uint32{77}) {
			t.Errorf("established %v, acknowledged %v", established, acks)
		}
	})
}
