package node

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

func (n *Node) sccpCommands() []*cli.Statement {
	words := kw("gtt", "Global title translation")
	return []*cli.Statement{
		showCS7(n.showGTTConfig, words, kw("config", "What is configured")),
		showCS7(n.showGTTMap, words, kw("map", "Subsystems elsewhere, their mates and states")),
		showCS7(n.showGTTMeasurements, words, kw("measurements", "Translations by selector, members of groups, errors")),
		showCS7(n.showSCCP, kw("sccp", "Signalling connection control part"), kw("statistics", "Messages by type, and what became of them")),
		cli.Command(cli.Seq(kw("test", "Try without sending"), configs.CS7(words, titleArgs(),
			cli.Any(cli.Seq(kw("from", "As if it came from a linkset"), cli.Arg("linkset", configs.LinksetName{}, "Linkset name")),
				cli.Seq(kw("calling", "As if it came from a global title (default: this node)"), cli.Arg("calling", cli.Word(gtt.MaxDigits), "Digits, of the same nature"))))), n.testGTT),
		cli.Command(configs.CS7(words, kw("reload", "Read the file of entries again")), n.reloadGTT).Privileged(),
		cli.Command(configs.CS7(kw("save", "Write to a file"), kw("gtt-table", "All entries of all selectors"), cli.Arg("file", cli.Word(255), "File")), n.saveGTT).Privileged(),
		cli.Command(cli.Seq(kw("ping", "Test whether a signalling point answers"), kw("sccp", "Whether a subsystem is allowed (SST)"),
			cli.Arg("pc", configs.PointCode{}, "Point code"), cli.Opt(kw("ssn", "Subsystem"), cli.Arg("ssn", cli.Uint(1, 254), "Subsystem number (default 1: SCCP itself)")), timeoutArg()), n.pingSCCP),
		cli.Command(cli.Seq(kw("ping", "Test whether a signalling point answers"), kw("gt", "Whether a global title leads somewhere (UDT with return on error)"), titleArgs(), timeoutArg()), n.pingGT),
	}
}

func timeoutArg() cli.Elem {
	return cli.Opt(kw("timeout", "Wait for the answer"), cli.Arg("timeout", cli.Uint(10, 60000), "Milliseconds (default 2000)"))
}

func titleArgs() cli.Elem {
	opt := func(word, help string, most uint64) cli.Elem {
		return cli.Seq(kw(word, help), cli.Arg(word, cli.Uint(0, most), help))
	}
	return cli.Seq(cli.Arg("digits", cli.Word(gtt.MaxDigits), "Digits of the global title"),
		cli.Any(opt("tt", "Translation type (default 0)", 255), opt("gti", "Global title indicator (default 4)", 4), opt("np", "Numbering plan (default 1, E.164)", 15),
			opt("nai", "Nature of address (default 4, international)", 127), opt("ssn", "Subsystem number (default: that of the TC test responder, 14)", 254)))
}

// titleWords is what titleArgs took, as it is typed.
func titleWords(a cli.Args) string {
	s := a.String("digits", "")
	for _, word := range []string{"tt", "gti", "np", "nai", "ssn"} {
		if a.Has(word) {
			s += fmt.Sprintf(" %s %d", word, a.Uint(word, 0))
		}
	}
	return s
}

// titleOf makes the address that a command line describes, with the digits of one of its words.
func titleOf(v *ss7.Variant, a cli.Args, digits string) (sccp.Address, error) {
	d, err := gtt.Parse(a.String(digits, ""))
	if err != nil {
		return sccp.Address{}, err
	}
	t := sccp.Title{Nature: gtt.Nature{GTI: uint8(a.Uint("gti", 4)), TT: uint8(a.Uint("tt", 0)), NP: uint8(a.Uint("np", 1)), NAI: uint8(a.Uint("nai", 4))}, ES: 1, Digits: d}
	return sccp.Address{HasSSN: true, SSN: uint8(a.Uint("ssn", ssnTest)), GTI: t.Nature.GTI, Title: sccp.AppendTitle(v, nil, &t)}, nil
}

