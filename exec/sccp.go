package exec

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// Title is a global title as a command line describes it.
type Title struct {
	Digits string
	GTI    uint8 // global title indicator
	TT     uint8 // translation type
	NP     uint8 // numbering plan
	NAI    uint8 // nature of address
	SSN    uint8
}

// SCCPAnswer is the answer to a message to another point's SCCP.
type SCCPAnswer struct {
	Came  bool
	Took  time.Duration
	From  string // a point code
	Own   bool   // this node returned the message itself
	Cause uint8  // the return cause (Q.713 §3.12)
	Text  string // the cause in words
	There bool   // the cause shows that the message came to where its title leads
}

type translation interface {
	// SCCP gives the counters of SCCP.
	SCCP() status.SCCP
	// SCCPMaps gives the subsystems elsewhere and their points.
	SCCPMaps() status.SCCPMaps
	// Titles gives the table of global titles with its counters.
	Titles() status.Titles
	// Translate tells what would become of a message to a title. calling is the title from which the message comes; nil:
	// this node sends it. from is the linkset by which it comes; empty: none.
	Translate(called, calling *Title, from string) (status.Translation, error)
	// ReloadTitles reads the file of entries again. If the file has faults, the table stays as it was.
	ReloadTitles() (status.TitlesRead, error)
	// SaveTitles writes all entries to a file, and tells how many they are.
	SaveTitles(file string) (entries int, err error)
	// PingSubsystem tests with SST whether a subsystem is allowed. It waits for the answer.
	PingSubsystem(ctx context.Context, pc ss7.PC, ssn uint8, wait time.Duration) (SCCPAnswer, error)
	// PingTitle sends a UDT with return on error to a title. It waits for the return.
	PingTitle(ctx context.Context, t *Title, wait time.Duration) (SCCPAnswer, error)

	// Subsystems gives the subsystems of the node itself.
	Subsystems() []status.Subsystem
	// SetSubsystem puts a subsystem into service or takes it out of service. The points concerned are told.
	SetSubsystem(ssn uint8, allowed bool) error
	// WithdrawSubsystem asks the other half of a subsystem whether this one may go out of service.
	WithdrawSubsystem(ssn uint8) error
}

func sccpCommands(h Host) []*cli.Statement {
	words, whether := kw("gtt", "Global title translation"), kw("ping", "Test whether a signalling point answers")
	timeout := cli.Opt(kw("timeout", "Wait for the answer"),
		cli.Arg("timeout", cli.Uint(10, 60000), "Milliseconds (default 2000)"))
	return []*cli.Statement{
		showCS7(h, titlesConfig, printLines, words, kw("config", "What is configured")),
		showCS7(h, func(n Node, _ *cli.Call) (status.SCCPMaps, error) { return n.SCCPMaps(), nil }, printMaps, words,
			kw("map", "Subsystems elsewhere, their mates and states")),
		showCS7(h, func(n Node, _ *cli.Call) (status.Titles, error) { return n.Titles(), nil }, printTitles, words,
			kw("measurements", "Translations by selector, members of groups, errors")),
		showCS7(h, func(n Node, _ *cli.Call) (status.SCCP, error) { return n.SCCP(), nil }, printSCCP,
			kw("sccp", "Signalling connection control part"), kw("statistics", "Messages by type, and what became of them")),
		query(h, translate, printTranslation, kw("test", "Try without sending"), configs.CS7(words, titleArgs(), cli.Any(
			cli.Seq(kw("from", "As if it came from a linkset"), cli.Arg("linkset", configs.LinksetName{}, "Linkset name")),
			cli.Seq(kw("calling", "As if it came from a global title (default: this node)"),
				cli.Arg("calling", cli.Word(gtt.MaxDigits), "Digits, of the same nature"))))),
		command(h, reloadTitles, configs.CS7(words, kw("reload", "Read the file of entries again"))).Privileged(),
		command(h, saveTitles, configs.CS7(kw("save", "Write to a file"),
			kw("gtt-table", "All entries of all selectors"), cli.Arg("file", cli.Word(255), "File"))).Privileged(),
		command(h, pingSCCP, whether, kw("sccp", "Whether a subsystem is allowed (SST)"),
			cli.Arg("pc", configs.PointCode{}, "Point code"), cli.Opt(kw("ssn", "Subsystem"),
				cli.Arg("ssn", cli.Uint(1, 254), "Subsystem number (default 1: SCCP itself)")), timeout),
		command(h, pingTitle, whether,
			kw("gt", "Whether a global title leads somewhere (UDT with return on error)"), titleArgs(), timeout),
	}
}

