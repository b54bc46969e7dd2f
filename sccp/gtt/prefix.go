package gtt

import "math/bits"

// Prefix is a prefix, and what it leads to: a number whose meaning is the caller's.
type Prefix struct {
	Digits Digits
	To     uint32
}

const (
	fan       = 16 // keys in a node of the search tree: two cache lines
	lineSlots = 16 // prefixes in a line, at most
)

// Index finds the longest prefix of a string of digits. The zero value holds none.
//
// The prefixes stand in dictionary order, packed into lines of 64 octets, so that a million take no more than a
// cache may hold. Consider the last prefix that is not after the sought digits. It shares at least as many
// digits with them as any other prefix does, and every prefix of the sought digits is also a prefix of it. So
// one search for a place in the order finds the answer. The search goes down a tree of the lines' first keys,
// touches one line, and almost always ends there.
//
// An index is over one word, which is sixteen digits. Longer prefixes go on in another index, which hangs on
// their first sixteen digits.
type Index struct {
	lines   []line
	tree    []uint64 // levels from the top on, each padded to whole nodes
	levels  []level  // the first level has one node or two
	toBits  uint8    // how many bits a To takes
	deep    map[int]deeper
	size    int // prefixes, including those of deeper indexes
	highest int // the highest place of a prefix
}

// deeper is the index of what follows sixteen digits. Its places count from first on.
type deeper struct {
	*Index
	first int
}

// level is one level of the tree: where it begins, and how many keys it has before the padding.
type level struct{ start, keys int32 }

// line holds up to 16 prefixes in 64 octets. A head of 48 bits comes first. A string of bits follows, which
// says of each prefix what it is and what it leads to. The last words hold the keys, several to a word: each as
// its distance from the line's first key, which stands in the tree.
type line [8]uint64

// The head of a line says: how keys stand in words, by how many nibbles they are shifted, and in how many words
// they are; how many prefixes the line has, and whether one of them begins another; and the place of the
// longest prefix before the line that begins the line's first.
const (
	headShift  = 2
	headWords  = 6
	headSlots  = 9
	headNested = 14
	headOuter  = 16
	headBits   = 48
)

// A prefix is marked with its length, or as one of sixteen digits on which longer ones hang.
const (
	lenBits  = 5
	isNone   = 0x11 // no prefix: the beginning of the order
	isDeep   = 0x12
	isBranch = 0x13 // no prefix itself, but longer ones hang on it
)

// lanes says how keys stand in a word: how many, and in how many bits each. The highest bit of each lane is
// clear, so that all keys are compared at once.
type lanes struct {
	keys, width uint
	ones, tops  uint64 // the lowest and the highest bit of each lane
	part        uint   // the number of a key times part, over 256, is the number of its word
	most        uint64 // the highest key; one more marks an empty lane
	in          [8]uint64
}

var allLanes = [4]lanes{newLanes(1, 64), newLanes(2, 32), newLanes(3, 21), newLanes(4, 16)}

func newLanes(keys, width uint) lanes {
	f := lanes{keys: keys, width: width, part: (255 + keys) / keys, most: 1<<(width-1) - 2}
	for i := range keys {
		f.ones |= 1 << (i * width)
	}
	f.tops = f.ones << (width - 1)
	for words := range f.in {
		for i := 8 - words; i < 8; i++ {
			f.in[words] |= f.tops >> (i - 1)
		}
	}
	return f
}

func (l *line) lanes() *lanes { return &allLanes[l[0]&3] }
func (l *line) shift() uint   { return uint(l[0]>>headShift&15) * 4 }
func (l *line) words() int    { return int(l[0] >> headWords & 7) }
func (l *line) slots() int    { return int(l[0] >> headSlots & 31) }
func (l *line) nested() bool  { return l[0]>>headNested&1 != 0 }
func (l *line) outer() int    { return int(l[0] >> headOuter & (1<<32 - 1)) }

// find gives the slot of the last key that is not above the sought one, which lies far beyond the first. The
// top bit of a lane stays set where its key is not above. All words are compared, even those without keys,
// because a branch for each costs more.
func (l *line) find(far uint64) int {
	f := l.lanes()
	t := f.tops
	want := min(far>>l.shift(), f.most)*f.ones | t
	stay := (want-l[1])&t | (want-l[2])&t>>1 | (want-l[3])&t>>2 | (want-l[4])&t>>3 |
		(want-l[5])&t>>4 | (want-l[6])&t>>5 | (want-l[7])&t>>6
	return bits.OnesCount64(stay & f.in[l.words()])
}

// key gives how far the key of a slot lies beyond the first key of the line.
func (l *line) key(slot int) uint64 {
	f := l.lanes()
	i := uint(slot - 1)
	word := i * f.part >> 8
	far := l[(8-l.words()+int(word))&7] >> ((i - word*f.keys) * f.width & 63) & (f.most + 1)
	return far << l.shift() & uint64(-slot>>63) // 0 for the first
}

