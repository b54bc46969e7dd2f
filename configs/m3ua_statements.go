package configs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// KeyRange is an argument that is a point code, or a range of them as PC/LEN. Its
// value is an ss7.Range.
type KeyRange struct{}

// Hint implements cli.Type.
func (KeyRange) Hint() string { return "PC or PC/LEN" }

// Parse implements cli.Type.
func (KeyRange) Parse(env any, word string) (any, error) {
	n := system(env).Notation()
	if !strings.Contains(word, "/") {
		pc, err := PointCode{}.Parse(env, word)
		if err != nil {
			return nil, err
		}
		return ss7.Range{PC: pc.(ss7.PC), Len: n.Bits()}, nil
	}
	r, loose, err := n.ParseRange(word)
	if err == nil && loose {
		return nil, fmt.Errorf("%q has bits beyond its mask", word)
	}
	return r, err
}

// Format implements cli.Type.
func (KeyRange) Format(env any, v any) string {
	n, r := system(env).Notation(), v.(ss7.Range)
	if r.Len == n.Bits() {
		return n.Format(r.PC)
	}
	return n.FormatRange(r)
}

// nameOf is an argument that names an ASP or an AS.
type nameOf struct {
	what string
	list func(*System) []string
}

func (nameOf) Hint() string { return "WORD" }
func (t nameOf) Parse(_ any, word string) (any, error) {
	return shortName("the name of an "+t.what, word)
}
func (nameOf) Format(_ any, v any) string { return v.(string) }
func (t nameOf) Values(env any) []string  { return t.list(system(env)) }

// ASPName is an argument that names an ASP, ASName one that names an AS; the value is a string.
var (
	ASPName = nameOf{"ASP", func(s *System) (out []string) {
		for _, a := range s.ASPs {
			out = append(out, a.Name)
		}
		return out
	}}
	ASName = nameOf{"AS", func(s *System) (out []string) {
		for _, a := range s.ASs {
			out = append(out, a.Name)
		}
		return out
	}}
	_ = []cli.Type{KeyRange{}, ASPName, ASName}
)

// localPort is an argument that is a port of this end, or 0: the first one of `cs7 m3ua`. Its
// value is a uint64.
type localPort struct{}

func (localPort) Hint() string { return "<0,1024-49151>" }
func (localPort) Parse(env any, word string) (any, error) {
	if word == "0" {
		return uint64(0), nil
	}
	n, err := cli.Uint(1024, 49151).Parse(env, word)
	if err != nil {
		return nil, fmt.Errorf("%w, nor 0, the first port of `cs7 m3ua`", err)
	}
	return n, nil
}
func (localPort) Format(_ any, v any) string { return fmt.Sprint(v) }

// sctpOrTCP are Osmocom's words behind a port's number.
func sctpOrTCP(arg string) cli.Elem {
	return cli.Opt(cli.Choice(arg, cli.Value(OverSCTP, "Over SCTP (default)"), overTCP))
}

var overTCP = cli.Value(TCP, "Over TCP, for far ends that have no SCTP")

// rkmWords are Osmocom's words for what an ASP may register.
func rkmWords(more ...cli.Elem) cli.Elem {
	return cli.Choice("rkm", append(more,
		cli.Value(RKMStatic, "Only routing keys that are configured (default)"),
		cli.Value(RKMDynamic, "Others too, for destinations that no one else has"))...)
}

// m3uaStatements are the part of `cs7` about M3UA; in puts their first words in front.
func m3uaStatements(in func(...cli.Elem) cli.Elem) []*cli.Statement {
	m3ua := cli.Kw("m3ua", "MTP3 user adaptation (RFC 4666)")
	return append(registrationStatements(in),
		inUse(cli.List(in(cli.Kw("m3ua", "An SCTP or TCP port of this node for ASPs"),
			cli.Arg("port", cli.Uint(1024, 49151), "Port, usually 2905")),
			[]string{"port"}, func(s *System) *[]*M3UA { return &s.M3UAs }, m3uaMode)),
		inUse(cli.List(in(
			cli.Kw("asp", "The far end of an association: an ASP, a gateway, or an IPSP"),
			cli.Arg("asp", ASPName, "Name, at most 19 characters"),
			cli.Arg("remote-port", cli.Uint(0, 65535), "Port of the FAR end; 0 is any"),
			cli.Arg("local-port", localPort{}, "Port of THIS end: one of `cs7 m3ua`; 0 is the first of those"),
			m3ua, sctpOrTCP("over")),
			[]string{"asp"}, func(s *System) *[]*ASP { return &s.ASPs }, aspMode)),
		inUse(cli.List(in(cli.Kw("as", "An application server"),
			cli.Arg("as", ASName, "Name, at most 19 characters"), m3ua),
			[]string{"as"}, func(s *System) *[]*AS { return &s.ASs }, asMode)),
	)
}