func titleArgs() cli.Elem {
	opt := func(word, help string, most uint64) cli.Elem {
		return cli.Seq(kw(word, help), cli.Arg(word, cli.Uint(0, most), help))
	}
	return cli.Seq(cli.Arg("digits", cli.Word(gtt.MaxDigits), "Digits of the global title"),
		cli.Any(opt("tt", "Translation type (default 0)", 255), opt("gti", "Global title indicator (default 4)", 4),
			opt("np", "Numbering plan (default 1, E.164)", 15),
			opt("nai", "Nature of address (default 4, international)", 127),
			opt("ssn", "Subsystem number (default: that of the TC test responder, 14)", 254)))
}

// ssnTest is the subsystem of Q.787's TC test responder.
const ssnTest = 14

// titleOf gives the title that a command line describes. digits is the name of the argument with its digits.
func titleOf(a cli.Args, digits string) *Title {
	return &Title{Digits: a.String(digits, ""), GTI: uint8(a.Uint("gti", 4)), TT: uint8(a.Uint("tt", 0)),
		NP: uint8(a.Uint("np", 1)), NAI: uint8(a.Uint("nai", 4)), SSN: uint8(a.Uint("ssn", ssnTest))}
}

// titleWords gives what titleArgs took, as it is typed.
func titleWords(a cli.Args) string {
	s := a.String("digits", "")
	for _, word := range []string{"tt", "gti", "np", "nai", "ssn"} {
		if a.Has(word) {
			s += fmt.Sprintf(" %s %d", word, a.Uint(word, 0))
		}
	}
	return s
}

