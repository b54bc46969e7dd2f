package machine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inNamespace runs f on a thread of its own in a fresh network namespace, which ends
// with the test. It needs root.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	if os.Geteuid() != 0 {
		if os.Getenv("GOSTP_CI") != "" {
			t.Fatal("this test makes a network namespace, which needs root")
		}
		t.Skip("this test makes a network namespace, which needs root")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ns, err := netns.New()
		if err != nil {
			t.Error("a network namespace cannot be made:", err)
			return
		}
		defer ns.Close()
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		if err != nil {
			t.Error(err)
			return
		}
		f(t)
	}()
	<-done
}

func veth(t *testing.T, a, b string) {
	t.Helper()
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: a}, PeerName: b}); err != nil {
		t.Error(err)
		runtime.Goexit()
	}
}

func addrsOf(t *testing.T, device string) []string {
	t.Helper()
	v, err := takeInventory()
	if err != nil {
		t.Error(err)
		return nil
	}
	var out []string
	for _, p := range v.addrs[device] {
		if !p.Addr().IsLinkLocalUnicast() {
			out = append(out, p.String())
		}
	}
	slices.Sort(out)
	return out
}

func prefixes(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, x := range s {
		out = append(out, netip.MustParsePrefix(x))
	}
	return out
}

// stack is an ipStack without its background watch, which would run in another
// namespace: the test looks again itself.
type stack struct {
	ipStack
	told []string
}

func (s *stack) configure(ip IP) {
	s.setup.Lock()
	defer s.setup.Unlock()
	if s.addrs == nil {
		s.addrs, s.routes, s.mtus, s.downed = map[deviceAddr]bool{}, map[StaticRoute]bool{}, map[string]int{},
			map[string]bool{}
	}
	s.ip, s.tell = ip, func(text string) { s.told = append(s.told, text) }
	s.reconcile()
}

func (s *stack) again() { s.configure(s.ip) }

func TestAddressesComeAndGo(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		veth(t, "eth1", "far")
		eth1, _ := netlink.LinkByName("eth1")
		own := &netlink.Addr{IPNet: netOf(netip.MustParsePrefix("192.168.7.1/24"))}
		adopted := &netlink.Addr{IPNet: netOf(netip.MustParsePrefix("10.0.7.1/24"))}
		for _, a := range []*netlink.Addr{own, adopted} {
			if err := netlink.AddrAdd(eth1, a); err != nil {
				t.Fatal(err)
			}
		}
		s := &stack{}
		s.configure(IP{Interfaces: []Interface{{Name: "GigabitEthernet0/1", MTU: 1400,
			Addresses: prefixes("10.0.5.1/24", "10.0.7.1/24", "2001:db8::1/64")},
			{Name: "Loopback0", Addresses: prefixes("10.255.0.1/24")}, {Name: "eth9", Addresses: prefixes("10.9.0.1/24")}}})
		if got := addrsOf(t, "eth1"); strings.Join(got, " ") != "10.0.5.1/24 10.0.7.1/24 192.168.7.1/24 2001:db8::1/64" {
			t.Error(got)
		}
		if got := addrsOf(t, "lo"); !slices.Contains(got, "10.255.0.1/32") {
			t.Error(got)
		}
		if l, _ := netlink.LinkByName("eth1"); l.Attrs().Flags&net.FlagUp == 0 || l.Attrs().MTU != 1400 {
			t.Errorf("%+v", l.Attrs())
		}
		if len(s.told) != 1 || !strings.HasPrefix(s.told[0],
			"interface eth9: this machine has no interface eth9 yet; it has ") {
			t.Error(s.told)
		}
		// The interface appears.
		veth(t, "eth9", "far9")
		s.again()
		if got := addrsOf(t, "eth9"); len(got) != 1 || s.told[len(s.told)-1] != "interface eth9 is as configured" {
			t.Error(got, s.told)
		}
		// Somebody takes a configured address away.
		if err := netlink.AddrDel(eth1, &netlink.Addr{IPNet: netOf(netip.MustParsePrefix("10.0.5.1/24"))}); err != nil {
			t.Fatal(err)
		}
		s.again()
		if got := addrsOf(t, "eth1"); !slices.Contains(got, "10.0.5.1/24") {
			t.Error(got)
		}
		// What is no longer configured goes; what was there before stays.
		s.configure(IP{Interfaces: []Interface{{Name: "GigabitEthernet0/1", Addresses: prefixes("10.0.6.1/24")}}})
		if got := addrsOf(t, "eth1"); strings.Join(got, " ") != "10.0.6.1/24 10.0.7.1/24 192.168.7.1/24" {
			t.Error(got)
		}
		s.configure(IP{})
		if got := append(addrsOf(t, "eth1"), addrsOf(t, "eth9")...); strings.Join(got, " ") != "10.0.7.1/24 192.168.7.1/24" {
			t.Error(got)
		}
		if got := addrsOf(t, "lo"); slices.Contains(got, "10.255.0.1/32") {
			t.Error(got)
		}
		if l, _ := netlink.LinkByName("eth1"); l.Attrs().MTU != 1500 {
			t.Error("the MTU stays", l.Attrs().MTU)
		}
	})
}

