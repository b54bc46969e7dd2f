package configs

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/gostp/gostp/cli"
)

var interfaceStatement = cli.List(cli.Seq(cli.Kw("interface", "An IP interface"),
	cli.Arg("interface", InterfaceName{},
		"eth1 as the machine calls it, or as IOS does: GigabitEthernet0/1 is eth1, Loopback0 is on lo"),
	cli.Opt(cli.Unkept(cli.Arg("unit", unit{}, "Number, if it stands apart: FastEthernet 0/1")))),
	[]string{"interface"}, func(s *System) *[]*Interface { return &s.Interfaces }, interfaceMode).Check(joinUnit)

// The words that several statements begin or end with.
var (
	ip4      = cli.Kw("ip", "IP version 4")
	ip6      = cli.Kw("ipv6", "IP version 6")
	distance = cli.Opt(cli.Arg("distance", cli.Uint(1, 255), "The lower, the better (default 1)"))
)

// ipStatements are the IP part of global configuration.
var ipStatements = append([]*cli.Statement{
	cli.List(cli.Seq(ip4, cli.Kw("route", "A static route"), cli.Arg("dest", ipv4{}, "Network"),
		cli.Arg("mask", ipMask{}, "Its mask"), cli.Arg("via", ipv4{}, "Next hop"), distance),
		[]string{"dest", "mask", "via"}, func(s *System) *[]*IPRoute { return &s.IPRoutes }, nil),
	cli.List(cli.Seq(ip6, cli.Kw("route", "A static route"), cli.Arg("dest", ipv6Prefix{}, "Network"),
		cli.Arg("via", ipv6{}, "Next hop"), distance),
		[]string{"dest", "via"}, func(s *System) *[]*IPv6Route { return &s.IPv6Routes }, nil),
}, ignored("ip", "cef", "classless", "domain-lookup", "finger", "http", "subnet-zero")...)

// address is `ip address ADDRESS MASK` and what stands behind it.
func address(more ...cli.Elem) cli.Elem {
	return cli.Seq(append([]cli.Elem{ip4, cli.Kw("address", "Address of this interface"),
		cli.Arg("address", ipv4{}, "Address"), cli.Arg("mask", ipMask{}, "Mask of the network")}, more...)...)
}

var interfaceMode = &cli.Mode{Name: "config-if", Statements: slices.Concat([]*cli.Statement{
	cli.Field[Interface](cli.Seq(cli.Kw("description", "A text about this interface"),
		cli.Arg("description", cli.Rest(240), "Up to 240 characters"))),
	cli.Field[Interface](cli.Seq(
		cli.Kw("device", "The machine's interface that this is, where the rule finds another"),
		cli.Arg("device", deviceName{}, "The machine's name, as enp3s0"))),
	cli.Field[Interface](address()),
	cli.List(address(cli.Kw("secondary", "One more address")),
		[]string{"address", "mask"}, func(i *Interface) *[]*SecondaryIP { return &i.Secondaries }, nil),
	cli.List(cli.Seq(ip6, cli.Kw("address", "Address of this interface"),
		cli.Arg("ipv6", ipv6Prefix{}, "Address and length of the network's prefix")),
		[]string{"ipv6"}, func(i *Interface) *[]*IPv6Address { return &i.IPv6 }, nil),
	cli.Field[Interface](cli.Seq(cli.Kw("mtu", "Largest packet"),
		cli.Arg("mtu", cli.Uint(1280, 65535), "Octets (default: as the machine has it)"))),
	shutdown[Interface]("Take the interface down"),
}, ignored("", "arp", "bandwidth", "carrier-delay", "cdp", "clns", "delay", "duplex", "fair-queue", "full-duplex",
	"half-duplex", "hold-queue", "keepalive", "load-interval", "media-type", "mop", "negotiation", "snmp", "speed"),
	ignored("ip", "directed-broadcast", "mroute-cache", "mask-reply", "proxy-arp", "redirects", "unreachables",
		"virtual-reassembly"),
	ignored("ipv6", "enable"),
	[]*cli.Statement{routeCache},
)}

// routeCache lists the words that may follow, so that `ip route` in this mode stays the global command.
var routeCache = ignore(cli.Seq(ip4, cli.Kw("route-cache", ignoredHelp),
	cli.Opt(cli.Choice("what", cli.Kw("cef", ignoredHelp), cli.Kw("flow", ignoredHelp), cli.Kw("policy", ignoredHelp),
		cli.Kw("same-interface", ignoredHelp)))), "ip route-cache")

const ignoredHelp = "Taken from pasted configurations and ignored"

// ignored are lines of IOS routers that pasted configurations have. They mean nothing here, where the
// machine's drivers and kernel decide such things.
func ignored(first string, words ...string) []*cli.Statement {
	var out []*cli.Statement
	for _, w := range words {
		syntax, name := []cli.Elem{cli.Kw(w, ignoredHelp), cli.Opt(cli.Arg("rest", cli.Rest(200), "Ignored"))}, w
		if first != "" {
			syntax, name = append([]cli.Elem{cli.Kw(first, "IP")}, syntax...), first+" "+w
		}
		out = append(out, ignore(cli.Seq(syntax...), name))
	}
	return out
}

// ignore is a line that is taken and has no effect. The first such line in the life of a configuration
// tells so.
func ignore(syntax cli.Elem, name string) *cli.Statement {
	return cli.Ignored(syntax).Check(func(env any, _ cli.Args) (string, error) {
		s := system(env)
		if s.toldIgnored {
			return "", nil
		}
		s.toldIgnored = true
		return fmt.Sprintf("`%s` is taken and has no effect: the machine's own drivers decide. Other lines of this kind "+
			"are ignored without a word.", name), nil
	})
}

