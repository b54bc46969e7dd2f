package configs

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// gtName is how long the names of global title translation may be.
const gtName = 12

func gttWords(e ...cli.Elem) cli.Elem {
	return CS7(append([]cli.Elem{cli.Kw("gtt", "Global title translation")}, e...)...)
}

func sccpWords(e ...cli.Elem) cli.Elem {
	return CS7(append([]cli.Elem{cli.Kw("sccp", "Signalling connection control part")}, e...)...)
}

func number(word, help string, least, most uint64) cli.Elem {
	return cli.Seq(cli.Kw(word, help), cli.Arg(word, plus1Type{least, most, nil}, help))
}

// sccpStatements are those of global configuration that concern SCCP.
var sccpStatements = []*cli.Statement{
	cli.List(CS7(cli.Kw("capability-pc", "A code that this node shares with its mate"),
		cli.Arg("capability-pc", PointCode{}, "Point code")),
		[]string{"capability-pc"}, func(s *System) *[]*Capability { return &s.Capabilities }, nil),
	cli.List(sccpWords(cli.Kw("local-ssn", "A subsystem of this node, which answers tests"),
		cli.Arg("local-ssn", cli.Uint(2, 254), "Subsystem number")),
		[]string{"local-ssn"}, func(s *System) *[]*Subsystem { return &s.Subsystems }, nil),
	cli.List(sccpWords(cli.Kw("format", "What a point takes other than UDT and XUDT"),
		cli.Arg("pc", PointCode{}, "Point code"),
		cli.Choice("format",
			cli.Value(UDTOnly, "UDT and UDTS alone"),
			cli.Value(LongMessages, "LUDT and LUDTS too"))),
		[]string{"pc"}, func(s *System) *[]*PointFormat { return &s.Formats }, nil),
	cli.Field[System](CS7(cli.Flag("pak-conv", "sccp-allow-pak-conv", "XUDT may become UDT where a point takes nothing "+
		"else, and UDT XUDT where it is translated again"))),
	inUse(cli.List(gttWords(cli.Kw("address-conversion", "Replaces prefixes of digits"), gttName,
		cli.Any(number("np", "Numbering plan for rules that have none", 0, 15),
			number("nai", "Nature of address for rules that have none", 0, 127))),
		[]string{"name"}, func(s *System) *[]*Conversion { return &s.Conversions }, conversionMode)),
	inUse(cli.List(gttWords(cli.Kw("application-group", "Several destinations of a title"), gttName),
		[]string{"name"}, func(s *System) *[]*AppGroup { return &s.Groups }, groupMode)),
	cli.List(gttWords(cli.Kw("selector", "Translates the titles of one nature of address"), gttName,
		cli.Kw("tt", "Translation type"), cli.Arg("tt", cli.Uint(0, 255), "Translation type"),
		cli.Opt(cli.Kw("gti", "Global title indicator (default 2)"),
			cli.Arg("gti", cli.Uint(1, 4), "Global title indicator"),
			cli.Any(number("np", "Numbering plan", 0, 15), number("nai", "Nature of address", 0, 127)))),
		[]string{"name"}, func(s *System) *[]*Selector { return &s.Selectors }, selectorMode),
	cli.List(gttWords(cli.Kw("map", "A subsystem elsewhere and its mate"), cli.Arg("pc", PointCode{}, "Point code"),
		cli.Arg("ssn", cli.Uint(2, 254), "Subsystem number"),
		cli.Alt(cli.Flag("solitary", "solitary", "It has no mate"),
			cli.Seq(cli.Choice("multiplicity",
				cli.Value(Dominant, "The mate takes its traffic while it cannot"),
				cli.Value(Shared, "Both take traffic")),
				cli.Arg("backup-pc", PointCode{}, "Point code of the mate"),
				cli.Arg("backup-ssn", cli.Uint(2, 254), "Subsystem number of the mate")))),
		[]string{"pc", "ssn"}, func(s *System) *[]*Map { return &s.Maps }, nil).Check(mapCheck),
	cli.List(gttWords(cli.Kw("concern-pclist", "Points that are told when a subsystem comes or goes"), gttName,
		cli.Arg("pc", PointCode{}, "Point code")),
		[]string{"name", "pc"}, func(s *System) *[]*Concern { return &s.Concerned }, nil),
	cli.Field[System](gttWords(cli.Kw("load", "Entries of selectors from a file, besides those configured"),
		cli.Arg("gtt-file", cli.Word(255),
			"File: SELECTOR,DIGITS,pcssn,PC,gt|pcssn[,ssn N][,ntt N] in each line"))),
}

