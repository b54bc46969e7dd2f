package node

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// lacks fails if a command's output has one of texts.
func (b *box) lacks(command string, texts ...string) {
	b.t.Helper()
	got := b.run(command)
	for _, x := range texts {
		if strings.Contains(got, x) {
			b.t.Errorf("%s: %q in:\n%s", command, x, got)
		}
	}
}

// unequipped is a user of a station that answers every message with UPU, as a far end of
// another make does with SI 8.
func unequipped(s *station) func(*ss7.MSU) {
	return func(m *ss7.MSU) {
		upu := mtp3.Management{Heading: mtp3.UPU, PC: s.pc, User: m.SI, Cause: mtp3.UnequippedUser}
		s.put(ss7.MSU{DPC: m.OPC, OPC: s.pc, NI: m.NI, SI: ss7.SNM, Payload: mtp3.AppendManagement(nil, ss7.ITU, upu)})
	}
}

// A TFP that comes while a test runs is the cause; no linkset is down.
func TestPingAfterTFP(t *testing.T) {
	t.Parallel()
	network(t, func(_ *sctptest.Memory, a, _ *box) {
		a.want("ping cs7 3.3.3 timeout 100", "Meanwhile no route to 3.3.3 works any more: over linkset B: 2.2.2 "+
			"prohibits it (TFP).")
		a.lacks("ping cs7 3.3.3 timeout 100", "down")
	})
}

// A wire that was cut is told as what is seen of it: nothing is acknowledged. No route is
// blamed.
func TestPingOverACutWire(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, _ *box) {
		net.SetFaults(sctptest.Faults{Cut: true})
		const nothing = ": the far end of that link has acknowledged nothing for 1.5s"
		out := a.run("ping cs7 2.2.2 count 2 rate 10000 timeout 1500")
		for _, text := range []string{"Nothing came back within 1.5s.",
			"1 with SLS 0, sent by link 0 of linkset B" + nothing,
			"1 with SLS 1, sent by link 1 of linkset B" + nothing} {
			if !strings.Contains(out, text) || strings.Contains(out, "route") {
				t.Errorf("no %q, or a route is blamed:\n%s", text, out)
			}
		}
		net.SetFaults(sctptest.Faults{})
		time.Sleep(time.Minute)
		net.SetFaults(sctptest.Faults{Cut: true})
		a.want("ping cs7 2.2.2 count 2", "sent by link 0 of linkset B: that link is down now: the far end did "+
			"not acknowledge within T7")
		net.SetFaults(sctptest.Faults{})
		time.Sleep(time.Minute)
		net.SetFaults(sctptest.Faults{Cut: true})
		a.want("trace cs7 2.2.2 timeout 1500", "2.2.2            says nothing within 1.5s",
			"it was sent by link 0 of linkset B: the far end of that link has acknowledged nothing for ")
	})
}

// What a neighbour has acknowledged was lost there or beyond; more is not claimed.
func TestPingIsLostBeyond(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		p.a.want("ping cs7 4.4.4 count 4", "2 with SLS 0, 2, sent by link 0 of linkset PAIR: its far end has "+
			"acknowledged them, so they or their answers were "+
			"lost there or beyond", "Whether 4.4.4 exists and takes such tests",
			"is not known here: `trace cs7 4.4.4` asks each node.")
	})
}

// Of messages for an AS it is not claimed that an ASP has them, while the ASP acknowledges
// nothing, or after its association is lost. An alarm of an association ends with it.
func TestPingOverAnASPThatIsSilent(t *testing.T) {
	t.Parallel()
	config := strings.Replace(gatewayConfig, "ip 10.0.0.5\n", "ip 10.0.0.5\n stall-timeout 6\n", 1)
	servers(t, config, func(net *sctptest.Memory, a, _, _, _ *box) {
		a.want("ping cs7 5.5.5 count 4", "100% successful")
		for _, ip := range []string{"10.0.0.5", "10.0.0.6"} {
			net.Cut(netip.MustParseAddr(ip), netip.Addr{}, true)
		}
		a.want("ping cs7 5.5.5 count 4", "sent by AS HLR: its ASP H1 has acknowledged nothing for ",
			"so they may not have arrived there")
		time.Sleep(2200 * time.Millisecond)
		a.want("show alarms", "association of ASP H1 ", "the far end takes no more: it has acknowledged nothing for ")
		a.want("ping cs7 5.5.5 count 4", "sent by AS HLR: as HLR is pending: no ASP is active")
		time.Sleep(10 * time.Second)
		a.want("show alarms", "as HLR is down", "waiting for 10.0.0.5 port 2905 to set up the association "+
			"(passive); the last one ended: 10.0.0.5 is silent for ")
		a.lacks("show alarms", "takes no more")
	})
}

