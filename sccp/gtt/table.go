package gtt

import (
	"fmt"
	"sync/atomic"

	"github.com/gostp/gostp/ss7"
)

// Nature is what a selector is chosen by: the global title indicator, and the translation type, numbering plan
// and nature of address if the title has them. Those that it has not are zero (Q.713 §3.4.2.3, Q.714 §2.4.5).
type Nature struct{ GTI, TT, NP, NAI uint8 }

func (n Nature) String() string {
	s := fmt.Sprintf("gti %d", n.GTI)
	if n.GTI >= 2 {
		s += fmt.Sprintf(" tt %d", n.TT)
	}
	if n.GTI >= 3 {
		s += fmt.Sprintf(" np %d", n.NP)
	}
	if n.GTI == 1 || n.GTI == 4 {
		s += fmt.Sprintf(" nai %d", n.NAI)
	}
	return s
}

// Keep, as a number of a Route, leaves what the message has.
const Keep = -1

// Route is one place to send a message to, and what becomes of its called address.
type Route struct {
	PC    ss7.PC
	AS    string // an application server, instead of PC
	ToGT  bool   // the point routes on GT again; else it routes on SSN
	SSN   int16  // the new SSN, or Keep
	NTT   int16  // the translation type of the new title, or Keep
	Cost  uint8  // the cost or the weight of a member of a group
	Count *atomic.Uint64
}

// Result is what an entry leads to: a route, or a group that chooses one.
type Result struct {
	Route Route
	Group *Group // nil: Route counts
}

// Selector translates the titles of one nature. Linkset and Calling are extensions of Q.714. Linkset narrows
// the selector to messages that came by one linkset. Calling makes it translate by the digits of the calling
// address.
type Selector struct {
	Name      string
	Nature    Nature
	Linkset   string // "" means any
	Calling   bool   // it translates by the digits of the calling address
	Pre, Post *Conversion
	Index     *Index
	Results   []Result // what the entries lead to, by Prefix.To
	Hits      *Hits
	Counts    []atomic.Uint64 // translations, by the place of the entry; nil if there are too many entries
}

// Hits counts what a selector did. All tables that have the selector share it.
type Hits struct{ Matched, Unmatched atomic.Uint64 }

// MaxCounted is how many entries a selector may have for each to be counted. With a counter for each of a
// million entries, every translation would wait for memory.
const MaxCounted = 10_000

// Find translates digits that are already converted. It gives the result, the length of the entry's digits, and
// the entry's place in Counts.
func (s *Selector) Find(d *Digits) (r *Result, length, place int) {
	to, length, place, ok := s.Index.Find(d)
	if !ok || int(to) >= len(s.Results) {
		return nil, 0, 0
	}
	return &s.Results[to], length, place
}

// Entries calls f with every entry, and how often it was used; 0 if that is not counted.
func (s *Selector) Entries(f func(d Digits, r *Result, used uint64)) {
	s.Index.Walk(func(d Digits, to uint32, place int) {
		used := uint64(0)
		if s.Counts != nil {
			used = s.Counts[place].Load()
		}
		f(d, &s.Results[to], used)
	})
}

// Table has all selectors, and the mated applications. It never changes.
type Table struct {
	Selectors []*Selector
	Groups    []*Group
	byTT      [256][]*Selector // selectors with a linkset come first
	mates     map[Application]*Mate
}

// NewTable compiles a table.
func NewTable(selectors []*Selector, groups []*Group, mates []*Mate) *Table {
	t := &Table{Selectors: selectors, Groups: groups, mates: make(map[Application]*Mate, len(mates))}
	for _, narrow := range []bool{true, false} {
		for _, s := range selectors {
			if (s.Linkset != "") == narrow {
				t.byTT[s.Nature.TT] = append(t.byTT[s.Nature.TT], s)
			}
		}
	}
	for _, m := range mates {
		t.mates[m.Application] = m
	}
	return t
}

// Select finds the selector for a nature, and for the linkset that a message came by; nil if there is none.
func (t *Table) Select(n Nature, linkset string) *Selector {
	for _, s := range t.byTT[n.TT] {
		if s.Nature == n && (s.Linkset == "" || s.Linkset == linkset) {
			return s
		}
	}
	return nil
}

// Application is a subsystem at a point.
type Application struct {
	PC  ss7.PC
	SSN uint8
}

// Mate is a subsystem that has a duplicate elsewhere (Q.714 §2.4.5, step 4).
type Mate struct {
	Application
	Backup Application
	Shared bool // both take traffic; else the backup takes traffic only while the first cannot
}

// Mate gives the duplicate of an application; nil if it is solitary.
func (t *Table) Mate(a Application) *Mate {
	if len(t.mates) == 0 {
		return nil
	}
	return t.mates[a]
}
