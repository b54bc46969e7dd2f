//go:build !linux

package machine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/gostp/gostp/internal/lock"
)

// ipStack shows the machine's interfaces. Setting them needs Linux.
type ipStack struct {
	setup lock.Mutex[lock.MachineIP]
	ip    IP
}

func (m *ipStack) Configure(ip IP, tell func(string)) {
	m.setup.Lock()
	defer m.setup.Unlock()
	if sameIP(m.ip, ip) {
		return
	}
	m.ip = ip
	have := map[netip.Addr]bool{}
	for _, i := range interfaces() {
		for _, a := range i.Addresses {
			have[a.Addr()] = true
		}
	}
	for _, i := range ip.Interfaces {
		for _, a := range i.Addresses {
			if !have[a.Addr()] {
				tell(fmt.Sprintf("interface %s: %s is not on this machine, and gostp sets addresses on Linux only; add it by "+
					"the system's means", i.Name, a))
			}
		}
	}
	if len(ip.Routes) > 0 {
		tell("static routes: gostp sets them on Linux only; add them by the system's means")
	}
}

func (m *ipStack) Interfaces() []InterfaceState {
	m.setup.Lock()
	defer m.setup.Unlock()
	out := interfaces()
	for i := range out {
		for _, c := range m.ip.Interfaces {
			if c.Name == out[i].Name {
				out[i].Method = "manual"
			}
		}
	}
	return out
}

func (*ipStack) Routes() ([]RouteState, error) {
	return nil, errors.New("routes are shown on Linux only")
}

func interfaces() []InterfaceState {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var out []InterfaceState
	for _, i := range all {
		s := InterfaceState{Name: i.Name, Device: i.Name, Method: "host", MTU: i.MTU, Hardware: i.HardwareAddr.String(),
			Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0}
		if !s.Up {
			s.Why = "the machine's own interface is down"
		}
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				s.Addresses = append(s.Addresses, p)
			}
		}
		out = append(out, s)
	}
	return out
}
