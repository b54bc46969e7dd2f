package configs

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// AccessEntry is a line of an access list. The first line of a list that an MSU matches
// decides; what none matches is denied. Bits that are one in a wildcard are not compared.
type AccessEntry struct {
	List    uint16  `cli:"list"`
	Action  Action  `cli:"action"`
	All     bool    `cli:"all"`
	DPC     *ss7.PC `cli:"dpc"`
	DPCWild *ss7.PC `cli:"dpc-wildcard"` // nil: all bits are compared
	OPC     *ss7.PC `cli:"opc"`
	OPCWild *ss7.PC `cli:"opc-wildcard"`
	SI      *uint8  `cli:"si"`
	Remark  string  `cli:"remark"` // all that it is
}

// Permits tells whether the entry says so.
func (e *AccessEntry) Permits() bool { return e.Action == Permit }

// Matches tells whether the entry is about m. A remark is about none.
func (e *AccessEntry) Matches(m *ss7.MSU) bool {
	same := func(pc ss7.PC, want, wild *ss7.PC) bool {
		return want == nil || wild == nil && pc == *want || wild != nil && (pc^*want)&^*wild == 0
	}
	return e.Remark == "" && same(m.DPC, e.DPC, e.DPCWild) && same(m.OPC, e.OPC, e.OPCWild) &&
		(e.SI == nil || m.SI == ss7.SI(*e.SI))
}

// Receiver is where copies of MSUs go; not valid without one.
func (s *System) Receiver() netip.AddrPort {
	if s = s.node(); !s.PaklogIP.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.PaklogIP, either(s.PaklogPort, 514))
}

// AccessList gives the entries of a list of this instance, in their order.
func (s *System) AccessList(number uint16) (out []*AccessEntry) {
	for _, e := range s.Access {
		if e.List == number {
			out = append(out, e)
		}
	}
	return out
}

// ListNumber is the number of an access list.
func ListNumber() cli.Type { return cli.Uint(2700, 2999) }

// HasAccessList tells whether a list has a line, in whatever instance.
func (s *System) HasAccessList(number uint16) bool {
	return len(s.AccessList(number)) > 0 ||
		slices.ContainsFunc(s.Instances, func(i *System) bool { return i.HasAccessList(number) })
}

// Lists gives the entries of all lists of this instance, those of the lowest list first.
func (s *System) Lists() []*AccessEntry {
	out := slices.Clone(s.Access)
	slices.SortStableFunc(out, func(a, b *AccessEntry) int { return int(a.List) - int(b.List) })
	return out
}

// Same tells whether two lines say the same.
func (e *AccessEntry) Same(o *AccessEntry) bool { return reflect.DeepEqual(e, o) }

// Text is what the entry says, as its line does.
func (e *AccessEntry) Text(s *System) string {
	if e.Remark != "" {
		return "remark " + e.Remark
	}
	text := e.Action.String()
	if e.All {
		text += " all"
	}
	point := func(word string, pc, wild *ss7.PC) {
		if pc != nil {
			text += " " + word + " " + s.Notation().Format(*pc)
		}
		if wild != nil {
			text += " " + s.Notation().Format(*wild)
		}
	}
	point("dpc", e.DPC, e.DPCWild)
	point("opc", e.OPC, e.OPCWild)
	if e.SI != nil {
		text += fmt.Sprintf(" si %d", *e.SI)
	}
	return text
}

func pointOf(word, help string) cli.Elem {
	return cli.Seq(cli.Kw(word, help), cli.Arg(word, PointCode{}, "Point code"),
		cli.Opt(cli.Arg(word+"-wildcard", PointCode{}, "Bits that are not compared, as in 0.0.7")))
}

// accessList is the words in front of what a line of a list says.
var accessList = []cli.Elem{
	cli.Kw("access-list", "Which MSUs; the first line that matches decides"),
	cli.Arg("list", ListNumber(), "Number of the list"),
	cli.Opt(cli.Kw("instance", "Whose MSUs"), cli.Arg("instance", instance{}, "Instance number (default 0)")),
}

// accessEntry is what a line of a list says.
var accessEntry = cli.Alt(
	cli.Seq(cli.Choice("action", cli.Value(Permit, "They are meant"), cli.Value(Deny, "They are not")),
		cli.Alt(cli.Flag("all", "all", "All"),
			cli.Any(pointOf("dpc", "Those to a point, or to several"),
				pointOf("opc", "Those from a point, or from several"),
				cli.Seq(cli.Kw("si", "Those of a user part"), cli.Arg("si", cli.Uint(0, 15), "Service indicator"))))),
	cli.Seq(cli.Kw("remark", "A text"), cli.Arg("remark", cli.Rest(100), "Up to 100 characters")))

var accessStatements = []*cli.Statement{
	cli.Field[System](wholeNode(
		cli.Kw("paklog", "Where `debug cs7 mtp3 paklog` sends copies of MSUs, as syslog messages that Wireshark reads"),
		cli.Arg("paklog-ip", cli.IP(), "Address of the receiver"),
		cli.Opt(cli.Kw("dest-port", "Its UDP port (default 514)"),
			cli.Arg("paklog-port", cli.Uint(1, 65535), "UDP port")))),
	cli.Edit(cli.Seq(accessList...), emptyEntry).No(dropList),
	cli.List(cli.Seq(append(slices.Clone(accessList), accessEntry)...),
		[]string{"list", "action", "all", "dpc", "dpc-wildcard", "opc", "opc-wildcard", "si", "remark"},
		func(s *System) *[]*AccessEntry { return &s.Access }, nil).Check(entryCheck),
}

// emptyEntry refuses the number of a list alone, which exists for its no form.
func emptyEntry(any, *System, cli.Args) error {
	return errors.New("what the line permits or denies is missing: `permit all`, or permit or deny with dpc, opc or si")
}

// dropList takes a whole list away.
func dropList(obj any, a cli.Args) error {
	s, n := obj.(*System), uint16(a.Uint("list", 0))
	if len(s.AccessList(n)) == 0 {
		return fmt.Errorf("there is no access-list %d", n)
	}
	s.Access = slices.DeleteFunc(s.Access, func(e *AccessEntry) bool { return e.List == n })
	return nil
}

func entryCheck(_ any, a cli.Args) (string, error) {
	if a.Has("action") && !a.Has("all") && !a.Has("dpc") && !a.Has("opc") && !a.Has("si") {
		return "", errors.New("which MSUs is missing: all, or dpc, opc or si")
	}
	return "", nil
}