// joinUnit makes one name of `FastEthernet 0/1`.
func joinUnit(_ any, a cli.Args) (string, error) {
	name := a.String("interface", "")
	if u := cli.Get[string](a, "unit"); u != "" {
		joined := CanonicalInterface(name + u)
		if _, _, ios := InterfaceNumber(joined); !ios {
			return "", fmt.Errorf("%s %s is no interface name; write eth1, or GigabitEthernet0/1", name, u)
		}
		a["interface"] = joined
		delete(a, "unit")
	} else if k := iosKind(name); k != "" && strings.EqualFold(k, name) {
		return "", fmt.Errorf("which %s? Write %s0/0, or its number after a blank", k, k)
	}
	return "", nil
}

// InterfaceName is an argument that names an interface; its value is a string, an IOS
// name in full.
type InterfaceName struct{}

// Hint implements cli.Type.
func (InterfaceName) Hint() string { return "INTERFACE" }

// Parse implements cli.Type.
func (InterfaceName) Parse(_ any, word string) (any, error) {
	name := CanonicalInterface(word)
	if _, _, ios := InterfaceNumber(name); !ios && !linuxName.MatchString(name) {
		return nil, fmt.Errorf("%q is no interface name: eth1 as the machine calls it (15 characters), or as IOS does, "+
			"GigabitEthernet0/1, Loopback0", word)
	}
	return name, nil
}

// Format implements cli.Type.
func (InterfaceName) Format(_ any, v any) string { return v.(string) }

// Values implements cli.Completer.
func (InterfaceName) Values(env any) []string {
	var out []string
	for _, i := range system(env).Interfaces {
		out = append(out, i.Name)
	}
	return out
}

// linuxName is a name of the machine's own, which has at most 15 characters. TenGigabitEthernet is longer,
// and passes because its number may stand apart.
var linuxName = regexp.MustCompile(`^([^/:\s]{1,15}|TenGigabitEthernet)$`)

// deviceName is an interface by the machine's own name; its value is a string.
type deviceName struct{}

func (deviceName) Hint() string { return "WORD" }
func (deviceName) Parse(_ any, word string) (any, error) {
	if len(word) > 15 || strings.ContainsAny(word, "/:") {
		return nil, fmt.Errorf("%q is no name of an interface of this machine; `show ip interface brief` has them", word)
	}
	return word, nil
}
func (deviceName) Format(_ any, v any) string { return v.(string) }

// unit is the number of an interface that stands apart from its kind; its value is a string.
type unit struct{}

var unitForm = regexp.MustCompile(`^[0-9]{1,4}(/[0-9]{1,3}){0,2}$`)

func (unit) Hint() string { return "NUMBER" }
func (unit) Parse(_ any, word string) (any, error) {
	if !unitForm.MatchString(word) {
		return nil, fmt.Errorf("%q is no interface number such as 0/1", word)
	}
	return word, nil
}
func (unit) Format(_ any, v any) string { return v.(string) }

// ipv4 and ipv6 are addresses of one version; their value is a netip.Addr.
type ipv4 struct{}

func (ipv4) Hint() string { return "A.B.C.D" }
func (ipv4) Parse(_ any, word string) (any, error) {
	a, err := netip.ParseAddr(word)
	if err != nil || !a.Is4() {
		return nil, fmt.Errorf("%q is not an IPv4 address", word)
	}
	return a, nil
}
func (ipv4) Format(_ any, v any) string { return v.(netip.Addr).String() }

type ipv6 struct{}

func (ipv6) Hint() string { return "X:X::X" }
func (ipv6) Parse(_ any, word string) (any, error) {
	a, err := netip.ParseAddr(word)
	if err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return nil, fmt.Errorf("%q is not an IPv6 address", word)
	}
	return a, nil
}
func (ipv6) Format(_ any, v any) string { return v.(netip.Addr).String() }

// ipv6Prefix is X:X::X/LEN; its value is a netip.Prefix with all bits of the address.
type ipv6Prefix struct{}

func (ipv6Prefix) Hint() string { return "X:X::X/LEN" }
func (ipv6Prefix) Parse(_ any, word string) (any, error) {
	p, err := netip.ParsePrefix(word)
	if err != nil || !p.Addr().Is6() || p.Addr().Is4In6() {
		return nil, fmt.Errorf("%q is not an IPv6 address with the length of its prefix, as 2001:db8::1/64", word)
	}
	return p, nil
}
func (ipv6Prefix) Format(_ any, v any) string { return v.(netip.Prefix).String() }

// ipMask is a contiguous IPv4 mask; its value is a netip.Addr.
type ipMask struct{}

func (ipMask) Hint() string { return "A.B.C.D" }
func (ipMask) Parse(_ any, word string) (any, error) {
	a, err := netip.ParseAddr(word)
	if err != nil || !a.Is4() {
		return nil, fmt.Errorf("%q is not an IPv4 mask such as 255.255.255.0", word)
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	if ^v&(^v+1) != 0 {
		return nil, fmt.Errorf("mask %s has a gap: a mask is ones from the left, then zeros", word)
	}
	return a, nil
}
func (ipMask) Format(_ any, v any) string { return v.(netip.Addr).String() }

var _ = []cli.Type{InterfaceName{}, deviceName{}, unit{}, ipv4{}, ipv6{}, ipv6Prefix{}, ipMask{}}
