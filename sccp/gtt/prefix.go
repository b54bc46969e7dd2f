package gtt

import (
	"math/bits"
	"slices"
)

// Prefix is a prefix and what it leads to: a number of the caller's own.
type Prefix struct {
	Digits Digits
	To     uint32 // below MaxTo
}

// Bounds of an index: how many prefixes it holds, and how high To may be.
const (
	MaxPrefixes = 1<<24 - 1
	MaxTo       = 1 << 24
)

const fan = 16 // keys of a node of the search tree: two cache lines

// leaf is one prefix: the first 16 of its digits, and where its meta word packs
// its To (24 bits), the leaf of the longest other prefix that it begins with (24),
// its length (8), and whether it is longer than its key can tell.
type leaf struct{ key, meta uint64 }

const (
	shiftUp  = 24
	shiftLen = 48
	longBit  = 1 << 63
	mask24   = 1<<24 - 1
)

func (l leaf) to() uint32  { return uint32(l.meta & mask24) }
func (l leaf) up() uint32  { return uint32(l.meta >> shiftUp & mask24) }
func (l leaf) length() int { return int(l.meta >> shiftLen & 0xff) }
func (l leaf) long() bool  { return l.meta&longBit != 0 }

// Index finds the longest prefix of a string of digits. The zero value holds none.
//
// The prefixes stand in dictionary order. The last one that is not after the
// digits sought shares at least as much with them as any other, and every prefix
// of them is a prefix of it too: so one search for a place in the order, then a few
// steps along the chain of ever shorter prefixes, find the longest match. The
// search goes through a tree of first keys, sixteen children to a node.
type Index struct {
	leaves []leaf   // the first stands for no match, or the empty prefix
	tree   []uint64 // levels from the top, each padded to whole nodes
	levels []level
	tails  []Digits // whole digits of those with more than 16
	tailOf []uint32 // by leaf; only where there are tails
	any    bool     // the first leaf is the empty prefix
	size   int
}

// level is one level of the tree: where it begins, and how many keys it has
// before the padding.
type level struct{ start, keys int32 }

// NewIndex makes the index of a list, which it sorts. Of equal prefixes the last
// of the list stands.
func NewIndex(list []Prefix) *Index {
	slices.SortStableFunc(list, func(a, b Prefix) int { return a.Digits.less(&b.Digits) })
	x := &Index{leaves: make([]leaf, 0, len(list)+1)}
	x.leaves = append(x.leaves, leaf{})
	x.tailOf = make([]uint32, 1)
	var stack []uint32 // leaves that the one before begins with, and itself
	var digits []Digits
	for i := range list {
		p := &list[i]
		if i+1 < len(list) && list[i+1].Digits == p.Digits {
			continue
		}
		x.size++
		if p.Digits.n == 0 {
			x.any, x.leaves[0].meta = true, uint64(p.To)&mask24
			continue
		}
		for len(stack) > 0 && !p.Digits.HasPrefix(&digits[len(stack)-1]) {
			stack = stack[:len(stack)-1]
		}
		digits = digits[:len(stack)]
		up := uint32(0)
		if len(stack) > 0 {
			up = stack[len(stack)-1]
		}
		stack = append(stack, uint32(len(x.leaves)))
		digits = append(digits, p.Digits)
		x.add(p, up)
	}
	x.grow()
	return x
}

func (x *Index) add(p *Prefix, up uint32) {
	l := leaf{p.Digits.w[0], uint64(p.To)&mask24 | uint64(up)<<shiftUp | uint64(p.Digits.n)<<shiftLen}
	if p.Digits.n > 16 {
		l.meta |= longBit
		for len(x.tailOf) < len(x.leaves) {
			x.tailOf = append(x.tailOf, 0)
		}
		x.tailOf = append(x.tailOf, uint32(len(x.tails)))
		x.tails = append(x.tails, p.Digits)
	}
	x.leaves = append(x.leaves, l)
}

