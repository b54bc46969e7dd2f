package node

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// What `?` calls the default is what SCTP and M2PA do by default.
func TestDefaultsAreTold(t *testing.T) {
	t.Parallel()
	got, want := association.SettingsFor(&configs.LocalPeer{}, nil).Params, sctp.DefaultParams()
	want.OutStreams, want.InStreams = 2, 2 // M2PA's (RFC 4165 §1.5.2)
	want.SendBuffer = got.SendBuffer       // follows the transmit queue
	if got != want {
		t.Errorf("%+v\nis not SCTP's\n%+v", got, want)
	}
	c := m2pa.DefaultConfig()
	queue(&c, int(configs.DefaultSCTP.QueueDepth))
	if c != m2pa.DefaultConfig() {
		t.Errorf("%+v", c)
	}
	queue(&c, 1000)
	if c.QueueMax != 1000 || c.Onset != [3]int{500, 750, 875} || c.Abate[0] != 250 {
		t.Errorf("%+v", c)
	}
}

// Settings that can change while an association lives do so; it stays the same one.
func TestSettingsChangeLive(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.want("show sctp association B 0", "ID   State          For       Port  Far end", "ESTABLISHED", "10.0.0.2 1024",
			"1 of 1 active")
		a.want("show sctp association 2", "2    ESTABLISHED")
		a.run("configure terminal", "cs7 local-peer 1024")
		for _, l := range []string{"keepalive 300", "retransmit-timeout 100 800", "ip-dscp 46", "no bundling",
			"assoc-retransmit 2"} {
			if out := a.run(l); out != "" {
				t.Error(l, out)
			}
		}
		a.want("receive-window 100000", "% receive-window is in force from the next association on")
		a.want("max-inbound-streams 17", "M2PA uses two streams")
		a.want("bundling 100", "messages are never held back here")
		a.run("cs7 linkset B", "link 1", "no keepalive", "tx-queue-depth 500", "end")
		a.want("show ip sctp association parameters B 0", "keepalive 300 ms", "ip-dscp 46",
			"retransmit-timeout 100 to 800 ms", "assoc-retransmit 2", "receive-window 100000 octets", "bundling on")
		a.want("show sctp association B 1 detail", "keepalive off", "link 1 of linkset B: ESTABLISHED for 15s")
		if out := a.run("show logging"); strings.Contains(out, "ended") {
			t.Error("an association ended:\n", out)
		}
		for _, l := range a.links {
			if l.View().Settings != l.Settings || l.cfg.SLC == 1 && l.Settings.Params.Heartbeat >= 0 {
				t.Error(l.Name(), l.Settings)
			}
		}
		// The far end is gone, and found out sooner than by default.
		a.run("configure terminal", "cs7 local-peer 1024", "path-retransmit 1", "end")
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(4 * time.Second)
		a.want("show sctp association B 0", "none", "reason: ")
	})
}

// What waits for the next association is in it, also where the far end sets it up.
func TestSettingsOfTheNextAssociation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newBox(t, net, strings.ReplaceAll(configA, "24\ncs7 route", "24 passive\ncs7 route")), newBox(t, net, configB)
		defer a.Close()
		defer b.Close()
		time.Sleep(15 * time.Second)
		a.want("show sctp association B 1 detail", "streams out 2, in 2")
		for _, x := range []*box{a, b} {
			x.run("configure terminal", "cs7 local-peer 1024", "max-inbound-streams 9", "outbound-streams 7",
				"receive-window 50000", "cs7 local-peer 1025", "outbound-streams 7", "max-inbound-streams 9", "end")
		}
		a.want("show sctp association B 1 detail", "streams out 2, in 2", "receive-window 50000 octets")
		a.run("clear sctp association all")
		time.Sleep(20 * time.Second)
		a.want("show logging", " of link 1 of linkset B is up with", "set up by the far end")
		a.want("show sctp association B 1 detail", "streams out 7, in 7")
		b.want("show sctp association A 1 detail", "streams out 7, in 7")
		out := b.run("show sctp association A 1 detail")
		// What the far end had not read yet when it last told is missing from the 50000.
		if room := regexp.MustCompile(`room at the far end (49[0-9]{3}|50000)\n`); !room.MatchString(out) {
			t.Errorf("no receive window of about 50000 in:\n%s", out)
		}
	})
}

