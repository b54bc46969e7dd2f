package node

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/status"
)

// Interfaces gives the IP interfaces of the machine.
func (n *Node) Interfaces() []status.Interface {
	out := []status.Interface{}
	for _, i := range n.opt.Platform.Interfaces() {
		x := status.Interface{Name: i.Name, Device: i.Device, Status: "down", Protocol: "down", Reason: i.Why,
			Method: i.Method, Addresses: append([]netip.Prefix{}, i.Addresses...), MTU: i.MTU, Hardware: i.Hardware,
			Counters: status.InterfaceCounters(i.Counters)}
		switch {
		case i.Shutdown && !i.Up:
			x.Status = "administratively down"
		case i.Up:
			x.Status, x.Protocol = "up", "up"
		}
		for _, c := range n.Config().Interfaces {
			if c.Name == i.Name {
				x.Description = c.Description
			}
		}
		out = append(out, x)
	}
	return out
}

// IPRoutes gives the machine's IP routes, and the configured ones that it does not have.
func (n *Node) IPRoutes() (status.IPRoutes, error) {
	out := status.IPRoutes{Routes: []status.IPRoute{}, NotSet: []status.IPRoute{}}
	all, err := n.opt.Platform.Routes()
	for _, r := range all {
		out.Routes = append(out.Routes, status.IPRoute{Kind: string(rune(r.Code)), Dest: r.Dest, Via: r.Via,
			Interface: r.Interface, Distance: r.Distance, Metric: r.Metric})
	}
	for _, r := range ipConfig(n.Config()).Routes {
		if !slices.ContainsFunc(all, func(s machine.RouteState) bool { return s.Dest == r.Dest && s.Via == r.Via }) {
			out.NotSet = append(out.NotSet, status.IPRoute{Kind: "S", Dest: r.Dest, Via: r.Via, Distance: int(r.Distance)})
		}
	}
	return out, err
}

// Echo sends an ICMP echo request and waits for its answer.
func (n *Node) Echo(ctx context.Context, e exec.Echo) (took time.Duration, result exec.EchoResult, err error) {
	took, err = n.opt.Platform.Echo(ctx, machine.Echo(e))
	switch {
	case err == nil:
		return took, exec.EchoAnswered, nil
	case errors.Is(err, machine.ErrEchoTimeout):
		return 0, exec.EchoSilent, err
	case errors.Is(err, machine.ErrEchoUnreachable):
		return 0, exec.EchoUnreachable, err
	case errors.Is(err, machine.ErrEchoTooBig):
		return 0, exec.EchoTooBig, err
	}
	return 0, exec.EchoFailed, err
}