// showGTTConfig prints the long form that readers of ITPs expect.
func (n *Node) showGTTConfig(c *cli.Call) error {
	s := n.Config()
	only := configs.New()
	only.Variant, only.Widths, only.Delimiter = s.Variant, s.Widths, s.Delimiter
	only.Selectors, only.Groups, only.Conversions = s.Selectors, s.Groups, s.Conversions
	var text strings.Builder
	if err := only.Write(&text); err != nil {
		return err
	}
	on := false
	for line := range strings.Lines(text.String()) {
		if line[0] != ' ' && line[0] != '!' {
			on = strings.HasPrefix(line, "cs7 gtt ")
			line = strings.Replace(line, "cs7 gtt", fmt.Sprintf("cs7 instance %d gtt", n.number), 1)
		}
		if on {
			fmt.Fprint(c.Out, line)
		}
	}
	return nil
}

func (n *Node) showGTTMap(c *cli.Call) error {
	s := n.Config()
	f := s.Notation()
	var states []sccp.PointState
	n.core.ask(func() { states = n.core.sccp.management.States() })
	fmt.Fprintf(c.Out, "%-14s %-4s %-9s %-14s %-4s %-9s %s\n", "PC", "SSN", "Mult", "Backup PC", "SSN", "PC state", "SSN state")
	state := func(pc ss7.PC, ssn uint8) (string, string) {
		v := n.view.Load().sccp
		if !v.Network.Accessible(pc) {
			return "prohib", "prohib"
		}
		if v.Status.Prohibited(pc, 1) || v.Status.Prohibited(pc, ssn) {
			return "allowed", "prohib"
		}
		return "allowed", "allowed"
	}
	for _, m := range s.Maps {
		mult, pc, ssn := "sol", "-", "-"
		if m.Multiplicity != 0 {
			mult, pc, ssn = m.Multiplicity.String()[:3], f.Format(m.BackupPC), fmt.Sprint(m.BackupSSN)
		}
		a, b := state(m.PC, m.SSN)
		fmt.Fprintf(c.Out, "%-14s %-4d %-9s %-14s %-4s %-9s %s\n", f.Format(m.PC), m.SSN, mult, pc, ssn, a, b)
	}
	for _, p := range states {
		if len(p.Prohibited) > 0 {
			fmt.Fprintf(c.Out, "%s: prohibited subsystems %v; tested with SST until they answer\n", f.Format(p.PC), p.Prohibited)
		}
		if l := p.Congestion; l != (sccp.Level{}) {
			fmt.Fprintf(c.Out, "%s: congested, messages of importance under %d are not sent, nor %d %% of those of importance %d\n", f.Format(p.PC), l.RL, 25*int(l.RSL), l.RL)
		}
	}
	return nil
}

func (n *Node) showGTTMeasurements(c *cli.Call) error {
	t := n.view.Load().sccp.Table
	fmt.Fprintf(c.Out, "%-12s %-28s %10s %12s %12s\n", "Selector", "Nature", "Entries", "Translated", "Not found")
	for _, s := range t.Selectors {
		fmt.Fprintf(c.Out, "%-12s %-28s %10d %12d %12d\n", s.Name, s.Nature, s.Index.Len(), s.Hits.Matched.Load(), s.Hits.Unmatched.Load())
	}
	f := n.Config().Notation()
	for _, s := range t.Selectors {
		printEntries(c.Out, f, s)
	}
	for _, g := range t.Groups {
		fmt.Fprintf(c.Out, "application-group %s (%v)\n", g.Name, g.Mode)
		for i := range g.Members {
			r := &g.Members[i]
			_, _, why := n.view.Load().sccp.Route(r, ssnTest)
			fmt.Fprintf(c.Out, "  %-20s cost %-3d messages %d: %v\n", whereTo(f, r), r.Cost, r.Count.Load(), why)
		}
	}
	n.printReasons(c.Out)
	n.applying.Lock()
	file, built := n.gtt.file, n.gtt.built
	n.applying.Unlock()
	if file.name != "" {
		fmt.Fprintf(c.Out, "%d entries from %s, read in %v\n", file.count, file.name, file.took)
	}
	for i, e := range file.faults {
		if i == 10 {
			fmt.Fprintf(c.Out, "  ... %d faults in all\n", len(file.faults))
			break
		}
		fmt.Fprintf(c.Out, "  the last file was refused: %v\n", e)
	}
	fmt.Fprintf(c.Out, "last compiled in %v\n", built)
	return nil
}

