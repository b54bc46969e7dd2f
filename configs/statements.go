package configs

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// Global is the statements of global configuration, in the order in which the
// running configuration writes them.
var Global = &cli.Mode{Name: "config", Statements: slices.Concat([]*cli.Statement{
	cli.Field[System](cli.Seq(cli.Kw("hostname", "Name of this node, shown in the prompt"),
		cli.Arg("hostname", cli.Word(63), "Host name"))),
	cli.Field[System](cli.Seq(cli.Alt(cli.Kw("logging", "Log messages"), cli.Kw("log", "Log messages")),
		cli.Flag("console", "console", "Show them on the console (default)"))).Inverted(),
	interfaceStatement,
	multiInstance,
}, codeStatements(), nodeStatements(), mtp3Timers(), timedCongestion(), []*cli.Statement{
	multipleCongestion(),
	restrictedOption(),
	slsShift(),
	cli.Field[System](wholeNode(cli.Kw("transport", "SCTP under all local-peers that do not say otherwise"),
		transports())),
	inUse(cli.List(CS7(cli.Kw("local-peer", "An SCTP port of this node"),
		cli.Arg("port", cli.Uint(1024, 49151), "SCTP port")),
		[]string{"port"}, func(s *System) *[]*LocalPeer { return &s.LocalPeers }, localPeerMode)),
	inUse(cli.List(CS7(cli.Kw("linkset", "A set of links to one adjacent point"),
		cli.Arg("linkset", newName{LinksetName{}}, "Name, at most 19 characters"),
		cli.Arg("apc", PointCode{}, "Adjacent point code"),
		cli.Opt(cli.Kw("local-pc", "The code by which the far end knows this node (default: as its link tests say)"),
			cli.Arg("local-pc", PointCode{}, "A code of this node"))),
		[]string{"linkset"}, func(s *System) *[]*Linkset { return &s.Linksets }, linksetMode)),
}, m3uaStatements(CS7), m2uaStatements(CS7), []*cli.Statement{
	cli.List(CS7(cli.Kw("route-table", "Routes to point codes"),
		cli.Choice("table", cli.Kw(systemTable, "The table that routes"))),
		[]string{"table"}, func(s *System) *[]*RouteTable { return &s.RouteTables }, routeMode),
}, ipStatements, sccpStatements, accessStatements, passedOver)}

// variantHelp is the help of each variant.
var variantHelp = map[*ss7.Variant]string{
	ss7.ANSI:  "ANSI, 24-bit codes",
	ss7.China: "China, 24-bit codes",
	ss7.ITU:   "ITU-T, 14-bit codes (default)",
	ss7.NTT:   "Japan NTT, 16-bit codes",
	ss7.TTC:   "Japan TTC, 16-bit codes",
}

func variants() cli.Elem {
	var words []cli.Elem
	for _, v := range ss7.Variants {
		words = append(words, cli.Value(VariantOf(v), variantHelp[v]))
	}
	return cli.Choice("variant", words...)
}

// codeStatements are about the network and the point codes of this node.
func codeStatements() []*cli.Statement {
	pointCode := cli.Kw("point-code", "Point code of this node")
	format := cli.Kw("format", "Field widths of point codes")
	delimiter := cli.Kw("delimiter", "Between the fields of a point code")
	return []*cli.Statement{
		cli.Field[System](CS7(cli.Kw("variant", "Kind of MTP and of point codes"), variants())),
		cli.Field[System](CS7(cli.Kw("network-indicator", "Network indicator of every MSU"),
			cli.Choice("network-indicator",
				cli.Value(ss7.International, "0"),
				cli.Value(ss7.National, "2 (default)"),
				cli.Value(ss7.ReservedNational, "3, reserved for national use"),
				cli.Value(ss7.SpareNetwork, "1, international spare")))),
		cli.Field[System](CS7(pointCode, format, cli.Rep("width", cli.Uint(1, 24),
			"Width of a field in bits, from the left; together the width of a code"))),
		cli.Edit(CS7(pointCode, format, cli.Kw("default", "Those of the variant")),
			func(_ any, s *System, _ cli.Args) error { s.Widths = nil; return nil }),
		cli.Field[System](CS7(pointCode, delimiter, cli.Choice("delimiter", cli.Value(Dash, "1-2-3")))),
		cli.Edit(CS7(pointCode, delimiter, cli.Kw("default", "1.2.3")),
			func(_ any, s *System, _ cli.Args) error { s.Delimiter = 0; return nil }),
		cli.Field[System](CS7(pointCode, cli.Arg("point-code", PointCode{}, "Point code, 3-8-3 or decimal"))),
		cli.List(CS7(cli.Kw("secondary-pc", "One more code of this node"),
			cli.Arg("secondary-pc", PointCode{}, "Point code")),
			[]string{"secondary-pc"}, func(s *System) *[]*Secondary { return &s.Secondaries }, nil),
		networkName,
		pcConversion,
		ignoreSCCP,
	}
}

