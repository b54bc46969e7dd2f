package node

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/xua"
)

const noMore = "the far end takes no more: its window has no room"

// An ASP that answers HEARTBEATs and reads no more loses its share of the traffic within
// `stall-timeout`: all of it goes to the other, in order, the senders are told of congestion
// meanwhile, and the reason stands in the alarm, at the ASP and in the log.
func TestAnASPThatTakesNothingLosesItsShare(t *testing.T) {
	t.Parallel()
	onSharers(t, " stall-timeout 4\n", func(g *box, n *station, p, q *foreign, y *census) {
		g.want("show alarms", "No alarms.")
		done := make(chan bool)
		go func() { n.stream(itu("5.5.5"), 100000, 200*time.Microsecond); done <- true }() // fills 4 MB in some seconds
		time.Sleep(time.Second)
		p.freeze()
		<-done
		n.managed()
		time.Sleep(5 * time.Second)
		if got := g.run("show cs7 as detail"); !strings.Contains(got, "asp P                   down") {
			t.Error(got)
		}
		// What it had taken before lies in its kernel, and it is not known for it that nobody reads that.
		g.want("show alarms", "Minor ", "ASP P    ", noMore, "octets wait for it; given up")
		g.want("show cs7 asp P", "no association: ", noMore)
		g.want("show logging", "ASP P ended after", "the far end takes no more", "as A is congested, level 1")
		y.mu.Lock()
		was := y.by["Q"]
		y.mu.Unlock()
		n.stream(itu("5.5.5"), 1600, time.Millisecond)
		time.Sleep(time.Second)
		y.mu.Lock()
		defer y.mu.Unlock()
		if got := y.by["Q"] - was; got != 1600 {
			t.Errorf("the other has %d of 1600", got)
		}
	})
}

// onSharers runs f with two ASPs, P and Q, that share AS A, and a census of what they get. more is said
// of P.
func onSharers(t *testing.T, more string, f func(g *box, n *station, p, q *foreign, y *census)) {
	config := strings.Replace(crossroads, " asp P\n", " asp P\n asp Q\n traffic-mode loadshare\n", 1)
	config = strings.Replace(config, " remote-ip 10.0.0.5\n", " remote-ip 10.0.0.5\n"+more, 1)
	config = strings.Replace(config, "cs7 as B m3ua\n asp Q\n routing-key 66 6.6.6 si sccp\n", "", 1)
	withStations(t, config, func(w *wires, g *box, n, _ *station) {
		y := &census{by: map[string]int{}, seen: map[[2]uint32]int{}, last: map[string]uint32{}}
		p, q := newForeign(t, w, "10.0.0.5"), newForeign(t, w, "10.0.0.6")
		defer p.e.Close()
		defer q.e.Close()
		p.data, q.data = y.at("P", false), y.at("Q", false)
		for _, f := range []*foreign{p, q} {
			f.send(0, bare(xua.ASPUP))
			f.send(0, bare(xua.ASPAC))
		}
		time.Sleep(time.Second)
		f(g, n, p, q, y)
	})
}

// Whatever an association is for, one whose far end takes nothing is given up, and the far end is
// told why. It asks for answers here, and does not read them.
func TestWhoeverTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	m2ua := `cs7 m2ua 2904
 local-ip 10.0.0.1
cs7 asp U 2904 2904 m2ua
 remote-ip 10.0.0.7
 sctp-role server
cs7 as UU m2ua
 asp U
 interface-identifier 1 sctp 10.0.0.7 1024 1024
`
	for _, c := range []struct {
		name, config, ip, object string
		port                     uint16
		ppid                     uint32
	}{
		{"an ASP of M3UA", crossroads, "10.0.0.5", "ASP P", 2905, 3},
		{"a gateway of M3UA", behindGateway, "10.0.0.5", "ASP F", 2905, 3},
		{"an ASP of M2UA", crossroads + m2ua, "10.0.0.7", "ASP U", 2904, 2},
		{"a link", crossroads, "10.0.0.8", "link 0 of linkset M", 1024, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWires()
				g := boxOn(t, w, c.config)
				defer g.Close()
				time.Sleep(100 * time.Millisecond)
				at := func(ip string) sctp.Addr {
					return sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: c.port}
				}
				how := sctp.Params{OutStreams: 17, InStreams: 17, RecvBuffer: 3000}
				e, err := sctp.NewUser(w).Open(at(c.ip), how)
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				a, err := e.Dial(context.Background(), at("10.0.0.1"), how)
				if err != nil {
					t.Fatal(err)
				}
				for range 200 { // BEAT; to M2PA it is nothing, but a link asks for alignment by itself
					beat := append(xua.Begin(nil, xua.BEAT), 0, 9, 0, 64)
					beat = xua.End(append(beat, make([]byte, 60)...), 0)
					if _, err := a.Send([]sctp.Message{{PPID: c.ppid, Data: beat}}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(7 * time.Second) // it is looked at every 2 s, and told after 4
				if c.ppid != 5 {
					g.want("show alarms", "Warning ", "association of "+c.object, noMore, "given up after 8s")
				}
				for range 120 { // a link says little
					time.Sleep(time.Minute)
				}
				if a.Status().State != "CLOSED" {
					t.Fatalf("the association has not ended: %+v", a.Status())
				}
				if why := lastEvent(a); !strings.Contains(why, "the far end takes no more") {
					t.Error(why)
				}
				g.want("show logging", "of "+c.object+" ended after", noMore)
			})
		})
	}
}

// lastEvent reads an association that has ended, and gives why it has.
func lastEvent(a sctp.Assoc) (why string) {
	b := sctp.NewBatch(1000)
	for a.Read(b) == nil {
		for _, it := range b.Items {
			if it.Event != nil {
				why = it.Event.Why
			}
		}
	}
	return why
}
