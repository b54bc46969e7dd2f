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
	at := cli.Seq(cli.Kw("m2ua", "Level 2 at an interface of a gateway (RFC 3331)"),
		cli.Arg("gateway", M2UAASPName, "ASP: the gateway"))
	return cli.Alt(
		cli.Seq(cli.Flag("registers", "link-key",
			"Level 2 at a gateway, which gives the interface identifier for a link key"),
			cli.Arg("key-sdt", cli.Uint(0, 16383), "Signalling data terminal"),
			cli.Arg("key-sdl", cli.Uint(0, 16383), "Signalling data link"), at),
		cli.Seq(at, cli.Arg("interface", interfaceID{}, "Interface identifier there")))
}

// oneForm makes a line about a link over M2PA take back what a line over M2UA had said, and the other way
// round. A line that only leads back into the mode of a link changes nothing.
func oneForm(_ any, a cli.Args) (string, error) {
	if !a.Has("gateway") && !a.Has("remote-ip") {
		return "", nil
	}
	if a.Has("gateway") {
		a["remote-ip"], a["remote-port"], a["local-port"], a["passive"] = []any{}, uint64(0), uint64(0), false
	} else {
		a["gateway"] = ""
	}
	a.Default(cli.Args{"interface": "", "registers": false, "key-sdt": uint64(0), "key-sdl": uint64(0)})
	return "", nil
}

func m2uaStatements(in func(...cli.Elem) cli.Elem) []*cli.Statement {
	m2ua := cli.Kw("m2ua", "MTP2 user adaptation (RFC 3331)")
	return []*cli.Statement{
		inUse(cli.List(in(cli.Kw("m2ua", "An SCTP port of this node for M2UA"),
			cli.Arg("port", cli.Uint(1024, 49151), "SCTP port, usually 2904")),
			[]string{"port"}, func(s *System) *[]*M2UAPort { return &s.M2UAPorts }, m2uaMode)),
		inUse(cli.List(in(cli.Kw("asp", "The far end of an association: an ASP, or a gateway"),
			cli.Arg("asp", M2UAASPName, "Name, at most 19 characters"),
			cli.Arg("remote-port", cli.Uint(0, 65535), "SCTP port of the FAR end; 0 is any"),
			cli.Arg("local-port", cli.Uint(1024, 49151), "SCTP port of THIS end: one of `cs7 m2ua`"), m2ua),
			[]string{"asp"}, func(s *System) *[]*ASP { return &s.M2UAASPs }, m2uaASPMode)),
		cli.List(in(cli.Kw("as", "An application server: links that are offered to ASPs"),
			cli.Arg("as", M2UAASName, "Name, at most 19 characters"), m2ua),
			[]string{"as"}, func(s *System) *[]*M2UAAS { return &s.M2UAASs }, m2uaASMode),
	}
}

var m2uaMode = &cli.Mode{Name: "config-cs7-m2ua", Statements: slices.Concat([]*cli.Statement{
	localIP("An address of this port; several: multihomed", func(p *M2UAPort) *[]*LocalIP { return &p.IPs }),
	transport[M2UAPort]("SCTP under this port"),
	udpPort[M2UAPort]("UDP port on which this end takes encapsulated SCTP (RFC 6951; default 9899)"),
	checksum[M2UAPort](),
}, sctpSettings[M2UAPort](noteLater), []*cli.Statement{
	shutdown[M2UAPort]("Close the port"),
})}

var m2uaOddities = [][2]string{
	{"no-interface-identifier", "Its Data has no interface identifier: it uses just one interface"},
	{"no-interface-in-data-ack", "Its Data Ack has no interface identifier: it uses just one interface"},
	{"no-interface-in-control", "Its other messages have none: it uses just one interface"},
	{"retrieval-action-0", "Its retrievals have action 0: of messages with a number, else of the BSN"},
	{"any-ppid", "Its payload protocol identifier may be any"},
	{"no-notify", "It wants no NTFY"},
	{"aspup-while-active", "ASPUP while active changes nothing"},
}

var m2uaASPMode = &cli.Mode{Name: "config-cs7-asp", Statements: slices.Concat([]*cli.Statement{
	description[ASP]("A text about this ASP"),
	remoteIP("An address of the far end"),
	cli.Field[ASP](cli.Seq(cli.Kw("role", "What this node is to it"), cli.Choice("role",
		cli.Value(RoleASP, "An ASP; the far end is a gateway, where links are"),
		cli.Value(RoleSG, "The signalling gateway (default)")))),
	sctpRole(),
	aspIdentifier(),
	trafficMode[ASP]("In role asp: what this node asks for (default: what the gateway has)", "Each gets a part"),
	cli.Field[ASP](cli.Seq(cli.Kw("registration", "Registration of link keys"), cli.Choice("rkm",
		cli.Value(RKMAllowed, "It may register for interfaces that have a link-key"),
		cli.Value(RKMOff, "None (default)")))),
}, aspTimers(), []*cli.Statement{
	udpPort[ASP]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
}, slack(m2uaOddities), sctpSettings[ASP](noteLater), endOfASP())}

var m2uaASMode = &cli.Mode{Name: "config-cs7-as", Statements: []*cli.Statement{
	description[M2UAAS]("A text about this AS"),
	member(M2UAASPName, func(a *M2UAAS) *[]*Member { return &a.Members }),
	trafficMode[M2UAAS]("How traffic is shared (default: as the first ASP says)", "Each gets a part, by SLS"),
	recoveryTimeout[M2UAAS]("How long traffic waits for an ASP, before the links are in processor outage " +
		"(default 2000)"),
	minimumActive[M2UAAS](),
	cli.Field[M2UAAS](cli.Seq(cli.Kw("data-acknowledgement",
		"ASPs are asked to acknowledge what they are sent, except in broadcast (default: not)"),
		cli.Choice("data-acknowledgement",
			cli.Value(CountUnacked, "What an ASP has not acknowledged when it dies is counted"),
			cli.Value(ResendUnacked, "It is sent to the ASP that takes over: nothing is lost, and what the dead one "+
				"had processed comes twice")))),
	shutdown[M2UAAS]("No ASP may become active in it"),
	cli.List(cli.Seq(cli.Kw("interface-identifier", "A link that is offered"),
		cli.Arg("interface", interfaceID{}, "Interface identifier"), overM2PA()),
		[]string{"interface"}, func(a *M2UAAS) *[]*InterfaceLink { return &a.Interfaces }, offeredMode),
}}

var offeredMode = &cli.Mode{Name: "config-cs7-as-if", Statements: slices.Concat([]*cli.Statement{
	cli.Field[InterfaceLink](cli.Seq(cli.Flag("link-key", "link-key", "What an ASP registers for it by"),
		cli.Arg("sdt", cli.Uint(0, 16383), "Signalling data terminal"),
		cli.Arg("sdl", cli.Uint(0, 16383), "Signalling data link"))),
	udpPort[InterfaceLink]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
}, m2paTimers[InterfaceLink](), sctpSettings[InterfaceLink](noteStreams), []*cli.Statement{
	shutdown[InterfaceLink]("Take the link out of service"),
})}
