package machine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostp/gostp/configs"
)

// IP is what the configuration says of the machine's IP.
type IP struct {
	Interfaces []Interface
	Routes     []StaticRoute
}

// Interface is an IP interface as configured.
type Interface struct {
	Name      string         // the configuration's name: eth1, GigabitEthernet0/1, Loopback0
	Device    string         // the machine's name; if empty, DeviceOf finds it
	Addresses []netip.Prefix // the primary IPv4 address first
	MTU       int            // 0 means that it stays as it is
	Shutdown  bool
}

// StaticRoute leads to Dest by a next hop.
type StaticRoute struct {
	Dest     netip.Prefix // masked
	Via      netip.Addr
	Distance uint8 // from 1 on; the lower, the better
}

// InterfaceState is an IP interface as it is.
type InterfaceState struct {
	Name      string // the configuration's name, else the machine's
	Device    string // the machine's name; empty if the machine has none
	Addresses []netip.Prefix
	Shutdown  bool   // the configuration shuts it down
	Up        bool   // it carries packets
	Why       string // why it is not up, or what is not as configured
	Method    string // how the address came: "manual", "host" if it was there already, "unset" without one
	MTU       int
	Hardware  string // the hardware address; empty if it has none
	Counters  InterfaceCounters
}

// InterfaceCounters count since the interface exists.
type InterfaceCounters struct {
	InPackets, InOctets, InErrors, InDrops     uint64
	OutPackets, OutOctets, OutErrors, OutDrops uint64
}

// RouteState is a route as it is.
type RouteState struct {
	Code      byte // 'C' connected; 'S' static, of this configuration; 'K' the machine's own
	Dest      netip.Prefix
	Via       netip.Addr // invalid if the network is connected
	Interface string     // the name as in InterfaceState.Name
	Distance  int        // of a static route
	Metric    int
}

// Echo is an ICMP echo request (RFC 792, RFC 4443 §4.1).
type Echo struct {
	Dst     netip.Addr
	Src     netip.Addr // invalid if the machine chooses
	ID, Seq uint16
	Size    int // octets of the IP packet
	Timeout time.Duration
}

// An echo may fail with these errors, and with others that no further echo would change.
var (
	ErrEchoTimeout     = errors.New("no answer")
	ErrEchoUnreachable = errors.New("unreachable")
	ErrEchoTooBig      = errors.New("too big for the way")
)

// NoIP is the IP of a platform that shows nothing of it. All addresses exist there.
type NoIP struct{}

// Configure is for a platform without IP.
func (NoIP) Configure(IP, func(string)) {}

// Interfaces is for a platform without IP.
func (NoIP) Interfaces() []InterfaceState { return nil }

// Routes is for a platform without IP.
func (NoIP) Routes() ([]RouteState, error) { return nil, nil }

// Echo is for a platform without IP.
func (NoIP) Echo(context.Context, Echo) (time.Duration, error) {
	return 0, errors.New("there is no IP here")
}

// sameIP tells whether two configurations are the same as far as IP is concerned.
func sameIP(a, b IP) bool {
	return slices.Equal(a.Routes, b.Routes) && slices.EqualFunc(a.Interfaces, b.Interfaces, func(x, y Interface) bool {
		return x.Name == y.Name && x.Device == y.Device && x.MTU == y.MTU && x.Shutdown == y.Shutdown &&
			slices.Equal(x.Addresses, y.Addresses)
	})
}

// loopback is the device on which the addresses of IOS's Loopback interfaces are.
const loopback = "lo"

// IsLoopback tells whether a name is that of an IOS Loopback interface.
func IsLoopback(name string) bool {
	kind, _, _ := configs.InterfaceNumber(name)
	return kind == configs.Loopback
}

// DeviceOf finds the machine's interface for one of the configuration. A machine's own name stands for itself.
// GigabitEthernet0/1, which is number 1 by configs.InterfaceNumber, is eth1 on a machine that names its
// interfaces so (containerlab, GNS3, the labs; eth0 is the management there), or that has none yet. Elsewhere
// it is the second of the machine's Ethernet interfaces, counted from 0 in the order of their names. ethernets
// are those interfaces.
func DeviceOf(i Interface, ethernets []string) (device string, err error) {
	kind, n, ios := configs.InterfaceNumber(i.Name)
	switch {
	case i.Device != "":
		return i.Device, nil
	case !ios:
		return i.Name, nil
	case kind == configs.Loopback:
		return loopback, nil
	}
	own := slices.SortedFunc(slices.Values(ethernets), natural)
	if len(own) == 0 || slices.ContainsFunc(own, func(s string) bool { return ethN(s) }) {
		return "eth" + strconv.Itoa(n), nil
	}
	if n >= len(own) {
		return "", fmt.Errorf("it would be Ethernet interface number %d of this machine, which has %s; "+
			"`device NAME` in its mode names another", n, strings.Join(own, ", "))
	}
	return own[n], nil
}

func ethN(name string) bool {
	n, ok := strings.CutPrefix(name, "eth")
	_, err := strconv.ParseUint(n, 10, 16)
	return ok && err == nil
}

// natural orders names as people do: eth2 comes before eth10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			i, _ := strconv.ParseUint(a[:x], 10, 64)
			j, _ := strconv.ParseUint(b[:y], 10, 64)
			if i != j {
				return int(min(max(int64(i)-int64(j), -1), 1))
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && n < 18 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