var gttName = cli.Arg("name", cli.Word(gtName), "Name, at most 12 characters")

var conversionMode = &cli.Mode{Name: "config-cs7-gtt-conv", Statements: []*cli.Statement{
	cli.List(cli.Seq(cli.Kw("update", "Add or change"), cli.Kw("in-address", "Leading digits that are replaced"),
		cli.Arg("in", digitsType{}, "Digits"),
		cli.Kw("out-address", "What takes their place"), cli.Arg("out", digitsType{}, "Digits; `none` for nothing"),
		cli.Any(number("np", "Numbering plan of the result", 0, 15),
			number("nai", "Nature of address of the result", 0, 127),
			number("es", "Encoding scheme of the result", 0, 15),
			number("remove", "How many leading digits go (default: those of in-address)", 0, gtt.MaxDigits))),
		[]string{"in"}, func(c *Conversion) *[]*ConversionRule { return &c.Rules }, nil).
		Check(whole("np", "nai", "es", "remove")),
}}

// routeOn is by what the destination of a title routes, and with ntt the translation type there.
func routeOn(ntt bool) cli.Elem {
	on := cli.Choice("on", cli.Value(OnGT, "It translates again"), cli.Value(OnSSN, "Route on the subsystem there"))
	if ntt {
		return cli.Seq(on, cli.Opt(number("ntt", "New translation type, with gt", 0, 255)))
	}
	return on
}

func subsystem() cli.Elem {
	return cli.Opt(cli.Seq(cli.Kw("ssn", "Subsystem number instead of the message's"),
		cli.Arg("ssn", plus1Type{0, 255, []uint64{1}}, "Subsystem number")))
}

// The kinds of destination that a title may lead to.
var (
	toPoint = cli.Arg("pc", PointCode{}, "Point code")
	toAS    = cli.Seq(cli.Flag("to-as", "asname", "An application server"), cli.Arg("as", cli.Word(gtName), "Its name"))
	toGroup = cli.Seq(cli.Flag("to-group", "app-grp", "An application group chooses"),
		cli.Arg("group", cli.Word(gtName), "Its name"))
)

var groupMode = &cli.Mode{Name: "config-cs7-gtt-app-grp", Statements: []*cli.Statement{
	cli.Field[AppGroup](cli.Seq(cli.Kw("multiplicity", "How members are chosen"), cli.Choice("multiplicity",
		cli.Value(gtt.Cost, "The lowest cost that is available (default)"),
		cli.Value(gtt.Share, "All in turn"),
		cli.Value(gtt.CgPA, "By the calling address, weighted"),
		cli.Value(gtt.WRR, "All in turn, weighted")))),
	cli.Field[AppGroup](cli.Seq(
		cli.Kw("limit", "Most messages a second for the best cost; the rest goes to the next"),
		cli.Arg("limit", cli.Uint(1, 4294967295), "Messages a second"))),
	cli.List(cli.Alt(
		cli.Seq(cli.Flag("to-pc", "pc", "A point"), toPoint, subsystem(), memberCost, routeOn(false)),
		cli.Seq(toAS, memberCost, subsystem(), routeOn(true))),
		[]string{"to-as", "as", "pc"}, func(g *AppGroup) *[]*GroupMember { return &g.Members }, nil).Check(whereCheck),
}}

var memberCost = cli.Arg("cost", cli.Uint(1, 64), "Cost, or weight")

