package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// settled calls Settle as a node does.
func settled(t *testing.T, l *Log) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		tick := time.NewTicker(meterStep)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.Settle()
			}
		}
	}()
	t.Cleanup(stop)
}

func countLines(l *Log, text string) (n int) {
	lines, _ := l.Lines()
	for _, x := range lines {
		if strings.Contains(x, text) {
			n++
		}
	}
	return n
}

// An association that flaps all night leaves a log of few lines, in which the lines of
// others stand.
func TestLogIsReadableAfterANight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog()
		settled(t, l)
		ended := func(i int) string { return fmt.Sprintf("association 4 of ASP A ended after %ds: %s", i%3, "reset") }
		for i := range 8 * 3600 {
			up := fmt.Sprintf("association 4 of ASP A is up with 10.0.0.4 port %d", 2000+i)
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", up)
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", ended(i))
			if i == 3600 {
				l.AddFrom("ASP B", "CS7SCTP", 5, "ASSOC", "association 5 of ASP B ended after 4d: no answer")
				l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A ended after 0s: another reason")
			}
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Minute)
		lines, _ := l.Lines()
		t.Log(strings.Join(lines, "\n"))
		if n := countLines(l, "ASP A"); n > 20 {
			t.Errorf("%d lines about one association that flapped for eight hours", n)
		}
		if n := countLines(l, "is told once an hour"); n != 1 {
			t.Errorf("that it repeats is told %d times", n)
		}
		if n := countLines(l, "it still repeats: 7"); n != 8 { // two each second, 7,200 an hour
			t.Errorf("%d lines an hour with a count in eight hours", n)
		}
		if n := countLines(l, "it repeats no more"); n != 1 {
			t.Errorf("that it is over is told %d times", n)
		}
		for _, text := range []string{"ASP B ended after 4d", "ASP A ended after 0s: another reason"} {
			if countLines(l, text) != 1 {
				t.Errorf("the log has no %q", text)
			}
		}
	})
}

// A linkset that fails with many destinations behind it says how many of them the log leaves
// out, although nothing comes after them.
func TestLogTellsWhatItLeavesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog()
		settled(t, l)
		for i := range 1000 {
			who := fmt.Sprintf("4.%d.0", i)
			l.AddFrom(who, "CS7MTP3", 5, "DESTSTATUS", "Destination "+who+" is inaccessible")
			l.Allow("another kind", 0, time.Hour)
		}
		time.Sleep(time.Minute)
		lines, _ := l.Lines()
		const last = "Destination 4.999.0 is inaccessible (the last of 970 like this that were left out)"
		if n := len(lines); n != 31 || !strings.Contains(lines[n-1], "%CS7MTP3-5-DESTSTATUS: "+last) {
			t.Errorf("%d lines, the last of them %q", n, lines[n-1])
		}
		l.AddFrom("4.0.0", "CS7MTP3", 5, "DESTSTATUS", "Destination 4.0.0 is accessible")
		if lines, _ := l.Lines(); !strings.HasSuffix(lines[len(lines)-1], "Destination 4.0.0 is accessible") {
			t.Errorf("what was told is told again: %q", lines[len(lines)-1])
		}
	})
}

// What happens now and then is told each time.
func TestLogTellsWhatIsRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog()
		settled(t, l)
		for range 20 {
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A ended after 5m: reset")
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A is up")
			time.Sleep(5 * time.Minute)
		}
		if n := countLines(l, "ASP A"); n != 40 {
			t.Errorf("%d of 40 lines", n)
		}
	})
}

// Objects that are never seen twice cannot fill the memory.
func TestLogRemembersABoundedNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog()
		for i := range 3 * repeatsMost {
			l.AddFrom(fmt.Sprint(i), "CS7SCTP", 4, "NOLINK", "refused")
		}
		if n := len(l.repeats.of); n > repeatsMost {
			t.Errorf("%d are remembered", n)
		}
		time.Sleep(time.Hour)
		l.Settle()
		if n := len(l.repeats.of); n != 0 {
			t.Errorf("%d are remembered after an hour of silence", n)
		}
	})
}

// An ASP that nobody configured, and that comes and goes, is told as one of its address, though
// it has another name each time.
func TestStrangerThatComesAndGoesIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := sctp.NewMemory(1)
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
	synctest.Test(t, func(t *testing.T) {
		m := sctp.NewMemory(1)
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

// Nothing that a far end or a file says can make a line of the log, or an octet of a
// terminal's, but printable characters.
func TestLogIsPrintable(t *testing.T) {
	l := NewLog()
	var seen string
	defer l.Watch(true, func(line string) { seen = line })()
	l.Add("CS7SCTP", 5, "ASSOC", "reset: \x1b[2J\n*Jan 01 00:00:00.000: %SYS-1-FORGED: all is well\u009b31m")
	lines, _ := l.Lines()
	if len(lines) != 1 || seen != lines[0] || strings.ContainsAny(seen, "\x1b\n\u009b") {
		t.Errorf("%q", lines)
	}
	want := `: reset: \x1b[2J\n*Jan 01 00:00:00.000: %SYS-1-FORGED: all is well\u009b31m`
	if !strings.HasSuffix(seen, want) {
		t.Errorf("%q", seen)
	}
}

// A flood of discarded MSUs by one link hides no line about another.
func TestDiscardsOfOneLinkHideNoOthers(t *testing.T) {
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

// To look whether a line is due costs no memory.
func TestAllowAllocatesNothing(t *testing.T) {
	l := NewLog()
	l.Allow("discard", 7, time.Second)
	if n := testing.AllocsPerRun(100, func() { l.Allow("discard", 7, time.Second) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