// Ending an association gives a new one, and the reason of the end stays.
func TestClearAssociation(t *testing.T) {
	t.Parallel()
	network(t, func(_ *sctptest.Memory, a, b *box) {
		a.want("clear sctp association 99", "% there is no association 99")
		a.want("clear sctp association B 7", "% linkset B has no link 7")
		a.want("clear sctp association B 0", "Associations ended: 1; their links set up new ones.")
		time.Sleep(100 * time.Millisecond)
		a.want("show sctp association", "reason: ended by this end: cleared at the console")
		a.want("show cs7 linkset B", "reason: no association: ended by this end: cleared at the console")
		b.want("show cs7 linkset A", "cleared at the console")
		time.Sleep(20 * time.Second)
		a.want("show sctp association detail",
			"the association before lasted 15s and ended 20s ago: ended by this end: cleared at the console")
		a.want("show logging", "%CS7SCTP-5-ASSOC: association", "of link 0 of linkset B ended after 15s: ended by this "+
			"end: cleared at the console", "of link 0 of linkset B is up with 10.0.0.2 port 1024, set up by ")
		a.want("show cs7 linkset", "avail/links=2/2")
		a.want("clear sctp association all", "Associations ended: 2")
		time.Sleep(20 * time.Second)
		a.want("show cs7 linkset", "avail/links=2/2")
	})
}

// Another transport, or another address, binds the port anew; its links say why they
// started again.
func TestTransportChanges(t *testing.T) {
	t.Parallel()
	network(t, func(_ *sctptest.Memory, a, b *box) {
		a.want("show version", "SCTP of local-peer 1024 is userspace SCTP", "(auto: memory)")
		a.run("configure terminal", "cs7 transport udp", "end")
		a.want("show sctp association detail",
			"ended by this end: local-peer 1024 is bound anew: its transport was auto and is udp")
		a.want("show logging", "%CS7SCTP-5-BIND: local-peer 1024 is bound at 10.0.0.1: userspace SCTP", "(udp: memory)")
		time.Sleep(20 * time.Second)
		a.want("show cs7 local-peer", "local-peer 1024 at 10.0.0.1: bound for 20s", "transport: userspace SCTP",
			"(udp: memory)", "associations: 2 for 2 links", "10.0.0.2 port 1024, link 0 of linkset B: association ")
		a.run("configure terminal", "cs7 local-peer 1024", "transport user", "end")
		a.want("show cs7 local-peer 1024", "(user: memory)")
		a.want("show cs7 local-peer 1030", "% there is no local-peer 1030")
		a.run("configure terminal", "no cs7 transport", "cs7 local-peer 1024", "shutdown", "end")
		synctest.Wait()
		a.want("show cs7 local-peer", "NOT BOUND", "reason: shut down by configuration")
		time.Sleep(time.Second) // the links learn of it on their own
		a.want("show cs7 linkset", "reason: no association: local-peer 1024 is not bound: shut down by configuration")
		a.run("configure terminal", "cs7 local-peer 1024", "no shutdown", "end")
		time.Sleep(20 * time.Second)
		a.want("show cs7 linkset", "avail/links=2/2")
		b.want("show cs7 local-peer", "local-peer 1025 at 10.0.0.2: bound")
	})
}

// An association of nobody is refused, and counted where it came.
func TestRefusedIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a := newBox(t, net, strings.Replace(configA, " link 1 sctp 10.0.0.2 1025 1024\n", "", 1))
		b := newBox(t, net, configB)
		defer a.Close()
		defer b.Close()
		time.Sleep(10 * time.Second)
		a.want("show cs7 local-peer 1024", "associations: 1 for 1 links", "that no link is configured for")
		if n := a.localPorts[1024].Snapshot().Refused; n == 0 {
			t.Error("nothing refused")
		}
		b.want("show logging", "of link 1 of linkset A ended after 0s: aborted by 10.0.0.1: no link is configured for "+
			"[10.0.0.2] port 1025 on local-peer 1024")
	})
}

