package node

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
)

func (n *Node) ipCommands() []*cli.Statement {
	ifName := cli.Opt(cli.Arg("interface", configs.InterfaceName{}, "Interface, as eth1 or GigabitEthernet0/1"))
	ip, ip6 := kw("ip", "IP version 4"), kw("ipv6", "IP version 6")
	each, brief := kw("interface", "Interfaces"), kw("brief", "A line each")
	return []*cli.Statement{
		show(n.showBrief, ip, each, brief),
		show(func(c *cli.Call) error { return n.eachInterface(c, n.printAddresses(false)) }, ip, each, ifName),
		show(n.showBrief6, ip6, each, brief),
		show(func(c *cli.Call) error { return n.eachInterface(c, n.printAddresses(true)) }, ip6, each, ifName),
		show(func(c *cli.Call) error { return n.eachInterface(c, n.printCounters) }, kw("interfaces", "Interfaces with their counters"), ifName),
		show(func(c *cli.Call) error { return n.showIPRoutes(c, false) }, ip, kw("route", "Ways of packets")),
		show(func(c *cli.Call) error { return n.showIPRoutes(c, true) }, ip6, kw("route", "Ways of packets")),
		n.pingIPCommand(),
	}
}

// ipStatus is the two words of IOS for the state of an interface.
func ipStatus(i *machine.InterfaceState) (status, protocol string) {
	switch {
	case i.Shutdown && !i.Up:
		return "administratively down", "down"
	case i.Up:
		return "up", "up"
	}
	return "down", "down"
}

// ipNotes are what a layout of IOS has no place for: the machine's name for the
// interface, and why it is not as it should be.
func ipNotes(w io.Writer, i *machine.InterfaceState) {
	if i.Device != "" && i.Device != i.Name {
		fmt.Fprintf(w, "  is %s of this machine\n", i.Device)
	}
	if i.Why != "" {
		fmt.Fprintf(w, "  reason: %s\n", i.Why)
	}
}

func (n *Node) showBrief(c *cli.Call) error {
	fmt.Fprintf(c.Out, "%-26s %-15s %-3s %-6s %-21s %s\n", "Interface", "IP-Address", "OK?", "Method", "Status", "Protocol")
	for _, i := range n.opt.Platform.Interfaces() {
		addr := "unassigned"
		if k := slices.IndexFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() }); k >= 0 {
			addr = i.Addresses[k].Addr().String()
		}
		status, protocol := ipStatus(&i)
		fmt.Fprintf(c.Out, "%-26s %-15s %-3s %-6s %-21s %s\n", i.Name, addr, "YES", i.Method, status, protocol)
		ipNotes(c.Out, &i)
	}
	return nil
}

func (n *Node) showBrief6(c *cli.Call) error {
	for _, i := range n.opt.Platform.Interfaces() {
		status, protocol := ipStatus(&i)
		fmt.Fprintf(c.Out, "%-26s [%s/%s]\n", i.Name, status, protocol)
		some := false
		for _, p := range i.Addresses {
			if p.Addr().Is6() {
				some = true
				fmt.Fprintf(c.Out, "    %s\n", p.Addr())
			}
		}
		if !some {
			fmt.Fprintln(c.Out, "    unassigned")
		}
		ipNotes(c.Out, &i)
	}
	return nil
}

// eachInterface prints the interface that a command names, or all of them.
func (n *Node) eachInterface(c *cli.Call, print func(io.Writer, *machine.InterfaceState)) error {
	name := c.Args.String("interface", "")
	var names []string
	for _, i := range n.opt.Platform.Interfaces() {
		names = append(names, i.Name)
		if name == "" || name == i.Name || name == i.Device {
			print(c.Out, &i)
			if name == i.Name {
				return nil
			}
		}
	}
	named := func(i machine.InterfaceState) bool { return i.Device == name }
	if name != "" && !slices.ContainsFunc(n.opt.Platform.Interfaces(), named) {
		return fmt.Errorf("there is no interface %s; there are %s", name, strings.Join(names, ", "))
	}
	return nil
}

