package node

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp/sctptest"
)

// gatewayConfig is node A, the gateway of AS HLR, with a linkset to B.
const gatewayConfig = configA + `cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp H1 2905 2905 m3ua
 remote-ip 10.0.0.5
cs7 asp H2 2905 2905 m3ua
 remote-ip 10.0.0.6
cs7 as HLR m3ua
 asp H1
 asp H2
 routing-key 55 5.5.5
 traffic-mode loadshare
`

// behindConfig is node B, with a way back.
const behindConfig = configB + `cs7 route-table system
 update route 5.5.5/14 linkset A
`

// processConfig is an ASP of AS HLR: a node at 10.0.0.n.
func processConfig(n int) string {
	return fmt.Sprintf(`hostname H%d
cs7 network-indicator international
cs7 point-code 5.5.5
cs7 m3ua 2905
 local-ip 10.0.0.%d
cs7 asp SG 2905 2905 m3ua
 remote-ip 10.0.0.1
 role asp
cs7 as HLR m3ua
 asp SG
 routing-key 55 5.5.5
cs7 route-table system
 update route 0.0.0/0 as HLR
`, n-4, n)
}

// servers runs f with a gateway, a node behind it and two ASPs.
func servers(t *testing.T, gateway string, f func(net *sctptest.Memory, a, b, h1, h2 *box)) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newBox(t, net, gateway), newBox(t, net, behindConfig)
		h1, h2 := newBox(t, net, processConfig(5)), newBox(t, net, processConfig(6))
		for _, x := range []*box{a, b, h1, h2} {
			defer x.Close()
		}
		time.Sleep(20 * time.Second)
		f(net, a, b, h1, h2)
	})
}

// A ping from an ASP crosses the gateway to a linkset, and its answer comes back to the
// AS: to the ASP that the SLS goes to.
func TestGateway(t *testing.T) {
	t.Parallel()
	servers(t, strings.Replace(gatewayConfig, " asp H2\n", "", 1), func(net *sctptest.Memory, a, b, h1, h2 *box) {
		h1.want("ping cs7 2.2.2 count 32 rate 100", "100% successful packets(32/32)")
		a.want("show cs7 mtp3 statistics", "MSUs transferred")
	})
}

// start types a command on a console of its own; the function gives what it printed.
func (b *box) start(line string) func() string {
	var out bytes.Buffer
	s := cli.NewSession(b.Node, b.Tree(), &out)
	s.Enable()
	done := make(chan bool)
	go func() {
		s.Run(context.Background(), line)
		close(done)
	}()
	return func() string { <-done; return out.String() }
}

// configure types lines in configuration mode.
func (b *box) configure(lines ...string) {
	b.t.Helper()
	if got := b.run(append(append([]string{"configure terminal"}, lines...), "end")...); strings.Contains(got, "%") {
		b.t.Errorf("%v: %s", lines, got)
	}
}

func TestShowM3UA(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		a.want("show cs7 as", `                    Routing    Routing Key                          Cic   Cic
AS Name      State  Context    Dpc           Si   Opc           Ssn Min   Max
------------ ------ ---------- ------------- ---- ------------- --- ----- -----
HLR          active 55         5.5.5
`)
		a.want("show cs7 as HLR detail", "active for 20s: ASP H", "traffic mode loadshare bindings (by SLS); "+
			"recovery-timeout 2000 ms; minimum-active 1", "asp H1                  active, weight 1")
		a.want("show cs7 as binding-table", "0               H1\n1               H2\n")
		a.want("show cs7 asp", "H1            HLR           active    m3ua  2905     10.0.0.5        ESTABLISHED\n")
		a.want("show cs7 asp H1 detail", "this node is its gateway", "path 10.0.0.5 from 10.0.0.1: active, primary")
		a.want("show cs7 asp H1 statistics", "ASPAC in 1, out 0", "ASPAC Ack in 0, out 1")
		a.want("show cs7 asp H9", "% there is no asp H9")
		a.want("show cs7 m3ua", "m3ua 2905 at 10.0.0.1: bound",
			"accept-asp-connections pre-configured: accepted 2, refused 0", "asp H1, 10.0.0.5 port 2905: active, association")
		a.want("show cs7 route", "5.5.5/14         acces   1  as HLR              avail")
		a.want("show cs7 route explain 5.5.5 sls 1", "belongs to as HLR by its routing key\n  leaves by as HLR, to asp H2\n")
		a.want("show cs7 route explain 5.5.5 from-as HLR", "DISCARDED: only way out is the linkset it came by")
		a.want("show cs7 linkset", "lsn=B ")
		if got := a.run("show cs7 linkset"); strings.Contains(got, "HLR") {
			t.Error("an AS among the linksets:", got)
		}
		h1.want("show cs7 asp SG detail", "this node is asp")
		h1.want("show cs7 route explain 2.2.2", "leaves by as HLR, to asp SG")
		before := a.run("show running-config")
		a.want("write memory", "[OK]")
		a.want("reload", "")
		time.Sleep(20 * time.Second)
		if after := a.run("show running-config"); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		b.want("ping cs7 5.5.5 count 16 rate 100", "100% successful packets(16/16)")
	})
}

