package sctp

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

// reaches dials b's port at each address, from a, and then b dials back.
func reaches(t *testing.T, at Endpoint, from func(ip string) Endpoint, ips ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for _, ip := range ips {
		x := from(ip)
		to := at.Local()
		to.IPs = []netip.Addr{netip.MustParseAddr(ip)}
		a, err := x.Dial(ctx, to, Params{})
		if err != nil {
			t.Fatalf("%s: %v", ip, err)
		}
		b, err := at.Accept(ctx)
		if err != nil {
			t.Fatalf("%s: %v", ip, err)
		}
		a.Abort("over")
		b.Abort("over")
		for i := 0; ; i++ { // until both ends have forgotten it
			if _, err := at.Dial(ctx, x.Local(), Params{}); err == nil {
				break
			} else if i == 100 || ctx.Err() != nil {
				t.Fatalf("back to %s: %v", ip, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		x.Close()
	}
}

// A port that is anywhere is at every address of the machine, and dials from there.
func TestAnywhereIsEveryAddress(t *testing.T) {
	t.Run("TCP", func(t *testing.T) {
		e, err := TCP().Open(Addr{IPs: []netip.Addr{Anywhere}}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		reaches(t, e, func(string) Endpoint { return tcpEnd(t, "127.0.0.1", 0, Params{}) }, "127.0.0.2", "127.0.0.1")
	})
	t.Run("userspace SCTP in UDP", func(t *testing.T) {
		c, err := net.ListenUDP("udp", nil)
		if err != nil {
			t.Fatal(err)
		}
		udp := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		c.Close()
		u := NewUser(UDP())
		e, err := u.Open(Addr{IPs: []netip.Addr{Anywhere}, Port: 2905, UDP: udp}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if len(e.Local().IPs) == 0 || e.Local().anywhere() {
			t.Fatal("it is nowhere", e.Local())
		}
		from := func(string) Endpoint {
			at := Addr{IPs: []netip.Addr{netip.MustParseAddr("127.0.0.7")}, Port: 2906, UDP: udp}
			x, err := NewUser(UDP()).Open(at, Params{})
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		reaches(t, e, from, "127.0.0.1")
	})
	if _, err := NewUser(sctptest.NewMemory(1)).Open(Addr{IPs: []netip.Addr{Anywhere}, Port: 2905}, Params{}); err == nil {
		t.Error("a network that knows no addresses has opened a port at all of them")
	}
}
