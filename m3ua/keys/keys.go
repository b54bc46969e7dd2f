// Package keys is routing keys (RFC 4666 §1.4.2): which traffic belongs to which application server, and when
// two of them claim the same traffic.
package keys

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// Key is a routing key: it says which traffic belongs to an AS (RFC 4666 §1.4.2). An MSU matches it if the MSU
// matches one of the terms.
type Key struct {
	NA    uint32 // the network appearance, if HasNA
	HasNA bool
	Terms []Term
}

// Has tells whether the key names a code, alone or in a range. bits is the width of a code.
func (k *Key) Has(pc ss7.PC, bits uint8) bool {
	return slices.ContainsFunc(k.Terms, func(t Term) bool { return t.DPC.Contains(pc, bits) })
}

// Term is one group of a routing key. An empty field matches everything, except MTP management (SI 0 to 2).
type Term struct {
	DPC      ss7.Range
	SIs      uint16      // a bit for each service indicator
	OPCs     []ss7.Range // any one of these
	Circuits []Circuits  // or any one of these; only of ISUP and TUP
}

// Circuits is a range of circuit identification codes towards an OPC.
type Circuits struct {
	OPC         ss7.Range
	First, Last uint16
}

// anySI has every service indicator that M3UA carries.
const anySI uint16 = 0xfff8

// Target is an AS and its key, for Compile.
type Target struct {
	AS   ss7.PathID
	Name string
	Key  Key
}

// Selector finds the AS that an MSU belongs to: the one with the most specific key. A longer DPC is more
// specific. Among equal ones, these are more specific, in this order: the key that names service indicators,
// the longer OPC, the key that names circuits. A Selector is immutable.
type Selector struct {
	variant *ss7.Variant
	masks   []ss7.PC // the masks of the DPC lengths in use, the longest first
	rules   []map[ss7.PC][]rule
}

// rule is one DPC, one OPC and one range of circuits of a key.
type rule struct {
	as     ss7.PathID
	name   string
	sis    uint16
	opc    ss7.Range
	first  uint16 // the range of circuits, if hasCIC
	last   uint16
	hasCIC bool
	dpc    ss7.Range
	term   int // which term of the key it is from
}

// Clash is two keys that claim the same traffic with equal right.
type Clash struct {
	A, B string     // the names of the AS; B is the later one
	AS   ss7.PathID // the path of B
	Term int        // the term of B's key that claims it

	what    rule
	variant *ss7.Variant
}

// What gives the traffic that both claim, with codes written in notation n.
func (c *Clash) What(n ss7.Notation) string { return c.what.text(n) }

func (c *Clash) Error() string {
	return fmt.Sprintf("routing keys of %s and %s clash: both claim %s, and neither is more specific", c.A, c.B,
		c.What(c.variant.Notation))
}

// Compile makes the Selector of the AS of one network. The error is a *Clash.
func Compile(v *ss7.Variant, targets []Target) (*Selector, error) {
	s, clashes := compile(v, targets)
	if len(clashes) > 0 {
		return nil, clashes[0]
	}
	return s, nil
}

// Clashes finds the terms that claim what an earlier AS has. It names each of them once.
func Clashes(v *ss7.Variant, targets []Target) []*Clash {
	_, out := compile(v, targets)
	return out
}

// compile leaves out the rules that clash with an earlier one.
func compile(v *ss7.Variant, targets []Target) (*Selector, []*Clash) {
	var all []rule
	for _, t := range targets {
		all = append(all, t.rules()...)
	}
	slices.SortStableFunc(all, compare)
	s := &Selector{variant: v}
	var clashes []*Clash
	for i := range all {
		r := &all[i]
		m := mask(r.dpc.Len, v.Bits())
		if n := len(s.masks); n == 0 || s.masks[n-1] != m {
			s.masks = append(s.masks, m)
			s.rules = append(s.rules, map[ss7.PC][]rule{})
		}
		at := s.rules[len(s.rules)-1]
		k := slices.IndexFunc(at[r.dpc.PC], func(o rule) bool {
			return o.as != r.as && compare(o, *r) == 0 && o.overlaps(r, v.Bits())
		})
		if k >= 0 {
			clashes = append(clashes, &Clash{at[r.dpc.PC][k].name, r.name, r.as, r.term, *r, v})
			continue
		}
		at[r.dpc.PC] = append(at[r.dpc.PC], *r)
	}
	return s, clashes
}

func mask(length, bits uint8) ss7.PC { return (ss7.PC(1)<<length - 1) << (bits - length) }

func (t *Target) rules() []rule {
	var out []rule
	for i, term := range t.Key.Terms {
		sis := term.SIs & anySI
		if term.SIs == 0 {
			sis = anySI
		}
		r := rule{as: t.AS, name: t.Name, sis: sis, dpc: term.DPC, term: i}
		for _, c := range term.Circuits {
			r.opc, r.first, r.last, r.hasCIC = c.OPC, c.First, c.Last, true
			out = append(out, r)
		}
		for _, o := range term.OPCs {
			r.opc, r.first, r.last, r.hasCIC = o, 0, 0, false
			out = append(out, r)
		}
		if len(term.Circuits)+len(term.OPCs) == 0 {
			out = append(out, r)
		}
	}
	return out
}

