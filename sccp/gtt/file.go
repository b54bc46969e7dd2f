package gtt

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// Entry is one line of a table's file: digits of a selector, and where they lead.
type Entry struct {
	Selector string
	Digits   Digits
	Group    string // instead of Route
	Route    Route
}

// BadLine is a line of a file that is no entry.
type BadLine struct {
	Line int
	Text string // what is wrong
}

func (b *BadLine) Error() string { return fmt.Sprintf("line %d: %s", b.Line, b.Text) }

// maxFaults bounds what a wrong file makes a person read.
const maxFaults = 1000

// Load reads a file of entries, a line each, as our own format has it:
//
//	SELECTOR,DIGITS,pcssn,PC,gt|pcssn[,ssn N][,ntt N]
//	SELECTOR,DIGITS,asname,NAME,gt|pcssn[,ssn N][,ntt N]
//	SELECTOR,DIGITS,app-grp,NAME
//
// DIGITS may be empty, for what no other entry covers. Blank lines and lines that
// begin with # or ! are nobody's. Every line that is not understood is in faults.
func Load(r io.Reader, n ss7.Notation) (entries []Entry, faults []error, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 4096), 1<<16)
	l := loader{notation: n, names: map[string]string{}}
	for line := 1; in.Scan(); line++ {
		text := strings.TrimSpace(in.Text())
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		e, err := l.entry(text)
		if err == nil {
			entries = append(entries, e)
		} else if len(faults) < maxFaults {
			faults = append(faults, &BadLine{line, err.Error()})
		}
	}
	return entries, faults, in.Err()
}

type loader struct {
	notation ss7.Notation
	names    map[string]string // so that a million entries share the name of their selector
}

func (l *loader) name(s string) string {
	if have, ok := l.names[s]; ok {
		return have
	}
	s = strings.Clone(s)
	l.names[s] = s
	return s
}

func (l *loader) entry(text string) (e Entry, err error) {
	var f [8]string
	n := 0
	for rest, more := text, true; more; n++ {
		if n == len(f) {
			return e, fmt.Errorf("more than %d fields", len(f))
		}
		f[n], rest, more = strings.Cut(rest, ",")
		f[n] = strings.TrimSpace(f[n])
	}
	if n < 4 {
		return e, fmt.Errorf("%d fields; an entry has at least 4: SELECTOR,DIGITS,pcssn|asname|app-grp,WHERE", n)
	}
	if f[0] == "" {
		return e, fmt.Errorf("no selector")
	}
	e.Selector, e.Route = l.name(f[0]), Route{SSN: Keep, NTT: Keep}
	if e.Digits, err = Parse(f[1]); err != nil {
		return e, err
	}
	switch f[2] {
	case "app-grp":
		if e.Group = l.name(f[3]); e.Group == "" || n != 4 {
			return e, fmt.Errorf("app-grp takes the name of a group, and nothing after it")
		}
		return e, nil
	case "pcssn":
		if e.Route.PC, err = l.notation.Parse(f[3]); err != nil {
			return e, err
		}
	case "asname":
		if e.Route.AS = l.name(f[3]); e.Route.AS == "" {
			return e, fmt.Errorf("asname takes the name of an application server")
		}
	default:
		return e, fmt.Errorf("%q is none of pcssn, asname, app-grp", f[2])
	}
	return e, e.Route.parse(f[4:n])
}

func (r *Route) parse(f []string) error {
	if len(f) == 0 || f[0] != "gt" && f[0] != "pcssn" {
		return fmt.Errorf("after the destination comes gt or pcssn: what it routes on")
	}
	r.ToGT = f[0] == "gt"
	for _, x := range f[1:] {
		word, value, _ := strings.Cut(x, " ")
		v, err := strconv.ParseUint(value, 10, 8)
		switch {
		case err != nil || word != "ssn" && word != "ntt":
			return fmt.Errorf("%q is neither ssn N nor ntt N, with N 0 to 255", x)
		case word == "ssn" && v == 1:
			return fmt.Errorf("subsystem 1 is SCCP management: it cannot be chosen")
		case word == "ssn":
			r.SSN = int16(v)
		case !r.ToGT:
			return fmt.Errorf("ntt goes with gt: what routes on SSN has no new translation type")
		default:
			r.NTT = int16(v)
		}
	}
	return nil
}

// Append writes e as Load reads it, with a line's end.
func (e *Entry) Append(dst []byte, n ss7.Notation) []byte {
	dst = fmt.Appendf(dst, "%s,%s,", e.Selector, e.Digits)
	r := &e.Route
	switch {
	case e.Group != "":
		return fmt.Appendf(dst, "app-grp,%s\n", e.Group)
	case r.AS != "":
		dst = fmt.Appendf(dst, "asname,%s,", r.AS)
	default:
		dst = fmt.Appendf(dst, "pcssn,%s,", n.Format(r.PC))
	}
	if r.ToGT {
		dst = append(dst, "gt"...)
	} else {
		dst = append(dst, "pcssn"...)
	}
	if r.SSN != Keep {
		dst = fmt.Appendf(dst, ",ssn %d", r.SSN)
	}
	if r.NTT != Keep {
		dst = fmt.Appendf(dst, ",ntt %d", r.NTT)
	}
	return append(dst, '\n')
}
