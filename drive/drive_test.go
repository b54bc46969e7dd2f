package drive_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/drive"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// journal keeps what a test is told, by several goroutines.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, a ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, a...))
}

// took gives what was told since the last call, sorted: goroutines write in no order.
func (j *journal) took() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	slices.Sort(j.lines)
	out := strings.Join(j.lines, ", ")
	j.lines = nil
	return out
}

func (j *journal) want(t *testing.T, what, want string) {
	t.Helper()
	time.Sleep(2 * time.Second)
	if got := j.took(); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// closing is a transport that closes its endpoints when the test is over.
type closing struct {
	sctp.Transport
	t *testing.T
}

func newTransport(t *testing.T) closing { return closing{sctp.NewUser(sctptest.NewMemory(1)), t} }

func (c closing) Open(local sctp.Addr, p sctp.Params) (sctp.Endpoint, error) {
	e, err := c.Transport.Open(local, p)
	if err == nil {
		c.t.Cleanup(func() { e.Close() })
	}
	return e, err
}

// links is a Link at each end of an association.
func links(j *journal, tr sctp.Transport) (all [2]*drive.Link, assocs [2]sctp.Assoc) {
	assocs[0], assocs[1] = pair(tr, at("10.0.0.1", 3565), at("10.0.0.2", 3565))
	for i := range all {
		all[i] = drive.NewLink(m2pa.DefaultConfig(),
			func(_ time.Time, msus []*ss7.MSU) { j.add("%d received %d", i, len(msus)) },
			func(ev ss7.Event) { j.add("%d: %v", i, ev.Kind) })
		all[i].Tell(ss7.Event{Kind: ss7.Emergency})
		all[i].Tell(ss7.Event{Kind: ss7.Start})
	}
	return all, assocs
}

// A link outlives its association, and refuses MSUs while it has none.
func TestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		all, assocs := links(&j, newTransport(t))
		m := &ss7.MSU{DPC: 2, OPC: 1, SI: ss7.ISUP, Payload: []byte("hello")}
		if n := all[0].Send(m); n != 1 {
			t.Errorf("a link without association refuses %d MSUs of one", n)
		}
		why := make(chan error, 2)
		for i, l := range all {
			go func() { why <- l.Serve(assocs[i]) }()
		}
		j.want(t, "served", "0: InService, 1: InService")
		if n := all[0].Send(m, m, m); n != 0 {
			t.Errorf("a link in service refuses %d MSUs", n)
		}
		j.want(t, "sent", "1 received 3")
		all[1].Close("it is over")
		j.want(t, "closed", "0: OutOfService, 1: OutOfService")
		if <-why; !strings.Contains((<-why).Error(), "it is over") {
			t.Error("the far end does not say why")
		}
		if st := all[0].Status(); st.State != m2pa.OutOfService {
			t.Errorf("a link whose association has ended is %v", st.State)
		}
		all[0].Close("it is over")
	})
}

// A gateway says which AS take traffic, sends to all ASPs in broadcast, and refuses what it cannot send.
func TestM3UA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		tr := newTransport(t)
		conf := twoServers()
		both := &conf.ASs[0]
		both.Mode = xua.Broadcast
		both.Members = append(both.Members, xua.MemberConfig{ASP: aspSix, Weight: 1})
		conf.ASs = conf.ASs[:1]
		gateway, err := drive.NewM3UA(conf, func(from, as ss7.PathID, m *ss7.MSU) {
			j.add("ASP %d sends %q for AS %d", from, m.Payload, as)
		}, func(ev ss7.Event) {
			if ev.Kind != ss7.StateChange {
				j.add("AS %d: %v", ev.Path, ev.Kind)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		m := &ss7.MSU{DPC: 5, OPC: 6, SI: ss7.SCCP, Payload: []byte("hello")}
		if as, ok := gateway.Select(m); !ok || as != asFive {
			t.Errorf("5 is AS %d", as)
		}
		if err := gateway.Send(asFive, m); err == nil {
			t.Error("an AS without ASP takes an MSU")
		}
		var asps []*drive.M3UA
		for i, ip := range []string{"10.0.0.5", "10.0.0.6"} {
			asp, _ := drive.NewM3UA(drive.ASPOf(ss7.ITU, 5, 105), func(_, _ ss7.PathID, m *ss7.MSU) {
				j.add("%d received %q", i, m.Payload)
			}, func(ss7.Event) {})
			near, far := pair(tr, at(ip, 2905), at("10.0.0.1", 2905+uint16(i)))
			go gateway.Serve(aspFive+ss7.PathID(i), far)
			go asp.Serve(drive.Gateway, near)
			asps = append(asps, asp)
		}
		j.want(t, "served", fmt.Sprintf("AS %d: InService", asFive))
		if err := gateway.Send(asFive, m); err != nil {
			t.Error(err)
		}
		j.want(t, "broadcast", `0 received "hello", 1 received "hello"`)
		if err := asps[0].Send(drive.Server, &ss7.MSU{OPC: 5, DPC: 7, SI: ss7.SCCP, Payload: []byte("x")}); err != nil {
			t.Error(err)
		}
		j.want(t, "from an ASP", fmt.Sprintf(`ASP %d sends "x" for AS %d`, aspFive, asFive))
		if err := gateway.Send(asFive, &ss7.MSU{DPC: 5, Payload: make([]byte, m3ua.MaxPayload+1)}); err == nil {
			t.Error("a message that is too long is sent")
		}
		for _, a := range asps {
			a.Close("it is over")
		}
		j.want(t, "closed", fmt.Sprintf("AS %d: OutOfService", asFive))
		gateway.Close("it is over")
	})
}

