package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// crossroads is a gateway 1.1.1 with stations N (3.3.3) and M (4.4.4) on links, N on the way
// to 7.7.7 and 7.7.6, an ASP P of AS A, which has 5.5.5, and an ASP Q of AS B, which has
// 6.6.6 for SCCP. The test writes every octet of stations and ASPs.
const crossroads = `hostname G
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset N 3.3.3
 link 0 sctp 10.0.0.9 1024 1024 passive
cs7 linkset M 4.4.4
 link 0 sctp 10.0.0.8 1024 1024 passive
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp P 2905 2905 m3ua
 remote-ip 10.0.0.5
cs7 asp Q 2905 2905 m3ua
 remote-ip 10.0.0.6
cs7 as A m3ua
 asp P
 routing-key 55 5.5.5
cs7 as B m3ua
 asp Q
 routing-key 66 6.6.6 si sccp
cs7 route-table system
 update route 7.7.7/14 linkset N
 update route 7.7.6/14 linkset N
`

// behindGateway is the same node as an ASP of F, by which it goes to 7.7.7 and to
// everything else that is not on its links.
const behindGateway = `hostname H
cs7 network-indicator international
cs7 point-code 1.1.1
cs7 local-peer 1024
 local-ip 10.0.0.1
cs7 linkset N 3.3.3
 link 0 sctp 10.0.0.9 1024 1024 passive
cs7 linkset M 4.4.4
 link 0 sctp 10.0.0.8 1024 1024 passive
cs7 m3ua 2905
 local-ip 10.0.0.1
cs7 asp F 2905 2905 m3ua
 remote-ip 10.0.0.5
 role asp
 sctp-role server
cs7 as GW m3ua
 asp F
 routing-key 77 1.1.1
cs7 route-table system
 update route 7.7.7/14 as GW
 update route 0.0.0/0 as GW
`

// foreign is the far end of an M3UA association.
type foreign struct {
	*stranger
	mu    sync.Mutex
	heard []string
	all   []string       // names of all messages but DATA
	data  func(*ss7.MSU) // takes DATA, if set before any comes
	ice   chan bool      // closed when it is to read no more
}

// freeze makes it read no more, as a process that is stopped.
func (f *foreign) freeze() { close(f.ice) }

// thaw makes it read on.
func (f *foreign) thaw() {
	f.ice = make(chan bool)
	go f.read(f.ice)
}

func (f *foreign) read(ice chan bool) {
	b := sctp.NewBatch(64)
	for f.a.Read(b) == nil {
		for _, it := range b.Items {
			if it.Event == nil {
				f.hear(it.Data)
			}
		}
		select {
		case <-ice:
			return
		default:
		}
	}
}

func newForeign(t *testing.T, w *wires, ip string) *foreign { return newForeignAt(t, w, ip, 2905) }

// newForeignAt is one whose own port is another than M3UA's.
func newForeignAt(t *testing.T, w *wires, ip string, port uint16) *foreign {
	at := func(ip string, port uint16) sctp.Addr {
		return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: port}
	}
	streams := sctp.Params{OutStreams: 17, InStreams: 17}
	e, err := sctp.NewUser(w).Open(at(ip, port), streams)
	if err != nil {
		t.Fatal(err)
	}
	a, err := e.Dial(context.Background(), at("10.0.0.1", 2905), streams)
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{stranger: &stranger{t, e, a, sctp.NewBatch(64)}, ice: make(chan bool)}
	go f.read(f.ice)
	return f
}

// hear notes messages about destinations, and answers ASPUP and ASPAC as a gateway does.
func (f *foreign) hear(b []byte) {
	var d m3ua.Data
	if m3ua.IsData(b) && f.data != nil && m3ua.ParseData(b, &d) == nil {
		f.data(&d.MSU)
		return
	}
	m, _ := m3ua.Grammar.Parse(b)
	f.mu.Lock()
	f.all = append(f.all, m.Name)
	f.mu.Unlock()
	switch m.Type {
	case xua.BEAT:
		f.send(0, append([]byte{1, 0, 3, 6}, b[4:]...)) // BEAT Ack
	case xua.ASPUP, xua.ASPAC:
		f.send(0, bare(map[xua.Type]xua.Type{xua.ASPUP: xua.ASPUPAck, xua.ASPAC: xua.ASPACAck}[m.Type]))
	}
	s, e := m3ua.ParseSSNM(m)
	if e != nil || m.Type>>8 != m3ua.DUNA>>8 {
		return
	}
	text := m.Name
	for _, a := range s.Affected {
		r, _ := m3ua.Range(a, 14)
		text += " " + ss7.ITU.Notation.FormatRange(r)
	}
	switch s.Type {
	case m3ua.SCON:
		text += fmt.Sprintf(" level %d", s.Level)
	case m3ua.DUPU:
		text += fmt.Sprintf(" user %d cause %d", s.User, s.Cause)
	}
	f.mu.Lock()
	f.heard = append(f.heard, text)
	f.mu.Unlock()
}