// registrationStatements are about what ASPs may do that no line names: register keys, and come.
func registrationStatements(in func(...cli.Elem) cli.Elem) []*cli.Statement {
	xua, rkm := cli.Kw("xua", "Adaptation layers"), cli.Kw("rkm", "Routing key management")
	return []*cli.Statement{
		cli.Field[System](in(xua, rkm, cli.Kw("routing-key-allocation", "What ASPs may register"), rkmWords())),
		cli.Field[System](in(xua, rkm, cli.Kw("default-route", "Whether 0.0.0/0 reserves what it alone leads to"),
			cli.Choice("rkm-default",
				cli.Value(DefaultFree, "ASPs may register it (default)"),
				cli.Value(DefaultReserved, "They may not, as with every other route")))),
		cli.Field[System](in(xua,
			cli.Kw("max-unconfigured-asps", "Most associations of ASPs that are not configured (default 256)"),
			cli.Arg("max-unconfigured-asps", cli.Uint(1, 4096), "Associations"))),
	}
}

var m3uaMode = &cli.Mode{Name: "config-cs7-m3ua", Statements: slices.Concat([]*cli.Statement{
	localIP("An address of this port; several: multihomed", func(p *M3UA) *[]*LocalIP { return &p.IPs }),
	cli.Field[M3UA](cli.Seq(cli.Kw("accept-asp-connections", "Whose associations are taken"),
		cli.Choice("accept",
			cli.Value(AcceptConfigured, "Those of ASPs that are configured (default)"),
			cli.Value(AcceptAnybody, "Anybody's")))),
	transport[M3UA]("What is under this port", overTCP),
	udpPort[M3UA]("UDP port on which this end takes encapsulated SCTP (RFC 6951; default 9899)"),
	checksum[M3UA](),
}, sctpSettings[M3UA](noteLater), []*cli.Statement{
	shutdown[M3UA]("Close the port"),
})}

// slack is a statement for each oddity: its word, and what the word allows.
func slack(oddities [][2]string) []*cli.Statement {
	var out []*cli.Statement
	for _, o := range oddities {
		out = append(out, cli.Field[ASP](cli.Seq(cli.Kw("slack", "What an odd far end is forgiven"),
			cli.Flag(o[0], o[0], o[1]))))
	}
	return out
}

var m3uaOddities = [][2]string{
	{"no-routing-context", "It sends and wants none, though it serves several AS"},
	{"zero-routing-context", "It writes routing context 0 for none"},
	{"no-notify", "It wants no NTFY"},
	{"aspup-while-active", "ASPUP while active changes nothing"},
	{"ssnm-while-inactive", "It may ask about destinations while inactive"},
	{"host-order-ppid", "Its payload protocol identifier is in host order"},
	{"data-on-stream-0", "It sends DATA on stream 0"},
	{"chosen-routing-context", "It registers keys with routing contexts of its own choice"},
}

var aspMode = &cli.Mode{Name: "config-cs7-asp", Statements: slices.Concat([]*cli.Statement{
	description[ASP]("A text about this ASP"),
	localIP("An address of this end, where no `cs7 m3ua` says it", func(a *ASP) *[]*LocalIP { return &a.LocalIPs }),
	remoteIP("An address of the far end; without any it is known by its asp-identifier"),
	cli.Field[ASP](cli.Seq(cli.Kw("role", "What this node is to it"),
		cli.Choice("role",
			cli.Value(RoleASP, "An ASP; the far end is a gateway"),
			cli.Value(RoleIPSP, "An IP server process like itself"),
			cli.Value(RoleSG, "The signalling gateway (default)")),
		cli.Opt(cli.Choice("exchange",
			cli.Value(DoubleExchange, "Each direction is activated by its own end"),
			cli.Value(Initiate, "One exchange moves both directions; this end asks for it"),
			cli.Value(Respond, "The same; the far end asks (default: who sets up the association)"))))),
	sctpRole(cli.Kw("transport-role", "The same in Osmocom's later word")),
	aspIdentifier(),
	cli.Field[ASP](cli.Seq(cli.Kw("rkm", "What it may register (default: as `cs7 xua rkm` says)"),
		rkmWords(cli.Value(RKMOff, "Nothing")))),
	cli.List(cli.Seq(cli.Kw("rkm", "What it may register"), cli.Kw("allow", "Only destinations in these ranges"),
		cli.Arg("allow", DestRange{}, "PC/LEN")),
		[]string{"allow"}, func(a *ASP) *[]*Allowed { return &a.Allowed }, nil),
}, aspTimers(), []*cli.Statement{
	udpPort[ASP]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
}, slack(m3uaOddities), sctpSettings[ASP](noteLater), endOfASP())}