// Whatever takes an ASP out of an AS, the traffic goes on by the other.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"loadshare", "loadshare roundrobin", "override", "broadcast"} {
		config := strings.Replace(gatewayConfig, "traffic-mode loadshare", "traffic-mode "+mode, 1)
		servers(t, config, func(net *sctptest.Memory, a, b, h1, h2 *box) {
			ok := func(what string) {
				t.Helper()
				if got := b.run("ping cs7 5.5.5 count 32 rate 200"); !strings.Contains(got, "100% successful packets(32/32)") {
					t.Errorf("%s, %s: %s\n%s", mode, what, got, a.run("show cs7 as detail"))
				}
			}
			ok("both active")
			a.configure("cs7 asp H1 2905 2905 m3ua", "block")
			ok("H1 blocked")
			a.want("show cs7 asp H1", "inactive", "blocked by configuration")
			h1.want("show cs7 as", "reason: ")
			a.configure("cs7 asp H1 2905 2905 m3ua", "no block")
			time.Sleep(15 * time.Second)
			ok("H1 back")
			a.configure("cs7 asp H2 2905 2905 m3ua", "shutdown")
			ok("H2 shut down")
			a.want("show cs7 asp H2", "down", "reason: shut down by configuration")
			h2.want("show cs7 asp", "reason: no association: ")
			a.configure("cs7 asp H2 2905 2905 m3ua", "no shutdown")
			time.Sleep(15 * time.Second)
			ok("H2 back")
			h1.Close()
			time.Sleep(time.Second) // until the gateway has read that it takes its leave
			ok("H1 gone")
			a.want("show cs7 asp H1", "down", "reason: no association: ")
			again := newBox(t, net, processConfig(5))
			defer again.Close()
			time.Sleep(15 * time.Second)
			ok("H1 again")
			a.want("clear cs7 asp H2", "")
			ok("H2 cleared")
			time.Sleep(15 * time.Second)
			again.configure("cs7 asp SG 2905 2905 m3ua", "block")
			time.Sleep(time.Second) // what it answers after its ASPIA is not taken (RFC 4666 §4.3.4.4)
			ok("H1 took itself out")
		})
	}
}