// nodeStatements are about this node as a whole.
func nodeStatements() []*cli.Statement {
	return []*cli.Statement{
		cli.Field[System](CS7(cli.Kw("description", "A text about this node"), descriptionText)),
		cli.Field[System](CS7(cli.Kw("max-dynamic-routes", "Most dynamic routes kept (default 1000)"),
			cli.Arg("max-dynamic-routes", cli.Uint(100, 1000), "Routes"))),
		cli.Field[System](CS7(cli.Flag("summary-routing-exception", "summary-routing-exception",
			"A point code with routes of its own is inaccessible when they are down, whatever summary covers it"))),
		cli.Field[System](CS7(
			cli.Kw("loop-protection", "Messages that go round for ever (default: they are probed for and reported)"),
			cli.Choice("loop-protection",
				cli.Value(DropLoops, "Also discard those whose circle is proven"),
				cli.Value(IgnoreLoops, "Neither probe for them nor report them")))),
		cli.List(CS7(cli.Kw("host", "A name for a point code"), cli.Arg("name", cli.Word(19), "Name"),
			cli.Arg("pc", PointCode{}, "Point code it stands for")),
			[]string{"name"}, func(s *System) *[]*Host { return &s.Hosts }, nil),
	}
}

var localPeerMode = &cli.Mode{Name: "config-cs7-lp", Statements: slices.Concat([]*cli.Statement{
	localIP("An address of this local peer; several: multihomed", func(p *LocalPeer) *[]*LocalIP { return &p.IPs }),
	transport[LocalPeer]("SCTP under this local-peer"),
	udpPort[LocalPeer]("UDP port on which this local peer takes encapsulated SCTP (RFC 6951; default 9899)"),
	checksum[LocalPeer](),
}, sctpSettings[LocalPeer](noteStreams), []*cli.Statement{
	shutdown[LocalPeer]("Close the port"),
})}

var linksetMode = &cli.Mode{Name: "config-cs7-ls", Statements: slices.Concat([]*cli.Statement{
	description[Linkset]("A text about this linkset"),
}, m2paTimers[Linkset](), timersOf[Linkset](perLinkset, cli.Seq), []*cli.Statement{
	cli.Field[Linkset](cli.Seq(cli.Kw("link-test", "Service indicator of this node's link tests"),
		cli.Choice("link-test",
			cli.Value(RegularTest, "1: regular messages (default but for ANSI)"),
			cli.Value(SpecialTest, "2: special messages (default for ANSI)")))),
	cli.Field[Linkset](cli.Flag("rotate-sls", "rotate-sls",
		"Turn the SLS of what leaves by one bit (ANSI; default)")).Inverted(),
	congestionLevels(func(l *Linkset) *[]*Thresholds { return &l.Congestion }),
	shutdown[Linkset]("Take all links out of service"),
	cli.List(cli.Seq(cli.Kw("link", "A signalling link"),
		cli.Arg("slc", cli.Uint(0, 15), "Signalling link code, the same at both ends"),
		cli.Alt(overM2PA(), atGateway())),
		[]string{"slc"}, func(l *Linkset) *[]*Link { return &l.Links }, linkMode).Check(oneForm),
})}

// overM2PA is what stands behind the name of an M2PA link.
func overM2PA() cli.Elem {
	return cli.Seq(cli.Kw("sctp", "M2PA over SCTP"),
		cli.Rep("remote-ip", cli.IP(), "Address of the far end; the first of several is the primary one"),
		cli.Arg("remote-port", cli.Uint(1, 65535), "SCTP port of the FAR end"),
		cli.Arg("local-port", cli.Uint(1024, 49151), "SCTP port of THIS end: a local-peer"),
		cli.Opt(cli.Flag("passive", "passive", "Wait for the far end to set up the association")))
}

var linkMode = &cli.Mode{Name: "config-cs7-ls-link", Statements: slices.Concat([]*cli.Statement{
	udpPort[Link]("UDP port on which the far end takes encapsulated SCTP (RFC 6951; default 9899)"),
	cli.Field[Link](cli.Flag("extended-changeover", "extended-changeover", "Level 2 at a gateway counts with 24 bits "+
		"(M2PA, high-speed links): XCO and XCA instead of COO and COA")),
}, m2paTimers[Link](), timersOf[Link](perLink, cli.Seq), sctpSettings[Link](noteStreams), []*cli.Statement{
	congestionLevels(func(k *Link) *[]*Thresholds { return &k.Congestion }),
	shutdown[Link]("Take the link out of service"),
})}