func TestShutdownOfADevice(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		veth(t, "eth1", "far")
		far, _ := netlink.LinkByName("far")
		if err := netlink.LinkSetUp(far); err != nil {
			t.Fatal(err)
		}
		isUp := func() bool {
			l, _ := netlink.LinkByName("eth1")
			return l.Attrs().Flags&net.FlagUp != 0
		}
		s := &stack{}
		with := Interface{Name: "eth1", Addresses: prefixes("10.0.5.1/24", "2001:db8::1/64")}
		down := with
		down.Shutdown = true
		s.configure(IP{Interfaces: []Interface{with}})
		i := s.Interfaces()[0]
		for range 200 { // the kernel tells of the carrier some time after it is there
			if i.Up {
				break
			}
			time.Sleep(10 * time.Millisecond)
			i = s.Interfaces()[0]
		}
		if !isUp() || !i.Up || i.Method != "manual" {
			t.Errorf("%+v", i)
		}
		s.configure(IP{Interfaces: []Interface{down}})
		if i := s.Interfaces()[0]; isUp() || i.Up || i.Why != "shut down by configuration" {
			t.Errorf("%+v", i)
		}
		s.configure(IP{Interfaces: []Interface{with}})
		if got := addrsOf(t, "eth1"); !isUp() || strings.Join(got, " ") != "10.0.5.1/24 2001:db8::1/64" {
			t.Error("down, or the IPv6 address did not come back", got)
		}
		// A device that the machine uses is not cut off.
		l, _ := netlink.LinkByName("eth1")
		if err := netlink.AddrAdd(l, &netlink.Addr{IPNet: netOf(netip.MustParsePrefix("192.168.7.1/24"))}); err != nil {
			t.Fatal(err)
		}
		s.configure(IP{Interfaces: []Interface{down}})
		if !isUp() || !strings.Contains(strings.Join(s.told, "\n"),
			"interface eth1: not shut down: the machine uses eth1 for 192.168.7.1/24") {
			t.Error(isUp(), s.told)
		}
		s.configure(IP{})
		if !isUp() {
			t.Error("a device that is not configured is left alone")
		}
	})
}

func TestTwoNamesForADevice(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		veth(t, "eth0", "far")
		s := &stack{}
		s.configure(IP{Interfaces: []Interface{{Name: "FastEthernet0/0", Addresses: prefixes("10.0.5.1/24")},
			{Name: "GigabitEthernet0/0", Addresses: prefixes("10.0.6.1/24")}}})
		if got := addrsOf(t, "eth0"); strings.Join(got, " ") != "10.0.5.1/24" ||
			!strings.Contains(s.told[0],
				"interface GigabitEthernet0/0: it would be eth0, which is interface FastEthernet0/0 already") {
			t.Error(got, s.told)
		}
		if i := s.Interfaces()[1]; i.Up || !strings.Contains(i.Why, "`device NAME`") {
			t.Errorf("%+v", i)
		}
	})
}