func TestClearStatistics(t *testing.T) {
	t.Parallel()
	tr := &countingTransport{Transport: sctp.NewUser(sctptest.NewMemory(1)), n: 7}
	synctest.Test(t, func(t *testing.T) {
		second := &countingTransport{Transport: tr.Transport, n: 3}
		p := &countingPlatform{Platform: onMemory(sctptest.NewMemory(1)), next: []sctp.Transport{tr, second}}
		a := newBoxOn(t, p, configA)
		defer a.Close()
		a.want("show ip sctp statistics", "under local-peer 1024", "packets in  7\n")
		a.run("clear ip sctp statistics")
		tr.n = 9
		a.want("show sctp statistics", "Counted since 0s ago, when they were cleared", "packets in  2\n")
		a.run("configure terminal", "cs7 local-peer 1030", "local-ip 10.0.0.1", "end")
		a.want("show sctp statistics", "All together", "packets in  5\n")
	})
}

// countingPlatform gives each port the next of some transports.
type countingPlatform struct {
	Platform
	next []sctp.Transport
}

func (p *countingPlatform) Transport(configs.Transport) (t sctp.Transport, why string, err error) {
	t, p.next = p.next[0], p.next[1:]
	return t, "of the test", nil
}

type countingTransport struct {
	sctp.Transport
	n uint64
}

func (c *countingTransport) Counters() []sctp.Counter {
	return []sctp.Counter{{Name: "packets in", Value: c.n}}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	s, errs := configs.Read([]byte(configA + `cs7 local-peer 1024
 assoc-retransmit 20
 local-ip 10.0.1.1
cs7 linkset B
 link 0
  retransmit-timeout 5000
 link 2 sctp 2001:db8::2 1024 1024
  assoc-retransmit 3
`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := ""
	for _, w := range ownWarnings(s) {
		got += w.Text + "\n"
	}
	for _, want := range []string{
		"linkset B link 0: all paths are inactive after 4 time-outs, the link fails after 21: `assoc-retransmit 3` lets " +
			"it fail with its last path",
		"linkset B link 0: M2PA timer t7 of 2000 ms ends before SCTP has sent a lost packet again (5040 ms)",
		"linkset B link 2: local-peer 1024 has no local-ip from which 2001:db8::2 can be reached",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "link 2:"); n != 1 {
		t.Errorf("%d warnings of link 2", n)
	}
}

// stubAssoc has the paths that a test gives it.
type stubAssoc struct {
	sctp.Assoc
	paths   []sctp.PathStatus
	primary netip.Addr
}

func (s *stubAssoc) Status() sctp.Status {
	st := s.Assoc.Status()
	st.Paths = s.paths
	return st
}
func (s *stubAssoc) SetPrimary(a netip.Addr) error { s.primary = a; return nil }

// associated gives both ends of an association over a network of its own.
func associated(t *testing.T, near, far sctp.Addr) (a, b sctp.Assoc, end func()) {
	tr := sctp.NewUser(sctptest.NewMemory(1))
	ea, errA := tr.Open(near, sctp.Params{})
	eb, errB := tr.Open(far, sctp.Params{})
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	var err error
	if a, err = ea.Dial(t.Context(), far, sctp.Params{}); err != nil {
		t.Fatal(err)
	}
	if b, err = eb.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, b, func() { ea.Close(); eb.Close() }
}

// Paths come and go under a link without a word to level 2; what ends or restarts
// the association reaches it.
func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), strings.Replace(configA, "link 0 sctp 10.0.0.2 1024 1024",
			"link 0 sctp 10.0.0.2 10.0.1.2 1024 1024 passive", 1))
		defer a.Close()
		var l *link
		for k, x := range a.links {
			if k.slc == 0 {
				l = x
			}
		}
		one, two := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.1.2")
		near, far, end := associated(t, sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: 1024},
			sctp.Addr{IPs: []netip.Addr{one, two}, Port: 1024})
		defer end()
		s := &stubAssoc{Assoc: near, paths: []sctp.PathStatus{{Addr: one, Active: true, Primary: true, Confirmed: true},
			{Addr: two, Why: "4 retransmissions in a row", RTO: time.Second}}}
		l.Take(s)
		synctest.Wait()
		if s.primary != one {
			t.Error("the first address is not the primary one")
		}
		a.want("show cs7 linkset B detail", "path 10.0.1.2: INACTIVE (4 retransmissions in a row), unconfirmed",
			"path 10.0.0.2: active, primary")
		a.want("show sctp association", "10.0.0.2 1024", "1 of 2 active",
			"path 10.0.1.2 is inactive: 4 retransmissions in a row")
		a.want("show sctp association detail", "path 10.0.1.2: INACTIVE", "RTO 1s")
		tell := func(k sctp.EventKind, why string) (out []ss7.Action) {
			l.Mu.Lock()
			defer l.Mu.Unlock()
			l.item(time.Now(), &sctp.Item{Event: &sctp.Event{Kind: k, Addr: two, Why: why}}, &out)
			return out
		}
		for k, why := range map[sctp.EventKind]string{sctp.PathDown: "no answer", sctp.PathUp: "it answers",
			sctp.PeerError: "bad stream", sctp.SendFailed: "too late"} {
			if out := tell(k, why); len(out) != 0 {
				t.Error("level 2 did something for", k)
			}
		}
		l.Mu.Lock()
		tellRestart := l.level2View().State
		l.Mu.Unlock()
		tell(sctp.Restart, "new tags")
		tell(sctp.PeerShutdown, "asked for")
		if st, _ := l.below(); tellRestart == m2pa.OutOfService || st.State != m2pa.OutOfService {
			t.Error(tellRestart, st.State)
		}
		a.want("show logging", "%CS7SCTP-4-PATH: path 10.0.1.2 of association 1 of link 0 of linkset B is inactive: no "+
			"answer; 1 of 2 paths are active",
			"%CS7SCTP-5-PATH: path 10.0.1.2 of association 1 of link 0 of linkset B is active: it answers",
			"%CS7SCTP-4-PEERERROR: the far end of association 1",
			"%CS7SCTP-4-SENDFAILED", "%CS7SCTP-5-RESTART: association 1 of link 0 of linkset B was restarted by the far end: "+
				"new tags", "%CS7SCTP-5-SHUTDOWN")
		far.Close()
		synctest.Wait()
	})
}