// A far end that has restarted knows nothing of the link, which goes out of service.
func TestLinkAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		all, assocs := links(&j, newTransport(t))
		for i, l := range all {
			go l.Serve(assocs[i])
		}
		j.want(t, "served", "0: InService, 1: InService")
		all[0].Recv([]sctp.Item{{Event: &sctp.Event{Kind: sctp.Restart, Why: "anew"}}})
		if st := all[0].Status(); st.State == m2pa.InService {
			t.Errorf("a link whose far end has restarted is still %v", st.State)
		}
		for _, l := range all {
			l.Close("it is over")
		}
	})
}

// What SCTP has no room for would be missing at the far end: the association ends (RFC 4165 §4.1.7).
func TestLinkThatCannotQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		net := sctptest.NewMemory(1)
		all, assocs := links(&j, closing{sctp.NewUser(net), t})
		why := make(chan error, 2)
		for i, l := range all {
			go func() { why <- l.Serve(narrow{assocs[i]}) }()
		}
		j.want(t, "served", "0: InService, 1: InService")
		many := make([]*ss7.MSU, 3)
		for i := range many {
			many[i] = &ss7.MSU{DPC: 2, OPC: 1, SI: ss7.ISUP, Payload: []byte("hello")}
		}
		all[0].Send(many...)
		time.Sleep(time.Second)
		for _, l := range all {
			l.Close("it is over")
		}
		if text := (<-why).Error() + (<-why).Error(); !strings.Contains(text, "1 of 3 messages could not be queued") {
			t.Error(text)
		}
	})
}

// narrow is an association with room for two messages at a time.
type narrow struct{ sctp.Assoc }

func (n narrow) Send(msgs []sctp.Message) (int, error) {
	if len(msgs) > 2 {
		k, _ := n.Assoc.Send(msgs[:2])
		return k, sctp.ErrFull
	}
	return n.Assoc.Send(msgs)
}

// An AS whose ASP has restarted, or whose association has ended, takes nothing, and says so.
func TestM3UAAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		tr := newTransport(t)
		gateway, err := drive.NewM3UA(twoServers(), func(_, _ ss7.PathID, _ *ss7.MSU) {}, func(ev ss7.Event) {
			if ev.Kind == ss7.InService || ev.Kind == ss7.OutOfService {
				j.add("AS %d: %v", ev.Path, ev.Kind)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		asp, _ := drive.NewM3UA(drive.ASPOf(ss7.ITU, 5, 105), func(_, _ ss7.PathID, _ *ss7.MSU) {}, func(ss7.Event) {})
		near, far := pair(tr, at("10.0.0.5", 2905), at("10.0.0.1", 2905))
		go gateway.Serve(aspFive, far)
		go asp.Serve(drive.Gateway, near)
		j.want(t, "served", fmt.Sprintf("AS %d: InService", asFive))
		gateway.Recv(aspFive, []sctp.Item{{Event: &sctp.Event{Kind: sctp.Restart, Why: "anew"}}})
		m := &ss7.MSU{DPC: 5, OPC: 6, SI: ss7.SCCP, Payload: []byte("hello")}
		if err := gateway.Send(asFive, m); err == nil {
			t.Error("an ASP that has forgotten all takes an MSU")
		}
		asp.Close("it is over")
		gateway.Close("it is over")
	})
}
