package bench

import (
	"fmt"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// MaxRoutes is how many codes no source, sink or STP has.
const MaxRoutes = 8192 + 2047 + 2047

// fillers gives n codes that no source, sink or STP has.
func fillers(n int) []ss7.PC {
	out := make([]ss7.PC, 0, n)
	for _, span := range [][2]ss7.PC{{4 << 11, 8 << 11}, {1, 1 << 11}, {stpPC + 1, 4 << 11}} {
		for pc := span[0]; pc < span[1] && len(out) < n; pc++ {
			out = append(out, pc)
		}
	}
	return out
}

// side is the sources or the sinks.
type side struct {
	name string
	pc   ss7.PC
	rc   int
	port int
	ip   string
}

func (l *Layout) sides() []side {
	return []side{{"source", sourcePC, sourceRC, sourcePort, l.Source.String()},
		{"sink", sinkPC, sinkRC, sinkPort, l.Sink.String()}}
}

// GatewayConfig gives the configuration of a gostp at l.In that stands between the sources and sinks of l, with
// routes more destinations behind the servers of the sinks. With register, any ASP may come and register any
// key. transport is as in STPConfig.
func GatewayConfig(l Layout, transport string, register bool, routes int) string {
	var w strings.Builder
	f := ss7.ITU.Notation.Format
	fmt.Fprintf(&w, "hostname bench\n!\ncs7 variant itu\ncs7 network-indicator international\ncs7 point-code %s\n",
		f(stpPC))
	if register {
		fmt.Fprintf(&w, "cs7 xua rkm routing-key-allocation dynamic-permitted\n")
	}
	fmt.Fprintf(&w, "!\ncs7 m3ua %d\n", l.In.Port)
	if transport != "" {
		fmt.Fprintf(&w, " transport %s\n", transport)
	}
	for _, ip := range l.In.IPs {
		fmt.Fprintf(&w, " local-ip %s\n", ip)
	}
	if register {
		fmt.Fprintf(&w, " accept-asp-connections dynamic-permitted\n!\nend\n")
		return w.String()
	}
	for i := range l.Pairs {
		for _, s := range l.sides() {
			fmt.Fprintf(&w, "!\ncs7 asp %s%d %d %d m3ua\n remote-ip %s\n", s.name, i, s.port+i, l.In.Port, s.ip)
			fmt.Fprintf(&w, "cs7 as %s%d m3ua\n asp %s%d\n routing-key %d %s\n", s.name, i, s.name, i, s.rc+i, f(s.pc+ss7.PC(i)))
		}
	}
	fmt.Fprintf(&w, "!\ncs7 route-table system\n")
	for i, pc := range fillers(routes) {
		fmt.Fprintf(&w, " update route %s/14 as sink%d\n", f(pc), i%l.Pairs)
	}
	fmt.Fprintf(&w, "!\nend\n")
	return w.String()
}

// OsmoConfig gives the same for osmo-stp 1.6.0, in its words.
func OsmoConfig(l Layout, register bool, routes int) string {
	var w strings.Builder
	const mask = "7.255.7"
	f := func(pc ss7.PC) string { return strings.ReplaceAll(ss7.ITU.Notation.Format(pc), "-", ".") }
	fmt.Fprintf(&w, "log stderr\n logging level set-all error\nline vty\n no login\ncs7 instance 0\n"+
		" network-indicator international\n point-code %s\n", f(stpPC))
	if register {
		fmt.Fprintf(&w, " xua rkm routing-key-allocation dynamic-permitted\n")
	} else {
		for i := range l.Pairs {
			for _, s := range l.sides() {
				fmt.Fprintf(&w, " asp %s%d %d %d m3ua\n  local-ip %s\n  remote-ip %s\n  role sg\n  sctp-role server\n", s.name,
					i, s.port+i, l.In.Port, l.In.IPs[0], s.ip)
			}
		}
		for i := range l.Pairs {
			for _, s := range l.sides() {
				fmt.Fprintf(&w, " as %s%d m3ua\n  asp %s%d\n  routing-key %d %s\n  traffic-mode override\n", s.name, i, s.name,
					i, s.rc+i, f(s.pc+ss7.PC(i)))
			}
		}
		fmt.Fprintf(&w, " route-table system\n")
		for i, pc := range fillers(routes) {
			fmt.Fprintf(&w, "  update route %s %s linkset sink%d\n", f(pc), mask, i%l.Pairs)
		}
		for i := range l.Pairs {
			for _, s := range l.sides() {
				fmt.Fprintf(&w, "  update route %s %s linkset %s%d\n", f(s.pc+ss7.PC(i)), mask, s.name, i)
			}
		}
	}
	fmt.Fprintf(&w, " listen m3ua %d\n  local-ip %s\n", l.In.Port, l.In.IPs[0])
	if register {
		fmt.Fprintf(&w, "  accept-asp-connections dynamic-permitted\n")
	}
	return w.String()
}
