package gtt

import (
	"fmt"
	"sync/atomic"

	"github.com/gostp/gostp/ss7"
)

// Nature is what a selector is chosen by: the global title indicator and those of
// the translation type, numbering plan and nature of address that it has; the
// others are zero (Q.713 §3.4.2.3, Q.714 §2.4.5).
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

// Keep is a number of a Route that leaves what the message has.
const Keep = -1

// Route is one place to send a message, and what its called address becomes.
type Route struct {
	PC    ss7.PC
	AS    string // instead of PC: an application server
	ToGT  bool   // route on GT again at PC; else on SSN there
	SSN   int16  // or Keep
	NTT   int16  // translation type of the new title, or Keep
	Cost  uint8  // of a member of a group: its cost, or its weight
	Count *atomic.Uint64
}

// Result is what an entry leads to: a route, or a group that chooses one.
type Result struct {
	Route Route
	Group *Group // nil: Route
}

// Selector translates the titles of one nature. Linkset and Calling narrow it,
// which is an extension of Q.714: to messages that came by one linkset, and to the
// digits of the calling address.
type Selector struct {
	Name      string
	Nature    Nature
	Linkset   string // "": any
	Calling   bool   // translates by the digits of the calling address
	Pre, Post *Conversion
	Index     *Index
	Results   []Result // what entries lead to, by Prefix.To
	Hits      *Hits
	Counts    []atomic.Uint64 // translations by place of the entry; nil: there are too many entries
}

// Hits counts what a selector did; it is shared by all tables that have it.
type Hits struct{ Matched, Unmatched atomic.Uint64 }

// MaxCounted is how many entries of a selector are counted one by one: a counter for
// each of a million would be a wait for memory in every translation.
const MaxCounted = 10_000

// Find translates digits that are already converted; length is that of the entry,
// place its own in Counts.
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

// Table is all selectors, and the mated applications. It never changes.
type Table struct {
	Selectors []*Selector
	Groups    []*Group
	byTT      [256][]*Selector // those with a linkset first
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

// Select finds the selector for a nature and the linkset that a message came by;
// nil if there is none.
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
	Shared bool // both take traffic; else the backup takes it while the first cannot
}

// Mate gives the duplicate of an application; nil if it is solitary.
func (t *Table) Mate(a Application) *Mate {
	if len(t.mates) == 0 {
		return nil
	}
	return t.mates[a]
}