// Nor is it claimed of a gateway of M2UA.
func TestPingOverAGatewayThatIsSilent(t *testing.T) {
	t.Parallel()
	onChain(t, 1, func(c *chain) {
		c.mgc[0].want("ping cs7 2.2.2 count 4", "100% successful")
		c.w.setCut("10.5.0.1", true)
		c.mgc[0].want("ping cs7 2.2.2 count 4 timeout 1500", "gateway SG has acknowledged nothing for ",
			"so they may not have arrived there")
	})
}

// A far end of another make that has no user for SI 8 says so, which is an answer.
func TestPingOfAnotherMake(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.s1.user = unequipped(p.s1)
		p.a.want("ping cs7 3.3.3", "3.3.3 is there and has a way back: it says that it has no user for SI 8 "+
			"(UPU). Only this program answers the test")
		p.a.lacks("ping cs7 3.3.3", "test failed", "Nothing came back", "lost")
	})
}

// The UPU of a far end comes to the STP that the trace's request came from, which tells it to
// who traces; then the far end is asked itself, and answers again.
func TestTraceOfAnotherMakeBehindAnSTP(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		p.s2.user = unequipped(p.s2)
		p.a.want("trace cs7 4.4.4", "4.4.4            is there, but has nobody for SI 8, as it tells 2.2.2 (UPU)",
			"4.4.4 is asked itself",
			"4.4.4            is there and has a way back, but nobody for SI 8 (UPU)",
			"4.4.4 is reached, and has a way back.")
		time.Sleep(2 * time.Second)
		p.b.run("configure terminal", "cs7 route-table system", "no update route 1.1.1/14 linkset PAIR", "end")
		asked := 0
		p.s2.user = func(m *ss7.MSU) { // it has no way back to the origin itself
			if asked++; asked == 1 {
				unequipped(p.s2)(m)
			}
		}
		p.a.want("trace cs7 4.4.4", "4.4.4            says nothing within 2s",
			"% 4.4.4 is reached; of a way back to 1.1.1 nothing is known")
	})
}

// A test message that cannot be answered is a line of the log, and no event of the network.
func TestNoReply(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		p.s1.forges(ss7.MSU{DPC: itu("1.1.1"), OPC: itu("6.1.6"), SI: ss7.MTPT,
			Payload: tester.Append(nil, tester.Message{Test: 1, Size: 64})})
		time.Sleep(time.Second)
		p.a.want("show logging", "%CS7PING-4-NOREPLY: test message from 6.1.6 cannot be answered: no route")
		p.a.lacks("show cs7 mtp3 event-history", "cannot be answered")
	})
}

// Where two linksets lead to one code, a test names the SLS values that are lost by one of
// them, and both linksets.
func TestPingNamesLinksetsToOneCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		a := newBox(t, m, reasonA+"cs7 linkset OTHER 2.2.2\n link 0 sctp 10.0.0.3 1024 1024\n"+
			"cs7 route-table system\n update route 2.2.2/14 linkset OTHER priority 1\n")
		defer a.Close()
		b := newBox(t, m, reasonB)
		defer b.Close()
		c := newBox(t, m, strings.ReplaceAll(reasonB, "local-ip 10.0.0.2", "local-ip 10.0.0.3"))
		defer c.Close()
		time.Sleep(time.Minute)
		c.run("configure terminal", "no cs7 route-table system", "cs7 linkset A", "end")
		a.want("show cs7 linkset", "lsn=B                   apc=2.2.2         state=avail",
			"lsn=OTHER               apc=2.2.2         state=avail")
		both := "Linksets B, OTHER all lead to 2.2.2: two points cannot have one code"
		a.want("ping cs7 2.2.2 count 16", "100% successful", both)
		a.want("trace cs7 2.2.2", both)
		m.SetFaults(sctptest.Faults{})
		m.Cut(netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("10.0.0.1"), true)
		a.want("ping cs7 2.2.2 count 16", "8 of 16 lost.",
			"8 with SLS 1, 3, 5, 7, 9, 11, 13, 15, sent by link 0 of linkset OTHER: ",
			"that link is down now: ", "SLS 0, 2, 4, 6, 8, 10, 12, 14: all answered.", both)
	})
}