func head(w io.Writer, i *machine.InterfaceState) {
	status, protocol := ipStatus(i)
	fmt.Fprintf(w, "%s is %s, line protocol is %s\n", i.Name, status, protocol)
	ipNotes(w, i)
}

func (n *Node) printAddresses(v6 bool) func(io.Writer, *machine.InterfaceState) {
	return func(w io.Writer, i *machine.InterfaceState) {
		head(w, i)
		word := "Internet address is"
		for _, p := range i.Addresses {
			if v6 == p.Addr().Is6() {
				fmt.Fprintf(w, "  %s %s\n", word, p)
				if !v6 {
					word = "Secondary address"
				}
			}
		}
		if word == "Internet address is" && !slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return v6 == p.Addr().Is6() }) {
			fmt.Fprintln(w, "  Internet protocol processing disabled: it has no address")
		}
		if i.MTU > 0 {
			fmt.Fprintf(w, "  MTU is %d bytes\n", i.MTU)
		}
	}
}

func (n *Node) printCounters(w io.Writer, i *machine.InterfaceState) {
	head(w, i)
	for _, c := range n.Config().Interfaces {
		if c.Name == i.Name && c.Description != "" {
			fmt.Fprintf(w, "  Description: %s\n", c.Description)
		}
	}
	if i.Hardware != "" {
		fmt.Fprintf(w, "  Hardware is Ethernet, address is %s\n", i.Hardware)
	}
	for _, p := range i.Addresses {
		fmt.Fprintf(w, "  Internet address is %s\n", p)
	}
	x := i.Counters
	if i.MTU > 0 {
		fmt.Fprintf(w, "  MTU %d bytes\n", i.MTU)
	}
	fmt.Fprintf(w, "     %d packets input, %d bytes, %d errors, %d dropped\n", x.InPackets, x.InOctets, x.InErrors, x.InDrops)
	fmt.Fprintf(w, "     %d packets output, %d bytes, %d errors, %d dropped\n", x.OutPackets, x.OutOctets, x.OutErrors, x.OutDrops)
}

func (n *Node) showIPRoutes(c *cli.Call, v6 bool) error {
	all, err := n.opt.Platform.Routes()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r machine.RouteState) bool {
		return r.Dest.Addr().Is6() != v6 || r.Dest.Addr().IsLinkLocalUnicast()
	})
	fmt.Fprint(c.Out, "Codes: C - connected, S - static, K - the machine's own\n       * - candidate default\n\n")
	last := "Gateway of last resort is not set"
	for _, r := range all {
		if r.Dest.Bits() == 0 && r.Via.IsValid() {
			last = fmt.Sprintf("Gateway of last resort is %s to network %s", r.Via, r.Dest.Addr())
			break
		}
	}
	fmt.Fprintf(c.Out, "%s\n\n", last)
	slices.SortStableFunc(all, func(a, b machine.RouteState) int {
		if d := a.Dest.Addr().Compare(b.Dest.Addr()); d != 0 {
			return d
		}
		return a.Dest.Bits() - b.Dest.Bits()
	})
	for _, r := range all {
		star := " "
		if r.Dest.Bits() == 0 {
			star = "*"
		}
		if !r.Via.IsValid() {
			fmt.Fprintf(c.Out, "%c%s   %s is directly connected, %s\n", r.Code, star, r.Dest, r.Interface)
			continue
		}
		fmt.Fprintf(c.Out, "%c%s   %s [%d/%d] via %s", r.Code, star, r.Dest, r.Distance, r.Metric, r.Via)
		if r.Interface != "" {
			fmt.Fprintf(c.Out, ", %s", r.Interface)
		}
		fmt.Fprintln(c.Out)
	}
	for _, r := range ipConfig(n.Config()).Routes {
		set := slices.ContainsFunc(all, func(s machine.RouteState) bool { return s.Dest == r.Dest && s.Via == r.Via })
		if r.Dest.Addr().Is6() == v6 && !set {
			fmt.Fprintf(c.Out, "     %s via %s is configured and not set: its next hop is in no network of an interface that is up; `show logging` tells more\n", r.Dest, r.Via)
		}
	}
	return nil
}
