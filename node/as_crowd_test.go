package node

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// between is crossroads as an ASP of gateway F too, which leads to 7.7.7.
func between() string {
	const routes = "cs7 route-table system\n update route 7.7.7/14 linkset N\n"
	return strings.Replace(crossroads, routes, `cs7 asp F 2906 2905 m3ua
 remote-ip 10.0.0.7
 role asp
 sctp-role server
cs7 as GW m3ua
 asp F
 routing-key 77 1.1.1
cs7 mtp3 timer t15 3000
cs7 route-table system
 update route 7.7.7/14 as GW
`, 1)
}

// What a gateway, or an application server, says to be congested (SCON) is told to every other AS:
// unasked, to who sends there, to who asks, and to who becomes active; origins behind links hear
// TFC (RFC 4666 §3.4.4, §4.5.3; Q.704 §11.2.3). So is its end.
func TestCongestionBehindAnASIsTold(t *testing.T) {
	t.Parallel()
	withStations(t, between(), func(w *wires, g *box, n, m *station) {
		p, q := newForeign(t, w, "10.0.0.5"), newForeign(t, w, "10.0.0.6")
		f := newForeignAt(t, w, "10.0.0.7", 2906)
		for _, x := range []*foreign{p, q, f} {
			defer x.e.Close()
		}
		for _, x := range []*foreign{p, q} {
			x.send(0, bare(xua.ASPUP))
			x.send(0, bare(xua.ASPAC))
		}
		time.Sleep(2 * time.Second)
		g.want("show cs7 as GW", " active ")
		heard := func() []string { return []string{p.take(), q.take(), f.take(), n.managed(), m.managed()} }
		heard()
		const soon = 100 * time.Millisecond
		step := func(what string, do func(), wait time.Duration, want ...string) {
			t.Helper()
			do()
			time.Sleep(wait)
			if got := heard(); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		scon := func(f *foreign, pc string, level uint8) func() {
			return func() { f.says(m3ua.SCON, pc, func(s *m3ua.SSNM) { s.Level, s.HasLevel = level, true }) }
		}
		sends := func(f *foreign, opc, dpc string, count int) {
			for range count {
				f.send(1, dataIn(ss7.MSU{OPC: itu(opc), DPC: itu(dpc), SI: ss7.ISUP, Payload: make([]byte, 9)}))
			}
		}
		const is, over = "SCON 7.7.7/14 level 1", "SCON 7.7.7/14 level 0"
		step("the gateway says so", scon(f, "7.7.7", 1), soon, is, is, "", "", "")
		step("an ASP sends there", func() { sends(p, "5.5.5", "7.7.7", 9) }, soon, is+", "+is, "", "", "", "")
		step("it asks", func() { p.says(m3ua.DAUD, "7.7.7") }, soon, is+", DAVA 7.7.7/14", "", "", "", "")
		station := func() { m.send(ss7.MSU{DPC: itu("7.7.7"), SI: ss7.ISUP, Payload: make([]byte, 9)}) }
		step("a station sends there", station, soon, "", "", "", "", "TFC 7.7.7")
		step("an ASP becomes active", func() { q.send(0, bare(xua.ASPIA)); q.send(0, bare(xua.ASPAC)) },
			soon, "", is+", DAVA 7.7.7/14", "", "", "")
		step("it was not said again for T15, nor when it was asked", func() {}, 5*time.Second,
			over, over, "DAUD 7.7.7/14", "", "")
		step("it is said again when it is asked", func() {
			scon(f, "7.7.7", 1)()
			time.Sleep(3500 * time.Millisecond)
			scon(f, "7.7.7", 1)()
		}, soon, is+", "+is, is+", "+is, "DAUD 7.7.7/14", "", "")
		step("and then no more", func() {}, 5*time.Second, over, over, "DAUD 7.7.7/14", "", "")
		step("an ASP asks", func() { p.says(m3ua.DAUD, "7.7.7") }, soon, "DAVA 7.7.7/14", "", "", "", "")
		step("an ASP sends there", func() { sends(p, "5.5.5", "7.7.7", 9) }, soon, "", "", "", "", "")

		// An application server of its own code.
		step("an AS says so of itself", scon(q, "6.6.6", 1), soon, "SCON 6.6.6/14 level 1", "", "", "", "")
		step("an ASP sends there", func() { sends(p, "5.5.5", "6.6.6", 1) }, soon,
			"DUPU 6.6.6/14 user 5 cause 1", "", "", "", "")
		step("it says that it is over", scon(q, "6.6.6", 0), soon, "SCON 6.6.6/14 level 0", "", "", "", "")
		g.want("show cs7 asp F statistics", "SCON in 3")

		// A code of which a summary alone knows.
		g.configure("cs7 route-table system", "update route 2.0.0/3 as GW")
		step("a code in a summary", scon(f, "2.1.1", 1), soon,
			"SCON 2.1.1/14 level 1", "SCON 2.1.1/14 level 1", "", "", "")
		step("an ASP becomes active", func() { q.send(0, bare(xua.ASPIA)); q.send(0, bare(xua.ASPAC)) }, soon,
			"", "SCON 2.1.1/14 level 1, DAVA 2.1.1/14", "", "", "")
	})
}
