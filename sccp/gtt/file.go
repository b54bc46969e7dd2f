package gtt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// Entry is one line of a table's file: the digits of a selector, and where they lead.
type Entry struct {
	Selector string
	Digits   Digits
	Group    string // instead of Route
	Route    Route
}

// BadLine is a line of a file that is no entry.
type BadLine struct {
	Line int
	Text string // what is wrong with it
}

func (b *BadLine) Error() string { return fmt.Sprintf("line %d: %s", b.Line, b.Text) }

// maxFaults is how many faults of a file a person is shown at most.
const maxFaults = 1000

// maxLine is how many octets a line has at most, with its end.
const maxLine = 1 << 16

// Load reads a file of entries in our own format, one on a line. It calls take with each entry; take must not
// keep the pointer:
//
//	SELECTOR,DIGITS,pcssn,PC,gt|pcssn[,ssn N][,ntt N]
//	SELECTOR,DIGITS,asname,NAME,gt|pcssn[,ssn N][,ntt N]
//	SELECTOR,DIGITS,app-grp,NAME
//
// DIGITS may be empty: that entry is for all titles that no other entry covers. Blank lines, and lines that
// begin with # or !, are ignored. Every line that is not understood is in faults.
func Load(r io.Reader, n ss7.Notation, take func(*Entry)) (faults []error, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 4096), maxLine)
	l := loader{notation: n, names: map[string]string{}, ends: map[string]Entry{}}
	var e Entry
	line := 1
	for ; in.Scan(); line++ {
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 || text[0] == '#' || text[0] == '!' {
			continue
		}
		if err := l.entry(&e, text); err == nil {
			take(&e)
		} else if len(faults) < maxFaults {
			faults = append(faults, &BadLine{line, err.Error()})
		}
	}
	if err = in.Err(); errors.Is(err, bufio.ErrTooLong) {
		err = &BadLine{line, fmt.Sprintf("more than %d characters; no line after it is read", maxLine-1)}
	}
	return faults, err
}

// loader remembers what many lines have in common, so that a million entries make no garbage: the name of their
// selector, and what stands behind the digits.
type loader struct {
	notation ss7.Notation
	names    map[string]string
	ends     map[string]Entry
}

// maxEnds is how many different line ends a loader remembers.
const maxEnds = 1 << 16

func (l *loader) entry(e *Entry, text []byte) (err error) {
	selector, rest, _ := bytes.Cut(text, comma)
	digits, end, _ := bytes.Cut(rest, comma)
	if n := bytes.Count(text, comma) + 1; n < 4 {
		return fmt.Errorf("%d fields; an entry has at least 4: SELECTOR,DIGITS,pcssn|asname|app-grp,WHERE", n)
	}
	known, ok := l.ends[string(end)]
	if !ok {
		if known, err = l.end(string(end)); err != nil {
			return err
		}
		if len(l.ends) < maxEnds {
			l.ends[string(end)] = known
		}
	}
	*e = known
	selector = bytes.TrimSpace(selector)
	if len(selector) == 0 {
		return fmt.Errorf("the selector is missing")
	}
	if e.Selector, ok = l.names[string(selector)]; !ok {
		e.Selector = string(selector)
		l.names[e.Selector] = e.Selector
	}
	e.Digits, err = Parse(string(bytes.TrimSpace(digits)))
	return err
}

var comma = []byte(",")

// end reads what stands behind the digits of a line.
func (l *loader) end(text string) (e Entry, err error) {
	f := strings.Split(text, ",")
	if len(f) > 6 {
		return e, fmt.Errorf("an entry has at most 8 fields")
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	e.Route = Route{SSN: Keep, NTT: Keep}
	switch f[0] {
	case "app-grp":
		if e.Group = f[1]; e.Group == "" || len(f) != 2 {
			return e, fmt.Errorf("app-grp takes the name of a group, and nothing after it")
		}
		return e, nil
	case "pcssn":
		if e.Route.PC, err = l.notation.Parse(f[1]); err != nil {
			return e, err
		}
	case "asname":
		if e.Route.AS = f[1]; e.Route.AS == "" {
			return e, fmt.Errorf("asname takes the name of an application server")
		}
	default:
		return e, fmt.Errorf("%q is none of pcssn, asname, app-grp", f[0])
	}
	return e, e.Route.parse(f[2:])
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

// Append writes e as a line that Load reads, with its end.
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
