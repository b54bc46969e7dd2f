package configs

import (
	"fmt"
	"math/rand"
	"net/netip"
	"strings"
	"testing"

	"github.com/gostp/gostp/cli"
)

// randomIP sets the IP part of interface number i.
func randomIP(r *rand.Rand, n *Interface, i int) {
	n.Name = []string{n.Name, fmt.Sprintf("GigabitEthernet0/%d", i), fmt.Sprintf("Loopback%d", i)}[r.Intn(3)]
	n.Device = []string{"", "enp3s0"}[r.Intn(2)]
	n.MTU = uint16(r.Intn(2) * 1400)
	if n.Address.IsValid() && r.Intn(2) == 0 {
		n.Secondaries = []*SecondaryIP{{netip.AddrFrom4([4]byte{10, 1, byte(i), 1}), netip.MustParseAddr("255.255.255.254")}}
	}
	for k := range r.Intn(3) {
		n.IPv6 = append(n.IPv6, &IPv6Address{netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::%d/64", i, k+1))})
	}
}

func randomRoutes(r *rand.Rand, s *System) {
	for i := range r.Intn(3) {
		s.IPRoutes = append(s.IPRoutes, &IPRoute{netip.AddrFrom4([4]byte{172, 16, byte(i), 0}),
			netip.MustParseAddr("255.255.255.0"), netip.MustParseAddr("10.0.0.2"), uint8(r.Intn(256))})
		s.IPv6Routes = append(s.IPv6Routes, &IPv6Route{netip.MustParsePrefix(fmt.Sprintf("2001:db8:ff%02d::/48", i)),
			netip.MustParseAddr("2001:db8::9"), uint8(r.Intn(256))})
	}
}

func TestInterfaceNames(t *testing.T) {
	for _, x := range []struct {
		typed, name, kind string
		number            int
	}{
		{"Fa0/0", "FastEthernet0/0", "FastEthernet", 0},
		{"fa1/0", "FastEthernet1/0", "FastEthernet", 2},
		{"Gi0/1", "GigabitEthernet0/1", "GigabitEthernet", 1},
		{"gigabitethernet0", "GigabitEthernet0", "GigabitEthernet", 0},
		{"Ethernet1", "Ethernet1", "Ethernet", 1},
		{"E1", "Ethernet1", "Ethernet", 1},
		{"e0/1", "Ethernet0/1", "Ethernet", 1},
		{"Te1/0/1", "TenGigabitEthernet1/0/1", "TenGigabitEthernet", 3},
		{"lo0", "Loopback0", "Loopback", 0},
		{"Loopback12", "Loopback12", "Loopback", 12},
		{"eth1", "eth1", "", 0},
		{"lo", "lo", "", 0},
		{"enp3s0", "enp3s0", "", 0},
		{"e1", "e1", "", 0},
		{"eth1.100", "eth1.100", "", 0},
		{"veth0", "veth0", "", 0},
	} {
		name := CanonicalInterface(x.typed)
		kind, n, ok := InterfaceNumber(name)
		if name != x.name || kind != x.kind || ok != (x.kind != "") || ok && n != x.number {
			t.Errorf("%s: %s, %s, %d, %v", x.typed, name, kind, n, ok)
		}
	}
}

// A block as it stands in an ITP's configuration.
func TestPastedInterfaces(t *testing.T) {
	s := read(t, `ip subnet-zero
no ip domain-lookup
ip cef
!
interface Loopback0
 ip address 10.255.0.1 255.255.255.255
!
interface FastEthernet 0/0
 description to B
 ip address 10.0.5.1 255.255.255.0
 ip address 10.0.9.1 255.255.255.0 secondary
 no ip route-cache cef
 no ip mroute-cache
 duplex auto
 speed auto
 ipv6 enable
 ipv6 address 2001:db8::1/64
!
interface Gi0/1
 no ip address
 no ip redirects
 no cdp enable
 shutdown
 half-duplex
 negotiation auto
ip route 0.0.0.0 0.0.0.0 10.0.5.2
ip route 10.9.0.0 255.255.0.0 10.0.5.2 200
ipv6 route ::/0 2001:db8::2
!
end
`)
	want := `interface Loopback0
 ip address 10.255.0.1 255.255.255.255
!
interface FastEthernet0/0
 description to B
 ip address 10.0.5.1 255.255.255.0
 ip address 10.0.9.1 255.255.255.0 secondary
 ipv6 address 2001:db8::1/64
!
interface GigabitEthernet0/1
 shutdown
!
ip route 0.0.0.0 0.0.0.0 10.0.5.2
ip route 10.9.0.0 255.255.0.0 10.0.5.2 200
!
ipv6 route ::/0 2001:db8::2
`
	if got := text(t, s); !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestInterfaceFaults(t *testing.T) {
	file := `interface FastEthernet
interface eth1
 ip address 10.0.0.1 255.255.255.0
 ip address 10.0.0.1 255.0.0.0 secondary
 ip address ::1 255.0.0.0
 ipv6 address fe80::1/64
interface ser/0
ip route 10.0.0.1 255.255.255.0 10.0.0.2
ipv6 route 2001:db8::1/32 2001:db8::2
`
	s, errs := Read([]byte(file))
	all := fmt.Sprint(errs)
	for _, want := range []string{"line 1: which FastEthernet? Write FastEthernet0/0",
		"address 10.0.0.1 is on interface eth1 already", `"::1" is not an IPv4 address`,
		"fe80::1 cannot be the address", `"ser/0" is no interface name`,
		"line 8: ip route 10.0.0.1 255.255.255.0: the address has bits beyond its mask; did you mean 10.0.0.0?",
		"line 9: ipv6 route"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if len(s.Interfaces) != 1 || len(s.Interfaces[0].Prefixes()) != 1 || len(s.IPRoutes)+len(s.IPv6Routes) != 0 {
		t.Error(text(t, s))
	}
}

// A line without effect says so, the first time only.
func TestIgnoredIsToldOnce(t *testing.T) {
	a := &ipApp{System: New()}
	var out strings.Builder
	c := cli.NewSession(a, &cli.Tree{Config: Global}, &out)
	c.Enable()
	for _, l := range []string{"configure terminal", "interface Fa0/0", "duplex auto", "speed 100", "no ip route-cache",
		"no shutdown", "ip route 10.9.0.0 255.255.0.0 10.0.0.2"} {
		if err := c.Run(t.Context(), l); err != nil {
			t.Error(l, err)
		}
	}
	if strings.Count(out.String(), "has no effect") != 1 || !strings.Contains(out.String(), "% `duplex`") {
		t.Error(out.String())
	}
	if len(a.IPRoutes) != 1 || c.Prompt() != "R(config)#" {
		t.Error("ip route in an interface's mode is the global command", c.Prompt())
	}
}

type ipApp struct{ *System }

func (*ipApp) Hostname() string { return "R" }
func (a *ipApp) Env() any       { return a.System }
func (a *ipApp) Edit(_ string, change func(any) error) ([]string, error) {
	next := a.Clone()
	err := change(next)
	if err == nil {
		a.System = next
	}
	return nil, err
}
