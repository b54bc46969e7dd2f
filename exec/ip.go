package exec

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// ipStack is the IP of the machine.
type ipStack interface {
	// Interfaces gives the IP interfaces.
	Interfaces() []status.Interface
	// IPRoutes gives the IP routes.
	IPRoutes() (status.IPRoutes, error)
	// Echo sends an ICMP echo request and waits for its answer, which took so long. The error says
	// why there is none.
	Echo(context.Context, Echo) (took time.Duration, result EchoResult, err error)
}

func ipCommands(h Host) []*cli.Statement {
	name := cli.Opt(cli.Arg("interface", configs.InterfaceName{}, "Interface, as eth1 or GigabitEthernet0/1"))
	ip, ip6 := kw("ip", "IP version 4"), kw("ipv6", "IP version 6")
	each, brief, ways := kw("interface", "Interfaces"), kw("brief", "A line each"), kw("route", "Ways of packets")
	all := func(*cli.Call) ([]status.Interface, error) { return h.Interfaces(), nil }
	named := func(c *cli.Call) ([]status.Interface, error) {
		return interfacesNamed(h, c.Args.String("interface", ""))
	}
	routes := func(v6 bool) func(*cli.Call) (status.IPRoutes, error) {
		return func(*cli.Call) (status.IPRoutes, error) { return ipRoutes(h, v6) }
	}
	return []*cli.Statement{
		showHost(all, printBrief, ip, each, brief),
		showHost(named, printAddresses(false), ip, each, name),
		showHost(all, printBrief6, ip6, each, brief),
		showHost(named, printAddresses(true), ip6, each, name),
		showHost(named, printInterfaces, kw("interfaces", "Interfaces with their counters"), name),
		showHost(routes(false), printIPRoutes, ip, ways),
		showHost(routes(true), printIPRoutes, ip6, ways),
	}
}

// interfacesNamed gives the interface that a command names, by our name or by the machine's. If it names none, it gives
// all.
func interfacesNamed(h Host, name string) ([]status.Interface, error) {
	all := h.Interfaces()
	var out []status.Interface
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
		switch {
		case name != "" && i.Name == name:
			return append(out, i), nil
		case name == "" || i.Device == name:
			out = append(out, i)
		}
	}
	if name != "" && len(out) == 0 {
		return nil, fmt.Errorf("there is no interface %s; there are %s", name, strings.Join(names, ", "))
	}
	return out, nil
}

// printIPNotes writes what the layout of IOS has no place for: the machine's name of an interface, and why the
// interface is not as it should be.
func printIPNotes(w io.Writer, i *status.Interface) {
	if i.Device != "" && i.Device != i.Name {
		fmt.Fprintf(w, "  is %s of this machine\n", i.Device)
	}
	if i.Reason != "" {
		fmt.Fprintf(w, "  reason: %s\n", i.Reason)
	}
}

func printBrief(w io.Writer, _ *cli.Call, all []status.Interface) {
	fmt.Fprintf(w, "%-26s %-15s %-3s %-6s %-21s %s\n", "Interface", "IP-Address", "OK?", "Method", "Status", "Protocol")
	for i := range all {
		x := &all[i]
		addr := "unassigned"
		if k := slices.IndexFunc(x.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() }); k >= 0 {
			addr = x.Addresses[k].Addr().String()
		}
		fmt.Fprintf(w, "%-26s %-15s %-3s %-6s %-21s %s\n", x.Name, addr, "YES", x.Method, x.Status, x.Protocol)
		printIPNotes(w, x)
	}
}

func printBrief6(w io.Writer, _ *cli.Call, all []status.Interface) {
	for i := range all {
		x := &all[i]
		fmt.Fprintf(w, "%-26s [%s/%s]\n", x.Name, x.Status, x.Protocol)
		some := false
		for _, p := range x.Addresses {
			if p.Addr().Is6() {
				some = true
				fmt.Fprintf(w, "    %s\n", p.Addr())
			}
		}
		if !some {
			fmt.Fprintln(w, "    unassigned")
		}
		printIPNotes(w, x)
	}
}