// answer gives what the prefix in a slot is (in the low bits), and what it leads to.
func (l *line) answer(slot int, toBits uint) uint64 {
	bit := headBits + uint(slot)*(lenBits+toBits)
	word, off := bit/64, bit%64
	return (l[word&7]>>off | l[(word+1)&7]<<(64-off)) & (1<<(lenBits+toBits) - 1)
}

// Len gives how many prefixes there are.
func (x *Index) Len() int { return x.size }

// Places is one more than the highest place that Find gives.
func (x *Index) Places() int { return x.highest + 1 }

// Find finds the longest prefix of d. It gives what this leads to, how long it is, and its place, which no
// other prefix of the index has.
func (x *Index) Find(d *Digits) (to uint32, length, place int, ok bool) { return x.find(d, 0) }

// find is Find in one word of the digits.
func (x *Index) find(d *Digits, word int) (to uint32, length, place int, ok bool) {
	if len(x.lines) == 0 {
		return 0, 0, 0, false
	}
	key := d.w[word]
	n, base := x.line(key)
	l := &x.lines[n]
	slot := l.find(key - base)
	a := l.answer(slot, uint(x.toBits))
	if what := int(a & (1<<lenBits - 1)); what <= common(d, word, base+l.key(slot)) {
		return uint32(a >> lenBits), what + 16*word, n*lineSlots + slot, true
	}
	return x.climb(d, word, n, slot)
}

// common gives how many digits a word of d shares with a key.
func common(d *Digits, word int, key uint64) int {
	return min(int(d.n)-16*word, bits.LeadingZeros64(key^d.w[word])/4)
}

// climb goes back, from the last place that is not after the digits, to the first place whose prefix fits them.
// It looks through the line if prefixes begin others there, and then goes on at the prefix that begins the
// line's first.
func (x *Index) climb(d *Digits, word, n, slot int) (to uint32, length, place int, ok bool) {
	for {
		l := &x.lines[n]
		for ; slot >= 0; slot-- {
			a := l.answer(slot, uint(x.toBits))
			to, what, most := uint32(a>>lenBits), int(a&(1<<lenBits-1)), common(d, word, x.base(n)+l.key(slot))
			place = n*lineSlots + slot
			switch {
			case what == isNone:
				return 0, 0, 0, false
			case what <= most:
				return to, what + 16*word, place, true
			case what >= isDeep && most == 16:
				next := x.deep[place]
				if to, length, below, ok := next.find(d, word+1); ok {
					return to, length, next.first + below, true
				}
				if what == isDeep {
					return to, 16 + 16*word, place, true
				}
			}
			if !l.nested() {
				break
			}
		}
		n, slot = l.outer()/lineSlots, l.outer()%lineSlots
	}
}

// base gives the first key of a line.
func (x *Index) base(n int) uint64 {
	return x.tree[int(x.levels[len(x.levels)-1].start)+n]
}

// line gives the last line whose first key is not above key, and that first key.
func (x *Index) line(key uint64) (n int, base uint64) {
	top := x.levels[0]
	n = -1
	for at := 0; at < int(top.keys); at += fan {
		n += count(key, x.tree[at:at+fan])
	}
	// A key of all ones is not below the padding either, hence the bound.
	n = min(n, int(top.keys)-1)
	base = x.tree[n]
	for _, l := range x.levels[1:] {
		at := int(l.start) + n*fan
		n = min(n*fan+count(key, x.tree[at:at+fan])-1, int(l.keys)-1)
		base = x.tree[int(l.start)+n]
	}
	return n, base
}

// count gives how many keys are not above key. It is written out because a loop takes twice the time.
func count(key uint64, keys []uint64) int {
	k := (*[fan]uint64)(keys)
	return fan - int(above(k[0], key)+above(k[1], key)+above(k[2], key)+above(k[3], key)+
		above(k[4], key)+above(k[5], key)+above(k[6], key)+above(k[7], key)+
		above(k[8], key)+above(k[9], key)+above(k[10], key)+above(k[11], key)+
		above(k[12], key)+above(k[13], key)+above(k[14], key)+above(k[15], key))
}

// above gives 1 if a is above b, else 0.
func above(a, b uint64) uint64 {
	_, n := bits.Sub64(b, a, 0)
	return n
}

// Walk calls f with every prefix in dictionary order, what the prefix leads to, and its place.
func (x *Index) Walk(f func(d Digits, to uint32, place int)) { x.walk(Digits{}, 0, 0, f) }

// walk is Walk in one word. All its prefixes begin with stem, and their places count from first on.
func (x *Index) walk(stem Digits, word, first int, f func(Digits, uint32, int)) {
	for n := range x.lines {
		l := &x.lines[n]
		for slot := range l.slots() {
			place := n*lineSlots + slot
			a := l.answer(slot, uint(x.toBits))
			what := int(a & (1<<lenBits - 1))
			d := stem
			d.w[word], d.n = x.base(n)+l.key(slot), uint8(16*word+min(what, 16))
			if what != isNone && what != isBranch {
				f(d, uint32(a>>lenBits), first+place)
			}
			if what >= isDeep {
				next := x.deep[place]
				next.walk(d, word+1, first+next.first, f)
			}
		}
	}
}