// printEntries prints the entries that were used.
func printEntries(w io.Writer, f ss7.Notation, s *gtt.Selector) {
	if s.Counts == nil {
		fmt.Fprintf(w, "selector %s: beyond %d entries they are not counted one by one\n", s.Name, gtt.MaxCounted)
		return
	}
	s.Entries(func(d gtt.Digits, r *gtt.Result, used uint64) {
		digits, to := d.String(), whereTo(f, &r.Route)
		if digits == "" {
			digits = "none"
		}
		if r.Group != nil {
			to = "app-grp " + r.Group.Name
		}
		if used > 0 {
			fmt.Fprintf(w, "selector %s gta %-16s %-20s messages %d\n", s.Name, digits, to, used)
		}
	})
}

// whereTo names a route.
func whereTo(f ss7.Notation, r *gtt.Route) string {
	if r.AS != "" {
		return "asname " + r.AS
	}
	return "pc " + f.Format(r.PC)
}

// printReasons prints the counters of what could not be relayed, in Q.752's terms.
func (n *Node) printReasons(w io.Writer) {
	for r := sccp.NoReason + 1; r < sccp.Reasons; r++ {
		fmt.Fprintf(w, "%-60s %d\n", "not relayed: "+r.String(), n.sccp.by[r].Load())
	}
}

func (n *Node) showSCCP(c *cli.Call) error {
	s := &n.sccp
	fmt.Fprintf(c.Out, "%-8s %12s %12s\n", "Message", "In", "Out")
	for t := sccp.CR; t < sccp.Types; t++ {
		if in, out := s.in[t].Load(), s.out[t].Load(); in+out > 0 {
			fmt.Fprintf(c.Out, "%-8v %12d %12d\n", t, in, out)
		}
	}
	fmt.Fprintf(c.Out, "%-60s %d\n%-60s %d\n%-60s %d\n", "translated", s.translated.Load(), "for subsystems here", s.delivered.Load(), "returned", s.returned.Load())
	n.printReasons(c.Out)
	var st sccp.ManagementStats
	var doubted uint64
	n.core.ask(func() { st, doubted = n.core.sccp.management.Stats, n.core.doubtedSCCP() })
	fmt.Fprintf(c.Out, "%-60s %d\n", "not believed (`show cs7 mtp3 errors`)", doubted)
	for x := sccp.SSA; x <= sccp.SSC; x++ {
		fmt.Fprintf(c.Out, "%-8v %12d %12d\n", x, st.In[x], st.Out[x])
	}
	return nil
}

// doubtedSCCP counts what SCCP's management did not believe.
func (c *core) doubtedSCCP() (count uint64) {
	for _, d := range c.network.Doubted() {
		for x := sccp.SSA; x <= sccp.SSC; x++ {
			if d.What == x.String() {
				count += d.N
			}
		}
	}
	return count
}

func (n *Node) reloadGTT(c *cli.Call) error { return n.applied(c, n.readGTTAnew) }

// readGTTAnew reads the file of titles and says what became of that. The caller holds applying.
func (n *Node) readGTTAnew(w io.Writer) error {
	s := n.Config()
	if s.TableFile == "" {
		return fmt.Errorf("no file is configured: `cs7 gtt load FILE` names one")
	}
	faults := n.loadGTT(s, true)
	for _, e := range faults {
		fmt.Fprintln(w, e)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s has %d faults; the table is as it was", s.TableFile, len(faults))
	}
	n.core.sccp.configure(s)
	fmt.Fprintf(w, "%d entries in use; read in %v, compiled in %v\n", n.gtt.file.count, n.gtt.file.took, n.gtt.built)
	return nil
}

// saveGTT writes all entries as `cs7 gtt load` reads them.
func (n *Node) saveGTT(c *cli.Call) error {
	t, f := n.view.Load().sccp.Table, n.Config().Notation()
	var text []byte
	count := 0
	for _, s := range t.Selectors {
		s.Index.Walk(func(d gtt.Digits, to uint32, _ int) {
			e := gtt.Entry{Selector: s.Name, Digits: d, Route: s.Results[to].Route}
			if g := s.Results[to].Group; g != nil {
				e.Group = g.Name
			}
			text = e.Append(text, f)
			count++
		})
	}
	if err := os.WriteFile(c.Args.String("file", ""), text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "%d entries written to %s\n", count, c.Args.String("file", ""))
	return nil
}
