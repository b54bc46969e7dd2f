package association

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// What was promised to an ASP and never served leaves it free again.
func TestPromiseEndsWithItsAssociation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &Node{Context: t.Context(), Log: syslog.New(), Group: &sync.WaitGroup{}, Refused: &atomic.Uint64{}}
		r := &Keeper{}
		lock.Give[lock.ASP](&r.Mu)
		r.Prepare(n, owner("ASP MSC"), Ends{}, Settings{}, &Port{node: n, Title: "m3ua 2905"})
		a := &forlorn{}
		if !r.takeIfFree(a) || r.isFree() {
			t.Error("it was free")
		}
		time.Sleep(Unserved + time.Second)
		if !r.isFree() {
			t.Error("nothing waits for it, and it is not free")
		}
		if want := "ASP MSC has another association for [10.0.0.200] port 2905 on m3ua 2905"; a.ended != want {
			t.Errorf("the association was ended: %q", a.ended)
		}
		r.cancel()
	})
}

// The watch of an association ends with it. What it has just heard of that one says nothing of the next.
func TestWatchEndsWithItsAssociation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &Node{Context: t.Context(), Log: syslog.New(), Group: &sync.WaitGroup{}, Recheck: func() {}}
		r := &Keeper{}
		lock.Give[lock.ASP](&r.Mu)
		r.Prepare(n, owner("ASP MSC"), Ends{}, Settings{stall: 8 * time.Second}, &Port{node: n})
		before, next := &forlorn{stalls: make(chan sctp.Stall)}, &forlorn{}
		stop := r.watch(before)
		synctest.Wait() // it asks how the far end does
		go func() {
			stop()
			r.Mu.Lock()
			defer r.Mu.Unlock()
			r.Assoc = next
		}()
		synctest.Wait()
		before.stalls <- sctp.Stall{For: 9 * time.Second}
		n.Group.Wait()
		synctest.Wait()
		if next.ended != "" || r.Assoc != next {
			t.Errorf("the next association was ended: %q", next.ended)
		}
	})
}

// owner is an owner of an association who does nothing.
type owner string

func (o owner) Name() string { return string(o) }
func (owner) Reader() (carry func([]sctp.Item) error, done func()) {
	return func([]sctp.Item) error { return nil }, func() {}
}
func (owner) Tell(ss7.Event)      {}
func (owner) Config() configs.ASP { return configs.ASP{} }

// forlorn is an association that nobody reads.
type forlorn struct {
	sctp.Assoc
	ended  string
	listed []netip.Addr    // beside its own
	stalls chan sctp.Stall // what it answers to Stalled
}

func (u *forlorn) Abort(why string) { u.ended = why }

func (u *forlorn) Stalled() sctp.Stall { return <-u.stalls }

func (u *forlorn) Confirmed() []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.0.0.200")} }

func (u *forlorn) Remote() sctp.Addr {
	return sctp.Addr{IPs: append(u.Confirmed(), u.listed...), Port: 2905}
}

// A far end that is refused again and again has few lines in the log, whatever other addresses it lists each time.
func TestRefusedWithOtherAddressesEachTime(t *testing.T) {
	t.Parallel()
	log, lines := syslog.New(), 0
	defer log.Watch(false, func(string) { lines++ })()
	p := &Port{node: &Node{Log: log, Refused: &atomic.Uint64{}}, Title: "m3ua 2905"}
	for i := range byte(20) {
		p.refuse(&forlorn{listed: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 1, i})}}, "no asp is configured")
	}
	if lines == 0 || lines > 5 {
		t.Errorf("%d lines tell of 20 associations", lines)
	}
}

// The lobby of a port is bounded, and so is what it remembers of far ends that claimed another's address.
func TestLobby(t *testing.T) {
	t.Parallel()
	var l lobby
	for i := range lobbyRoom {
		if ok, _ := l.enter(fmt.Sprint("host ", i)); !ok {
			t.Fatal("there was no room for", i)
		}
	}
	if ok, full := l.enter("one more"); ok || !full {
		t.Error("the lobby is boundless")
	}
	l.leave("host 0")
	if ok, _ := l.enter("one more"); !ok {
		t.Error("who left is still there")
	}
	for i := range doubtsAtAll + 1 {
		l.doubt(fmt.Sprint(i))
	}
	if len(l.liars) > doubtsAtAll {
		t.Error("doubts are boundless")
	}
}

// Whoever has the far end's port in its configuration goes before those who take any port. An owner that a change of
// the configuration makes in this moment is waited for.
func TestClaim(t *testing.T) {
	t.Parallel()
	far := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.200")}, Port: 2905}
	var all []*Keeper
	n := &Node{Context: t.Context(), Keepers: func() iter.Seq[*Keeper] { return slices.Values(all) }}
	keeper := func(name string, port uint16) *Keeper {
		r := &Keeper{}
		lock.Give[lock.Link](&r.Mu)
		r.Prepare(n, user(name), Ends{Remote: far.IPs, RemotePort: port, LocalPort: 3565}, Settings{}, nil)
		t.Cleanup(r.cancel)
		return r
	}
	all = []*Keeper{keeper("any", 0), keeper("exact", 2905), keeper("other", 2906)}
	if got := n.claim(3565, far).names(); got != "exact" {
		t.Errorf("the association is that of %q", got)
	}
	if got := n.claim(3566, far).names(); got != "" {
		t.Errorf("at another port it is that of %q", got)
	}
	made := all
	all = nil
	n.Settled = func(f func()) {
		all = made[:1]
		f()
	}
	if got := n.claimSoon(3565, far).names(); got != "any" {
		t.Errorf("after the change it is that of %q", got)
	}
}

// user is an owner that is no ASP.
type user string

func (u user) Name() string { return string(u) }
func (user) Reader() (carry func([]sctp.Item) error, done func()) {
	return func([]sctp.Item) error { return nil }, func() {}
}
func (user) Tell(ss7.Event) {}

// All addresses of a network of IPv6 are one source, for one host has as many of them as it likes.
func TestSourceOfIPv6(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{"2001:db8::1": "2001:db8::/64", "2001:db8::ffff:2": "2001:db8::/64",
		"2001:db8:0:1::1": "2001:db8:0:1::/64", "10.0.0.1": "10.0.0.1", "::ffff:10.0.0.1": "10.0.0.1"} {
		if got := Source(at{ip: netip.MustParseAddr(from)}); got != want {
			t.Errorf("%s is of source %s, want %s", from, got, want)
		}
	}
}

// at is an association with a far end at an address.
type at struct {
	sctp.Assoc
	ip netip.Addr
}

func (a at) Confirmed() []netip.Addr { return []netip.Addr{a.ip} }
