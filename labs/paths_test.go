package labs

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp"
)

// Two hosts on two wires: an association goes on when one of them is cut, and
// comes back to it when it is mended.
func TestAssociationOverTwoWires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		var ends [2]sctp.Endpoint
		var addrs [2]sctp.Addr
		hosts := [2]*Host{n.Host("a"), n.Host("b")}
		first, err := n.Connect(hosts[0], "eth1", hosts[1], "eth1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Connect(hosts[0], "eth2", hosts[1], "eth2"); err != nil {
			t.Fatal(err)
		}
		for i, nets := range [][]string{{"10.0.1.1/24", "2001:db8::1/64"}, {"10.0.1.2/24", "2001:db8::2/64"}} {
			one, two := netip.MustParsePrefix(nets[0]), netip.MustParsePrefix(nets[1])
			hosts[i].Configure([]Interface{{Name: "eth1", Addrs: []netip.Prefix{one}},
				{Name: "eth2", Addrs: []netip.Prefix{two}}}, nil)
			addrs[i] = sctp.Addr{IPs: []netip.Addr{one.Addr(), two.Addr()}, Port: 2905}
			if ends[i], err = sctp.NewUser(hosts[i]).Open(addrs[i], sctp.Params{}); err != nil {
				t.Fatal(err)
			}
			defer ends[i].Close()
		}
		a, err := ends[0].Dial(t.Context(), addrs[1], sctp.Params{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := ends[1].Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		exchange := func(when string) {
			t.Helper()
			if _, err := a.Send([]sctp.Message{{Stream: 1, Data: []byte(when)}}); err != nil {
				t.Fatal(when, err)
			}
			batch := sctp.NewBatch(8)
			for {
				if err := b.Read(batch); err != nil {
					t.Fatal(when, err)
				}
				for _, it := range batch.Items {
					if it.Event == nil && string(it.Data) == when {
						return
					}
				}
			}
		}
		exchange("both wires")
		time.Sleep(2 * time.Second)
		if p := a.Status().Paths; len(p) != 2 || !p[1].Confirmed || p[0].Local != addrs[0].IPs[0] ||
			p[1].Local != addrs[0].IPs[1] {
			t.Fatalf("%+v", p)
		}
		first.SetUp(false)
		exchange("one wire cut")
		time.Sleep(10 * time.Second)
		exchange("still cut")
		if p := a.Status().Paths; p[0].Active || p[0].Why == "" || !p[1].Active {
			t.Errorf("%+v", p)
		}
		first.SetUp(true)
		time.Sleep(10 * time.Second)
		exchange("mended")
		if p := a.Status().Paths; !p[0].Active || p[0].Errors != 0 {
			t.Errorf("%+v", p)
		}
	})
}