// titlesConfig gives the long form of the configuration that readers of ITPs expect.
func titlesConfig(n Node, _ *cli.Call) (status.Lines, error) {
	s := n.Config()
	only := configs.New()
	only.Variant, only.Widths, only.Delimiter = s.Variant, s.Widths, s.Delimiter
	only.Selectors, only.Groups, only.Conversions = s.Selectors, s.Groups, s.Conversions
	var text strings.Builder
	out := status.Lines{Lines: []string{}}
	if err := only.Write(&text); err != nil {
		return out, err
	}
	on := false
	for line := range strings.Lines(text.String()) {
		if line[0] != ' ' && line[0] != '!' {
			on = strings.HasPrefix(line, "cs7 gtt ")
			line = strings.Replace(line, "cs7 gtt", fmt.Sprintf("cs7 instance %d gtt", n.Number()), 1)
		}
		if on {
			out.Lines = append(out.Lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return out, nil
}

func printLines(w io.Writer, _ *cli.Call, v status.Lines) {
	for _, line := range v.Lines {
		fmt.Fprintln(w, line)
	}
}

func printMaps(w io.Writer, _ *cli.Call, v status.SCCPMaps) {
	fmt.Fprintf(w, "%-14s %-4s %-9s %-14s %-4s %-9s %s\n",
		"PC", "SSN", "Mult", "Backup PC", "SSN", "PC state", "SSN state")
	for i := range v.Maps {
		m := &v.Maps[i]
		pc, ssn := "-", "-"
		if m.BackupPC != "" {
			pc, ssn = m.BackupPC, fmt.Sprint(m.BackupSSN)
		}
		fmt.Fprintf(w, "%-14s %-4d %-9s %-14s %-4s %-9s %s\n",
			m.PC, m.SSN, m.Multiplicity[:3], pc, ssn, m.PointState, m.SubsystemState)
	}
	for i := range v.Points {
		p := &v.Points[i]
		if len(p.Prohibited) > 0 {
			fmt.Fprintf(w, "%s: prohibited subsystems %v; tested with SST until they answer\n", p.PC, p.Prohibited)
		}
		if p.Congested {
			fmt.Fprintf(w, "%s: congested, messages of importance under %d are not sent, "+
				"nor %d %% of those of importance %d\n", p.PC, p.Restriction, 25*int(p.SubRestriction), p.Restriction)
		}
	}
}

func printTitles(w io.Writer, _ *cli.Call, v status.Titles) {
	fmt.Fprintf(w, "%-12s %-28s %10s %12s %12s\n", "Selector", "Nature", "Entries", "Translated", "Not found")
	for i := range v.Selectors {
		s := &v.Selectors[i]
		fmt.Fprintf(w, "%-12s %-28s %10d %12d %12d\n", s.Name, s.Nature, s.Entries, s.Translated, s.NotFound)
	}
	for i := range v.Selectors {
		printEntries(w, &v.Selectors[i])
	}
	for _, g := range v.Groups {
		fmt.Fprintf(w, "application-group %s (%s)\n", g.Name, g.Mode)
		for _, m := range g.Members {
			fmt.Fprintf(w, "  %-20s cost %-3d messages %d: %s\n", m.To, m.Cost, m.Messages, m.State)
		}
	}
	printUnrelayed(w, v.Unrelayed)
	if f := v.File; f != nil {
		fmt.Fprintf(w, "%d entries from %s, read in %v\n", f.Entries, f.Name, time.Duration(f.ReadNS))
	}
	for i, fault := range v.Faults {
		if i == 10 {
			fmt.Fprintf(w, "  ... %d faults in all\n", len(v.Faults))
			break
		}
		fmt.Fprintf(w, "  the last file was refused: %s\n", fault)
	}
	fmt.Fprintf(w, "last compiled in %v\n", time.Duration(v.CompiledNS))
}

// printEntries writes the entries of a selector that were used.
func printEntries(w io.Writer, s *status.Selector) {
	if !s.Counted {
		fmt.Fprintf(w, "selector %s: beyond %d entries they are not counted one by one\n", s.Name, s.CountedMax)
		return
	}
	for _, e := range s.Used {
		digits := e.Digits
		if digits == "" {
			digits = "none"
		}
		fmt.Fprintf(w, "selector %s gta %-16s %-20s messages %d\n", s.Name, digits, e.To, e.Messages)
	}
}

func printUnrelayed(w io.Writer, all []status.Count) {
	for _, x := range all {
		printCount(w, "not relayed: "+x.Name, x.Value)
	}
}

func printCount(w io.Writer, name string, count uint64) { fmt.Fprintf(w, "%-60s %d\n", name, count) }

func printSCCP(w io.Writer, _ *cli.Call, v status.SCCP) {
	fmt.Fprintf(w, "%-8s %12s %12s\n", "Message", "In", "Out")
	for _, x := range v.Messages {
		fmt.Fprintf(w, "%-8s %12d %12d\n", x.Name, x.In, x.Out)
	}
	printCount(w, "translated", v.Translated)
	printCount(w, "for subsystems here", v.Delivered)
	printCount(w, "returned", v.Returned)
	printUnrelayed(w, v.Unrelayed)
	printCount(w, "not believed (`show cs7 mtp3 errors`)", v.NotBelieved)
	for _, x := range v.Management {
		fmt.Fprintf(w, "%-8s %12d %12d\n", x.Name, x.In, x.Out)
	}
}

func translate(n Node, c *cli.Call) (status.Translation, error) {
	var calling *Title
	if c.Args.Has("calling") {
		calling = titleOf(c.Args, "calling")
	}
	return n.Translate(titleOf(c.Args, "digits"), calling, c.Args.String("linkset", ""))
}

// printTranslation writes a decision step by step.
func printTranslation(w io.Writer, _ *cli.Call, v status.Translation) {
	step := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-15s %s\n", name, fmt.Sprintf(format, args...))
	}
	step("called address", "%s", v.Called)
	switch {
	case v.Selector == "":
		fmt.Fprintf(w, "no selector serves this nature of address\n")
	default:
		step("selector", "%s (%s), %d entries", v.Selector, v.Nature, v.Entries)
		if v.Conversion != "" {
			step("conversion", "%s before: looked up as %s", v.Conversion, v.LookedUp)
		}
		if v.ByCalling {
			step("looked up", "the calling address's digits: %s", v.LookedUp)
		}
		printEntry(w, &v, step)
	}
	if v.MateTakes {
		step("mate", "takes it")
	}
	switch v.Fate {
	case "delivered":
		step("result", "delivered to subsystem %d of this node", v.SSN)
	case "not relayed": // with a cause
		step("result", "NOT RELAYED: %s; the sender would be told cause %d, %s", v.Reason, *v.Cause, v.CauseText)
	default:
		step("leaves as", "%s to %s, %s", v.MessageType, v.DPC, v.Out)
		if v.Discarded != "" {
			step("route", "DISCARDED: %s", v.Discarded)
		} else if v.Route != "" {
			step("route", "%s%s", v.Route, choiceText(v.ASPs))
		}
	}
}

// printEntry writes the entry that was found, and where it leads.
func printEntry(w io.Writer, v *status.Translation, step func(name, format string, args ...any)) {
	if !v.Found {
		step("entry", "none begins %s", v.LookedUp)
		return
	}
	matched := v.Entry
	if matched == "" {
		matched = "none (the default)"
	}
	step("entry", "gta %s", matched)
	if v.To != nil {
		step("leads to", "%s: %s", v.To.To, v.To.State)
		return
	}
	step("group", "%s, multiplicity %s", v.Group.Name, v.Group.Mode)
	for _, m := range v.Group.Members {
		mark := " "
		if m.Chosen {
			mark = "*"
		}
		fmt.Fprintf(w, "  %s %-20s cost %-3d %s\n", mark, m.To, m.Cost, m.State)
	}
}

func reloadTitles(n Node, c *cli.Call) error {
	read, err := n.ReloadTitles()
	for _, fault := range read.Faults {
		fmt.Fprintln(c.Out, fault)
	}
	if err == nil {
		fmt.Fprintf(c.Out, "%d entries in use; read in %v, compiled in %v\n", read.Entries, read.Read, read.Compiled)
	}
	return err
}

func saveTitles(n Node, c *cli.Call) error {
	file := c.Args.String("file", "")
	entries, err := n.SaveTitles(file)
	if err == nil {
		fmt.Fprintf(c.Out, "%d entries written to %s\n", entries, file)
	}
	return err
}

func timeoutOf(c *cli.Call) time.Duration {
	return time.Duration(c.Args.Uint("timeout", 2000)) * time.Millisecond
}

func pingSCCP(n Node, c *cli.Call) error {
	pc, ssn := c.Args["pc"].(ss7.PC), uint8(c.Args.Uint("ssn", 1))
	a, err := n.PingSubsystem(c.Context, pc, ssn, timeoutOf(c))
	if err != nil {
		return err
	}
	far := n.Config().Notation().Format(pc)
	if !a.Came {
		fmt.Fprintf(c.Out, "No SSA from %s for subsystem %d.\n", far, ssn)
		fmt.Fprintf(c.Out, "SCCP does not answer a test of a subsystem that is prohibited or not there. "+
			"Or the test, or its answer, was lost: `ping sccp %s` asks for SCCP itself, `ping cs7 %s` for the way.\n", far, far)
		return errTest
	}
	fmt.Fprintf(c.Out, "Subsystem %d at %s is allowed: SSA from %s after %d ms. "+
		"It proves the way there and back and that its SCCP says so, not that an application answers.\n",
		ssn, far, a.From, a.Took.Milliseconds())
	return nil
}

func pingTitle(n Node, c *cli.Call) error {
	t := titleOf(c.Args, "digits")
	a, err := n.PingTitle(c.Context, t, timeoutOf(c))
	switch {
	case err != nil:
		return err
	case !a.Came:
		fmt.Fprintf(c.Out, "Nothing came back. Either the message was delivered to subsystem %d there, "+
			"which does not answer it, or it or its return was lost. This proves neither.\n", t.SSN)
	case a.Own:
		fmt.Fprintf(c.Out, "Returned by this node: %s. `test cs7 gtt %s` says why.\n", a.Text, titleWords(c.Args))
	case a.There:
		fmt.Fprintf(c.Out, "Reached %s after %d ms: it returned the message with cause %d, %s %d. "+
			"This proves translation and routes there and back, not that an application answers.\n",
			a.From, a.Took.Milliseconds(), a.Cause, a.Text, t.SSN)
		return nil
	default:
		fmt.Fprintf(c.Out, "Returned by %s after %d ms: cause %d, %s. It came as far as that.\n",
			a.From, a.Took.Milliseconds(), a.Cause, a.Text)
	}
	return errTest
}