func TestDebugSCTP(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.want("debug sctp", "SCTP debugging is on")
		b.Close()
		time.Sleep(20 * time.Second)
		a.want("show logging", " of link 0 of linkset B ended: ", "sctp: link 0 of linkset B: no association: ")
		a.want("no debug ip sctp", "SCTP debugging is off")
		a.want("undebug all", "CS7 M2PA debugging is off", "SCTP debugging is off")
	})
}

// The associations of ASPs, of M3UA and of M2UA, stand beside those of links: with their
// state, their reason, and every part of them.
func TestAssociationsOfASPs(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(_ *sctptest.Memory, a, _, h1, _ *box) {
		a.want("show sctp association", "B 0 ", "B 1 ",
			"2905  10.0.0.5 2905                m3ua ASP H1            1 of 1 active",
			"2905  10.0.0.6 2905                m3ua ASP H2")
		a.want("show sctp association H1 detail", "ASP H1: ESTABLISHED for ", "path 10.0.0.5", "in flight", "messages")
		a.want("show sctp association B", "B 0 ", "B 1 ")
		a.lacks("show sctp association B", "ASP")
		h1.want("show sctp association", "m3ua ASP SG")
		a.want("show sctp association X", "% no linkset and no ASP X has an association of its own")
		a.want("clear sctp association H1", "Associations ended: 1; new ones are set up as it is configured.")
		time.Sleep(5 * time.Second)
		a.want("show sctp association H1 detail", "the association before lasted ", "cleared at the console")
	})
	synctest.Test(t, func(t *testing.T) {
		m := sctptest.NewMemory(1)
		g := newBox(t, m, chainSG)
		defer g.Close()
		time.Sleep(30 * time.Second)
		g.want("show sctp association", "interface 1", "interface 2", "m2ua ASP MGC1",
			"reason: waiting for 10.3.1.1 port 2904")
	})
}