func printInterfaceHead(w io.Writer, i *status.Interface) {
	fmt.Fprintf(w, "%s is %s, line protocol is %s\n", i.Name, i.Status, i.Protocol)
	printIPNotes(w, i)
}

func printAddresses(v6 bool) func(io.Writer, *cli.Call, []status.Interface) {
	return func(w io.Writer, _ *cli.Call, all []status.Interface) {
		for i := range all {
			x := &all[i]
			printInterfaceHead(w, x)
			word, some := "Internet address is", false
			for _, p := range x.Addresses {
				if v6 != p.Addr().Is6() {
					continue
				}
				fmt.Fprintf(w, "  %s %s\n", word, p)
				if some = true; !v6 {
					word = "Secondary address"
				}
			}
			if !some {
				fmt.Fprintln(w, "  Internet protocol processing disabled: it has no address")
			}
			if x.MTU > 0 {
				fmt.Fprintf(w, "  MTU is %d bytes\n", x.MTU)
			}
		}
	}
}

func printInterfaces(w io.Writer, _ *cli.Call, all []status.Interface) {
	for i := range all {
		x, n := &all[i], &all[i].Counters
		printInterfaceHead(w, x)
		if x.Description != "" {
			fmt.Fprintf(w, "  Description: %s\n", x.Description)
		}
		if x.Hardware != "" {
			fmt.Fprintf(w, "  Hardware is Ethernet, address is %s\n", x.Hardware)
		}
		for _, p := range x.Addresses {
			fmt.Fprintf(w, "  Internet address is %s\n", p)
		}
		if x.MTU > 0 {
			fmt.Fprintf(w, "  MTU %d bytes\n", x.MTU)
		}
		fmt.Fprintf(w, "     %d packets input, %d bytes, %d errors, %d dropped\n",
			n.InPackets, n.InOctets, n.InErrors, n.InDrops)
		fmt.Fprintf(w, "     %d packets output, %d bytes, %d errors, %d dropped\n",
			n.OutPackets, n.OutOctets, n.OutErrors, n.OutDrops)
	}
}

// ipRoutes gives the routes of one version of IP, in the order of their destinations.
func ipRoutes(h Host, v6 bool) (status.IPRoutes, error) {
	all, err := h.IPRoutes()
	other := func(r status.IPRoute) bool { return r.Dest.Addr().Is6() != v6 }
	all.NotSet = slices.DeleteFunc(all.NotSet, other)
	all.Routes = slices.DeleteFunc(all.Routes, func(r status.IPRoute) bool {
		return other(r) || r.Dest.Addr().IsLinkLocalUnicast()
	})
	slices.SortStableFunc(all.Routes, func(a, b status.IPRoute) int {
		return cmp.Or(a.Dest.Addr().Compare(b.Dest.Addr()), cmp.Compare(a.Dest.Bits(), b.Dest.Bits()))
	})
	return all, err
}

func printIPRoutes(w io.Writer, _ *cli.Call, x status.IPRoutes) {
	fmt.Fprint(w, "Codes: C - connected, S - static, K - the machine's own\n       * - candidate default\n\n")
	last := "Gateway of last resort is not set"
	for _, r := range x.Routes {
		if r.Dest.Bits() == 0 && r.Via.IsValid() {
			last = fmt.Sprintf("Gateway of last resort is %s to network %s", r.Via, r.Dest.Addr())
			break
		}
	}
	fmt.Fprintf(w, "%s\n\n", last)
	for _, r := range x.Routes {
		star := " "
		if r.Dest.Bits() == 0 {
			star = "*"
		}
		if !r.Via.IsValid() {
			fmt.Fprintf(w, "%s%s   %s is directly connected, %s\n", r.Kind, star, r.Dest, r.Interface)
			continue
		}
		fmt.Fprintf(w, "%s%s   %s [%d/%d] via %s", r.Kind, star, r.Dest, r.Distance, r.Metric, r.Via)
		if r.Interface != "" {
			fmt.Fprintf(w, ", %s", r.Interface)
		}
		fmt.Fprintln(w)
	}
	for _, r := range x.NotSet {
		fmt.Fprintf(w, "     %s via %s is configured and not set: its next hop is in no network of an interface that is up; "+
			"`show logging` tells more\n", r.Dest, r.Via)
	}
}
