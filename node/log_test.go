package node

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

func countLines(l *syslog.Log, text string) (n int) {
	lines, _ := l.Lines()
	for _, x := range lines {
		if strings.Contains(x, text) {
			n++
		}
	}
	return n
}

// An ASP that nobody configured, and that comes and goes, is told as one of its address, though
// it has another name each time.
func TestStrangerThatComesAndGoesIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		a := newBox(t, m, "cs7 point-code 1.1.1\ncs7 m3ua 2905\n local-ip 10.0.0.1\n"+
			" accept-asp-connections dynamic-permitted\n")
		defer a.Close()
		time.Sleep(time.Second)
		from := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}, Port: 2905}
		e, err := sctp.NewUser(m).Open(from, sctp.Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 2905}
		for range 100 {
			far, err := e.Dial(t.Context(), to, sctp.Params{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := far.Send([]sctp.Message{{PPID: 3, Data: bare(xua.ASPUP)}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			far.Abort("it comes again")
			time.Sleep(time.Second)
		}
		if n := countLines(a.log, "CS7M3UA-5-ASPSTATE"); n < 2 || n > 8 {
			t.Errorf("%d lines about one ASP that came 100 times:\n%s", n, a.run("show logging"))
		}
	})
}

// A far end that nobody configured and that tries again every second is told when it begins,
// once an hour, and when it has given up.
func TestRefusedAssociationsAreToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		a := newBox(t, m, reasonA)
		defer a.Close()
		from := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}, Port: 1024}
		e, err := sctp.NewUser(m).Open(from, sctp.Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 1024}
		for range 2*3600 + 60 {
			if x, err := e.Dial(t.Context(), to, sctp.Params{}); err == nil {
				x.Abort("tried")
			}
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Minute)
		if n := countLines(a.Log(), "NOLINK"); n != 6 {
			t.Errorf("%d lines of two hours: not two, that it repeats, two an hour, that it is over", n)
		}
		if n := countLines(a.Log(), "NOLINK: association refused: no link is configured for [10.0.0.9] port "); n != 6 {
			t.Error(n)
		}
	})
}

// A flood of discarded MSUs by one link hides no line about another.
func TestDiscardsOfOneLinkHideNoOthers(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		links := p.a.links
		by := func(set string) ss7.PathID { return links[linkKey{set, 0}].id }
		for i := range 20000 {
			m := &ss7.MSU{DPC: itu("6.6.6"), OPC: itu("3.3.3"), NI: ss7.International, SI: ss7.ISUP}
			p.a.discard(mtp3.Verdict{Reason: mtp3.NoRoute, Dest: -1}, m, by("STATION"))
			if i == 10000 {
				m.DPC, m.OPC = itu("6.6.7"), itu("4.4.4")
				p.a.discard(mtp3.Verdict{Reason: mtp3.NoRoute, Dest: -1}, m, by("PAIR"))
			}
			time.Sleep(time.Millisecond)
		}
		if n := countLines(p.a.Log(), "to 6.6.7 by link 0 of linkset PAIR discarded"); n != 1 {
			t.Errorf("%d lines about the other link", n)
		}
		if n := countLines(p.a.Log(), "to 6.6.6 by link 0 of linkset STATION discarded"); n < 1 || n > 4 {
			t.Errorf("%d lines about the flood", n)
		}
	})
}
