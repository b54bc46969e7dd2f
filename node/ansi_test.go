package node

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// T1.111.4: clusters are lost and regained as one between two nodes, members behind them;
// a node that restarts says TRW before TRA.
func TestANSIAtWork(t *testing.T) {
	t.Parallel()
	onPairOf(t, ss7.ANSI, func(p *pair) {
		p.b.run("configure terminal", "cs7 route-table system", "update route 4.4.0/16 linkset STATION",
			"update route 8.0.0/8 linkset STATION", "end")
		p.a.run("configure terminal", "cs7 route-table system", "remove route 4.4.4/24",
			"update route 4.4.0/16 linkset PAIR", "update route 8.0.0/8 linkset PAIR", "end")
		time.Sleep(time.Second)
		p.a.want("show cs7 route 4.4.7", "4.4.0/16         acces", "leaves by linkset PAIR")
		p.w.setCut("10.2.0.9", true)
		time.Sleep(10 * time.Second)
		p.a.want("show cs7 route 4.4.4", "4.4.0/16         INACC", "reason: 2.2.2 prohibits it (TCP)",
			"PROHIBITED by 2.2.2 (TCP); it is asked again every T10")
		p.a.want("show cs7 mtp3 event-history", "TCP from 2.2.2", "about 4.4.0")
		p.a.want("show logging", "Destination 4.4.0 is inaccessible")
		p.w.setCut("10.2.0.9", false)
		time.Sleep(30 * time.Second)
		p.a.want("show cs7 mtp3 event-history", "TCA from 2.2.2")
		p.a.want("show cs7 route 4.4.4", "4.4.0/16         acces", "leaves by linkset PAIR")

		tell := func(h mtp3.Heading, about string) {
			p.s2.send(ss7.MSU{DPC: code(ss7.ANSI, "2.2.2"), SI: ss7.SNM,
				Payload: mtp3.AppendManagement(nil, ss7.ANSI, mtp3.Management{Heading: h, PC: code(ss7.ANSI, about)})})
			time.Sleep(time.Second)
		}
		tell(mtp3.TCP, "8.3.0")
		tell(mtp3.TFA, "8.3.9")
		p.b.want("show cs7 route 8.3.9", "Dynamic Routes 2 of 1000", "8.3.9/24         acces", "avail   dyn management")
		p.a.want("show cs7 route 8.3.9", "8.3.9/24         acces", "8.3.0/16         INACC", "leaves by linkset PAIR")
		p.a.want("show cs7 route explain 8.3.8", "longest match is 8.3.0/16", "DISCARDED")
		p.a.want("show cs7 route explain 8.4.8", "longest match is 8.0.0/8", "leaves by linkset PAIR")
		tell(mtp3.TCA, "8.3.0")
		p.a.want("show cs7 route", "Dynamic Routes 0 of 1000")

		p.w.setCut("10.2.1.1", true)
		p.w.setCut("10.2.2.1", true)
		p.w.setCut("10.2.0.9", true)
		time.Sleep(30 * time.Second)
		for _, addr := range []string{"10.2.1.1", "10.2.2.1", "10.2.0.9"} {
			p.w.setCut(addr, false)
		}
		time.Sleep(40 * time.Second)
		p.a.want("show cs7 mtp3 event-history", "TRW from 2.2.2", "TRA from 2.2.2")
		p.b.want("show cs7 mtp3 event-history", "TRW to 1.1.1", "Restart is over", "TRA to 1.1.1")
		p.b.want("ping cs7 1.1.1", "100% successful")
	})
}

// From T18 on timers are by variant, with ranges and places of their own.
func TestANSITimersAtThePrompt(t *testing.T) {
	t.Parallel()
	onPairOf(t, ss7.ANSI, func(p *pair) {
		p.a.want("show cs7 mtp3 timers", "T20        105000    105000  local inhibit test",
			"T28         30000     30000  restart of an adjacent point: wait for its first word")
		for line, want := range map[string]string{
			"cs7 mtp3 timer t18 1500": "timer t18 (Nothing runs on it (transfer restricted by the response method)) " +
				"is 2000 to 20000 ms in variant ansi",
			"cs7 mtp3 timer t33 300000": "nothing runs on timer t33: T17 and level 2 damp oscillation",
			"cs7 mtp3 timer t22 300000": "timer t22 (Restart of this node: wait for links) is 1000 to 60000 ms in variant ansi",
		} {
			if got := p.a.run("configure terminal", line, "end"); !strings.Contains(got, want) {
				t.Errorf("%s: %s", line, got)
			}
		}
		p.a.run("configure terminal", "cs7 mtp3 timer t18 11000", "no cs7 mtp3 timer t24", "cs7 mtp3 timer t27 5000",
			"cs7 linkset PAIR", "timer t28 3000", "end")
		p.a.want("show running-config", "cs7 mtp3 timer t18 11000", "cs7 mtp3 timer t27 5000", " timer t28 3000")
		p.a.want("show cs7 linkset PAIR timers", "T28          3000  linkset")
		got := p.a.run("configure terminal", "cs7 linkset PAIR", "timer t23 90000", "end")
		if !strings.Contains(got, "linkset PAIR: timer t23 has no use here") {
			t.Error(got)
		}
	})
}
