package node

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Over the kernel's SCTP too, an ASP that reads nothing any more, and whose kernel answers HEARTBEATs
// for it, loses its share of the traffic to the other, with an alarm and a reason.
func TestKernelAnASPThatTakesNothingLosesItsShare(t *testing.T) {
	k := kernelHosts(t)
	a := kernelNode(t, `hostname A
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp P 2905 2905 m3ua
 remote-ip 10.0.0.2
 stall-timeout 2
cs7 asp R 2905 2905 m3ua
 remote-ip 10.0.0.3
cs7 asp Q 2905 2905 m3ua
 remote-ip 10.0.0.4
cs7 as PR m3ua
 asp P
 asp R
 routing-key 10 2.2.2
 traffic-mode loadshare
cs7 as Q m3ua
 asp Q
 routing-key 20 3.3.3
`)
	a.until("show cs7 m3ua", "bound")
	active := func(ip string) *player {
		p := kernelCall(t, kernelEnd(t, k, 2905, ip), 2905)
		p.tells(m3ua.PPID, bare(xua.ASPUP))
		p.awaits("ASPUP Ack")
		p.tells(m3ua.PPID, bare(xua.ASPAC))
		p.awaits("ASPAC Ack")
		return p
	}
	r, q := active("10.50.0.3"), active("10.50.0.4")
	small := sctp.Params{RecvBuffer: 20000}
	e, err := k.Open(sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.50.0.2")}, Port: 2905}, small)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.50.0.1")}, Port: 2905}
	p, err := e.Dial(context.Background(), to, small)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{bare(xua.ASPUP), bare(xua.ASPAC)} { // and it never reads what comes
		if _, err := p.Send([]sctp.Message{{PPID: m3ua.PPID, Data: b}}); err != nil {
			t.Fatal(err)
		}
	}
	a.until("show cs7 asp P", "active")
	label := m3ua.Label{RC: 20, HasRC: true}
	send := func(n int, payload string) {
		for i := range n {
			m := ss7.MSU{DPC: itu("2.2.2"), OPC: itu("3.3.3"), SI: ss7.SCCP, SLS: uint8(i % 16)}
			m.Payload = []byte(payload)
			msg := sctp.Message{Stream: 1, PPID: m3ua.PPID, Data: label.Append(nil, &m)}
			if _, err := q.a.Send([]sctp.Message{msg}); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(1000, strings.Repeat("x", 400)) // half of them are more than P's window takes
	a.until("show alarms", "ASP P", "the far end takes no more: ", "given up")
	a.until("show cs7 asp P", "down", "the far end takes no more: ")
	a.until("show cs7 as binding-table", "0               R", "1               R")
	before := a.m3ua.aspNamed("R").out.Load()
	send(160, "more")
	for range 1000 {
		if a.m3ua.aspNamed("R").out.Load() == before+160 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := a.m3ua.aspNamed("R").out.Load() - before; got != 160 {
		t.Errorf("the other ASP gets %d of 160", got)
	}
	r.awaits("DATA")
}
