package sctp

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

func ips(s ...string) (out []netip.Addr) {
	for _, x := range s {
		out = append(out, netip.MustParseAddr(x))
	}
	return out
}

var (
	twoA = Addr{IPs: ips("10.0.1.1", "10.0.2.1"), Port: 1024}
	twoB = Addr{IPs: ips("10.0.1.2", "10.0.2.2"), Port: 1024}
)

// homes is two endpoints with two addresses each: two paths that share nothing.
func homes(t *testing.T, p Params) (net *sctptest.Memory, a, b Assoc, end func()) {
	t.Helper()
	net = sctptest.NewMemory(1)
	ea, err := NewUser(net).Open(twoA, p)
	if err != nil {
		t.Fatal(err)
	}
	eb, err := NewUser(net).Open(twoB, p)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = ea.Dial(t.Context(), Addr{IPs: twoB.IPs[:1], Port: 1024}, Params{}); err != nil {
		t.Fatal(err)
	}
	if b, err = eb.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return net, a, b, func() { ea.Close(); eb.Close() }
}

func cutPath(m *sctptest.Memory, i int, cut bool) { m.Cut(twoA.IPs[i], twoB.IPs[i], cut) }

// The handshake tells all addresses; those that nobody named are verified first (§5.4).
func TestPathsAreLearnedAndVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, a, b, end := homes(t, Params{})
		defer end()
		for _, x := range []Assoc{a, b} {
			if p := x.Status().Paths; len(p) != 2 || !p[0].Confirmed || p[0].Local.As4()[2] != 1 || p[1].Local.As4()[2] != 2 {
				t.Errorf("%+v", p)
			}
		}
		time.Sleep(time.Second)
		for _, x := range []Assoc{a, b} {
			if p := x.Status().Paths; !p[1].Confirmed || !p[1].Active || p[1].Heartbeats == 0 || p[1].SRTT != 0 {
				t.Errorf("%+v", p)
			}
		}
		cutPath(net, 0, false)
		if got := a.Remote(); len(got.IPs) != 2 || got.Port != 1024 {
			t.Error(got)
		}
	})
}

// A heartbeat that comes back with another nonce proves nothing (§5.4).
func TestUnverifiedPathGetsNoData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		cutPath(net, 1, true)
		ea, _ := NewUser(net).Open(twoA, Params{})
		defer ea.Close()
		eb, _ := NewUser(net).Open(twoB, Params{})
		defer eb.Close()
		a, err := ea.Dial(t.Context(), Addr{IPs: twoB.IPs[:1], Port: 1024}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		data := 0
		net.Tap(func(_, dst netip.AddrPort, p []byte) {
			if dst.Addr() == twoB.IPs[1] && p[headerLen] != ctHeartbeat {
				data++
			}
		})
		if err := a.SetPrimary(twoB.IPs[1]); err != nil {
			t.Fatal(err)
		}
		sendAll(t, a, numbered(100, 2, 100))
		time.Sleep(time.Second)
		if s := a.Status(); data > 0 || s.SendQueued > 0 || s.Paths[1].Confirmed || s.Paths[1].Why == "" {
			t.Errorf("%d packets, %+v", data, s)
		}
		if err := a.SetPrimary(netip.MustParseAddr("10.9.9.9")); err == nil ||
			!strings.Contains(err.Error(), "10.0.1.2, 10.0.2.2") {
			t.Error(err)
		}
	})
}

