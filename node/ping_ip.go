package node

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
)

// echoIDs tells the pings of this program apart.
var echoIDs atomic.Uint32

func (n *Node) pingIPCommand() *cli.Statement {
	opt := func(word, help string, t cli.Type, arg string) cli.Elem {
		return cli.Seq(kw(word, help), cli.Arg(word, t, arg))
	}
	return cli.Command(cli.Seq(kw("ping", "Test whether a signalling point, or an IP host, answers"),
		cli.Alt(cli.Arg("address", hostAddr{}, "IP address (a point code stands behind `cs7`)"), cli.Seq(kw("ip", "ICMP echo over IPv4"), cli.Arg("address", hostAddr{}, "IP address")),
			cli.Seq(kw("ipv6", "ICMP echo over IPv6"), cli.Arg("address", hostAddr{}, "IP address"))),
		cli.Any(opt("repeat", "How many packets", cli.Uint(1, 100000), "Packets (default 5)"),
			opt("size", "How long each is", cli.Uint(36, 18024), "Octets of the IP packet (default 100)"),
			opt("timeout", "Wait for each answer", cli.Uint(0, 3600), "Seconds (default 2)"),
			opt("source", "From another address of this node", sourceAddr{}, "Address, or interface"))), n.pingIP)
}

// hostAddr is an IP address; who types a point code is told where it belongs.
type hostAddr struct{}

func (hostAddr) Hint() string { return cli.IP().Hint() }
func (hostAddr) Parse(env any, word string) (any, error) {
	v, err := cli.IP().Parse(env, word)
	if err != nil {
		if _, e := (configs.PointCode{}).Parse(env, word); e == nil {
			return nil, fmt.Errorf("%q is not an IP address; a point code is tested with `ping cs7 %s`", word, word)
		}
	}
	return v, err
}
func (hostAddr) Format(env, v any) string { return cli.IP().Format(env, v) }

// sourceAddr is an address, or an interface whose address is meant.
type sourceAddr struct{}

func (sourceAddr) Hint() string { return "A.B.C.D or INTERFACE" }
func (sourceAddr) Parse(env any, word string) (any, error) {
	if a, err := netip.ParseAddr(word); err == nil {
		return a, nil
	}
	return configs.InterfaceName{}.Parse(env, word)
}
func (sourceAddr) Format(_ any, v any) string { return fmt.Sprint(v) }

func (n *Node) pingIP(c *cli.Call) error {
	e := machine.Echo{
		Dst: c.Args["address"].(netip.Addr), ID: uint16(echoIDs.Add(1)), Size: int(c.Args.Uint("size", 100)),
		Timeout: time.Duration(c.Args.Uint("timeout", 2)) * time.Second,
	}
	if e.Dst.Is6() {
		e.Size = max(e.Size, 48) // IPv6 and ICMP headers
	}
	var err error
	if e.Src, err = n.source(c.Args["source"], e.Dst); err != nil {
		return err
	}
	count := int(c.Args.Uint("repeat", 5))
	fmt.Fprintf(c.Out, "Type escape sequence to abort.\nSending %d, %d-byte ICMP Echos to %s, timeout is %d seconds:\n", count, e.Size, e.Dst, int(e.Timeout/time.Second))
	if e.Src.IsValid() {
		fmt.Fprintf(c.Out, "Packet sent with a source address of %s\n", e.Src)
	}
	var times []time.Duration
	var why []string
	sent := 0
	for ; sent < count && c.Context.Err() == nil; sent++ {
		e.Seq = uint16(sent)
		took, err := n.opt.Platform.Echo(c.Context, e)
		mark := "!"
		switch {
		case err == nil:
			times = append(times, took)
		case errors.Is(err, machine.ErrEchoTimeout):
			mark = "."
		case errors.Is(err, machine.ErrEchoUnreachable):
			mark = "U"
		case errors.Is(err, machine.ErrEchoTooBig):
			mark = "M"
		case c.Context.Err() != nil:
			mark = ""
		default:
			return err
		}
		if err != nil && mark != "" && mark != "." && !slices.Contains(why, err.Error()) {
			why = append(why, err.Error())
		}
		fmt.Fprint(c.Out, mark)
		if sent%70 == 69 {
			fmt.Fprintln(c.Out)
		}
	}
	fmt.Fprintf(c.Out, "\nSuccess rate is %d percent (%d/%d)%s\n", percent(len(times), sent), len(times), sent, roundTrip(times))
	for _, w := range why {
		fmt.Fprintf(c.Out, "%s: %s\n", e.Dst, w)
	}
	if len(times) == 0 {
		fmt.Fprintf(c.Out, "%s\n", n.whySilent(e))
	}
	if len(times) < sent || sent == 0 {
		return errPing
	}
	return nil
}

// source gives the address that a ping is to leave from; invalid: the machine's choice.
func (n *Node) source(v any, dst netip.Addr) (netip.Addr, error) {
	if v == nil {
		return netip.Addr{}, nil
	}
	if a, ok := v.(netip.Addr); ok {
		if a.Is4() != dst.Is4() {
			return a, fmt.Errorf("source %s and destination %s are of different versions of IP", a, dst)
		}
		return a, nil
	}
	for _, i := range n.opt.Platform.Interfaces() {
		if i.Name != v && i.Device != v {
			continue
		}
		for _, p := range i.Addresses {
			if p.Addr().Is4() == dst.Is4() && !p.Addr().IsLinkLocalUnicast() {
				return p.Addr(), nil
			}
		}
		return netip.Addr{}, fmt.Errorf("interface %s has no address from which %s could be reached", v, dst)
	}
	return netip.Addr{}, fmt.Errorf("there is no interface %s", v)
}

func roundTrip(times []time.Duration) string {
	if len(times) == 0 {
		return ""
	}
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	return fmt.Sprintf(", round-trip min/avg/max = %d/%d/%d ms", slices.Min(times).Milliseconds(), (sum / time.Duration(len(times))).Milliseconds(), slices.Max(times).Milliseconds())
}

// whySilent says what is known of the way to a host that does not answer.
func (n *Node) whySilent(e machine.Echo) string {
	routes, err := n.opt.Platform.Routes()
	if err != nil {
		return "nothing came back"
	}
	best := machine.RouteState{Dest: netip.Prefix{}}
	for _, r := range routes {
		if r.Dest.Contains(e.Dst) && (!best.Dest.IsValid() || r.Dest.Bits() > best.Dest.Bits()) {
			best = r
		}
	}
	switch {
	case best.Via.IsValid():
		return fmt.Sprintf("Packets go by way of %s; whether that one answers: `ping %s`.", best.Via, best.Via)
	case best.Dest.IsValid():
		return fmt.Sprintf("%s would be on interface %s's own network: it is not there, or has no way back, or does not answer ICMP.", e.Dst, best.Interface)
	}
	for _, i := range n.opt.Platform.Interfaces() {
		if i.Why != "" && slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Masked().Contains(e.Dst) }) {
			return fmt.Sprintf("Interface %s: %s", i.Name, i.Why)
		}
	}
	return "There is no route to " + e.Dst.String() + "; `show ip route` has those there are, `show ip interface brief` the interfaces."
}
