package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/xua"
)

// lonelyASP is a node that is an ASP to 10.0.0.2, of which the test writes every octet.
const lonelyASP = `hostname H
cs7 network-indicator international
cs7 point-code 5.5.5
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp GW 2905 2905 m3ua
 remote-ip 10.0.0.2
 role asp
cs7 as ME m3ua
 asp GW
 routing-key 10 5.5.5
cs7 route-table system
 update route 6.6.6/14 as ME
`

// gateways runs f with a node by itself and its gateway, up to where that has said nothing.
func gateways(t *testing.T, config string, f func(a *box, next func() *player)) {
	t.Helper()
	strangers(t, config, func(t *testing.T, net *sctptest.Memory, a *box) {
		at := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}, Port: 2905}
		e, err := sctp.NewUser(net).Open(at, sctp.Params{OutStreams: 17, InStreams: 17})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		f(a, func() *player {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
			defer stop()
			x, err := e.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			p := &player{t: t, a: x}
			go p.listen()
			return p
		})
	})
}

// active has the far end answer what brings the node up.
func (p *player) active() {
	p.t.Helper()
	if got := p.hears(); got != "ASPUP" {
		p.t.Errorf("at first: %q", got)
	}
	if got := p.say(bare(xua.ASPUPAck)); got != "ASPAC [10]" {
		p.t.Errorf("after ASPUP Ack: %q", got)
	}
	p.say(naming(xua.ASPACAck, 10))
}

