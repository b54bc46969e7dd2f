package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/status"
)

func m2uaCommands(h Host) []*cli.Statement {
	return []*cli.Statement{
		showCS7(h, func(n Node, _ *cli.Call) (status.M2UA, error) { return n.M2UA(), nil }, printM2UA,
			kw("m2ua", "Links whose level 2 is elsewhere: peers, application servers, interfaces"),
			cli.Opt(cli.Choice("how", kw("detail", "With reasons and associations"),
				kw("statistics", "Messages by type, and what was refused")))),
	}
}

// printM2UA writes the ports, the ASPs, the interfaces that are offered here, and the links at gateways. Whatever does
// not work has the reason in a line of its own.
func printM2UA(w io.Writer, c *cli.Call, v status.M2UA) {
	how := c.Args.String("how", "")
	if !v.Configured {
		fmt.Fprintln(w, "No m2ua is configured.")
		return
	}
	for i := range v.Ports {
		p := &v.Ports[i]
		printPort(w, p)
		fmt.Fprintf(w, "  accepted %d, refused %d that no asp is configured for\n", p.Accepted, p.Refused)
	}
	for i := range v.ASPs {
		printM2UAASP(w, &v.ASPs[i], how)
	}
	for i := range v.ASs {
		printM2UAAS(w, &v.ASs[i], how)
	}
	for i := range v.Links {
		printGatewayLink(w, &v.Links[i], how)
	}
}

func printM2UAASP(w io.Writer, s *status.ASP, how string) {
	what, of := "asp", "application servers"
	if s.Gateway {
		what, of = "gateway", "interfaces"
	}
	count := 0
	for i := range s.ASs {
		if s.ASs[i].Active {
			count++
		}
	}
	fmt.Fprintf(w, "%s %s at %s: %s, active for %d of %d %s\n", what, s.Name, s.FarEnd, s.State, count, len(s.ASs), of)
	if s.State != active {
		fmt.Fprintf(w, "  reason: %s\n", s.Reason)
	}
	switch how {
	case "detail":
		printASPDetail(w, s)
	case "statistics":
		printM2UACounts(w, &s.Counters)
	}
}

func printM2UACounts(w io.Writer, s *status.ASPCounts) {
	printExchanged(w, s, "Data")
	printRefused(w, s, "messages")
	if k := s.Acks; k != nil {
		fmt.Fprintf(w, "  Data acknowledged %d, not yet %d; acknowledged without having been sent %d; "+
			"forgotten, too many being unacknowledged %d\n", k.Acknowledged, k.Waiting, k.Unknown, k.Forgotten)
		fmt.Fprintf(w, "  not acknowledged when its association ended %d, of which %d were sent to another ASP\n",
			k.Left, k.SentAgain)
	}
	if s.RegistrationsSpared > 0 {
		fmt.Fprintf(w, "  registrations not answered because there were too many: %d\n", s.RegistrationsSpared)
	}
}

// printM2UAAS writes an application server and its interfaces.
func printM2UAAS(w io.Writer, s *status.M2UAAS, how string) {
	fmt.Fprintf(w, "as %s: %s, traffic mode %s\n", s.Name, s.State, s.TrafficMode)
	if s.State != active {
		fmt.Fprintf(w, "  reason: %s\n", s.Reason)
	}
	for i := range s.ASPs {
		m := &s.ASPs[i]
		fmt.Fprintf(w, "  asp %-19s %s\n", m.ASP, m.State+memberNotes(m))
	}
	for i := range s.Interfaces {
		printInterface(w, &s.Interfaces[i], how)
	}
}

func printInterface(w io.Writer, i *status.M2UAInterface, how string) {
	fmt.Fprintf(w, "  interface %-13s %s  level 2 %s\n", i.Name, i.Ends, i.Level2)
	if !i.InService {
		fmt.Fprintf(w, "    reason: %s\n", i.Reason)
	}
	switch how {
	case "detail":
		fmt.Fprintf(w, "    for %s: %s; %d messages wait for an ASP; congestion level %d\n",
			since(i.Since), i.Event, i.Waiting, i.Level)
		printTransport(w, i.Association)
	case "statistics":
		s := &i.Counters
		printMessages(w, "    ", s.Messages)
		fmt.Fprintf(w, "    failures %d; outages for want of an ASP %d; retrieved %d; "+
			"congestion told late or not %d; refused: %s\n",
			s.Failures, s.Outages, s.Retrieved, s.CongestionHeldBack, sumOf(s.Refused))
		printLevel2Counts(w, "    ", &i.M2PA)
	}
}

func printGatewayLink(w io.Writer, l *status.GatewayLink, how string) {
	fmt.Fprintf(w, "%s: interface %s of gateway %s: %s\n", l.Name, l.Interface, l.Gateway, l.State)
	if !l.InService {
		fmt.Fprintf(w, "  reason: %s\n", l.Reason)
	} else if how == "detail" {
		fmt.Fprintf(w, "  for %s: %s; congestion level %d\n", since(l.Since), l.Reason, l.Level)
	}
	if how == "statistics" {
		s := &l.Counters
		fmt.Fprintf(w, "  MSUs in %d (%d octets), out %d (%d octets)\n", s.MSUsIn, s.OctetsIn, s.MSUsOut, s.OctetsOut)
		printMessages(w, "  ", s.Messages)
		fmt.Fprintf(w, "  failures %d; retrieved %d; refused: %s, before the link was started %d; "+
			"not sent: too long %d, not in service %d\n",
			s.Failures, s.Retrieved, sumOf(s.Refused), s.EarlyLost, s.TooLong, s.NotInService)
	}
}
