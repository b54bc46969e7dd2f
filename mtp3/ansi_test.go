package mtp3

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// newANSI is a node 9.9.9 of ANSI before its first link, with linksets to 4.5.6 (B, path 1),
// 5.5.5 (C, path 2) and 6.6.6 (D, path 3).
func newANSI(t *testing.T, routes ...RouteConfig) *star {
	s := &star{&bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}}
	s.cfg.Variant = ss7.ANSI
	cfg := Config{Variant: ss7.ANSI, NI: ss7.International, Own: []ss7.PC{s.pc("9.9.9")}, SLTT1: DefaultSLTT1,
		SLTT2: time.Hour, Routes: routes}
	for i, x := range []struct{ name, adjacent string }{{"B", "4.5.6"}, {"C", "5.5.5"}, {"D", "6.6.6"}} {
		cfg.Linksets = append(cfg.Linksets, LinksetConfig{Name: x.name, Adjacent: s.pc(x.adjacent),
			Links: []LinkConfig{{Path: ss7.PathID(i + 1)}}})
	}
	s.Configure(s.now, cfg, nil)
	return s
}

func ansi(s string) ss7.Range {
	r, _, err := ss7.ANSI.Notation.ParseRange(s)
	if err != nil {
		panic(err)
	}
	return r
}

// clustered has all links in service, cluster 1.2 and member 1.2.7 over B, else C, and
// network 3 over the same.
func clustered(t *testing.T) *star {
	var routes []RouteConfig
	for i, set := range []string{"B", "C"} {
		for _, d := range []string{"1.2.0/16", "1.2.7/24", "3.0.0/8"} {
			routes = append(routes, RouteConfig{ansi(d), set, uint8(i + 1)})
		}
	}
	s := newANSI(t, routes...)
	for p := range ss7.PathID(3) {
		s.up(p + 1)
	}
	return s
}

// T1.111.4 §13.2, §13.3: a cluster is prohibited and allowed with all its members, and told
// where it has a route of its own; RCP asks about it.
func TestClusters(t *testing.T) {
	s := clustered(t)
	s.wantPath("a member", "1.2.3", 1)
	tcp, tca := Management{Heading: TCP, PC: s.pc("1.2.0")}, Management{Heading: TCA, PC: s.pc("1.2.0")}
	// C is told of the cluster; of its member it knows the same by that. B may use us again.
	s.wantSent("TCP from B", s.from(1, tcp), "1 TCA 1.2.0", "2 TCP 1.2.0")
	for _, pc := range []string{"1.2.3", "1.2.7"} {
		s.wantPath("by C", pc, 2)
	}
	s.wantPath("another cluster", "3.2.3", 1)
	s.wantSent("TCP again", s.from(1, tcp))
	s.wantSent("T10", s.tick(45*time.Second), "1 RCP 1.2.0")
	s.wantSent("TCA", s.from(1, tca), "1 TCP 1.2.0", "2 TCA 1.2.0")
	s.wantPath("T6 runs", "1.2.3", -1)
	s.wantPath("T6 runs", "1.2.7", -1)
	s.tick(800 * time.Millisecond)
	s.wantPath("after T6", "1.2.7", 1)
	s.wantSent("no test any more", s.tick(90*time.Second))
	s.from(1, tcp)
	out := s.from(2, tcp)
	s.wantSent("nobody has it", out, "1 TCP 1.2.0", "3 TCP 1.2.0")
	if !strings.Contains(fmt.Sprint(out), "Destination 1.2.0 is inaccessible") {
		t.Errorf("not told: %v", out)
	}
}

// The exclusion list: what holds for a member alone is told behind what holds for all.
func TestClusterMembers(t *testing.T) {
	s := clustered(t)
	tfp := Management{Heading: TFP, PC: s.pc("1.2.3")}
	s.wantSent("TFP for a member", s.from(1, tfp), "1 TFA 1.2.3", "2 TFP 1.2.3")
	s.wantPath("by C", "1.2.3", 2)
	s.wantPath("the others", "1.2.4", 1)
	s.wantSent("TCP from B: C knows of the member, B may use us for it already",
		s.from(1, Management{Heading: TCP, PC: s.pc("1.2.0")}),
		"1 TCA 1.2.0", "2 TCP 1.2.0")
	if s.Table().Dynamic() != 0 {
		t.Errorf("%d dynamic routes where the member is as its cluster", s.Table().Dynamic())
	}
	s.wantSent("TFA from B: that member alone", s.from(1, Management{Heading: TFA, PC: s.pc("1.2.3")}), "1 TFP 1.2.3",
		"2 TFA 1.2.3")
	s.wantPath("T6 runs", "1.2.3", -1)
	s.tick(800 * time.Millisecond)
	s.wantPath("the member", "1.2.3", 1)
	s.wantPath("the others", "1.2.4", 2)
	s.wantSent("TCP from C: the member is told behind it", s.from(2, Management{Heading: TCP, PC: s.pc("1.2.0")}),
		"1 TCP 1.2.0", "3 TCP 1.2.0", "3 TFA 1.2.3")
}