func (p *player) wants(when, want string) {
	p.t.Helper()
	if got := p.hears(); got != want {
		p.t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// A node that leaves its gateway says so in steps and waits for each answer before it ends
// the association, whether it is shut down, taken out, changed or stopped (RFC 4666 §4.3.4.2,
// §4.3.4.4). A gateway that does not answer holds it up for one T(ack).
func TestLeavesInSteps(t *testing.T) {
	t.Parallel()
	const asp = "cs7 asp GW 2905 2905 m3ua"
	for name, leave := range map[string]func(a *box){
		"shutdown": func(a *box) { a.configure(asp, "shutdown") },
		"no asp":   func(a *box) { a.configure("cs7 as ME m3ua", "no asp GW", "exit", "no "+asp) },
		"changed":  func(a *box) { a.configure(asp, "remote-ip 10.0.0.3") },
		"stopped":  func(a *box) { go a.Close() },
	} {
		gateways(t, lonelyASP, func(a *box, next func() *player) {
			p := next()
			p.active()
			p.hears()
			leave(a)
			p.wants(name, "ASPIA [10]")
			p.wants(name+", unanswered", "")
			if name != "no asp" { // in two lines, of which the first takes it out of the AS
				p.say(data(10, 1, 20)) // on its way; it is taken
			}
			if got := p.say(naming(xua.ASPIAAck, 10)); got != "ASPDN" {
				t.Errorf("%s, ASPIA acknowledged: %q", name, got)
			}
			p.wants(name+", ASPDN unanswered", "")
			if got := p.say(bare(xua.ASPDNAck)); got != "end" {
				t.Errorf("%s, ASPDN acknowledged: %q", name, got)
			}
		})
	}
	gateways(t, lonelyASP, func(a *box, next func() *player) {
		p := next()
		p.active()
		a.configure(asp, "shutdown")
		p.wants("shut down", "ASPIA [10]")
		time.Sleep(1700 * time.Millisecond)
		p.wants("before T(ack)", "")
		time.Sleep(200 * time.Millisecond)
		p.wants("after T(ack)", "ASPDN, end")
		a.want("show cs7 asp", "shut down by configuration")
		// It comes back of itself, at once, even while leave is taken of what it was.
		a.configure(asp, "no shutdown")
		p = next()
		p.active()
		a.configure(asp, "shutdown", "no shutdown")
		p.wants("shut down and not", "ASPIA [10]")
		p.say(naming(xua.ASPIAAck, 10))
		p.say(bare(xua.ASPDNAck))
		next().active()
		a.want("show cs7 as", "ME           active 10 ")
	})
}

// A line of the configuration sends nothing again that the gateway has not answered, and
// block sends ASPIA once.
func TestLinesAskNoGatewayTwice(t *testing.T) {
	t.Parallel()
	gateways(t, lonelyASP, func(a *box, next func() *player) {
		p := next()
		p.wants("at first", "ASPUP")
		for i := range 5 {
			a.configure(fmt.Sprint("hostname H", i))
		}
		p.wants("lines while ASPUP is unanswered", "")
		p.say(bare(xua.ASPUPAck))
		for i := range 5 {
			a.configure(fmt.Sprint("hostname H", i))
		}
		p.wants("lines while ASPAC is unanswered", "")
		p.say(naming(xua.ASPACAck, 10))
		a.configure("cs7 asp GW 2905 2905 m3ua", "block")
		a.configure("hostname H9")
		p.wants("block", "ASPIA [10]")
		p.say(naming(xua.ASPIAAck, 10))
		a.configure("hostname H")
		p.wants("blocked", "")
	})
}

// What a gateway registered is taken back between ASPIA and ASPDN (§4.4.2).
func TestLeavesAndDeregisters(t *testing.T) {
	t.Parallel()
	config := strings.Replace(lonelyASP, " routing-key 10 5.5.5\n", " routing-key 99 5.5.5\n register\n", 1)
	gateways(t, config, func(a *box, next func() *player) {
		p := next()
		p.wants("at first", "ASPUP")
		if got := p.say(bare(xua.ASPUPAck)); got != "REG REQ" {
			t.Errorf("up: %q", got)
		}
		local := uint32(0)
		for _, s := range a.m3ua.layer.AS() {
			local = uint32(s.Path)
		}
		rsp := m3ua.AppendResults(nil, m3ua.REGRsp, []m3ua.Result{{LocalID: local, RC: 10}})
		if got := p.say(rsp); got != "ASPAC [10]" {
			t.Errorf("registered: %q", got)
		}
		p.say(naming(xua.ASPACAck, 10))
		a.configure("cs7 asp GW 2905 2905 m3ua", "shutdown")
		p.wants("shut down", "ASPIA [10]")
		if got := p.say(naming(xua.ASPIAAck, 10)); got != "DEREG REQ [10]" {
			t.Errorf("ASPIA acknowledged: %q", got)
		}
		if got := p.say(m3ua.AppendResults(nil, m3ua.DEREGRsp, []m3ua.Result{{RC: 10}})); got != "ASPDN" {
			t.Errorf("deregistered: %q", got)
		}
		if got := p.say(bare(xua.ASPDNAck)); got != "end" {
			t.Errorf("ASPDN acknowledged: %q", got)
		}
	})
}

// An ASP of M2UA that is shut down releases its links, as their own shutdown does, says ASPIA
// and ASPDN, and waits for the answers.
func TestM2UAShutdownTakesLeave(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		c.mgc[0].gateway("shutdown")
		time.Sleep(time.Second)
		c.sg.want("show cs7 m2ua statistics", "Release Request in 1, out 0", "ASPIA in 1, out 0",
			"ASPIA Ack in 0, out 1", "ASPDN in 1, out 0", "ASPDN Ack in 0, out 1")
		c.mgc[0].want("show cs7 m2ua", "shut down by configuration")
		c.mgc[0].gateway("no shutdown")
		time.Sleep(40 * time.Second)
		c.stp.want("show cs7 linkset MGC", "avail/links=2/2")
		c.clean(t, 1000, func() {})
	})
}

// What a gateway tells of a destination before it acknowledges ASPAC holds; and it is asked
// about the destinations behind it, of which it may have told before.
func TestGatewayTellsBeforeItAcknowledges(t *testing.T) {
	t.Parallel()
	gateways(t, lonelyASP, func(a *box, next func() *player) {
		const pc = 6<<11 | 6<<3 | 6
		tell := func(t xua.Type) []byte {
			return m3ua.AppendSSNM(nil, &m3ua.SSNM{Type: t, RCs: []uint32{10}, Affected: []uint32{pc}})
		}
		p := next()
		p.hears()
		p.say(bare(xua.ASPUPAck))
		if got := p.say(tell(m3ua.DUNA)); got != "" {
			t.Errorf("DUNA before ASPAC Ack is answered %q", got)
		}
		if got := p.say(naming(xua.ASPACAck, 10)); got != "DAUD [10] 12342" {
			t.Errorf("when it is active: %q", got)
		}
		a.want("show cs7 route", "6.6.6/14         INACC", "reason: as ME prohibits it (DUNA)")
		a.want("show cs7 route explain 6.6.6", "PROHIBITED by as ME (DUNA); it is asked again every T10")
		a.want("show alarms", "as ME prohibits it (DUNA)")
		p.say(tell(m3ua.DAVA))
		a.want("show cs7 route", "6.6.6/14         acces")
	})
}