// remoteIP is an address of an ASP.
func remoteIP(help string) *cli.Statement {
	return cli.List(cli.Seq(cli.Kw("remote-ip", help), cli.Arg("remote-ip", cli.IP(), "Address")),
		[]string{"remote-ip"}, func(a *ASP) *[]*RemoteIP { return &a.Remote }, nil)
}

// sctpRole is who sets up the association; others are other words for it.
func sctpRole(others ...cli.Elem) *cli.Statement {
	word := cli.Kw("sctp-role", "Who sets up the association (default: an sg is the server)")
	if len(others) > 0 {
		word = cli.Alt(append([]cli.Elem{word}, others...)...)
	}
	return cli.Field[ASP](cli.Seq(word, cli.Choice("sctp-role",
		cli.Value(Client, "This end"), cli.Value(Server, "The far end"))))
}

func aspIdentifier() *cli.Statement {
	return cli.Field[ASP](cli.Seq(cli.Kw("asp-identifier", "The far end's, or in role asp ours"),
		cli.Arg("asp-identifier", cli.Uint(0, 1<<32-1), "Identifier")))
}

func aspTimers() []*cli.Statement {
	timer := func(name, help string, least, most uint64) *cli.Statement {
		return cli.Field[ASP](cli.Seq(cli.Kw("timer", "A timer"), cli.Kw(name, help),
			cli.Arg(name, cli.Millis(least, most), "Milliseconds")))
	}
	return []*cli.Statement{
		timer("ack", "Until a request is sent again (default 2000)", 100, 60000),
		timer("heartbeat", "Between BEATs (default: none)", 500, 600000),
	}
}

// endOfASP are the last lines of an ASP, of M3UA or of M2UA.
func endOfASP() []*cli.Statement {
	return []*cli.Statement{
		cli.Field[ASP](cli.Flag("block", "block", "The association stays, but it may not become active")),
		shutdown[ASP]("No association"),
	}
}

func serviceIndicators() cli.Elem {
	var words []cli.Elem
	for _, p := range UserParts {
		words = append(words, cli.Value(p, fmt.Sprintf("Service indicator %d", uint8(p))))
	}
	return cli.Choice("si", words...)
}

// keyOPC joins the OPC of a routing key and its mask into a range.
func keyOPC(env any, a cli.Args) (note string, err error) {
	if !a.Has("mask") {
		return "", nil
	}
	length := uint8(cli.Get[uint64](a, "mask"))
	delete(a, "mask")
	n, opc := system(env).Notation(), cli.Get[ss7.Range](a, "opc")
	if opc.Len != n.Bits() {
		return "", fmt.Errorf("the OPC %s has a mask already", n.FormatRange(opc))
	}
	clean, loose := ss7.Range{PC: opc.PC, Len: length}.Clean(n.Bits())
	a["opc"] = clean
	if loose {
		note = fmt.Sprintf("OPC %s has bits beyond its mask; taken as %s", n.Format(opc.PC), withCodes(n, clean))
	}
	return note, nil
}

