package machine

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Interfaces gives the interfaces of the configuration in its order, then the machine's others.
func (m *ipStack) Interfaces() []InterfaceState {
	m.setup.Lock()
	defer m.setup.Unlock()
	v, err := takeInventory()
	if err != nil {
		return nil
	}
	device, _ := m.devices(v)
	used, shown := map[string]bool{}, map[deviceAddr]bool{}
	var out []InterfaceState
	for _, i := range m.ip.Interfaces {
		d := device[i.Name]
		s := InterfaceState{Name: i.Name, Device: d, Shutdown: i.Shutdown, Why: m.problems[i.Name], Method: "manual"}
		if l := v.links[d]; l != nil {
			s.link(l)
		}
		s.Addresses = slices.Clone(i.Addresses)
		if IsLoopback(i.Name) {
			for _, p := range wanted(i) {
				shown[deviceAddr{d, p}] = true
			}
			s.Up, s.Hardware, s.Counters = s.Up && !i.Shutdown, "", InterfaceCounters{}
		} else {
			for _, p := range v.addrs[d] {
				if !slices.Contains(s.Addresses, p) {
					s.Addresses = append(s.Addresses, p)
				}
			}
			used[d] = true
		}
		if len(i.Addresses) == 0 && len(s.Addresses) > 0 {
			s.Method = "host"
		}
		if s.Why == "" {
			s.Why = v.why(s, d, i.Addresses)
		}
		s.finish()
		out = append(out, s)
	}
	for _, d := range slices.SortedFunc(maps.Keys(v.links), natural) {
		if used[d] {
			continue
		}
		s := InterfaceState{Name: d, Device: d, Method: "host"}
		s.link(v.links[d])
		for _, p := range v.addrs[d] {
			if !shown[deviceAddr{d, p}] {
				s.Addresses = append(s.Addresses, p)
			}
		}
		s.Why = v.why(s, d, nil)
		s.finish()
		out = append(out, s)
	}
	return out
}

func (s *InterfaceState) finish() {
	if len(s.Addresses) == 0 {
		s.Method = "unset"
	}
}

func (s *InterfaceState) link(l netlink.Link) {
	a := l.Attrs()
	s.Up = a.Flags&net.FlagUp != 0 && a.RawFlags&unix.IFF_RUNNING != 0
	s.MTU, s.Hardware = a.MTU, a.HardwareAddr.String()
	if x := a.Statistics; x != nil {
		s.Counters = InterfaceCounters{x.RxPackets, x.RxBytes, x.RxErrors, x.RxDropped, x.TxPackets, x.TxBytes,
			x.TxErrors, x.TxDropped}
	}
}

// why says in words why an interface does not carry packets, or not for all of its addresses; "" if it does.
func (v *inventory) why(s InterfaceState, d string, addrs []netip.Prefix) string {
	l := v.links[d]
	switch {
	case s.Shutdown:
		return "shut down by configuration"
	case l == nil:
		return ""
	case l.Attrs().Flags&net.FlagUp == 0:
		return d + " of this machine is down; `ip link set " + d + " up`, or an address in this configuration, brings it up"
	case !s.Up:
		return d + " has no carrier: no cable, or its far end is down"
	}
	for _, p := range addrs {
		if v.tentative[deviceAddr{d, p}] {
			return fmt.Sprintf("%s is not usable yet: duplicate address detection goes on, or has found another owner", p.Addr())
		}
	}
	return ""
}

// reconcileRoutes makes the static routes, and takes away those that this program made before.
func (m *ipStack) reconcileRoutes(problems map[string]string) {
	for r := range m.routes {
		if !slices.Contains(m.ip.Routes, r) {
			delete(m.routes, r)
			_ = netlink.RouteDel(kernelRoute(r)) // whoever took it away first is right
		}
	}
	if len(m.ip.Routes) == 0 {
		return
	}
	have, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		problems["static routes"] = err.Error()
		return
	}
	for _, r := range m.ip.Routes {
		if slices.ContainsFunc(have, func(k netlink.Route) bool { return isRoute(k, r) }) {
			continue
		}
		err := netlink.RouteAppend(kernelRoute(r))
		switch {
		case err == nil:
			m.routes[r] = true
		case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.EINVAL):
			problems["route "+r.Dest.String()] = fmt.Sprintf("next hop %s is in no network of an interface that is up", r.Via)
		case !errors.Is(err, unix.EEXIST):
			problems["route "+r.Dest.String()] = refused(err, "it cannot be set").Error()
		}
	}
}

func kernelRoute(r StaticRoute) *netlink.Route {
	return &netlink.Route{Dst: netOf(r.Dest), Gw: r.Via.AsSlice(), Priority: int(r.Distance), Protocol: routeProtocol}
}

func isRoute(k netlink.Route, r StaticRoute) bool {
	via, _ := netip.AddrFromSlice(k.Gw)
	return destOf(k) == r.Dest && via.Unmap() == r.Via && k.Priority == int(r.Distance)
}

// destOf gives where a route leads. The kernel leaves that out for the default route.
func destOf(k netlink.Route) netip.Prefix {
	if p, ok := prefixOf(k.Dst); ok {
		return p
	}
	if k.Family == netlink.FAMILY_V6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// Routes gives the unicast routes of the main table, in the kernel's order.
func (m *ipStack) Routes() ([]RouteState, error) {
	m.setup.Lock()
	defer m.setup.Unlock()
	v, err := takeInventory()
	if err != nil {
		return nil, err
	}
	device, _ := m.devices(v)
	name := map[string]string{}
	for n, d := range device {
		if !IsLoopback(n) {
			name[d] = n
		}
	}
	have, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, err
	}
	var out []RouteState
	for _, k := range have {
		if k.Type != unix.RTN_UNICAST {
			continue
		}
		via, _ := netip.AddrFromSlice(k.Gw)
		hops := []*netlink.NexthopInfo{{LinkIndex: k.LinkIndex, Gw: k.Gw}}
		if len(k.MultiPath) > 0 {
			hops = k.MultiPath
		}
		for _, h := range hops {
			r := RouteState{Code: 'K', Dest: destOf(k), Via: via.Unmap(), Metric: k.Priority}
			if g, ok := netip.AddrFromSlice(h.Gw); ok {
				r.Via = g.Unmap()
			}
			d := v.names[h.LinkIndex]
			if r.Interface = name[d]; r.Interface == "" {
				r.Interface = d
			}
			if k.Protocol == unix.RTPROT_KERNEL && !r.Via.IsValid() {
				r.Code = 'C'
			}
			for _, s := range m.ip.Routes {
				if s.Dest == r.Dest && s.Via == r.Via && int(s.Distance) == k.Priority {
					r.Code, r.Distance, r.Metric = 'S', int(s.Distance), 0
				}
			}
			out = append(out, r)
		}
	}
	return out, nil
}