var routeMode = &cli.Mode{Name: "config-cs7-rt", Statements: []*cli.Statement{
	cli.List(cli.Seq(cli.Kw("update", "Add or change"), cli.Kw("route", "A route to a range of point codes"),
		cli.Alt(
			cli.Arg("dest", DestRange{}, "Codes that share LEN leading bits with PC; 0.0.0/0 is the default route"),
			cli.Seq(cli.Unkept(cli.Arg("pc", PointCode{}, "Point code")),
				cli.Unkept(cli.Arg("mask", pcMask{}, "Mask in point-code form; all ones is one code")))),
		cli.Alt(cli.Seq(cli.Flag("as", "as", "To an application server"), cli.Arg("linkset", ASName, "AS name")),
			cli.Seq(cli.Kw("linkset", "Over a linkset"), cli.Arg("linkset", LinksetName{}, "Linkset name"))),
		cli.Opt(cli.Kw("priority", "The lower, the better; equal ones share"),
			cli.Arg("priority", cli.Uint(1, 9), "Priority (default 5)"))),
		[]string{"dest", "as", "linkset"}, func(t *RouteTable) *[]*Route { return &t.Routes }, nil).Check(routeDest),
	cli.Edit(cli.Seq(cli.Kw("remove", "Take away"), cli.Kw("route", "Routes to a range of point codes"),
		cli.Alt(cli.Arg("dest", DestRange{}, "Codes that share LEN leading bits with PC"),
			cli.Seq(cli.Arg("pc", PointCode{}, "Point code"), cli.Arg("mask", pcMask{}, "Mask in point-code form"))),
		cli.Opt(cli.Kw("linkset", "Only over this linkset"), cli.Arg("linkset", LinksetName{}, "Linkset name"))),
		removeRoute).Check(routeDest),
}}

// The statements below are those of several modes; O is what a mode is about.

func shutdown[O any](help string) *cli.Statement {
	return cli.Field[O](cli.Flag("shutdown", "shutdown", help))
}

var descriptionText = cli.Arg("description", cli.Rest(254), "Up to 254 characters")

func description[O any](help string) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw("description", help), descriptionText))
}

func udpPort[O any](help string) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw("udp-port", help), cli.Arg("udp-port", cli.Uint(1, 65535), "UDP port")))
}

// localIP is an address of an O, which has them in of.
func localIP[O any](help string, of func(*O) *[]*LocalIP) *cli.Statement {
	return cli.List(cli.Seq(cli.Kw("local-ip", help),
		cli.Arg("local-ip", cli.IP(), "Address of an interface of this node")),
		[]string{"local-ip"}, of, nil)
}

func transport[O any](help string, more ...cli.Elem) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw("transport", help+" (default: that of `cs7 transport`)"), transports(more...)))
}

func checksum[O any]() *cli.Statement {
	return cli.Field[O](cli.Seq(
		cli.Kw("checksum", "Checksum of packets that come in (default: wrong ones are discarded)"),
		cli.Flag("checksum", "any", "Taken even if wrong: for bridges that carry unfinished ones")))
}

// m2paTimers gives the timer statements of a linkset, which are the defaults of
// its links, or of a link. Ranges: Q.703 §12.3, widened to what high-speed links
// and other makes of STP use.
func m2paTimers[O any]() []*cli.Statement {
	var out []*cli.Statement
	for _, t := range []struct {
		name, help  string
		least, most uint64
	}{
		{"t1", "Aligned, waiting for the far end to be ready", 1000, 350000},
		{"t2", "Not aligned", 1000, 150000},
		{"t3", "Aligned, waiting for proving", 1000, 60000},
		{"t4-normal", "Normal proving", 500, 70000},
		{"t4-emergency", "Emergency proving", 400, 5000},
		{"t6", "Far end busy", 1000, 10000},
		{"t7", "Far end does not acknowledge", 200, 10000},
		{"lssu", "Between repeated link status messages", 100, 10000},
	} {
		out = append(out, cli.Field[O](cli.Seq(cli.Kw("m2pa", "M2PA, level 2"), cli.Kw("timer", "A timer"),
			cli.Kw(t.name, t.help), cli.Arg(t.name, cli.Millis(t.least, t.most), "Milliseconds"))))
	}
	return out
}

// routeDest joins PC and MASK into a range, and tells when bits beyond the mask
// had to be cleared.
func routeDest(env any, a cli.Args) (note string, err error) {
	n := system(env).Notation()
	r := cli.Get[ss7.Range](a, "dest")
	if !a.Has("dest") {
		r = ss7.Range{PC: cli.Get[ss7.PC](a, "pc"), Len: uint8(cli.Get[uint64](a, "mask"))}
		delete(a, "pc")
		delete(a, "mask")
	}
	clean, loose := r.Clean(n.Bits())
	a["dest"] = clean
	if loose {
		note = fmt.Sprintf("%s has bits beyond its mask; taken as %s", n.FormatRange(r), withCodes(n, clean))
	}
	return note, nil
}

// withCodes writes a range with its first and last code.
func withCodes(n ss7.Notation, r ss7.Range) string {
	return fmt.Sprintf("%s, which is %s to %s", n.FormatRange(r), n.Format(r.PC), n.Format(r.Last(n.Bits())))
}

func removeRoute(env any, t *RouteTable, a cli.Args) error {
	dest, name, only := cli.Get[ss7.Range](a, "dest"), cli.Get[string](a, "linkset"), a.Has("linkset")
	before := len(t.Routes)
	t.Routes = slices.DeleteFunc(t.Routes, func(r *Route) bool {
		return r.Dest == dest && (!only || r.Linkset == name)
	})
	if len(t.Routes) == before {
		return fmt.Errorf("there is no route %s%s to remove", system(env).Notation().FormatRange(dest), over(name))
	}
	return nil
}

func over(linkset string) string {
	if linkset == "" {
		return ""
	}
	return " over linkset " + linkset
}
