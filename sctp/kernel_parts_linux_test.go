package sctp

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"net"
	"net/netip"
	"os"
	"testing"
	"unsafe"

	lksctp "github.com/ishidawataru/sctp"
)

// The structs are those of <linux/sctp.h>.
func TestKernelLayout(t *testing.T) {
	for name, size := range map[string][2]uintptr{
		"sctp_rtoinfo":     {unsafe.Sizeof(rtoInfo{}), 16},
		"sctp_assocparams": {unsafe.Sizeof(assocInfo{}), 20},
		"sctp_initmsg":     {unsafe.Sizeof(initMsg{}), 8},
		"sctp_sack_info":   {unsafe.Sizeof(sackInfo{}), 12},
		"sctp_paddrparams": {unsafe.Sizeof(peerAddrParams{}), 156},
		"sctp_prim":        {unsafe.Sizeof(primaryAddr{}), 132},
		"sctp_paddrinfo":   {unsafe.Sizeof(peerAddrInfo{}), 152},
		"sctp_status":      {unsafe.Sizeof(assocStatus{}), 176},
		"sctp_assoc_stats": {unsafe.Sizeof(assocStats{}), 256},
		"sctp_udpencaps":   {unsafe.Sizeof(encapPort{}), 144},
	} {
		if size[0] != size[1] {
			t.Errorf("%s: %d octets, want %d", name, size[0], size[1])
		}
	}
	for _, ip := range []string{"10.1.2.3", "2001:db8::5"} {
		var b [octetsOfAddr]byte
		toStorage(&b, netip.MustParseAddr(ip), 2905)
		if got, port := fromStorage(b[:]); got.String() != ip || port != 2905 {
			t.Error(got, port)
		}
	}
}

// The queue of what the socket did not take gives back what was put, in order.
func TestKernelSendQueue(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	var q sendQueue
	var want []Message
	octets := 0
	for range 20000 {
		if r.Intn(2) == 0 {
			m := Message{Stream: uint16(r.Intn(9)), PPID: r.Uint32(), Unordered: r.Intn(2) == 0,
				Data: make([]byte, 1+r.Intn(3000))}
			r.Read(m.Data)
			took := q.put(&m, 400000)
			if took != (len(want) == 0 || octets+len(m.Data) <= 400000) {
				t.Fatalf("taken: %v at %d octets", took, octets)
			}
			if took {
				want, octets = append(want, m), octets+len(m.Data)
			}
			continue
		}
		view := q.view()
		n := min(r.Intn(40), len(view))
		for i, m := range view {
			if m.Stream != want[i].Stream || m.PPID != want[i].PPID || m.Unordered != want[i].Unordered ||
				!bytes.Equal(m.Data, want[i].Data) {
				t.Fatalf("message %d differs", i)
			}
			if i < n {
				octets -= len(m.Data)
			}
		}
		q.drop(n)
		want = want[n:]
		if q.octets != octets || q.len() != len(want) || q.empty() != (len(want) == 0) {
			t.Fatalf("%d octets in %d messages, want %d in %d", q.octets, q.len(), octets, len(want))
		}
	}
}

// FuzzKernelNotification shows that the reader survives whatever of the far end's a notification carries.
func FuzzKernelNotification(f *testing.F) {
	for kind := range uint16(8) {
		b := binary.NativeEndian.AppendUint16(nil, 0x8000+kind)
		f.Add(append(b, make([]byte, 150)...))
	}
	change := binary.NativeEndian.AppendUint16(make([]byte, 0, 40), noteAssocChange)
	change = append(change, make([]byte, 18)...)
	change[8] = changeLost
	f.Add(append(change, 0, causeUserAbort, 0, 8, 'd', 'o', 'w', 'n'))
	f.Fuzz(func(t *testing.T, n []byte) {
		a := &kernelAssoc{endpoint: &kernelEndpoint{kernel: &kernel{}}, remote: addrB, pathWhy: map[netip.Addr]string{}}
		a.read.init(a)
		b := NewBatch(4)
		a.read.notification(b, n)
		a.read.tellFailures(b)
		for _, it := range b.Items {
			if it.Event == nil || it.Event.Why == "" {
				t.Errorf("%+v", it)
			}
		}
	})
}

// Linux tells an interface with every IPv6 address. Only a link-local address needs one.
func TestKernelZones(t *testing.T) {
	got := fromLibrary(&lksctp.SCTPAddr{Port: 7, IPAddrs: []net.IPAddr{
		{IP: net.ParseIP("2001:db8::1"), Zone: "lo"}, {IP: net.ParseIP("fe80::1"), Zone: "eth0"},
		{IP: net.ParseIP("192.0.2.1")}}})
	if inWords(got) != "2001:db8::1, fe80::1%eth0, 192.0.2.1 port 7" || !got.IPs[2].Is4() {
		t.Error(inWords(got))
	}
	for _, x := range got.IPs { // the kernel tells the primary path without
		if ip := got.withZone(x.WithZone("")); ip != x {
			t.Errorf("%v is taken for %v", x, ip)
		}
	}
}

// A reader that keeps the beginning of a message has memory for it in the Budget, or ends the association.
func TestKernelReaderKeepsToTheBudget(t *testing.T) {
	k := &kernel{}
	b := NewBudget(100_000)
	k.Share(b, NewBacklog(DefaultBacklog))
	reader := func() *kernelReader {
		f, w, err := os.Pipe() // in the place of a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		e := &kernelEndpoint{kernel: k, assocs: map[netip.AddrPort][]*kernelAssoc{}}
		a := &kernelAssoc{endpoint: e, f: f, done: make(chan struct{}),
			remote: Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}}
		if a.rc, err = f.SyscallConn(); err != nil {
			t.Fatal(err)
		}
		a.send.init(a)
		a.read.init(a)
		return &a.read
	}
	one, two := reader(), reader()
	one.keep(make([]byte, 90_000))
	two.keep(make([]byte, 60_000)) // its own share
	if s := b.State(); s.Held != 150_000 || s.Ended != 0 {
		t.Errorf("%+v", s)
	}
	two.keep(make([]byte, 10_000))
	<-two.a.done
	if mine, _, _, _ := two.a.send.outcome(); mine == nil || mine.Why != "aborted by this end: "+noMemory {
		t.Errorf("%+v", mine)
	}
	<-one.a.done // it held the most
	one.drop()
	two.drop()
	if s := b.State(); s.Held != 0 || s.Holders != 0 || s.Ended != 1 {
		t.Errorf("%+v", s)
	}
}