var selectorMode = &cli.Mode{Name: "config-cs7-gtt-selector", Statements: []*cli.Statement{
	cli.Field[Selector](cli.Seq(cli.Kw("incoming-linkset", "Only for messages that came by one linkset"),
		cli.Arg("linkset", LinksetName{}, "Linkset name"))),
	cli.Field[Selector](cli.Flag("calling", "calling-address", "Translate by the digits of the calling address")),
	cli.Field[Selector](cli.Seq(cli.Kw("pre-gtt-address-conversion", "Before the entry is looked for"),
		cli.Arg("pre", cli.Word(gtName), "Name of an address-conversion"))),
	cli.Field[Selector](cli.Seq(cli.Kw("post-gtt-address-conversion", "Before the message leaves"),
		cli.Arg("post", cli.Word(gtName), "Name of an address-conversion"))),
	cli.List(cli.Seq(cli.Kw("gta", "A global title address: leading digits, and where they lead"),
		cli.Arg("digits", digitsType{}, "Digits 0 to F; `none` for what no other entry covers"),
		cli.Alt(toGroup,
			cli.Seq(toAS, routeOn(true), subsystem()),
			cli.Seq(cli.Flag("to-pc", "pcssn", "A point"), toPoint, routeOn(true), subsystem()))),
		[]string{"digits"}, func(s *Selector) *[]*GTA { return &s.Entries }, nil).Check(whereCheck),
}}

// whole gives the arguments that a line leaves out their zero, so that a line that is typed again says
// everything about its element.
func whole(names ...string) func(any, cli.Args) (string, error) {
	return func(_ any, a cli.Args) (string, error) {
		for _, n := range names {
			a.Default(cli.Args{n: uint64(0)})
		}
		return "", nil
	}
}

func whereCheck(_ any, a cli.Args) (string, error) {
	if a.Has("ntt") && cli.Get[RouteOn](a, "on") != OnGT {
		return "", fmt.Errorf("ntt goes with gt: what routes on the subsystem has no new translation type")
	}
	a.Default(cli.Args{"to-group": false, "to-as": false, "to-pc": false, "group": "", "as": "", "pc": ss7.PC(0),
		"on": RouteOn(0), "ntt": uint64(0), "ssn": uint64(0)})
	return "", nil
}

func mapCheck(_ any, a cli.Args) (string, error) {
	if a.Bool("solitary") {
		a["multiplicity"], a["backup-pc"], a["backup-ssn"] = Multiplicity(0), ss7.PC(0), uint64(0)
	} else {
		a["solitary"] = false
	}
	return "", nil
}

// digitsType is digits of a title; its value is a string, empty for `none`.
type digitsType struct{}

func (digitsType) Hint() string { return "DIGITS" }

func (digitsType) Parse(_ any, word string) (any, error) {
	if word == "none" {
		return "", nil
	}
	d, err := gtt.Parse(word)
	return d.String(), err
}

func (digitsType) Format(_ any, v any) string {
	if s := reflect.ValueOf(v).String(); s != "" {
		return s
	}
	return "none"
}

// plus1Type is a number kept as one more than it, so that zero says unset.
type plus1Type struct {
	least, most uint64
	not         []uint64
}

func (t plus1Type) Hint() string {
	if len(t.not) > 0 {
		return fmt.Sprintf("<%d,%d-%d>", t.least, t.not[0]+1, t.most)
	}
	return fmt.Sprintf("<%d-%d>", t.least, t.most)
}

func (t plus1Type) Parse(_ any, word string) (any, error) {
	n, err := strconv.ParseUint(word, 10, 16)
	for _, x := range t.not {
		if err == nil && n == x {
			return nil, fmt.Errorf("%d cannot be chosen: it is %s", n, ordinalName(n))
		}
	}
	if err != nil || n < t.least || n > t.most {
		return nil, fmt.Errorf("%q is not a number from %d to %d", word, t.least, t.most)
	}
	return n + 1, nil
}

func ordinalName(n uint64) string {
	if n == 1 {
		return "SCCP management"
	}
	return strings.TrimSpace(fmt.Sprint("subsystem ", n))
}

func (plus1Type) Format(_ any, v any) string {
	return strconv.FormatUint(reflect.ValueOf(v).Uint()-1, 10)
}