// One path dies under traffic: nothing is lost, data goes on within a time-out,
// the path is told down, and up when it works again, and data goes back to it
// (§6.4, §6.4.1, §8.2).
func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, a, b, end := homes(t, Params{})
		defer end()
		net.SetFaults(sctptest.Faults{Delay: 5 * time.Millisecond})
		time.Sleep(2 * time.Second)
		time.AfterFunc(time.Second, func() { cutPath(net, 0, true) })
		time.AfterFunc(15*time.Second, func() { cutPath(net, 0, false) })
		start := time.Now()
		go func() {
			for i := range 3000 {
				d := binary.BigEndian.AppendUint64(nil, uint64(time.Since(start)))
				sendAll(t, a, []Message{{Stream: uint16(i % 4), PPID: 5, Data: d}})
				time.Sleep(10 * time.Millisecond)
			}
		}()
		got, ev, err := collect(b, 3000)
		if err != nil || len(got) != 3000 {
			t.Fatal(len(got), err)
		}
		for _, e := range ev {
			if e.Kind != PathDown && e.Kind != PathUp {
				t.Errorf("%+v", e)
			}
		}
		time.Sleep(5 * time.Second)
		s := a.Status()
		if s.State != "ESTABLISHED" || !s.Paths[0].Active || s.Paths[0].Errors != 0 || !s.Paths[1].Active {
			t.Errorf("%+v", s)
		}
		a.Abort("end")
		_, ev, _ = collect(a, 1)
		if len(ev) != 3 || ev[0].Kind != PathDown || ev[0].Addr != twoB.IPs[0] ||
			!strings.Contains(ev[0].Why, "10.0.1.2 does not answer") || ev[1].Kind != PathUp || ev[2].Kind != Lost {
			t.Errorf("%+v", ev)
		}
	})
}

// One path is dead, and the other becomes slow: what times out there goes there again and not
// into the dead one, whose silence no late acknowledgement ends (§6.4, §8.2: what was sent by
// two paths says nothing of either).
func TestSlowPathBesideDeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, a, b, end := homes(t, Params{AssocRetrans: 20})
		defer end()
		net.SetFaults(sctptest.Faults{Delay: 5 * time.Millisecond})
		cutPath(net, 0, true)
		net.Cut(twoA.IPs[1], twoB.IPs[0], true)
		var slow time.Time
		dead := 0
		net.Tap(func(_, dst netip.AddrPort, p []byte) {
			if dst.Addr() == twoB.IPs[0] && p[headerLen] == ctData && !slow.IsZero() {
				dead++
			}
		})
		time.AfterFunc(12*time.Second, func() {
			slow = time.Now()
			net.SetFaults(sctptest.Faults{Delay: 700 * time.Millisecond})
		})
		time.AfterFunc(14*time.Second, func() { net.SetFaults(sctptest.Faults{Delay: 5 * time.Millisecond}) })
		go func() {
			for range 2000 {
				sendAll(t, a, numbered(1, 1, 100))
				time.Sleep(10 * time.Millisecond)
			}
		}()
		if got, _, err := collect(b, 2000); err != nil || len(got) != 2000 {
			t.Fatal(len(got), err)
		}
		time.Sleep(100 * time.Millisecond)
		if s := a.Status(); s.Paths[0].Active || !s.Paths[1].Active || s.Stats.Retransmits == 0 || dead > 0 {
			t.Errorf("%d packets with data into the dead path; %+v", dead, s)
		}
		a.Abort("end")
		_, events, _ := collect(a, 1)
		for _, ev := range events {
			if ev.Kind == PathUp {
				t.Errorf("%+v", ev)
			}
		}
	})
}

// Idle, with both paths dead, the association is lost in seconds, with the reason.
func TestBothPathsDie(t *testing.T) {
	for _, busy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			net, a, _, end := homes(t, Params{})
			defer end()
			time.Sleep(3 * time.Second)
			net.SetFaults(sctptest.Faults{Cut: true})
			start := time.Now()
			if busy {
				sendAll(t, a, numbered(10, 1, 100))
			}
			_, ev, err := collect(a, 1)
			last := ev[len(ev)-1]
			if !errors.Is(err, io.EOF) || last.Kind != Lost || !strings.Contains(last.Why, "10.0.1.2, 10.0.2.2 are silent for") {
				t.Errorf("%+v", ev)
			}
			if d := time.Since(start); d > 12*time.Second {
				t.Errorf("found after %v of virtual time", d)
			}
			if busy && ev[len(ev)-2].Kind != SendFailed {
				t.Errorf("%+v", ev)
			}
		})
	}
}