func (f *foreign) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := strings.Join(f.heard, ", ")
	f.heard = nil
	return out
}

func (f *foreign) says(t xua.Type, pc string, more ...func(*m3ua.SSNM)) {
	s := m3ua.SSNM{Type: t, Affected: []uint32{uint32(itu(pc))}}
	for _, m := range more {
		m(&s)
	}
	f.send(0, m3ua.AppendSSNM(nil, &s))
}

// managed gives what network management a station was sent since the last call, sorted,
// restarts apart.
func (s *station) managed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, m := range s.management {
		x, err := mtp3.ParseManagement(ss7.ITU, m.Payload)
		if err != nil || x.Heading == mtp3.TRA {
			continue
		}
		text := fmt.Sprintf("%v %s", x.Heading, ss7.ITU.Notation.Format(x.PC))
		if x.Heading == mtp3.UPU {
			text += fmt.Sprintf(" user %d cause %d", x.User, x.Cause)
		}
		out = append(out, text)
	}
	s.management = nil
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (s *station) manages(dpc string, m mtp3.Management) {
	s.send(ss7.MSU{DPC: itu(dpc), SI: ss7.SNM, Payload: mtp3.AppendManagement(nil, ss7.ITU, m)})
}

func withStations(t *testing.T, config string, f func(w *wires, g *box, n, m *station)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		g := boxOn(t, w, config)
		time.Sleep(100 * time.Millisecond)
		n := newStation(ctx, t, w, "10.0.0.9", "10.0.0.1", itu("3.3.3"), itu("1.1.1"))
		m := newStation(ctx, t, w, "10.0.0.8", "10.0.0.1", itu("4.4.4"), itu("1.1.1"))
		defer g.Close()
		defer func() {
			cancel()
			n.group.Wait()
			m.group.Wait()
		}()
		time.Sleep(20 * time.Second)
		f(w, g, n, m)
	})
}

// activeASPs are P and Q of crossroads, active for all their AS, what they were told first forgotten.
func activeASPs(t *testing.T, w *wires) (p, q *foreign, done func()) {
	p, q = newForeign(t, w, "10.0.0.5"), newForeign(t, w, "10.0.0.6")
	for _, f := range []*foreign{p, q} {
		f.send(0, bare(xua.ASPUP))
		f.send(0, bare(xua.ASPAC))
	}
	time.Sleep(time.Second)
	p.take()
	q.take()
	return p, q, func() {
		p.e.Close()
		q.e.Close()
	}
}

