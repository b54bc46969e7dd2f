package sctp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

// socketPair opens two wires on loopback.
func socketPair(t testing.TB, n wire.Network, a, b netip.AddrPort) (wire.Wire, wire.Wire) {
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
		if os.Getenv("GOSTP_RAW6") != "" {
			out["raw6"] = [2]netip.AddrPort{netip.MustParseAddrPort("[fd00:77::1]:0"), netip.MustParseAddrPort("[fd00:77::2]:0")}
		}
	} else {
		t.Logf("raw IP is not tried: %v", err)
	}
	return out
}

// Over raw IP an address belongs to one program, as a bound UDP port does. A second program that hears the
// packets of the first would abort its associations. The address is free when the first program has ended.
func TestRawAddressIsExclusive(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.9")
	first, err := claimAddress(ip)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claimAddress(ip); err == nil || !strings.Contains(err.Error(), "127.0.0.9 belongs to another program") {
		t.Error(err)
	}
	other, err := claimAddress(netip.MustParseAddr("127.0.0.10"))
	if err != nil {
		t.Error(err)
	}
	other.Close()
	n, err := Raw()
	if err != nil {
		first.Close()
		t.Logf("raw IP is not tried: %v", err)
		return
	}
	for range 2 { // each of two users is a program of its own
		if _, err := NewUser(n).Open(Addr{IPs: []netip.Addr{ip}, Port: 1024}, Params{}); err == nil {
			t.Error("a second program has the address")
		}
	}
	first.Close()
	for range 2 {
		e, err := NewUser(n).Open(Addr{IPs: []netip.Addr{ip}, Port: 1024}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewUser(n).Open(Addr{IPs: []netip.Addr{ip}, Port: 1025}, Params{}); err == nil {
			t.Error("a second program has the address with another port")
		}
		e.Close()
	}
}

// Raw IPv6 between two addresses, which a loopback does not have by itself: these
// tests run again in a network namespace that has them.
func TestRawIPv6(t *testing.T) {
	if _, err := Raw(); err != nil || os.Getenv("GOSTP_RAW6") != "" {
		t.Logf("raw IP is not tried: %v", err)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("unshare", "--net", "sh", "-ec", `ip link set lo up
		ip addr add fd00:77::1/128 dev lo nodad; ip addr add fd00:77::2/128 dev lo nodad
		exec "$0" -test.run 'Test(Conformance|Wires|WireClose|WireAllocations|DSCP)$/.*raw6' -test.v`, exe)
	c.Env = append(os.Environ(), "GOSTP_RAW6=1")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestConformance/user_over_raw6")) ||
		!bytes.Contains(out, []byte("--- PASS: TestWires/raw6")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// What is asked for is in the header on the wire, packet by packet.
func TestDSCP(t *testing.T) {
	for name, at := range loopbackNetworks(t) {
		t.Run(name, func(t *testing.T) {
			typ, proto := unix.SOCK_DGRAM, 0
			if strings.HasPrefix(name, "raw") {
				typ, proto = unix.SOCK_RAW, protocolSCTP
			}
			fd, err := bound(typ, proto, at[1])
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			tellsClass(t, fd, at[1].Addr().Is4())
			x, err := wireNetwork(name).Open(at[0])
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			var ps []wire.Packet
			for _, dscp := range []uint8{46, 0, 26, 26, 63} {
				ps = append(ps, wire.Packet{Addr: at[1], DSCP: dscp, Data: []byte{dscp, 1, 2, 3}})
			}
			if n, err := x.Write(ps); n != len(ps) || err != nil {
				t.Fatal(n, err)
			}
			for range ps {
				b, class := readClass(t, fd)
				if dscp := b[len(b)-4]; class != int(dscp)<<2 {
					t.Errorf("DSCP %d has class %#x on the wire", dscp, class)
				}
			}
		})
	}
}

// tellsClass makes a socket tell the traffic class of what it receives.
func tellsClass(t *testing.T, fd int, ip4 bool) {
	t.Helper()
	level, opt := unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS
	if ip4 {
		level, opt = unix.IPPROTO_IP, unix.IP_RECVTOS
	}
	if err := unix.SetsockoptInt(fd, level, opt, 1); err != nil {
		t.Fatal(err)
	}
}

// readClass reads a packet and its traffic class.
func readClass(t *testing.T, fd int) (b []byte, class int) {
	t.Helper()
	wait := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(wait, 5000); n != 1 {
		t.Fatal("nothing arrives", err)
	}
	b, oob := make([]byte, 2000), make([]byte, 200)
	n, k, _, _, err := unix.Recvmsg(fd, b, oob, 0)
	if err != nil {
		t.Fatal(err)
	}
	all, err := unix.ParseSocketControlMessage(oob[:k])
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return b[:n], int(all[0].Data[0])
}

// The kernel cuts messages into packets unless it has SCTP, which would panic on
// those that are not cut yet.
func TestSegmentation(t *testing.T) {
	at := loopbackNetworks(t)["udp4"]
	x, _ := socketPair(t, UDP(), at[0], at[1])
	ps := make([]wire.Packet, 4)
	for i := range ps {
		ps[i] = wire.Packet{Addr: at[1], Data: make([]byte, 100)}
	}
	if n, err := x.Write(ps); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	want := 4
	if _, err := Kernel(); err == nil {
		want = 1
	}
	if n := x.(*dgram).tx.packets[0]; n != want {
		t.Errorf("a message holds %d packets, not %d", n, want)
	}
}

func wireNetwork(name string) wire.Network {
	if strings.HasPrefix(name, "raw") {
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
			var ps []wire.Packet
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
				ps = append(ps, wire.Packet{Addr: at[1], DSCP: uint8(i / 100), Data: b})
			}
			go func() {
				for i := 0; i < len(ps); i += 100 {
					if n, err := x.Write(ps[i : i+100]); n != 100 || err != nil {
						t.Error(n, err)
					}
				}
			}()
			in := make([]wire.Packet, 7)
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
			_, err := x.Read(make([]wire.Packet, 1))
			done <- err
		}()
		x.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := x.Write([]wire.Packet{{Addr: at[1], Data: []byte{1}}}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWireAllocations(t *testing.T) {
	for name, at := range loopbackNetworks(t) {
		x, y := socketPair(t, wireNetwork(name), at[0], at[1])
		ps := make([]wire.Packet, 16)
		for i := range ps {
			ps[i] = wire.Packet{Addr: at[1], DSCP: 46, Data: make([]byte, 100)}
		}
		in := make([]wire.Packet, 64)
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
	if _, err := UDP().Open(netip.MustParseAddrPort("192.0.2.1:0")); err == nil ||
		err.Error() != "192.0.2.1 is not an address of this machine" {
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
			ps := make([]wire.Packet, 64)
			for i := range ps {
				ps[i] = wire.Packet{Addr: at[1], Data: make([]byte, 120+gap*(i%7))}
			}
			in := make([]wire.Packet, 64)
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