var asMode = &cli.Mode{Name: "config-cs7-as", Statements: []*cli.Statement{
	description[AS]("A text about this AS"),
	member(ASPName, func(a *AS) *[]*Member { return &a.Members }),
	cli.List(cli.Seq(cli.Kw("routing-key", "What belongs to it; several lines, one routing context"),
		cli.Arg("rc", cli.Uint(0, 1<<32-1), "Routing context"),
		cli.Opt(cli.Arg("dpc", KeyRange{}, "DPC; 0.0.0/0 is what no route covers"),
			cli.Opt(cli.Kw("si", "Only of one user part"), serviceIndicators()),
			cli.Opt(cli.Kw("opc", "Only from"), cli.Arg("opc", KeyRange{}, "OPC"), cli.Opt(cli.Unkept(
				cli.Arg("mask", pcMask{}, "Mask of the OPC in point-code form (default: this code alone)")))),
			cli.Opt(cli.Flag("cic", "cic", "Only circuits"),
				cli.Arg("min", cli.Uint(0, 16383), "First"), cli.Arg("max", cli.Uint(0, 16383), "Last")))),
		[]string{"rc", "dpc", "si", "opc", "cic", "min", "max"},
		func(a *AS) *[]*RoutingKey { return &a.Keys }, nil).Check(keyOPC),
	trafficMode[AS]("How traffic is shared (default: as the first ASP says)", "Each gets a part",
		cli.Opt(cli.Choice("spread",
			cli.Value(Bindings, "By SLS (default)"),
			cli.Value(RoundRobin, "In turn, which does not keep the order")))),
	recoveryTimeout[AS]("How long traffic waits for an ASP (default 2000)"),
	cli.Field[AS](cli.Seq(cli.Kw("network-appearance", "How its network is named to ASPs"),
		cli.Arg("network-appearance", cli.Uint(0, 1<<32-1), "Number"))),
	minimumActive[AS](),
	cli.Field[AS](cli.Seq(cli.Kw("own-routing-context", "In a double exchange: by which the far end knows this end "+
		"(default: that of the routing key)"),
		cli.Arg("own-routing-context", cli.Uint(0, 1<<32-1), "Routing context"))),
	cli.Field[AS](cli.Flag("register", "register", "In role asp: ask the gateway for the routing context (RKM)")),
	shutdown[AS]("No ASP may become active in it"),
}}

// member is a line for each ASP of an application server, which has them in of.
func member[O any](name cli.Type, of func(*O) *[]*Member) *cli.Statement {
	return cli.List(cli.Seq(cli.Kw("asp", "An ASP that serves it"), cli.Arg("asp", name, "Name"),
		cli.Opt(cli.Kw("weight", "Its share (default 1)"),
			cli.Arg("weight", cli.Uint(0, 10), "0: only while no other is active"))),
		[]string{"asp"}, of, nil)
}

// trafficMode is how the ASPs of an O share traffic; loadshare is what that mode does.
func trafficMode[O any](help, loadshare string, more ...cli.Elem) *cli.Statement {
	return cli.Field[O](cli.Seq(append([]cli.Elem{cli.Kw("traffic-mode", help), cli.Choice("traffic-mode",
		cli.Value(Broadcast, "All get everything"),
		cli.Value(Loadshare, loadshare),
		cli.Value(Override, "The latest gets everything"))}, more...)...))
}

func recoveryTimeout[O any](help string) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw("recovery-timeout", help),
		cli.Arg("recovery-timeout", cli.Millis(1, 60000), "Milliseconds")))
}

func minimumActive[O any]() *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw("minimum-active", "ASPs active before it is active (default 1)"),
		cli.Arg("minimum-active", cli.Uint(1, 64), "ASPs")))
}

// init adds Osmocom's form: `cs7 instance N` leads into a mode with the same statements
// without `cs7`. The running configuration is written without it.
func init() {
	nested := cli.Without(Global.Statements, cs7Words...)
	nested = append(nested, inUse(cli.List(cli.Seq(cli.Kw("listen", "An SCTP or TCP port of this node for ASPs"),
		cli.Kw("m3ua", "M3UA"), cli.Arg("port", cli.Uint(1024, 49151), "Port, usually 2905"), sctpOrTCP("transport")),
		[]string{"port"}, func(s *System) *[]*M3UA { return &s.M3UAs }, m3uaMode)).Check(anySCTP).Again(oneTransport))
	Global.Statements = append(Global.Statements, cli.Enter[System](cli.Seq(cs7Words[0], cli.Seq(cs7Words[1].Parts()...)),
		&cli.Mode{Name: "config-cs7", Statements: nested}).No(dropInstance))
}

// oneTransport refuses to make a port of SCTP one of TCP, or the reverse. In Osmocom's files one number may stand for
// both; here the line that comes last would decide.
func oneTransport(_, e any, a cli.Args) error {
	m := e.(*M3UA)
	is, wanted := "SCTP", "TCP"
	if m.Transport == TCP {
		is, wanted = wanted, is
	}
	if (cli.Get[Transport](a, "transport") == TCP) == (m.Transport == TCP) {
		return nil
	}
	return fmt.Errorf("m3ua %d is a port of %s already, and a number is of one transport here: give the port of %s "+
		"another number, or take this one away first", m.Port, is, wanted)
}

// anySCTP: Osmocom's `sctp` is no kind of SCTP.
func anySCTP(_ any, a cli.Args) (string, error) {
	if a["transport"] == OverSCTP {
		delete(a, "transport")
	}
	return "", nil
}