// One of our own addresses dies: the path is tried from the other.
func TestSourceRotates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		ea, _ := NewUser(net).Open(twoA, Params{})
		defer ea.Close()
		one := Addr{IPs: twoB.IPs[:1], Port: 1024}
		eb, _ := NewUser(net).Open(one, Params{AssocRetrans: 20})
		defer eb.Close()
		a, err := ea.Dial(t.Context(), one, Params{AssocRetrans: 20})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := eb.Accept(t.Context())
		time.Sleep(2 * time.Second)
		net.Cut(twoA.IPs[0], netip.Addr{}, true)
		go sendAll(t, a, numbered(100, 1, 100))
		if m, _, err := collect(b, 100); err != nil {
			t.Fatal(len(m), err)
		}
		if p := a.Status().Paths[0]; p.Local != twoA.IPs[1] {
			t.Errorf("%+v", p)
		}
	})
}

// INIT goes round the addresses that the user gave (§5.1).
func TestDialTriesAllAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		cutPath(net, 0, true)
		ea, _ := NewUser(net).Open(twoA, Params{})
		defer ea.Close()
		eb, _ := NewUser(net).Open(twoB, Params{})
		defer eb.Close()
		a, err := ea.Dial(t.Context(), twoB, Params{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := eb.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sendAll(t, a, numbered(50, 2, 100))
		if m, _, err := collect(b, 50); err != nil {
			t.Fatal(len(m), err)
		}
		if _, err := ea.Dial(t.Context(), Addr{IPs: twoB.IPs[1:], Port: 1024}, Params{}); !errors.Is(err, ErrExists) {
			t.Error(err)
		}
		if _, err := ea.Dial(t.Context(), Addr{IPs: ips("2001:db8::1"), Port: 1}, Params{}); err == nil ||
			!strings.Contains(err.Error(), "different families") {
			t.Error(err)
		}
	})
}

// SetPrimary moves new data.
func TestSetPrimary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, a, b, end := homes(t, Params{})
		defer end()
		time.Sleep(2 * time.Second)
		if err := a.SetPrimary(twoB.IPs[1]); err != nil {
			t.Fatal(err)
		}
		on := map[netip.Addr]int{}
		net.Tap(func(_, dst netip.AddrPort, p []byte) {
			if p[headerLen] == ctData {
				on[dst.Addr()]++
			}
		})
		sendAll(t, a, numbered(50, 2, 100))
		if m, _, err := collect(b, 50); err != nil || on[twoB.IPs[0]] > 0 || on[twoB.IPs[1]] == 0 {
			t.Error(len(m), err, on)
		}
	})
}

// A far end that restarts may come with fewer addresses, not with new ones: that
// is refused, and the association lives (§5.2.2, cause 11).
func TestRestartWithNewAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		ea, _ := NewUser(net).Open(twoA, Params{})
		defer ea.Close()
		one := Addr{IPs: twoB.IPs[:1], Port: 1024}
		eb, _ := NewUser(net).Open(one, Params{})
		if _, err := eb.Dial(t.Context(), twoA, Params{}); err != nil {
			t.Fatal(err)
		}
		a, _ := ea.Accept(t.Context())
		net.SetFaults(sctptest.Faults{Cut: true})
		eb.Close()
		net.SetFaults(sctptest.Faults{})
		again, _ := NewUser(net).Open(twoB, Params{})
		defer again.Close()
		if _, err := again.Dial(t.Context(), twoA, Params{}); err == nil ||
			!strings.Contains(err.Error(), "new addresses 10.0.2.2") {
			t.Error(err)
		}
		if s := a.Status(); s.State != "ESTABLISHED" || len(s.Paths) != 1 {
			t.Errorf("%+v", s)
		}
	})
}
