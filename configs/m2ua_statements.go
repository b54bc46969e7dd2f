package configs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/cli"
)

// interfaceID is an argument that is an interface identifier: a number, or a text that
// is none. Its value is a string.
type interfaceID struct{}

func (interfaceID) Hint() string { return "<0-4294967295> or TEXT" }
func (interfaceID) Parse(_ any, word string) (any, error) {
	if n, ok := InterfaceID(word); ok {
		return fmt.Sprint(n), nil
	}
	if len(word) > 255 || strings.ContainsFunc(word, func(r rune) bool { return r < '!' || r > '~' }) {
		return nil, fmt.Errorf("%q is neither a 32-bit number nor a text of at most 255 ASCII characters", word)
	}
	if strings.Trim(word, "0123456789") == "" {
		return nil, fmt.Errorf("%s does not fit 32 bits", word)
	}
	return word, nil
}
func (interfaceID) Format(_ any, v any) string { return v.(string) }

// M2UAASPName is an argument that names an ASP of M2UA, M2UAASName one that names an AS
// of M2UA; the value is a string.
var (
	M2UAASPName = nameOf{"ASP", func(s *System) (out []string) {
		for _, a := range s.M2UAASPs {
			out = append(out, a.Name)
		}
		return out
	}}
	M2UAASName = nameOf{"AS", func(s *System) (out []string) {
		for _, a := range s.M2UAASs {
			out = append(out, a.Name)
		}
		return out
	}}
	_ = []cli.Type{interfaceID{}}
)

// atGateway are the forms of `link SLC` whose level 2 is at a gateway.
func atGateway() cli.Elem {
	at := cli.Seq(cli.Kw("m2ua", "Level 2 at an interface of a gateway (RFC 3331)"), cli.Arg("gateway", M2UAASPName, "ASP: the gateway"))
	return cli.Alt(cli.Seq(cli.Flag("registers", "link-key", "Level 2 at a gateway, which gives the interface identifier for a link key"),
		cli.Arg("key-sdt", cli.Uint(0, 16383), "Signalling data terminal"), cli.Arg("key-sdl", cli.Uint(0, 16383), "Signalling data link"), at),
		cli.Seq(at, cli.Arg("interface", interfaceID{}, "Interface identifier there")))
}

// oneForm makes a line forget what the other form of it had said. A line that only leads back
// into the mode of a link says nothing.
func oneForm(_ any, a cli.Args) (string, error) {
	if !a.Has("gateway") && !a.Has("remote-ip") {
		return "", nil
	}
	forget := func(name string, zero any) {
		if !a.Has(name) {
			a[name] = zero
		}
	}
	if a.Has("gateway") {
		a["remote-ip"], a["remote-port"], a["local-port"], a["passive"] = []any{}, uint64(0), uint64(0), false
	} else {
		a["gateway"] = ""
	}
	forget("interface", "")
	forget("registers", false)
	forget("key-sdt", uint64(0))
	forget("key-sdl", uint64(0))
	return "", nil
}

func m2uaStatements(in func(...cli.Elem) cli.Elem) []*cli.Statement {
	m2ua := cli.Kw("m2ua", "MTP2 user adaptation (RFC 3331)")
	return []*cli.Statement{
		inUse(cli.List(in(cli.Kw("m2ua", "An SCTP port of this node for M2UA"), cli.Arg("port", cli.Uint(1024, 49151),
			"SCTP port, usually 2904")),
			[]string{"port"}, func(s *System) *[]*M2UAPort { return &s.M2UAPorts }, m2uaMode)),
		inUse(cli.List(in(cli.Kw("asp", "An application server process, or a gateway that this node is one to"),
			cli.Arg("asp", M2UAASPName, "Name, at most 19 characters"),
			cli.Arg("remote-port", cli.Uint(0, 65535), "SCTP port of the FAR end; 0 is any"), cli.Arg("local-port", cli.Uint(1024, 49151), "SCTP port of THIS end: one of `cs7 m2ua`"), m2ua),
			[]string{"asp"}, func(s *System) *[]*ASP { return &s.M2UAASPs }, m2uaASPMode)),
		cli.List(in(cli.Kw("as", "An application server: links that are offered to ASPs"), cli.Arg("as", M2UAASName, "Name, at most 19 characters"), m2ua),
			[]string{"as"}, func(s *System) *[]*M2UAAS { return &s.M2UAASs }, m2uaASMode),
	}
}

