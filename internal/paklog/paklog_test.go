package paklog

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
)

// An MSU is copied if the first entry that matches it permits it; entries that stay go on counting, and a
// queue that is full lets copies go.
func TestTap(t *testing.T) {
	receiver, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	r := configs.Examine([]byte("access-list 2700 deny si 5\naccess-list 2700 permit all\n"))
	if len(r.Faults) > 0 {
		t.Fatal(r.Faults)
	}
	s := &Sender{Target: Target{List: 2700, To: receiver.LocalAddr().(*net.UDPAddr).AddrPort(), Host: "stp"},
		out: make(chan []byte, 1), done: make(chan struct{})}
	tap := s.Tap(r.System, nil)
	isup, sccp := &ss7.MSU{SI: ss7.ISUP}, &ss7.MSU{SI: ss7.SCCP, Payload: []byte{0xab}}
	tap.Copy(time.Now(), isup, sccp, sccp)
	if c := s.Counts(); c.Made != 2 || c.LetGo != 1 {
		t.Errorf("%+v", c)
	}
	if text := string(<-s.out); !strings.HasPrefix(text, "<135>") ||
		!strings.HasSuffix(text, " stp 00000001: msu=0300000000ab") {
		t.Error(text)
	}
	list := r.System.AccessList(2700)
	for i, want := range []uint64{1, 2} {
		if hits, ok := s.Tap(r.System, tap).Hits(list[i]); !ok || hits != want {
			t.Errorf("entry %d has %d hits", i, hits)
		}
	}
	if _, ok := (*Tap)(nil).Hits(list[0]); ok {
		t.Error("no tap has hits")
	}
}

// A copy that cannot be sent is counted, with the reason.
func TestCopyThatCannotBeSent(t *testing.T) {
	s, err := Start(Target{To: netip.AddrPortFrom(netip.IPv4Unspecified(), 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.out <- []byte("copy")
	for range 1000 { // another goroutine sends it, in real time
		if s.Counts().Failed > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if c := s.Counts(); c.Failed != 1 || c.LastWhy == "" {
		t.Errorf("%+v", c)
	}
}
