package exec

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// Echo is an ICMP echo request (RFC 792, RFC 4443 §4.1).
type Echo struct {
	Dst     netip.Addr
	Src     netip.Addr // invalid: the machine's choice
	ID, Seq uint16
	Size    int // octets of the IP packet
	Timeout time.Duration
}

// EchoResult is what became of an echo request.
type EchoResult uint8

// Results of an echo request. After EchoFailed no further request makes sense.
const (
	EchoAnswered EchoResult = iota
	EchoSilent
	EchoUnreachable
	EchoTooBig
	EchoFailed
)

// mark gives the character by which IOS shows a result.
func (r EchoResult) mark() string { return [...]string{"!", ".", "U", "M", ""}[r] }

// echoIDs tells the pings of this program apart.
var echoIDs atomic.Uint32

func pingIPCommand(h Host) *cli.Statement {
	return cli.Command(cli.Seq(kw("ping", pingHelp),
		cli.Alt(cli.Arg("address", hostAddr{}, "IP address (a point code stands behind `cs7`)"),
			cli.Seq(kw("ip", "ICMP echo over IPv4"), cli.Arg("address", hostAddr{}, "IP address")),
			cli.Seq(kw("ipv6", "ICMP echo over IPv6"), cli.Arg("address", hostAddr{}, "IP address"))),
		cli.Any(option("repeat", "How many packets", cli.Uint(1, 100000), "Packets (default 5)"),
			option("size", "How long each is", cli.Uint(36, 18024), "Octets of the IP packet (default 100)"),
			option("timeout", "Wait for each answer", cli.Uint(0, 3600), "Seconds (default 2)"),
			option("source", "From another address of this node", sourceAddr{}, "Address, or interface"))),
		func(c *cli.Call) error { return pingIP(h, c) })
}

// hostAddr is an IP address. If a person types a point code, the error says which command takes it.
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

func pingIP(h Host, c *cli.Call) error {
	e := Echo{
		Dst: c.Args["address"].(netip.Addr), ID: uint16(echoIDs.Add(1)), Size: int(c.Args.Uint("size", 100)),
		Timeout: time.Duration(c.Args.Uint("timeout", 2)) * time.Second,
	}
	if e.Dst.Is6() {
		e.Size = max(e.Size, 48) // IPv6 and ICMP headers
	}
	var err error
	if e.Src, err = source(h, c.Args["source"], e.Dst); err != nil {
		return err
	}
	count := int(c.Args.Uint("repeat", 5))
	fmt.Fprintf(c.Out, "Type escape sequence to abort.\nSending %d, %d-byte ICMP Echos to %s, timeout is %d seconds:\n",
		count, e.Size, e.Dst, int(e.Timeout/time.Second))
	if e.Src.IsValid() {
		fmt.Fprintf(c.Out, "Packet sent with a source address of %s\n", e.Src)
	}
	times, why, sent, err := sendEchos(c.Context, h, c.Out, e, count)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "\nSuccess rate is %d percent (%d/%d)%s\n",
		percent(len(times), sent), len(times), sent, roundTrip(times))
	for _, w := range why {
		fmt.Fprintf(c.Out, "%s: %s\n", e.Dst, w)
	}
	if len(times) == 0 {
		fmt.Fprintf(c.Out, "%s\n", whySilent(h, e.Dst))
	}
	if len(times) < sent || sent == 0 {
		return errTest
	}
	return nil
}

// sendEchos sends count echo requests, each when the one before has its result, and writes the mark of each result. It
// gives the times of the answers, and the reasons where there was none.
func sendEchos(ctx context.Context, h Host, w io.Writer, e Echo, count int) (times []time.Duration, why []string,
	sent int, err error) {
	for ; sent < count && ctx.Err() == nil; sent++ {
		e.Seq = uint16(sent)
		took, result, err := h.Echo(ctx, e)
		switch {
		case result == EchoAnswered:
			times = append(times, took)
		case result == EchoFailed && ctx.Err() == nil:
			return nil, nil, 0, err
		case result == EchoFailed || result == EchoSilent:
		case !slices.Contains(why, err.Error()):
			why = append(why, err.Error())
		}
		fmt.Fprint(w, result.mark())
		if sent%70 == 69 {
			fmt.Fprintln(w)
		}
	}
	return times, why, sent, nil
}

// source gives the address from which a ping is to leave; invalid: the machine chooses.
func source(h Host, v any, dst netip.Addr) (netip.Addr, error) {
	if v == nil {
		return netip.Addr{}, nil
	}
	if a, ok := v.(netip.Addr); ok {
		if a.Is4() != dst.Is4() {
			return a, fmt.Errorf("source %s and destination %s are of different versions of IP", a, dst)
		}
		return a, nil
	}
	for _, i := range h.Interfaces() {
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
	return fmt.Sprintf(", round-trip min/avg/max = %d/%d/%d ms", slices.Min(times).Milliseconds(),
		(sum / time.Duration(len(times))).Milliseconds(), slices.Max(times).Milliseconds())
}

// whySilent says what is known of the way to a host that does not answer.
func whySilent(h Host, dst netip.Addr) string {
	routes, err := h.IPRoutes()
	if err != nil {
		return "nothing came back"
	}
	var best status.IPRoute
	for _, r := range routes.Routes {
		if r.Dest.Contains(dst) && (!best.Dest.IsValid() || r.Dest.Bits() > best.Dest.Bits()) {
			best = r
		}
	}
	switch {
	case best.Via.IsValid():
		return fmt.Sprintf("Packets go by way of %s; whether that one answers: `ping %s`.", best.Via, best.Via)
	case best.Dest.IsValid():
		return fmt.Sprintf("%s would be on interface %s's own network: it is not there, or has no way back, "+
			"or does not answer ICMP.", dst, best.Interface)
	}
	for _, i := range h.Interfaces() {
		if i.Reason != "" && slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Masked().Contains(dst) }) {
			return fmt.Sprintf("Interface %s: %s", i.Name, i.Reason)
		}
	}
	return "There is no route to " + dst.String() + "; `show ip route` has those there are, " +
		"`show ip interface brief` the interfaces."
}
