package configs

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/gostp/gostp/cli"
)

// Reading is the result of reading a configuration file.
type Reading struct {
	System   *System     // what is sound
	Faults   []cli.Fault // by line: those that could not be taken, and those that were left out
	Warnings []cli.Fault // by line: what runs although it is hardly meant; Changes are among them
	Changes  []cli.Fault // lines that take the place of earlier ones
	Notes    []cli.Fault // by line: what has no meaning here and is passed over

	source cli.Source
}

// Examine makes a model of a configuration file. Each line that is not understood is a fault, and so is each
// breach of a rule. What a fault is about is left out; the rest is in the model.
func Examine(text []byte) *Reading {
	r := parse(text)
	r.keepShut(text)
	s := r.System
	broken, whole := s.mend()
	for _, p := range broken {
		r.Faults = append(r.Faults, cli.Fault{Line: r.line(p.at), Text: p.text})
	}
	if !whole { // a rule names what no line has: a mistake of this program
		r.System = New()
		r.Faults = append(r.Faults, cli.Fault{Text: "what is left does not make a configuration; nothing of it is " +
			"used"})
	}
	for _, w := range r.System.Warnings() {
		r.Warn(w)
	}
	byLine := func(a, b cli.Fault) int { return a.Line - b.Line }
	slices.SortStableFunc(r.Faults, byLine)
	slices.SortStableFunc(r.Warnings, byLine)
	return r
}

// parse reads a file line by line. If a line gives point codes an impossible format, the file is read again
// without it: the point codes after that line must be read in a format that is possible.
func parse(text []byte) *Reading {
	var unread []cli.Fault
	for {
		s := New()
		p := cli.Parse(bytes.NewReader(text), s, s, Global)
		r := &Reading{System: s, source: p.Source, Faults: p.Faults, Notes: p.Notes, Changes: p.Changes,
			Warnings: p.Changes}
		next := text
		for _, i := range r.System.every() {
			for _, p := range i.find((*System).formatRules) {
				f := cli.Fault{Line: r.line(p.at), Text: p.text}
				unread, next = append(unread, f), without(next, f.Line)
			}
		}
		if len(next) == len(text) {
			r.Faults = append(r.Faults, unread...)
			return r
		}
		text = next
	}
}

// without is text with line n made a comment.
func without(text []byte, n int) []byte {
	lines := bytes.Split(text, []byte("\n"))
	if n < 1 || n > len(lines) {
		return text
	}
	lines[n-1] = []byte("!")
	return bytes.Join(lines, []byte("\n"))
}

// Warn adds a warning that another package has about the model.
func (r *Reading) Warn(w Warning) {
	r.Warnings = append(r.Warnings, cli.Fault{Line: r.line(w.At), Text: w.Text})
}

// Fault adds a fault that another package has found; what it is about stays.
func (r *Reading) Fault(at cli.Place, text string) {
	r.Faults = append(r.Faults, cli.Fault{Line: r.line(at), Text: text})
}

// line is the line that gave a place its value. If there is none, it is the first line about the place's
// object; 0: there is no such line.
func (r *Reading) line(at cli.Place) int {
	if n := r.source[at]; n > 0 {
		return n
	}
	first := r.source[cli.Place{Object: at.Object}]
	for p, n := range r.source {
		if p.Object == at.Object && (first == 0 || n < first) {
			first = n
		}
	}
	return first
}

// keepShut keeps a line that is not understood from opening what it was to restrict. A port of M3UA with such a
// line and without an address is left out: the line may have been the address, and without one the port would be
// open at every address of the machine. An ASP whose line about registration is not understood may register
// nothing.
func (r *Reading) keepShut(text []byte) {
	gone := map[cli.Place]bool{}
	lines := bytes.Split(text, []byte("\n"))
	for _, f := range r.Faults {
		switch o := f.In.(type) {
		case *M3UA:
			if at := (cli.Place{Object: o}); len(o.IPs) == 0 && !gone[at] {
				gone[at] = true
				r.Fault(at, fmt.Sprintf("m3ua %d: its local-ip may be in a line that is not understood, and without "+
					"one it would be bound at every address; it stays shut", o.Port))
			}
		case *ASP:
			words := bytes.Fields(lines[f.Line-1])
			if len(words) > 0 && bytes.HasPrefix(words[0], []byte("rk")) && o.RKM != RKMOff {
				o.RKM = RKMOff
				r.Fault(cli.Place{Object: o}, fmt.Sprintf("asp %s: what it may register is in a line that is not "+
					"understood; until that is mended it may register nothing (`rkm off`)", o.Name))
			}
		}
	}
	r.System.leaveOut(gone)
}

// Read is Examine for a caller that wants nothing but the model and the faults.
func Read(text []byte) (*System, []error) {
	r := Examine(text)
	var errs []error
	for _, f := range r.Faults {
		errs = append(errs, f)
	}
	return r.System, errs
}

// Write prints s as `show running-config` does.
func (s *System) Write(w io.Writer) error {
	var body bytes.Buffer
	all := []part{{s, only(func(x *cli.Statement) bool { return x != pcConversion })}}
	for _, i := range s.Instances {
		all = append(all, part{i, only(func(x *cli.Statement) bool { return x.Parted() && x != pcConversion })})
	}
	for _, i := range s.every() { // when the codes of all can be read
		all = append(all, part{i, only(func(x *cli.Statement) bool { return x == pcConversion })})
	}
	for _, p := range all {
		var given cli.Args
		if s.Multi {
			given = cli.Args{"instance": uint64(p.of.Number)}
		}
		if err := cli.Print(&body, p.of, p.of, p.lines, given); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "!\n%send\n", body.Bytes())
	return err
}

// part is some lines of an instance.
type part struct {
	of    *System
	lines *cli.Mode
}

// only is global configuration with those statements that keep wants.
func only(keep func(*cli.Statement) bool) *cli.Mode {
	m := *Global
	m.Statements = slices.DeleteFunc(slices.Clone(m.Statements), func(s *cli.Statement) bool { return !keep(s) })
	return &m
}