// While no ASP is active traffic waits T(r), in order; what is not sent then is counted.
func TestRecovery(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		a.configure("cs7 as HLR m3ua", "no asp H2", "recovery-timeout 1000")
		ping := b.start("ping cs7 5.5.5 count 100 rate 100 timeout 3000")
		time.Sleep(300 * time.Millisecond)
		h1.configure("cs7 asp SG 2905 2905 m3ua", "block")
		time.Sleep(200 * time.Millisecond)
		a.want("show cs7 as", "HLR          pending", "reason: no ASP is active: ", "traffic waits for an ASP")
		a.want("show cs7 as detail", "MSUs wait for an ASP, the oldest for ")
		a.want("show cs7 route explain 5.5.5", "leaves by as HLR: waits for an ASP")
		h1.configure("cs7 asp SG 2905 2905 m3ua", "no block")
		// Nothing is lost but what H1 answered between its ASPIA and the acknowledgement.
		late := a.m3ua.aspNamed("H1").refused[m3ua.NotActive].Load() +
			h1.discards.by[mtp3.Inaccessible].Load() + h1.discards.by[mtp3.LinkGone].Load()
		if got := ping(); late > 2 || !strings.Contains(got, fmt.Sprintf("successful packets(%d/100)", 100-late)) {
			t.Error(late, got)
		}
		ping = b.start("ping cs7 5.5.5 count 50 rate 100 timeout 500")
		h1.Close()
		time.Sleep(5 * time.Second)
		ping()
		a.want("show cs7 as", "HLR          down", "reason: no ASP became active within T(r) (1s)")
		a.want("show cs7 route", "5.5.5/14         INACC")
		a.want("show cs7 route explain 5.5.5", "DISCARDED: destination inaccessible",
			"as HLR is down: no ASP became active within T(r) (1s)")
		if n := a.discards.by[mtp3.PendingOver].Load(); n == 0 {
			t.Error("what waited in vain was not counted")
		}
	})
}

// A gateway tells an ASP what it cannot reach, and answers what went there.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		h1.want("ping cs7 7.7.7 timeout 100", "0% successful")
		a.want("show cs7 asp H1 statistics", "DUNA in 0, out 2")
		h1.want("debug cs7 m3ua", "CS7 M3UA debugging is on")
		b.Close()
		time.Sleep(10 * time.Second)
		h1.want("show logging", "m3ua: 2.2.2/14: DUNA from ASP SG")
		h1.want("show cs7 route detail", "    inaccessible: as HLR prohibits it (DUNA)\n")
	})
}

// A node that is about to stop tells its ASPs that nothing is reached through it; one that
// starts anew has their traffic again.
func TestLeaveTellsASPs(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, b, h1, h2 *box) {
		h1.want("debug cs7 m3ua", "CS7 M3UA debugging is on")
		h1.want("ping cs7 2.2.2", "100% successful")
		a.Leave(context.Background())
		a.want("show logging", "%SYS-5-LEAVE: No more traffic comes")
		b.want("show cs7 mtp3 event-history", "TFP from 1.1.1")
		time.Sleep(time.Second)
		h1.want("show logging", "m3ua: 2.2.2/14: DUNA from ASP SG")
		h1.want("ping cs7 2.2.2", "2.2.2 is inaccessible")
		a.run("write memory", "reload")
		time.Sleep(30 * time.Second)
		h1.want("ping cs7 2.2.2", "100% successful")
	})
}

// ASPs with local port 0, on both sides, are at the node's first port.
func TestLocalPortZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		gateway := strings.NewReplacer("H1 2905 2905 m3ua", "H1 2905 0 m3ua", "H2 2905 2905 m3ua", "H2 0 0 m3ua").
			Replace(gatewayConfig)
		a, b := newBox(t, net, gateway), newBox(t, net, behindConfig)
		var hs []*box
		for n := range 2 {
			text := strings.Replace(processConfig(5+n), "SG 2905 2905 m3ua", "SG 2905 0 m3ua", 1)
			hs = append(hs, newBox(t, net, text))
		}
		for _, x := range append(hs, a, b) {
			defer x.Close()
		}
		time.Sleep(20 * time.Second)
		for _, h := range hs {
			h.want("ping cs7 2.2.2 count 32 rate 100", "packets")
		}
		a.want("show cs7 as", "HLR          active 55")
		a.want("show cs7 asp", "H1            HLR           active    m3ua  2905     10.0.0.5        ESTABLISHED",
			"H2            HLR           active    m3ua  2905     10.0.0.6        ESTABLISHED")
		a.want("show cs7 asp H1 detail", "2905")
		a.want("show running-config", "cs7 asp H2 0 0 m3ua")
		a.want("configure terminal")
		a.want("no cs7 m3ua 2905", "% m3ua 2905 is in use by asp H1, asp H2: take that away first")
		a.run("end")
		hs[0].want("ping cs7 2.2.2 count 32 rate 100", "packets")
	})
}
