package sctp

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/wire"

	"golang.org/x/sys/unix"
)

// mixed opens two endpoints and says how they are reached.
type mixed func(t *testing.T) (a, b Endpoint)

// TestKernelConformance holds the kernel to what our own stack is held to, and each
// to the other: in UDP, and bare across a TUN device.
func TestKernelConformance(t *testing.T) {
	kernelTransport(t)
	watchLeaks(t)
	loopback6(t)
	user := func(t *testing.T, n wire.Network, at Addr) Endpoint {
		e, err := NewUser(n).Open(at, Params{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	kernelAt := func(t *testing.T, at Addr) Endpoint {
		e, err := kernelTransport(t).Open(at, Params{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	ways := map[string]mixed{
		"kernel": func(t *testing.T) (a, b Endpoint) {
			x := newKernelPair(t, Params{})
			return x.a, x.b
		},
		"in UDP": func(t *testing.T) (a, b Endpoint) {
			sh(t, "sysctl -qw net.sctp.udp_port=9899")
			t.Cleanup(func() { sh(t, "sysctl -qw net.sctp.udp_port=0") })
			return kernelAt(t, Addr{IPs: []netip.Addr{loopA}, Port: 2905, UDP: 9899}),
				user(t, UDP(), Addr{IPs: []netip.Addr{loopB}, Port: 2905, UDP: 29899})
		},
		"IPv6": func(t *testing.T) (a, b Endpoint) {
			return openKernel(t, Params{}, 2905, loop6A), openKernel(t, Params{}, 2905, loop6B)
		},
		"in UDP over IPv6": func(t *testing.T) (a, b Endpoint) {
			sh(t, "sysctl -qw net.sctp.udp_port=9899")
			t.Cleanup(func() { sh(t, "sysctl -qw net.sctp.udp_port=0") })
			return kernelAt(t, Addr{IPs: []netip.Addr{loop6A}, Port: 2905, UDP: 9899}),
				user(t, UDP(), Addr{IPs: []netip.Addr{loop6B}, Port: 2905, UDP: 29899})
		},
		"bare": func(t *testing.T) (a, b Endpoint) {
			n := tunNet{t, netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")}
			u := user(t, n, Addr{IPs: []netip.Addr{n.far}, Port: 2905})
			return kernelAt(t, Addr{IPs: []netip.Addr{n.near}, Port: 2905}), u
		},
	}
	for name, open := range ways {
		for _, turned := range []bool{false, true} {
			title := name
			if turned {
				title = name + ", the other dials"
			}
			t.Run(title, func(t *testing.T) {
				conformance(t, func(t *testing.T, _ Params) joined {
					a, b := open(t)
					if turned {
						a, b = b, a
					}
					x, err := a.Dial(t.Context(), b.Local(), Params{})
					if err != nil {
						t.Fatal(err)
					}
					y, err := b.Accept(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					return joined{a: x, b: y, end: func() { a.Close(); b.Close() }}
				}, inRealTime)
			})
		}
		t.Run(name+"/both dial", func(t *testing.T) {
			a, b := open(t)
			bothDial(t, a, b)
			a.Close()
			b.Close()
		})
	}
}

var loop6A, loop6B = netip.MustParseAddr("fd00:77::1"), netip.MustParseAddr("fd00:77::2")

// loopback6 gives the loopback two more addresses.
func loopback6(t *testing.T) {
	for _, ip := range []netip.Addr{loop6A, loop6B} {
		sh(t, fmt.Sprintf("ip addr replace %v/128 dev lo nodad", ip))
	}
}

// A raw socket sees what the kernel's SCTP sends: every packet of an association has
// its DSCP, those of the handshake that of the local-peer.
func TestKernelDSCP(t *testing.T) {
	for _, ip := range [][2]netip.Addr{{loopA, loopB}, {loop6A, loop6B}} {
		if ip[0].Is6() {
			loopback6(t)
		}
		a := openKernel(t, Params{DSCP: 46}, 2905, ip[0])
		fd, err := bound(unix.SOCK_RAW, protocolSCTP, netip.AddrPortFrom(ip[1], 0))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		tellsClass(t, fd, ip[0].Is4())
		b := openKernel(t, Params{}, 2906, ip[1])
		x, err := a.Dial(t.Context(), b.Local(), Params{DSCP: 46})
		if err != nil {
			t.Fatal(err)
		}
		sendAll(t, x, numbered(1, 1, 100))
		for data := false; !data; {
			p, class := readClass(t, fd)
			if ip[0].Is4() {
				p = p[int(p[0]&15)*4:]
			}
			if class != 46<<2 {
				t.Errorf("%v: a packet whose first chunk is of type %d has class %#x", ip[0], p[12], class)
			}
			data = p[12] == ctData
		}
	}
}

// bothDial checks that an association results whichever end is first, and that it carries messages.
func bothDial(t *testing.T, a, b Endpoint) {
	got := make(chan Assoc, 2)
	for _, d := range [][2]Endpoint{{a, b}, {b, a}} {
		go func() {
			x, err := d[0].Dial(t.Context(), d[1].Local(), Params{})
			if err == ErrExists {
				x, err = d[0].Accept(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
			got <- x
		}()
	}
	x, y := <-got, <-got
	if t.Failed() {
		return
	}
	sendAll(t, x, numbered(100, 3, 500))
	m, ev, err := collect(y, 100)
	if err != nil || len(m) != 100 {
		t.Fatal(len(m), ev, err)
	}
}

// Raw IP is refused here, where the kernel's SCTP would abort our associations.
func TestKernelForbidsRaw(t *testing.T) {
	kernelTransport(t)
	if _, err := Raw(); err == nil || !strings.Contains(err.Error(), "kernel") {
		t.Error(err)
	}
}

// Nothing is allocated for a message on its way, in or out.
func TestKernelAllocates(t *testing.T) {
	x := newKernelPair(t, Params{})
	defer x.a.Close()
	defer x.b.Close()
	a, b := x.connect()
	msgs := numbered(64, 1, 100)
	in := NewBatch(64)
	cycle := func() {
		if n, err := a.Send(msgs); n != len(msgs) || err != nil {
			t.Fatal(n, err)
		}
		for got := 0; got < len(msgs); got += len(in.Items) {
			if err := b.Read(in); err != nil {
				t.Fatal(err)
			}
		}
	}
	cycle()
	if n := testing.AllocsPerRun(200, cycle); n > 0.5 {
		t.Errorf("%.1f allocations for %d messages", n, len(msgs))
	}
}

func BenchmarkKernelSendRead(b *testing.B) {
	x, y := openKernel(b, Params{}, 2905, loopA), openKernel(b, Params{}, 2905, loopB)
	s, err := x.Dial(b.Context(), y.Local(), Params{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := y.Accept(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	msgs := numbered(64, 1, 100)
	go func() {
		for sent := 0; sent < b.N; {
			n, err := s.Send(msgs[:min(64, b.N-sent)])
			sent += n
			if err != nil {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	in := NewBatch(64)
	b.ReportAllocs()
	for got := 0; got < b.N; got += len(in.Items) {
		if err := r.Read(in); err != nil {
			b.Fatal(err)
		}
	}
}
