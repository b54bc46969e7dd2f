package node

import (
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
)

// ipConfig gives the IP part of a configuration.
func ipConfig(s *configs.System) machine.IP {
	var ip machine.IP
	for _, i := range s.Interfaces {
		ip.Interfaces = append(ip.Interfaces, machine.Interface{
			Name: i.Name, Device: i.Device, Addresses: i.Prefixes(), MTU: int(i.MTU), Shutdown: i.Shutdown,
		})
	}
	for _, r := range s.IPRoutes {
		ip.Routes = append(ip.Routes, machine.StaticRoute{Dest: r.Prefix(), Via: r.Via, Distance: max(1, r.Distance)})
	}
	for _, r := range s.IPv6Routes {
		ip.Routes = append(ip.Routes, machine.StaticRoute{Dest: r.Dest, Via: r.Via, Distance: max(1, r.Distance)})
	}
	return ip
}
