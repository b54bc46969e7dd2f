package routing

import "slices"

// spread deals the SLS values out over the linksets all, of which up may be used.
// Every value prefers the links in an order that follows from the value and the
// configuration alone. It goes by the first of them that works, or that is waited for.
// So when a link fails, only its own values move. When it returns, only these move
// back. All other values keep their links (Q.704 §4.2.1).
func (t *Table) spread(all, up []int) *Bundle {
	b := &Bundle{Linksets: up, Slots: make([]Slot, int(t.mask)+1)}
	for sls := range b.Slots {
		turned := sls>>t.Shift | sls<<(t.Variant.SLSBits-t.Shift)&int(t.mask)
		b.Slots[sls] = t.choose(all, up, turned)
	}
	return b
}

// choose walks the linksets in the order that sls prefers: it begins with the linkset
// sls mod their number, and goes on in turn. The links of a linkset come before any
// other linkset (§4.4.2), and are chosen by the quotient, so that the two choices do
// not use the same bits and leave links idle.
func (t *Table) choose(all, up []int, sls int) Slot {
	sets := all
	for len(sets) > 0 {
		i := sls % len(sets)
		ls := sets[i]
		sls /= len(sets)
		if slices.Contains(up, ls) {
			if s, ok := t.within(ls, sls); ok {
				return s
			}
		}
		sets = without(sets, i)
	}
	return Slot{}
}

func (t *Table) within(ls, q int) (Slot, bool) {
	links := t.Linksets[ls].Links
	for len(links) > 0 {
		i := q % len(links)
		q /= len(links)
		switch l := links[i]; {
		case l.Ready:
			return Slot{l.Path, int32(ls)}, true
		case l.Hold:
			return Slot{l.Path.Hold(), int32(ls)}, true
		}
		links = without(links, i)
	}
	return Slot{}, false
}

// without is s, which it leaves as it is, without element i. The list begins with what followed that element.
func without[E any](s []E, i int) []E {
	return append(slices.Clone(s[i+1:]), s[:i]...)
}
