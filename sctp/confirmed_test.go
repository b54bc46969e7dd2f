package sctp

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// An address that a far end merely lists does not belong to it (RFC 9260 §5.4). The owner of that address can
// set up its own association all the same, although the first far end never heard of it.
func TestListedAddressesReserveNothing(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		t := p.t
		real := Addr{IPs: ips("10.0.0.3", "10.0.0.4"), Port: 1024}
		in := p.init()
		in.addrs = real.IPs[:1]
		tag, cookie := p.cookie(in)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, cookie))
		first, err := p.e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r, c := first.Remote().IPs, first.Confirmed(); len(r) != 2 || !slices.Equal(c, addrB.IPs) {
			t.Errorf("lists %v, confirmed %v", r, c)
		}
		e, err := NewUser(p.net).Open(real, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if _, err := e.Dial(t.Context(), addrA, Params{}); err != nil {
			t.Fatal("who has the address is kept out:", err)
		}
		second, err := p.e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if c := second.Confirmed(); !slices.Equal(c, real.IPs) {
			t.Error("the far end that answers:", c)
		}
		if c := first.Confirmed(); len(c) > 1 {
			t.Error("the far end that only lists:", c)
		}
	})
}

// That a far end lists an address does not keep this end from calling the owner of that address.
func TestListedAddressesDoNotPreventDialling(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		t := p.t
		in := p.init()
		in.addrs = ips("10.0.0.3")
		tag, cookie := p.cookie(in)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, cookie))
		real := Addr{IPs: in.addrs, Port: 1024}
		e, err := NewUser(p.net).Open(real, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if _, err := p.e.Dial(t.Context(), real, Params{}); err != nil {
			t.Error(err)
		}
	})
}

// A far end that has got the cookie at an address of its own can forge the source of the COOKIE ECHO. So the
// confirmed address is the one that INIT ACK went to. COOKIE ACK to any other address asks for a proof (RFC
// 9260 §5.4).
func TestForgedSourceOfCookieProvesNothing(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		t := p.t
		in := p.init()
		in.addrs = ips("10.0.0.3")
		tag, cookie := p.cookie(in)
		forged, err := p.net.Open(netip.AddrPortFrom(in.addrs[0], 0))
		if err != nil {
			t.Fatal(err)
		}
		defer forged.Close()
		var atListed []uint8
		p.net.Tap(func(_, dst netip.AddrPort, b []byte) {
			if dst.Addr() != in.addrs[0] {
				return
			}
			_, chunks, _ := parseHeader(b)
			for len(chunks) > 0 {
				c, rest, err := nextChunk(chunks)
				if err != nil {
					t.Fatal(err)
				}
				atListed, chunks = append(atListed, c.typ), rest
			}
		})
		mine := p.w
		p.w = forged
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, cookie))
		p.w = mine
		a, err := p.e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c := a.Confirmed(); !slices.Equal(c, addrB.IPs) {
			t.Error("confirmed:", c)
		}
		if !slices.Equal(atListed, []uint8{ctCookieAck, ctHeartbeat}) {
			t.Error("sent to the listed address:", atListed)
		}
		sendAll(t, a, numbered(4, 2, 10))
		synctest.Wait()
		if slices.Contains(atListed, ctData) {
			t.Error("data went to an address that is not confirmed")
		}
	})
}

// A far end that comes back by an address that was never confirmed is the same far end, if it lists one that
// was. Its association restarts (RFC 9260 §5.2.2).
func TestRestartByAnAddressNotConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		cutPath(net, 1, true)
		ea, _ := NewUser(net).Open(twoA, Params{})
		defer ea.Close()
		eb, _ := NewUser(net).Open(twoB, Params{})
		if _, err := eb.Dial(t.Context(), Addr{IPs: twoA.IPs[:1], Port: 1024}, Params{}); err != nil {
			t.Fatal(err)
		}
		a, err := ea.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cutPath(net, 0, true) // its ABORT is lost
		eb.Close()
		cutPath(net, 1, false)
		if eb, err = NewUser(net).Open(twoB, Params{}); err != nil {
			t.Fatal(err)
		}
		defer eb.Close()
		if _, err := eb.Dial(t.Context(), Addr{IPs: twoA.IPs[1:], Port: 1024}, Params{}); err != nil {
			t.Fatal(err)
		}
		b := NewBatch(4)
		if err := a.Read(b); err != nil {
			t.Fatal(err)
		}
		if ev := b.Items[0].Event; ev == nil || ev.Kind != Restart {
			t.Fatalf("%+v", b.Items)
		}
		if c := a.Confirmed(); !slices.Equal(c, twoB.IPs[1:]) {
			t.Error("confirmed:", c)
		}
	})
}
