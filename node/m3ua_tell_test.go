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

// twoWays is crossroads with 7.7.7 behind AS A and AS B alike, and 7.7.6 behind A, else N.
func twoWays() string {
	return strings.Replace(crossroads, " update route 7.7.7/14 linkset N\n", ` update route 7.7.7/14 as A
 update route 7.7.7/14 as B
 update route 7.7.6/14 as A priority 1
`, 1)
}

// An AS that is one of several ways to a destination sees it without its own way: it hears DUNA when
// it is the only one, asked or unasked, and DAVA when another is there, whichever stands last in the
// table; who was told DUNA hears when that is over (RFC 4666 §3.4.1, §3.4.2, §4.5.3).
func TestWaysOverASAreToldAsEachSeesThem(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"A", "B"} {
		withStations(t, twoWays(), func(w *wires, g *box, n, m *station) {
			a, b := newForeign(t, w, "10.0.0.5"), newForeign(t, w, "10.0.0.6") // of AS A (5.5.5), of AS B (6.6.6)
			defer a.e.Close()
			defer b.e.Close()
			own := map[*foreign]string{a: "5.5.5", b: "6.6.6"}
			p, q := a, b
			if first == "B" {
				p, q = b, a
			}
			for _, x := range []*foreign{p, q} {
				x.send(0, bare(xua.ASPUP))
			}
			step := func(what string, do func(), wantP, wantQ string) {
				t.Helper()
				do()
				time.Sleep(5 * time.Second)
				if got := []string{p.take(), q.take()}; !slices.Equal(got, []string{wantP, wantQ}) {
					t.Errorf("%s first, %s: %q, want %q", first, what, got, []string{wantP, wantQ})
				}
			}
			sends := func(f *foreign) func() {
				return func() {
					x := ss7.MSU{OPC: itu(own[f]), DPC: itu("7.7.7"), SI: ss7.ISUP, Payload: make([]byte, 9)}
					f.send(1, dataIn(x))
				}
			}
			asks := func(f *foreign) func() { return func() { f.says(m3ua.DAUD, "7.7.7") } }
			both := func(x string, f *foreign) string { // what a key alone has stands last
				return x + map[*foreign]string{a: " 5.5.5/14 7.7.7/14", b: " 7.7.7/14 6.6.6/14"}[f]
			}
			step("the first is active", func() { p.send(0, bare(xua.ASPAC)) }, both("DUNA", q), "")
			step("it asks", asks(p), "DUNA 7.7.7/14", "")
			step("it sends there", sends(p), "DUNA 7.7.7/14", "")
			step("the second is active", func() { q.send(0, bare(xua.ASPAC)) }, both("DAVA", q), "")
			step("the first asks", asks(p), "DAVA 7.7.7/14", "")
			step("it sends there", sends(p), "", "")
			step("the second asks", asks(q), "", "DAVA 7.7.7/14")
			step("the first goes", func() { p.send(0, bare(xua.ASPIA)) }, "", both("DUNA", p))
			step("the second asks", asks(q), "", "DUNA 7.7.7/14")
			step("the first comes back", func() { p.send(0, bare(xua.ASPAC)) }, "", both("DAVA", p))
			step("it asks for its own code", func() { p.says(m3ua.DAUD, own[p]) }, "DAVA "+own[p]+"/14", "")
			step("both ways to 7.7.7 are one", func() {
				g.configure("cs7 route-table system", "no update route 7.7.7/14 as B")
			}, "", "")
			step("A sends to what is its own now", sends(a), "", "")
			step("the code of A's key has a second way", func() {
				g.configure("cs7 route-table system", "update route 5.5.5/14 linkset N priority 9")
			}, "", "")
			step("the link to N fails", func() { w.setCut("10.0.0.9", true); time.Sleep(15 * time.Second) },
				map[bool]string{true: "DUNA 3.3.3/14 7.7.6/14", false: "DUNA 3.3.3/14"}[p == a],
				map[bool]string{true: "DUNA 3.3.3/14 7.7.6/14", false: "DUNA 3.3.3/14"}[q == a])
		})
	}
}

// A message about several destinations is one message, the one that a gateway writes and the
// one that this node makes of it (RFC 4666 §3.4.1).
func TestDestinationsAreToldTogether(t *testing.T) {
	t.Parallel()
	config := strings.Replace(between(), " update route 7.7.7/14 as GW\n",
		" update route 7.7.7/14 as GW\n update route 7.7.5/14 as GW\n update route 7.7.4/14 as GW\n", 1)
	withStations(t, config, func(w *wires, g *box, n, m *station) {
		p, f := newForeign(t, w, "10.0.0.5"), newForeignAt(t, w, "10.0.0.7", 2906)
		defer p.e.Close()
		defer f.e.Close()
		p.send(0, bare(xua.ASPUP))
		p.send(0, bare(xua.ASPAC))
		time.Sleep(5 * time.Second)
		p.take()
		for _, c := range []struct {
			t    xua.Type
			want string
		}{{m3ua.DUNA, "DUNA 7.7.4/14 7.7.5/14 7.7.7/14"}, {m3ua.DAVA, "DAVA 7.7.4/14 7.7.5/14 7.7.7/14"}} {
			f.says(c.t, "7.7.7", func(s *m3ua.SSNM) {
				s.Affected = append(s.Affected, uint32(itu("7.7.4")), uint32(itu("7.7.5")))
			})
			time.Sleep(time.Second)
			if got := p.take(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		}
	})
}