var m2uaMode = &cli.Mode{Name: "config-cs7-m2ua", Statements: append(append([]*cli.Statement{
	cli.List(cli.Seq(cli.Kw("local-ip", "An address of this port; several: multihomed"), cli.Arg("local-ip", cli.IP(), "Address of an interface of this node")),
		[]string{"local-ip"}, func(p *M2UAPort) *[]*LocalIP { return &p.IPs }, nil),
	cli.Field[M2UAPort](cli.Seq(cli.Kw("transport", "SCTP under this port (default: that of `cs7 transport`)"), transports())),
	udpPort[M2UAPort]("UDP port on which this end takes encapsulated SCTP (RFC 6951; default 9899)"),
	cli.Field[M2UAPort](cli.Seq(cli.Kw("checksum", "Checksum of packets that come in (default: wrong ones are discarded)"),
		cli.Flag("checksum", "any", "Taken even if wrong: for bridges that carry unfinished ones"))),
}, sctpSettings[M2UAPort](noteLater)...),
	shutdown[M2UAPort]("Close the port"),
)}

// m2uaSlack is a statement for each oddity.
func m2uaSlack() []*cli.Statement {
	var out []*cli.Statement
	for _, w := range [][2]string{
		{"no-interface-identifier", "Its Data has no interface identifier: it uses just one interface"},
		{"no-interface-in-data-ack", "Its Data Ack has no interface identifier: it uses just one interface"},
		{"no-interface-in-control", "Its other messages have none: it uses just one interface"},
		{"retrieval-action-0", "Its retrievals have action 0: of messages with a number, else of the BSN"},
		{"any-ppid", "Its payload protocol identifier may be any"},
		{"no-notify", "It wants no NTFY"},
		{"aspup-while-active", "ASPUP while active changes nothing"},
	} {
		out = append(out, cli.Field[ASP](cli.Seq(cli.Kw("slack", "What an odd far end is forgiven"), cli.Flag(w[0], w[0], w[1]))))
	}
	return out
}

var m2uaASPMode = &cli.Mode{Name: "config-cs7-asp", Statements: slices.Concat([]*cli.Statement{
	cli.Field[ASP](cli.Seq(cli.Kw("description", "A text about this ASP"), cli.Arg("description", cli.Rest(254), "Up to 254 characters"))),
	cli.List(cli.Seq(cli.Kw("remote-ip", "An address of the far end"), cli.Arg("remote-ip", cli.IP(), "Address")),
		[]string{"remote-ip"}, func(a *ASP) *[]*RemoteIP { return &a.Remote }, nil),
	cli.Field[ASP](cli.Seq(cli.Kw("role", "What this node is to it"), cli.Choice("role", cli.Kw("asp", "An ASP; the far end is a gateway, where links are"),
		cli.Kw("sg", "The signalling gateway (default)")))),
	cli.Field[ASP](cli.Seq(cli.Kw("sctp-role", "Who sets up the association (default: an sg is the server)"), cli.Choice("sctp-role",
		cli.Kw("client", "This end"), cli.Kw("server", "The far end")))),
	cli.Field[ASP](cli.Seq(cli.Kw("asp-identifier", "The far end's, or in role asp ours"), cli.Arg("asp-identifier", cli.Uint(0, 1<<32-1), "Identifier"))),
	cli.Field[ASP](cli.Seq(cli.Kw("traffic-mode", "In role asp: what this node asks for (default: what the gateway has)"), cli.Choice("traffic-mode",
		cli.Kw("broadcast", "All get everything"), cli.Kw("loadshare", "Each gets a part"), cli.Kw("override", "The latest gets everything")))),
	cli.Field[ASP](cli.Seq(cli.Kw("registration", "Registration of link keys"), cli.Choice("rkm", cli.Kw("allowed", "It may register for interfaces that have a link-key"), cli.Kw("off", "None (default)")))),
	cli.Field[ASP](cli.Seq(cli.Kw("timer", "A timer"), cli.Kw("ack", "Until a request is sent again (default 2000)"), cli.Arg("ack", cli.Millis(100, 60000), "Milliseconds"))),
	cli.Field[ASP](cli.Seq(cli.Kw("timer", "A timer"), cli.Kw("heartbeat", "Between BEATs (default: none)"), cli.Arg("heartbeat", cli.Millis(500, 600000), "Milliseconds"))),
	udpPort[ASP]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
}, m2uaSlack(), sctpSettings[ASP](noteLater), []*cli.Statement{
	cli.Field[ASP](cli.Flag("block", "block", "The association stays, but it may not become active")),
	shutdown[ASP]("No association"),
})}

