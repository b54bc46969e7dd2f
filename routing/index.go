package routing

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gostp/gostp/ss7"
)

// What an index entry says besides a destination.
const (
	none    int32 = -1
	ownCode int32 = -2
)

// index finds the longest match. Codes of up to 16 bits have a flat array, so
// that a lookup is one load however many routes there are; 24-bit codes have a
// map for each mask length in use, longest first.
type index struct {
	bits    uint8
	flat    []int32
	lengths []length
	own     map[ss7.PC]bool
	ranges  map[ss7.Range]int32
}

type length struct {
	mask ss7.PC
	dest map[ss7.PC]int32
}

// newIndex takes dests sorted by mask length, shortest first.
func newIndex(bits uint8, dests []Destination, own []ss7.PC) index {
	x := index{bits: bits, ranges: make(map[ss7.Range]int32, len(dests))}
	for i, d := range dests {
		x.ranges[d.Range] = int32(i)
	}
	if bits <= 16 {
		x.fill(dests, own)
		return x
	}
	x.own = make(map[ss7.PC]bool, len(own))
	for _, pc := range own {
		x.own[pc] = true
	}
	for i := len(dests) - 1; i >= 0; i-- {
		r := dests[i].Range
		m := ^ss7.PC(0) << (bits - r.Len)
		if n := len(x.lengths); n == 0 || x.lengths[n-1].mask != m {
			x.lengths = append(x.lengths, length{m, map[ss7.PC]int32{}})
		}
		x.lengths[len(x.lengths)-1].dest[r.PC] = int32(i)
	}
	return x
}

func (x *index) fill(dests []Destination, own []ss7.PC) {
	x.flat = make([]int32, 1<<x.bits)
	for i := range x.flat {
		x.flat[i] = none
	}
	for i, d := range dests {
		for pc := d.Range.PC; pc <= d.Range.Last(x.bits); pc++ {
			x.flat[pc] = int32(i)
		}
	}
	for _, pc := range own {
		x.flat[pc] = ownCode
	}
}

// clone is an index to which members can be added while the old one stays as it is.
func (x index) clone(members []ss7.Range) index {
	x.ranges = maps.Clone(x.ranges)
	x.flat = slices.Clone(x.flat)
	x.lengths = slices.Clone(x.lengths)
	for i := range x.lengths {
		m := x.lengths[i].mask
		if slices.ContainsFunc(members, func(r ss7.Range) bool { return m == ^ss7.PC(0)<<(x.bits-r.Len) }) {
			x.lengths[i].dest = maps.Clone(x.lengths[i].dest)
		}
	}
	return x
}

// add puts in one more destination; in a flat array that is a full code.
func (x *index) add(r ss7.Range, i int32) {
	x.ranges[r] = i
	if x.flat != nil {
		x.flat[r.PC] = i
		return
	}
	m := ^ss7.PC(0) << (x.bits - r.Len)
	at, there := slices.BinarySearchFunc(x.lengths, m, func(l length, m ss7.PC) int { return cmp.Compare(m, l.mask) })
	if !there {
		x.lengths = slices.Insert(x.lengths, at, length{m, map[ss7.PC]int32{}})
	}
	x.lengths[at].dest[r.PC] = i
}

func (x *index) find(pc ss7.PC) int32 {
	if x.flat != nil {
		if int(pc) >= len(x.flat) {
			return none
		}
		return x.flat[pc]
	}
	if x.own[pc] {
		return ownCode
	}
	for i := range x.lengths {
		if d, ok := x.lengths[i].dest[pc&x.lengths[i].mask]; ok {
			return d
		}
	}
	return none
}

// exact finds the destination that is pc's leading l bits.
func (x *index) exact(pc ss7.PC, l uint8) (int, bool) {
	i, ok := x.ranges[ss7.Range{PC: pc & (^ss7.PC(0) << (x.bits - l)), Len: l}]
	return int(i), ok
}