// compare puts the more specific rule first.
func compare(a, b rule) int {
	return cmp.Or(cmp.Compare(b.dpc.Len, a.dpc.Len), cmp.Compare(flag(b.sis != anySI), flag(a.sis != anySI)),
		cmp.Compare(b.opc.Len, a.opc.Len), cmp.Compare(flag(b.hasCIC), flag(a.hasCIC)))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// overlaps tells whether an MSU could match both.
func (r *rule) overlaps(o *rule, bits uint8) bool {
	if r.sis&o.sis == 0 || !meet(r.dpc, o.dpc, bits) || !meet(r.opc, o.opc, bits) {
		return false
	}
	return !r.hasCIC || !o.hasCIC || r.first <= o.last && o.first <= r.last
}

func meet(a, b ss7.Range, bits uint8) bool {
	if a.Len > b.Len {
		a, b = b, a
	}
	return a.Contains(b.PC, bits)
}

func (r *rule) text(n ss7.Notation) string {
	parts := []string{"DPC " + n.FormatRange(r.dpc)}
	if r.sis != anySI {
		for si := range ss7.SI(16) {
			if r.sis&(1<<si) != 0 {
				parts = append(parts, si.String())
			}
		}
	}
	if r.opc.Len > 0 {
		parts = append(parts, "OPC "+n.FormatRange(r.opc))
	}
	if r.hasCIC {
		parts = append(parts, fmt.Sprintf("CIC %d to %d", r.first, r.last))
	}
	return strings.Join(parts, ", ")
}

// Find gives the AS that m belongs to; 0 if no key matches.
func (s *Selector) Find(m *ss7.MSU) ss7.PathID {
	as, _ := s.Match(m)
	return as
}

// Match is Find, and also gives how many bits of the DPC the key names. It allocates nothing.
func (s *Selector) Match(m *ss7.MSU) (as ss7.PathID, length uint8) {
	bits := s.variant.Bits()
	for i, mk := range s.masks {
		rules := s.rules[i][m.DPC&mk]
		for j := range rules {
			r := &rules[j]
			if r.sis&(1<<(m.SI&15)) != 0 && r.opc.Contains(m.OPC, bits) && (!r.hasCIC || r.circuit(m, s.variant)) {
				return r.as, r.dpc.Len
			}
		}
	}
	return 0, 0
}

// Users calls f for each rule that names dpc: with its AS and a bit for each of its service indicators,
// whatever the rule says of origins and circuits. It ends when f returns false.
func (s *Selector) Users(dpc ss7.PC, f func(as ss7.PathID, sis uint16) bool) {
	for i, mk := range s.masks {
		rules := s.rules[i][dpc&mk]
		for j := range rules {
			if !f(rules[j].as, rules[j].sis) {
				return
			}
		}
	}
}

// circuit tells whether m belongs to a circuit in range. The circuit is in the first two octets after the
// label, low octet first: 12 bits, and 14 in ANSI (Q.763 §1.2, T1.113.3).
func (r *rule) circuit(m *ss7.MSU, v *ss7.Variant) bool {
	if m.SI != ss7.ISUP && m.SI != ss7.TUP || len(m.Payload) < 2 {
		return false
	}
	c := uint16(m.Payload[0]) | uint16(m.Payload[1])<<8
	if v == ss7.ANSI {
		c &= 1<<14 - 1
	} else {
		c &= 1<<12 - 1
	}
	return c >= r.first && c <= r.last
}

// Overlaps tells whether an MSU could match both keys.
func (k *Key) Overlaps(o *Key, bits uint8) bool {
	if k.HasNA && o.HasNA && k.NA != o.NA {
		return false
	}
	a, b := (&Target{Key: *k}).rules(), (&Target{Key: *o}).rules()
	for i := range a {
		for j := range b {
			if a[i].overlaps(&b[j], bits) {
				return true
			}
		}
	}
	return false
}

// Equal tells whether two keys say the same, in whatever order.
func (k *Key) Equal(o *Key) bool {
	if k.HasNA != o.HasNA || k.NA != o.NA || len(k.Terms) != len(o.Terms) {
		return false
	}
	return slices.Equal(k.canonical(), o.canonical())
}

func (k *Key) canonical() []string {
	var out []string
	for _, r := range (&Target{Key: *k}).rules() {
		out = append(out, fmt.Sprint(r.dpc, r.sis, r.opc, r.first, r.last, r.hasCIC))
	}
	slices.Sort(out)
	return out
}

// IsDefault tells whether the key takes the traffic that no other key takes: all its DPCs have length 0
// (§1.4.2.2).
func (k *Key) IsDefault() bool {
	return !slices.ContainsFunc(k.Terms, func(t Term) bool { return t.DPC.Len > 0 })
}