// A cluster inside a network's route is a dynamic destination; members learn of it.
func TestClusterInsideNetwork(t *testing.T) {
	s := clustered(t)
	s.from(1, Management{Heading: TFP, PC: s.pc("3.2.9")})
	s.wantSent("TCP from B", s.from(1, Management{Heading: TCP, PC: s.pc("3.2.0")}), "2 TCP 3.2.0")
	s.wantPath("the cluster", "3.2.3", 2)
	s.wantPath("another one", "3.3.3", 1)
	if got := s.Table().Dynamic(); got != 1 {
		t.Errorf("%d dynamic routes, want the cluster alone", got)
	}
	s.wantSent("RCP from C, which we use", s.from(2, Management{Heading: RCP, PC: s.pc("3.2.0")}))
	s.wantSent("RCP from D", s.from(3, Management{Heading: RCP, PC: s.pc("3.2.0")}), "3 TCA 3.2.0")
	s.wantSent("RCR from D of one that we cannot reach", s.from(3, Management{Heading: RCR, PC: s.pc("8.2.0")}))
	s.from(1, Management{Heading: TCA, PC: s.pc("3.2.0")})
	s.tick(time.Second)
	s.wantPath("well again", "3.2.3", 1)
	if got := s.Table().Dynamic(); got != 0 || s.hearsays != 0 {
		t.Errorf("%d dynamic routes, %d things said", got, s.hearsays)
	}
}

// T1.111.4 §9.2: TRW to each neighbour as it comes; one that restarts too is not waited for,
// but carries no traffic before its TRA.
func TestRestartANSI(t *testing.T) {
	s := newANSI(t)
	tra := Management{Heading: TRA}
	s.wantSent("the first link", s.test(1), "1 TRW")
	s.wantSent("the second", s.test(2), "2 TRW")
	s.wantSent("one TRA", s.from(1, tra))
	s.wantSent("C says that it restarts too", s.from(2, Management{Heading: TRW}))
	s.wantPath("D is awaited", "4.5.6", 0)
	s.wantSent("T22: D is not there", s.tick(2*time.Second), "1 TFP 5.5.5", "1 TFP 6.6.6", "1 TRA", "2 TFP 6.6.6", "2 TRA")
	s.wantPath("open", "4.5.6", 1)
	s.wantPath("not open", "5.5.5", 0)
	s.wantSent("C's TRA", s.from(2, tra), "1 TFA 5.5.5")
	s.wantSent("no TRW any more", s.tick(20*time.Second))
}

// TRW again each T26; T23 ends it where a neighbour that is known to speak does not;
// isolation for less than T27 is no reason to restart.
func TestRestartTimersANSI(t *testing.T) {
	s := clustered(t)
	for p := range ss7.PathID(3) {
		s.fail(p + 1)
	}
	s.tick(10 * time.Second)
	s.cfg.Timers[23], s.cfg.Timers[26] = 15*time.Second, 12*time.Second
	s.wantSent("the first link", s.test(1), "1 TRW")
	s.tick(2 * time.Second)
	s.wantSent("T26", s.tick(10*time.Second), "1 TRW")
	s.tick(5*time.Second - time.Millisecond)
	s.wantPath("T23 runs", "4.5.6", 0)
	s.tick(time.Millisecond)
	s.wantPath("T23 is over", "4.5.6", 1)
	s.fail(1)
	s.tick(2 * time.Second)
	s.wantSent("back within T27", s.test(1), "1 TCP 1.2.0", "1 TFP 5.5.5", "1 TFP 6.6.6", "1 TRA")
	if s.own.on {
		t.Error("restarted after less than T27")
	}
}

// T1.111.4 §9.3: a neighbour that comes back is waited for T28, and T25 from its TRW on.
func TestAdjacentRestartANSI(t *testing.T) {
	s := clustered(t)
	s.fail(1)
	s.wantPath("by C", "1.2.3", 2)
	s.wantSent("B comes back", s.test(1), "1 TRA")
	s.tick(29 * time.Second)
	s.wantPath("T28 runs", "4.5.6", 0)
	s.from(1, Management{Heading: TRW})
	s.tick(29 * time.Second)
	s.wantPath("T25 runs", "4.5.6", 0)
	s.tick(time.Second)
	s.tick(time.Second)
	s.wantPath("T25 is over", "4.5.6", 1)

	s.tick(2 * time.Minute)
	s.from(2, Management{Heading: TCP, PC: s.pc("1.2.0")})
	trw := Management{Heading: TRW}
	s.wantSent("B restarts, which nobody knew", s.from(1, trw),
		"1 TCP 1.2.0", "1 TRA", "2 TCP 1.2.0", "2 TFP 4.5.6", "3 TCP 1.2.0", "3 TFP 4.5.6")
	s.wantPath("it is waited for", "4.5.6", 0)
	s.wantSent("its TRA", s.from(1, Management{Heading: TRA}), "2 TCA 1.2.0", "2 TFA 4.5.6", "3 TCA 1.2.0", "3 TFA 4.5.6")
	s.wantSent("TRW again within T30", s.from(1, trw))
	s.tick(33 * time.Second)
	s.wantSent("after T30, within T29: no TRA", s.from(1, trw), "1 TCP 1.2.0")
	s.tick(30 * time.Second)
	s.wantSent("after T29", s.from(1, trw), "1 TRA")
}

// Inhibit tests run on T20 and T21 there.
func TestInhibitTestsANSI(t *testing.T) {
	s := clustered(t)
	out, err := s.SetInhibit(s.now, "D", 0, true, nil)
	if err == nil {
		t.Fatalf("the only way to D was inhibited: %v", out)
	}
	s.Configure(s.now, s.twoLinks(), nil)
	s.up(4)
	if _, err := s.SetInhibit(s.now, "D", 1, true, nil); err != nil {
		t.Fatal(err)
	}
	s.from(3, Management{Heading: LIA, SLC: 1})
	s.wantSent("before T20", s.tick(104*time.Second))
	s.wantSent("T20", s.tick(time.Second), "3 LLT")
}

// twoLinks gives D a second link.
func (s *star) twoLinks() Config {
	cfg := s.cfg
	cfg.Linksets[2].Links = append(cfg.Linksets[2].Links, LinkConfig{Path: 4, SLC: 1})
	return cfg
}
