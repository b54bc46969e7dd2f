package gtt

import (
	"math/bits"
	"slices"
)

// entry is a prefix on its way into a line: its key (one word of digits), what it is, what it leads to, and the
// entry that begins it (outer). The prefixes in list[first:last] begin with this word and are longer.
type entry struct {
	key         uint64
	to          uint32
	outer       int32
	first, last int32
	what        uint8
}

// NewIndex makes the index of a list, and sorts the list. Of equal prefixes, the last one counts.
func NewIndex(list []Prefix) *Index {
	less := func(a, b Prefix) int { return a.Digits.less(&b.Digits) }
	if !slices.IsSortedFunc(list, less) {
		slices.SortStableFunc(list, less)
	}
	return newIndex(list, 0)
}

func newIndex(list []Prefix, word int) *Index {
	x := &Index{}
	entries := x.entries(list, word)
	b := packer{x: x, entries: entries, places: make([]uint32, len(entries))}
	for i := range entries {
		x.toBits = max(x.toBits, uint8(bits.Len32(entries[i].to)))
	}
	for b.done < len(entries) {
		b.pack()
	}
	x.lines = b.lines.all()
	x.grow(b.keys.all())
	x.highest = len(x.lines)*lineSlots - 1
	for i := range entries {
		if e := &entries[i]; e.last > 0 {
			next := newIndex(list[e.first:e.last], word+1)
			if x.deep == nil {
				x.deep = map[int]deeper{}
			}
			x.deep[int(b.places[i])] = deeper{next, x.highest + 1}
			x.highest += next.Places()
			x.size += next.size
		}
	}
	return x
}

// entries makes the entries of one word of a sorted list. The first one stands for no match, or for the empty
// prefix.
func (x *Index) entries(list []Prefix, word int) []entry {
	out := make([]entry, 1, len(list)+1)
	out[0].what = isNone
	var stack []int32 // the entry before, and all entries that begin it
	for i := 0; i < len(list); i++ {
		p := &list[i]
		key, length := p.Digits.w[word], int(p.Digits.n)-16*word
		if length <= 16 && i+1 < len(list) && list[i+1].Digits == p.Digits {
			continue
		}
		if length == 0 {
			out[0].what, out[0].to = 0, p.To
			x.size++
			continue
		}
		e := entry{key: key, what: uint8(length), to: p.To}
		if length > 16 {
			end := i
			for end < len(list) && list[end].Digits.w[word] == key {
				end++
			}
			e.what, e.to, e.first, e.last = isBranch, 0, int32(i), int32(end)
			i = end - 1
			if last := &out[len(out)-1]; last.key == key && last.what == 16 {
				last.what, last.first, last.last = isDeep, e.first, e.last
				continue
			}
		} else {
			x.size++
		}
		for len(stack) > 0 && !out[stack[len(stack)-1]].begins(key) {
			stack = stack[:len(stack)-1]
		}
		if len(stack) > 0 {
			e.outer = stack[len(stack)-1]
		}
		stack = append(stack, int32(len(out)))
		out = append(out, e)
	}
	return out
}

// begins tells whether the entry begins a later key.
func (e *entry) begins(key uint64) bool {
	return e.what < 16 && bits.LeadingZeros64(e.key^key)/4 >= int(e.what)
}

// packer puts entries into lines.
type packer struct {
	x       *Index
	entries []entry
	places  []uint32 // the places of the entries that are done
	lines   pile[line]
	keys    pile[uint64] // the first key of each line
	done    int
	full    int // full lines
}

// form says how the next n keys stand in a line.
type form struct {
	lanes  uint // an index into allLanes
	shift  uint // in bits
	words  uint
	fitted bool // the line has room for the keys, and for what the entries are and lead to
}

func (b *packer) form(n int) form {
	first := b.entries[b.done].key
	f := form{shift: 60}
	for i := 1; i < n; i++ {
		if far := b.entries[b.done+i].key - first; far != 0 {
			f.shift = min(f.shift, uint(bits.TrailingZeros64(far))&^3)
		}
	}
	far := (b.entries[b.done+n-1].key - first) >> f.shift
	for f.lanes = uint(len(allLanes) - 1); f.lanes > 0 && far > allLanes[f.lanes].most; f.lanes-- {
	}
	lanes := &allLanes[f.lanes]
	f.words = (uint(n) - 1 + lanes.keys - 1) / lanes.keys
	f.fitted = far <= lanes.most && f.words < 8 && headBits+uint(n)*(lenBits+uint(b.x.toBits)) <= 64*(8-f.words)
	return f
}

// pack makes a line of as many entries as fit.
func (b *packer) pack() {
	n, f := 1, b.form(1)
	for n < lineSlots && b.done+n < len(b.entries) {
		next := b.form(n + 1)
		if !next.fitted {
			break
		}
		n, f = n+1, next
	}
	entries := b.entries[b.done : b.done+n]
	l := line{uint64(f.lanes) | uint64(f.shift/4)<<headShift | uint64(f.words)<<headWords | uint64(n)<<headSlots}
	lanes := &allLanes[f.lanes]
	for i := range uint(len(entries)) {
		e := &entries[i]
		b.places[b.done+int(i)] = uint32(b.full*lineSlots + int(i))
		if i > 0 {
			l[8-f.words+(i-1)/lanes.keys] |= (e.key - entries[0].key) >> f.shift << ((i - 1) % lanes.keys * lanes.width)
		}
		if i > 0 && int(e.outer) >= b.done {
			l[0] |= 1 << headNested
		}
		bit := headBits + i*(lenBits+uint(b.x.toBits))
		answer := uint64(e.to)<<lenBits | uint64(e.what)
		l[bit/64] |= answer << (bit % 64)
		if bit/64 < 7 {
			l[bit/64+1] |= answer >> (64 - bit%64)
		}
	}
	for i := uint(n) - 1; i < f.words*lanes.keys; i++ {
		l[8-f.words+i/lanes.keys] |= (lanes.most + 1) << (i % lanes.keys * lanes.width)
	}
	l[0] |= uint64(b.places[entries[0].outer]) << headOuter
	b.lines.add(l)
	b.keys.add(entries[0].key)
	b.done += n
	b.full++
}

// grow makes the tree. Each level holds the first key of every node below it. The last level holds the first
// key of every line.
func (x *Index) grow(keys []uint64) {
	levels := [][]uint64{keys}
	for len(keys) > 2*fan {
		next := make([]uint64, 0, len(keys)/fan+1)
		for i := 0; i < len(keys); i += fan {
			next = append(next, keys[i])
		}
		keys = next
		levels = append(levels, keys)
	}
	for _, l := range slices.Backward(levels) {
		x.levels = append(x.levels, level{int32(len(x.tree)), int32(len(l))})
		x.tree = append(x.tree, l...)
		for len(x.tree)%fan != 0 {
			x.tree = append(x.tree, ^uint64(0))
		}
	}
}