// RFC 4666 §4.5, Q.704 §13: at a gateway, each message one way or the other, and nobody
// hears of it whom it does not concern.
func TestInterworkingAtGateway(t *testing.T) {
	t.Parallel()
	withStations(t, crossroads, func(w *wires, g *box, n, m *station) {
		p, q, done := activeASPs(t, w)
		defer done()
		n.managed()
		m.managed()
		// step does something and compares what P, Q, N and M hear of it.
		step := func(what string, do func(), want ...string) {
			t.Helper()
			do()
			time.Sleep(5 * time.Second)
			if got := []string{p.take(), q.take(), n.managed(), m.managed()}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		about := func(h mtp3.Heading) func() {
			return func() { n.manages("1.1.1", mtp3.Management{Heading: h, PC: itu("7.7.7")}) }
		}
		step("TFP", about(mtp3.TFP), "DUNA 7.7.7/14", "DUNA 7.7.7/14", "", "TFP 7.7.7") // N knows since it is the way there
		step("TFR", about(mtp3.TFR), "DRST 7.7.7/14", "DRST 7.7.7/14", "", "TFA 7.7.7")
		step("TFA", about(mtp3.TFA), "DAVA 7.7.7/14", "DAVA 7.7.7/14", "", "")
		step("AS B goes down", func() { q.send(0, bare(xua.ASPIA)) }, "DUNA 6.6.6/14", "", "TFP 6.6.6", "TFP 6.6.6")
		step("RST about it", func() { n.manages("1.1.1", mtp3.Management{Heading: mtp3.RST, PC: itu("6.6.6")}) }, "", "",
			"", "")
		step("AS B comes back", func() { q.send(0, bare(xua.ASPAC)) }, "DAVA 6.6.6/14", "", "TFA 6.6.6", "TFA 6.6.6")
		step("RST about it", func() { n.manages("1.1.1", mtp3.Management{Heading: mtp3.RST, PC: itu("6.6.6")}) }, "", "",
			"TFA 6.6.6", "")
		step("AS A goes down", func() { p.send(0, bare(xua.ASPIA)) }, "", "DUNA 5.5.5/14", "TFP 5.5.5", "TFP 5.5.5")
		step("AS A comes back", func() { p.send(0, bare(xua.ASPAC)) }, "", "DAVA 5.5.5/14", "TFA 5.5.5", "TFA 5.5.5")
		step("TFC for A, and DAUD while it is congested", func() {
			n.manages("5.5.5", mtp3.Management{Heading: mtp3.TFC, PC: itu("7.7.7")})
			time.Sleep(time.Second)
			p.says(m3ua.DAUD, "7.7.7")
		}, "SCON 7.7.7/14 level 1, SCON 7.7.7/14 level 1, DAVA 7.7.7/14, SCON 7.7.7/14 level 0", // 0 after T15
			"", "", "")
		step("DAUD when that is over", func() { p.says(m3ua.DAUD, "7.7.7") }, "DAVA 7.7.7/14", "", "", "")
		step("DAUD", func() { p.says(m3ua.DAUD, "7.7.6") }, "DAVA 7.7.6/14", "", "", "")
		step("DAUD of nobody's", func() { p.says(m3ua.DAUD, "2.2.2") }, "DUNA 2.2.2/14", "", "", "")
		step("DAUD of an AS by key", func() { p.says(m3ua.DAUD, "6.6.6") }, "DAVA 6.6.6/14", "", "", "")
		step("UPU for B, a key's", func() {
			n.manages("6.6.6", mtp3.Management{Heading: mtp3.UPU, PC: itu("7.7.7"), User: ss7.SCCP, Cause: mtp3.UnequippedUser})
		}, "", "DUPU 7.7.7/14 user 3 cause 1", "", "")
		step("SCON of A", func() {
			p.says(m3ua.SCON, "5.5.5", func(s *m3ua.SSNM) {
				s.Concerned, s.HasConcerned = itu("4.4.4"), true
				s.Level, s.HasLevel = 1, true
			})
		}, "", "SCON 5.5.5/14 level 1, SCON 5.5.5/14 level 0", "", "TFC 5.5.5")
		step("an MSU for a user that B has not", func() {
			m.send(ss7.MSU{DPC: itu("6.6.6"), SI: ss7.ISUP,
				Payload: make([]byte, 9)})
		},
			"", "", "", "UPU 6.6.6 user 5 cause 1")
		step("SCON of a range around A", func() {
			p.says(m3ua.SCON, "5.5.0", func(s *m3ua.SSNM) {
				s.Affected[0] |= 3 << 24
				s.Concerned, s.HasConcerned, s.Level, s.HasLevel = itu("4.4.4"), true, 1, true
			})
		}, "", "SCON 5.5.5/14 level 1, SCON 5.5.5/14 level 0", "", "TFC 5.5.5")
		step("SCON of others' code", func() {
			p.says(m3ua.SCON, "7.7.6", func(s *m3ua.SSNM) {
				s.Concerned, s.HasConcerned = itu("4.4.4"), true
				s.Level, s.HasLevel = 1, true
			})
		}, "", "", "", "")
		step("the link to N fails", func() { w.setCut("10.0.0.9", true); time.Sleep(15 * time.Second) },
			"DUNA 3.3.3/14 7.7.6/14 7.7.7/14", "DUNA 3.3.3/14 7.7.6/14 7.7.7/14", "", "TFP 3.3.3, TFP 7.7.6, TFP 7.7.7")
	})
}

// RFC 4666 §1.4.3.2: network management "MUST NOT be encapsulated as Data message Payload
// Data": what comes for an AS's code ends here, whatever it says. Other users' goes through.
func TestClause1432NoManagementInData(t *testing.T) {
	t.Parallel()
	withStations(t, crossroads, func(w *wires, g *box, n, _ *station) {
		p := newForeign(t, w, "10.0.0.5")
		defer p.e.Close()
		var mu sync.Mutex
		got := map[ss7.SI]int{}
		p.data = func(m *ss7.MSU) {
			mu.Lock()
			defer mu.Unlock()
			got[m.SI]++
		}
		p.send(0, bare(xua.ASPUP))
		p.send(0, bare(xua.ASPAC))
		time.Sleep(time.Second)
		for h := range 256 {
			n.send(ss7.MSU{DPC: itu("5.5.5"), SI: ss7.SNM, Payload: []byte{byte(h), 0, 0, 0, 0}})
			n.send(ss7.MSU{DPC: itu("5.5.5"), SI: ss7.SNT, Payload: []byte{byte(h), 0, 0, 0, 0}})
		}
		n.send(ss7.MSU{DPC: itu("5.5.5"), SI: ss7.ISUP, Payload: make([]byte, 9)})
		time.Sleep(5 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 1 || got[ss7.ISUP] != 1 {
			t.Errorf("the ASP got %v by service indicator", got)
		}
	})
}

// The same behind a gateway: what it says moves routes, and neighbours hear of it.
func TestInterworkingBehindGateway(t *testing.T) {
	t.Parallel()
	withStations(t, behindGateway, func(w *wires, h *box, n, m *station) {
		f := newForeign(t, w, "10.0.0.5")
		defer f.e.Close()
		time.Sleep(time.Second)
		h.want("show cs7 as GW", " active ")
		f.take()
		n.managed()
		m.managed()
		step := func(what string, do func(), want ...string) {
			t.Helper()
			do()
			time.Sleep(5 * time.Second)
			if got := []string{f.take(), n.managed(), m.managed()}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		step("DUNA", func() { f.says(m3ua.DUNA, "7.7.7") }, "", "TFP 7.7.7", "TFP 7.7.7")
		h.want("show cs7 route explain 7.7.7", "DISCARDED")
		step("RST about it", func() { n.manages("1.1.1", mtp3.Management{Heading: mtp3.RST, PC: itu("7.7.7")}) }, "", "", "")
		step("DAUD while T10 runs out", func() { time.Sleep(45 * time.Second) }, "DAUD 7.7.7/14", "", "")
		step("DAVA", func() { f.says(m3ua.DAVA, "7.7.7") }, "", "TFA 7.7.7", "TFA 7.7.7")
		step("DRST", func() { f.says(m3ua.DRST, "7.7.7") }, "", "", "")
		h.want("show cs7 route", "RESTRIC")
		step("DUNA in a summary", func() { f.says(m3ua.DUNA, "7.1.1") }, "", "TFP 7.1.1", "TFP 7.1.1")
		step("SCON with an origin", func() {
			f.says(m3ua.SCON, "7.7.7", func(s *m3ua.SSNM) {
				s.Concerned, s.HasConcerned = itu("3.3.3"), true
				s.Level, s.HasLevel = 1, true
			})
		}, "DAUD 7.7.7/14", "TFC 7.7.7", "") // it is asked after T15
		step("DUPU", func() { f.says(m3ua.DUPU, "7.7.7", func(s *m3ua.SSNM) { s.User, s.Cause = ss7.SCCP, 1 }) }, "", "", "")
		sends := func(s *station, dpc string, si ss7.SI) {
			s.send(ss7.MSU{DPC: itu(dpc), SI: si, Payload: make([]byte, 9)})
		}
		dupu := func() { f.says(m3ua.DUPU, "7.7.7", func(s *m3ua.SSNM) { s.User, s.Cause = ss7.SCCP, 1 }) }
		step("DUPU after MSUs", func() {
			sends(n, "7.7.7", ss7.SCCP)
			sends(m, "7.7.7", ss7.ISUP)
			sends(m, "7.7.6", ss7.SCCP)
			time.Sleep(time.Second)
			dupu()
		}, "", "UPU 7.7.7 user 3 cause 1", "")
		step("DUPU again, and nobody has sent", dupu, "", "", "")
		step("DUPU after MSUs of both", func() {
			sends(n, "7.7.7", ss7.SCCP)
			sends(m, "7.7.7", ss7.SCCP)
			time.Sleep(time.Second)
			dupu()
		}, "", "UPU 7.7.7 user 3 cause 1", "UPU 7.7.7 user 3 cause 1")
		h.want("show logging", "User part SCCP of 7.7.7 is unavailable because it is not equipped: DUPU from ASP F")
		step("the gateway is gone", func() { f.e.Close() }, "", "TFP 7.7.7", "TFP 7.7.7")
	})
}