func TestStaticRoutes(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		veth(t, "eth1", "far")
		far, _ := netlink.LinkByName("far")
		if err := netlink.LinkSetUp(far); err != nil {
			t.Fatal(err)
		}
		p, a := netip.MustParsePrefix, netip.MustParseAddr
		ip := IP{Interfaces: []Interface{{Name: "eth1", Addresses: prefixes("10.0.5.1/24", "2001:db8::1/64")}},
			Routes: []StaticRoute{{p("10.9.0.0/16"), a("10.0.5.2"), 1}, {p("10.8.0.0/16"), a("10.77.0.2"), 1},
				{p("0.0.0.0/0"), a("10.0.5.3"), 250}, {p("2001:db8:9::/48"), a("2001:db8::2"), 1}}}
		s := &stack{}
		s.configure(ip)
		find := func(dest string) byte {
			rs, err := s.Routes()
			if err != nil {
				t.Error(err)
			}
			for _, r := range rs {
				if r.Dest == p(dest) {
					return r.Code
				}
			}
			return 0
		}
		for dest, code := range map[string]byte{"10.9.0.0/16": 'S', "10.8.0.0/16": 0, "0.0.0.0/0": 'S',
			"2001:db8:9::/48": 'S', "10.0.5.0/24": 'C', "2001:db8::/64": 'C'} {
			if got := find(dest); got != code {
				t.Errorf("%s: %q", dest, got)
			}
		}
		if !slices.Contains(s.told, "route 10.8.0.0/16: next hop 10.77.0.2 is in no network of an interface that is up") {
			t.Error(s.told)
		}
		ip.Routes = ip.Routes[3:]
		s.configure(ip)
		if find("10.9.0.0/16") != 0 || find("0.0.0.0/0") != 0 || find("2001:db8:9::/48") != 'S' {
			t.Error("routes that are no longer configured stay, or others go")
		}
	})
}

// Echoes of the machine itself, with a router's answer and with none.
func TestEchoOfTheMachine(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		ask := func(dst string, size int) error {
			took, err := echo(context.Background(), Echo{Dst: netip.MustParseAddr(dst), ID: 7, Seq: 3, Size: size,
				Timeout: 200 * time.Millisecond})
			if err == nil && took <= 0 {
				t.Error(dst, took)
			}
			return err
		}
		if err := errors.Join(ask("127.0.0.1", 36), ask("127.0.0.1", 18024), ask("::1", 100)); err != nil {
			t.Error(err)
		}
		if err := ask("10.1.2.3", 100); !errors.Is(err, ErrEchoUnreachable) {
			t.Error(err)
		}
		veth(t, "eth1", "far")
		s := &stack{}
		s.configure(IP{Interfaces: []Interface{{Name: "eth1", Addresses: prefixes("10.0.5.1/24")}, {Name: "far"}}})
		far, _ := netlink.LinkByName("far")
		if err := netlink.LinkSetUp(far); err != nil {
			t.Fatal(err)
		}
		if err := ask("10.0.5.2", 100); !errors.Is(err, ErrEchoTimeout) && !errors.Is(err, ErrEchoUnreachable) {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := echo(ctx, Echo{Dst: netip.MustParseAddr("10.0.5.2"), Timeout: time.Hour}); !errors.Is(err,
			context.Canceled) {
			t.Error(err)
		}
	})
}

// Who may not change addresses is told what to do, and what is there is used.
func TestRefused(t *testing.T) {
	if err := refused(unix.EPERM, "%s cannot be set", "10.0.0.1/24"); !strings.Contains(err.Error(),
		"10.0.0.1/24 cannot be set: this needs root or CAP_NET_ADMIN") {
		t.Error(err)
	}
}