var m2uaASMode = &cli.Mode{Name: "config-cs7-as", Statements: []*cli.Statement{
	cli.Field[M2UAAS](cli.Seq(cli.Kw("description", "A text about this AS"), cli.Arg("description", cli.Rest(254), "Up to 254 characters"))),
	cli.List(cli.Seq(cli.Kw("asp", "An ASP that serves it"), cli.Arg("asp", M2UAASPName, "Name"),
		cli.Opt(cli.Kw("weight", "Its share (default 1)"), cli.Arg("weight", cli.Uint(0, 10), "0: only while no other is active"))),
		[]string{"asp"}, func(a *M2UAAS) *[]*Member { return &a.Members }, nil),
	cli.Field[M2UAAS](cli.Seq(cli.Kw("traffic-mode", "How traffic is shared (default: as the first ASP says)"), cli.Choice("traffic-mode",
		cli.Kw("broadcast", "All get everything"), cli.Kw("loadshare", "Each gets a part, by SLS"), cli.Kw("override", "The latest gets everything")))),
	cli.Field[M2UAAS](cli.Seq(cli.Kw("recovery-timeout", "How long traffic waits for an ASP, before the links are in processor outage (default 2000)"), cli.Arg("recovery-timeout", cli.Millis(1, 60000), "Milliseconds"))),
	cli.Field[M2UAAS](cli.Seq(cli.Kw("minimum-active", "ASPs active before it is active (default 1)"), cli.Arg("minimum-active", cli.Uint(1, 64), "ASPs"))),
	cli.Field[M2UAAS](cli.Seq(cli.Kw("data-acknowledgement", "ASPs are asked to acknowledge what they are sent, except in broadcast (default: not)"), cli.Choice("data-acknowledgement",
		cli.Kw("count", "What an ASP has not acknowledged when it dies is counted"),
		cli.Kw("resend", "It is sent to the ASP that takes over: nothing is lost, and what the dead one had processed comes twice")))),
	cli.List(cli.Seq(cli.Kw("interface-identifier", "A link that is offered"), cli.Arg("interface", interfaceID{}, "Interface identifier"), overM2PA()),
		[]string{"interface"}, func(a *M2UAAS) *[]*InterfaceLink { return &a.Interfaces }, offeredMode),
	shutdown[M2UAAS]("No ASP may become active in it"),
}}

var offeredMode = &cli.Mode{Name: "config-cs7-as-if", Statements: slices.Concat([]*cli.Statement{
	cli.Field[InterfaceLink](cli.Seq(cli.Flag("link-key", "link-key", "What an ASP registers for it by"), cli.Arg("sdt", cli.Uint(0, 16383), "Signalling data terminal"), cli.Arg("sdl", cli.Uint(0, 16383), "Signalling data link"))),
	udpPort[InterfaceLink]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
}, m2paTimers[InterfaceLink](), sctpSettings[InterfaceLink](noteStreams), []*cli.Statement{
	shutdown[InterfaceLink]("Take the link out of service"),
})}