// grow makes the tree: each level holds the first key of every node below it.
func (x *Index) grow() {
	keys := make([]uint64, 0, len(x.leaves)/fan+1)
	for i := 0; i < len(x.leaves); i += fan {
		keys = append(keys, x.leaves[i].key)
	}
	var levels [][]uint64
	for len(keys) > 1 {
		levels = append(levels, keys)
		next := make([]uint64, 0, len(keys)/fan+1)
		for i := 0; i < len(keys); i += fan {
			next = append(next, keys[i])
		}
		keys = next
	}
	for _, l := range slices.Backward(levels) {
		x.levels = append(x.levels, level{int32(len(x.tree)), int32(len(l))})
		x.tree = append(x.tree, l...)
		for len(x.tree)%fan != 0 {
			x.tree = append(x.tree, ^uint64(0))
		}
	}
}

// Place gives the place of the longest prefix of d among all, and its length.
func (x *Index) Place(d *Digits) (place, length int, ok bool) {
	i, ok := x.find(d)
	if !ok {
		return 0, 0, false
	}
	return i, x.leaves[i].length(), true
}

// Leaves is one more than the highest place.
func (x *Index) Leaves() int { return len(x.leaves) }

// Len is how many prefixes there are.
func (x *Index) Len() int { return x.size }

// Find gives what the longest prefix of d leads to, and how long that prefix is.
func (x *Index) Find(d *Digits) (to uint32, length int, ok bool) {
	i, ok := x.find(d)
	if !ok {
		return 0, 0, false
	}
	l := x.leaves[i]
	return l.to(), l.length(), true
}

// find gives the place of the longest prefix of d in the order that Walk has.
func (x *Index) find(d *Digits) (i int, ok bool) {
	if len(x.leaves) == 0 {
		return 0, false
	}
	i = x.place(d.w[0])
	l := x.leaves[i]
	most := min(int(d.n), l.length(), bits.LeadingZeros64(l.key^d.w[0])/4)
	if l.long() && l.key == d.w[0] {
		i, most = x.placeLong(i, d)
		l = x.leaves[i]
	}
	for l.length() > most {
		i = int(l.up())
		l = x.leaves[i]
	}
	return i, i > 0 || x.any
}

// place gives the last leaf whose key is not above key.
func (x *Index) place(key uint64) int {
	node := 0
	for _, l := range x.levels {
		at := int(l.start) + node*fan
		// A key of all ones is not below the padding either, hence the bound.
		node = min(node*fan+count(key, x.tree[at:at+fan])-1, int(l.keys)-1)
	}
	at := node * fan
	if at+fan <= len(x.leaves) {
		l := (*[fan]leaf)(x.leaves[at:])
		n := uint64(0)
		for i := range l {
			_, below := bits.Sub64(key, l[i].key, 0)
			n += below
		}
		return at + fan - 1 - int(n)
	}
	i := at
	for i+1 < len(x.leaves) && x.leaves[i+1].key <= key {
		i++
	}
	return i
}

// count says how many keys are not above key.
func count(key uint64, keys []uint64) int {
	k := (*[fan]uint64)(keys)
	n := uint64(0)
	for i := range k {
		_, below := bits.Sub64(key, k[i], 0)
		n += below
	}
	return fan - int(n)
}

// placeLong is place for digits whose first sixteen are those of prefixes that
// have more: it looks at all of them, from the last such leaf on.
func (x *Index) placeLong(i int, d *Digits) (at, common int) {
	lo := i
	for lo > 0 && x.leaves[lo-1].key == d.w[0] && x.leaves[lo-1].long() {
		lo--
	}
	n := 0
	for hi := i + 1; lo+n < hi; { // the last one that is not after d
		mid := (lo + n + hi) / 2
		if x.tails[x.tailOf[mid]].less(d) <= 0 {
			n = mid - lo + 1
		} else {
			hi = mid
		}
	}
	if n > 0 {
		at = lo + n - 1
		return at, d.common(&x.tails[x.tailOf[at]])
	}
	at = max(lo-1, 0) // a prefix of sixteen digits or fewer, or another key
	l := x.leaves[at]
	return at, min(int(d.n), l.length(), bits.LeadingZeros64(l.key^d.w[0])/4)
}

// Walk calls f with every prefix in dictionary order.
func (x *Index) Walk(f func(Digits, uint32)) {
	for i, l := range x.leaves {
		if i == 0 && !x.any {
			continue
		}
		d := Digits{n: uint8(l.length())}
		d.w[0] = l.key
		if l.long() {
			d = x.tails[x.tailOf[i]]
		}
		f(d, l.to())
	}
}
