package sctp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
)

// socketPair opens two wires on loopback.
func socketPair(t testing.TB, n Network, a, b netip.AddrPort) (Wire, Wire) {
	t.Helper()
	x, err := n.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := n.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); y.Close() })
	return x, y
}

func loopbackNetworks(t testing.TB) map[string][2]netip.AddrPort {
	out := map[string][2]netip.AddrPort{
		"udp4": {netip.MustParseAddrPort("127.0.0.1:19899"), netip.MustParseAddrPort("127.0.0.2:19899")},
		"udp6": {netip.MustParseAddrPort("[::1]:19899"), netip.MustParseAddrPort("[::1]:19900")},
	}
	if _, err := Raw(); err == nil {
		out["raw4"] = [2]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.2:0")}
	} else {
		t.Logf("raw IP is not tried: %v", err)
	}
	return out
}

func wireNetwork(name string) Network {
	if name == "raw4" {
		n, _ := Raw()
		return n
	}
	return UDP()
}

// Packets of all sizes and orders arrive whole, with where they came from: also
// those that the kernel cuts from one message and puts together to one.
func TestWires(t *testing.T) {
	for name, at := range loopbackNetworks(t) {
		t.Run(name, func(t *testing.T) {
			x, y := socketPair(t, wireNetwork(name), at[0], at[1])
			var ps []Packet
			for i := range 500 {
				size := 100
				switch {
				case i%50 == 7:
					size = 1400
				case i%50 == 8:
					size = 40
				case i >= 300 && i < 400:
					size = 64 + i
				}
				b := bytes.Repeat([]byte{byte(i)}, size)
				binary.BigEndian.PutUint32(b, uint32(i))
				ps = append(ps, Packet{Addr: at[1], DSCP: uint8(i / 100), Data: b})
			}
			go func() {
				for i := 0; i < len(ps); i += 100 {
					if n, err := x.Write(ps[i : i+100]); n != 100 || err != nil {
						t.Error(n, err)
					}
				}
			}()
			in := make([]Packet, 7)
			for got := 0; got < len(ps); {
				n, err := y.Read(in)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range in[:n] {
					if !bytes.Equal(p.Data, ps[got].Data) {
						t.Fatalf("packet %d: %d octets, begins %x", got, len(p.Data), p.Data[:4])
					}
					if p.Addr != at[0] {
						t.Fatalf("packet %d from %v", got, p.Addr)
					}
					got++
				}
			}
		})
	}
}

func TestWireClose(t *testing.T) {
	for name, at := range loopbackNetworks(t) {
		x, err := wireNetwork(name).Open(at[0])
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := x.Read(make([]Packet, 1))
			done <- err
		}()
		x.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := x.Write([]Packet{{Addr: at[1], Data: []byte{1}}}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWireAllocations(t *testing.T) {
	for name, at := range loopbackNetworks(t) {
		x, y := socketPair(t, wireNetwork(name), at[0], at[1])
		ps := make([]Packet, 16)
		for i := range ps {
			ps[i] = Packet{Addr: at[1], DSCP: 46, Data: make([]byte, 100)}
		}
		in := make([]Packet, 64)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := x.Write(ps); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < len(ps); {
				n, err := y.Read(in)
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for 16 packets", name, n)
		}
	}
}

func TestWireRefusals(t *testing.T) {
	if _, err := UDP().Open(netip.MustParseAddrPort("192.0.2.1:0")); err == nil || err.Error() != "192.0.2.1 is not an address of this machine" {
		t.Error(err)
	}
	x, _ := socketPair(t, UDP(), netip.MustParseAddrPort("127.0.0.1:19898"), netip.MustParseAddrPort("127.0.0.2:19898"))
	defer x.Close()
	if _, err := UDP().Open(netip.MustParseAddrPort("127.0.0.1:19898")); err == nil {
		t.Error("a port was bound twice")
	}
	if s := UDP().Source(netip.MustParseAddr("127.0.0.9")); !s.IsLoopback() {
		t.Error(s)
	}
}

func BenchmarkUDPWire(b *testing.B) {
	for name, gap := range map[string]int{"equal": 0, "mixed": 1} {
		b.Run(name, func(b *testing.B) {
			at := loopbackNetworks(b)["udp4"]
			x, y := socketPair(b, UDP(), at[0], at[1])
			ps := make([]Packet, 64)
			for i := range ps {
				ps[i] = Packet{Addr: at[1], Data: make([]byte, 120+gap*(i%7))}
			}
			in := make([]Packet, 64)
			for i := 0; i < b.N; i += len(ps) {
				if _, err := x.Write(ps); err != nil {
					b.Fatal(err)
				}
				for got := 0; got < len(ps); {
					n, err := y.Read(in)
					if err != nil {
						b.Fatal(err)
					}
					got += n
				}
			}
		})
	}
}
