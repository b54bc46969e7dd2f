package configs

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Interface is an IP interface.
type Interface struct {
	Name        string     `cli:"interface"` // as `Name` of InterfaceName writes it
	Description string     `cli:"description"`
	Device      string     `cli:"device"` // the machine's own name for it; empty: by rule
	Address     netip.Addr `cli:"address"`
	Mask        netip.Addr `cli:"mask"`
	Secondaries []*SecondaryIP
	IPv6        []*IPv6Address
	MTU         uint16 `cli:"mtu"` // 0: as it is
	Shutdown    bool   `cli:"shutdown"`
}

// SecondaryIP is one more IPv4 address of an interface.
type SecondaryIP struct {
	Address netip.Addr `cli:"address"`
	Mask    netip.Addr `cli:"mask"`
}

// IPv6Address is an IPv6 address of an interface, with the length of its prefix.
type IPv6Address struct {
	Prefix netip.Prefix `cli:"ipv6"`
}

// IPRoute is a static IPv4 route.
type IPRoute struct {
	Dest     netip.Addr `cli:"dest"`
	Mask     netip.Addr `cli:"mask"`
	Via      netip.Addr `cli:"via"`
	Distance uint8      `cli:"distance"` // 0: 1
}

// IPv6Route is a static IPv6 route.
type IPv6Route struct {
	Dest     netip.Prefix `cli:"dest"`
	Via      netip.Addr   `cli:"via"`
	Distance uint8        `cli:"distance"` // 0: 1
}

// Prefixes are the addresses of the interface, each with the length of its mask, the
// primary IPv4 address first.
func (i *Interface) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	if i.Address.IsValid() {
		out = append(out, netip.PrefixFrom(i.Address, maskLen(i.Mask)))
	}
	for _, s := range i.Secondaries {
		out = append(out, netip.PrefixFrom(s.Address, maskLen(s.Mask)))
	}
	for _, a := range i.IPv6 {
		out = append(out, a.Prefix)
	}
	return out
}

// Prefix is where the route leads to.
func (r *IPRoute) Prefix() netip.Prefix { return netip.PrefixFrom(r.Dest, maskLen(r.Mask)) }

func (s *System) interfaceRules(f *findings) {
	seen := map[netip.Addr]string{}
	for _, i := range s.Interfaces {
		check := func(obj any, arg string, a netip.Addr) {
			if !usable(a) {
				f.bad(obj, arg, "interface %s: %s cannot be the address of an interface", i.Name, a)
			} else if other := seen[a]; other != "" {
				f.bad(obj, arg, "interface %s: address %s is on interface %s already", i.Name, a, other)
			}
			seen[a] = i.Name
		}
		if i.Address.IsValid() {
			check(i, "address", i.Address)
		}
		for _, x := range i.Secondaries {
			if !i.Address.IsValid() {
				f.bad(x, "", "interface %s: a secondary address needs a primary one; remove the secondary addresses "+
					"first", i.Name)
			}
			check(x, "", x.Address)
		}
		for _, x := range i.IPv6 {
			check(x, "", x.Prefix.Addr())
		}
	}
	for _, r := range s.IPRoutes {
		if p := r.Prefix(); p != p.Masked() {
			f.bad(r, "", "ip route %s %s: the address has bits beyond its mask; did you mean %s?", r.Dest, r.Mask,
				p.Masked().Addr())
		}
	}
	for _, r := range s.IPv6Routes {
		if r.Dest != r.Dest.Masked() {
			f.bad(r, "", "ipv6 route %s: the address has bits beyond its length; did you mean %s?", r.Dest,
				r.Dest.Masked())
		}
	}
}

// usable tells whether an address can be given to an interface. Link-local ones mean
// nothing without their interface, and every interface has one already.
func usable(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// kinds are IOS's names of interfaces that a machine of today can stand for.
var kinds = []string{"Ethernet", "FastEthernet", "GigabitEthernet", "TenGigabitEthernet", Loopback}

// Loopback is the kind of interface that has its addresses on the machine's loopback device.
const Loopback = "Loopback"

var iosName = regexp.MustCompile(`^([A-Za-z]+)([0-9]{1,4}(?:/[0-9]{1,3}){0,2})$`)

// CanonicalInterface completes an abbreviated IOS name: Fa0/0 is FastEthernet0/0. A
// name with a slash, with a capital first letter or written in full is an IOS name;
// eth1, which would be IOS's Ethernet1, is the machine's eth1.
func CanonicalInterface(name string) string {
	m := iosName.FindStringSubmatch(name)
	if m == nil {
		return name
	}
	kind := iosKind(m[1])
	isIOS := strings.Contains(m[2], "/") || m[1][0] < 'a' || strings.EqualFold(m[1], kind) || kind == Loopback
	if kind == "" || !isIOS {
		return name
	}
	return kind + m[2]
}

// iosKind finds the one kind that word begins; empty if there is none, or several.
func iosKind(word string) string {
	found := ""
	for _, k := range kinds {
		if len(word) <= len(k) && strings.EqualFold(k[:len(word)], word) {
			if found != "" {
				return ""
			}
			found = k
		}
	}
	return found
}

// InterfaceNumber takes an IOS name apart: FastEthernet1/0 is kind FastEthernet,
// number 2. Number n is the n-th Ethernet interface of a machine, from 0. A slot counts
// as two ports: FastEthernet0/0, 0/1, 1/0, 1/1 are 0 to 3. ok is false for a name that
// is the machine's own.
func InterfaceNumber(name string) (kind string, n int, ok bool) {
	m := iosName.FindStringSubmatch(name)
	if m == nil || iosKind(m[1]) != m[1] {
		return "", 0, false
	}
	parts := strings.Split(m[2], "/")
	for i, p := range parts {
		x, _ := strconv.Atoi(p) // the expression lets nothing else through
		if n += x; i == 0 && len(parts) > 1 {
			n *= 2
		}
	}
	return m[1], n, true
}

func maskLen(mask netip.Addr) int {
	n := 0
	for _, b := range mask.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			n++
		}
	}
	return n
}
