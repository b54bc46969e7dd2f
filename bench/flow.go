package bench

import "slices"

// gapLimit is how many gaps in its numbers a Flow remembers.
const gapLimit = 4096

// Flow judges the numbers of one flow, which are sent as 0, 1, 2... The zero value has seen nothing.
type Flow struct {
	next       uint64 // one more than the highest number seen
	gaps       []gap  // numbers below next that were not seen, ascending
	forgotten  uint64 // missing numbers, in gaps that are not remembered
	Received   uint64 // different numbers
	Duplicated uint64 // numbers that came again
	Misordered uint64 // numbers that came after a higher one
}

// gap is the numbers from from up to, but not including, to.
type gap struct{ from, to uint64 }

// See judges the next number that came.
func (f *Flow) See(n uint64) {
	if n == f.next { // this is the right order
		f.next++
		f.Received++
		return
	}
	if n > f.next {
		f.gaps = append(f.gaps, gap{f.next, n})
		if len(f.gaps) > gapLimit {
			f.forgotten += f.gaps[0].to - f.gaps[0].from
			f.gaps = slices.Delete(f.gaps, 0, 1)
		}
		f.next = n + 1
		f.Received++
		return
	}
	f.late(n)
}

// late judges a number below the highest: it was missing so far, or is a duplicate. A number from a gap that is
// not remembered counts as a duplicate, and stays lost: with so many gaps there is no order.
func (f *Flow) late(n uint64) {
	i, _ := slices.BinarySearchFunc(f.gaps, n, func(g gap, n uint64) int {
		switch {
		case g.to <= n:
			return -1
		case g.from > n:
			return 1
		}
		return 0
	})
	if i == len(f.gaps) || n < f.gaps[i].from {
		f.Duplicated++
		return
	}
	f.Misordered++
	f.Received++
	g := f.gaps[i]
	switch {
	case g.to-g.from == 1:
		f.gaps = slices.Delete(f.gaps, i, i+1)
	case n == g.from:
		f.gaps[i].from++
	case n == g.to-1:
		f.gaps[i].to--
	default:
		f.gaps[i].to = n
		f.gaps = slices.Insert(f.gaps, i+1, gap{n + 1, g.to})
	}
}

// Lost gives how many of the first sent numbers have not come.
func (f *Flow) Lost(sent uint64) uint64 {
	lost := f.forgotten
	for _, g := range f.gaps {
		lost += g.to - g.from
	}
	if sent > f.next {
		lost += sent - f.next
	}
	return lost
}
