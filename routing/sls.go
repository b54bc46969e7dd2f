package routing

// spread deals the SLS values out. Every value has a home: linkset by linkset in
// turn, and within a linkset link by link, over all that have links. A value
// whose home works stays there whatever else comes or goes, so that its messages
// keep their order (Q.704 §4.2.1); only the values whose home has failed are dealt
// again, evenly, over what works.
func (t *Table) spread(all, up []int) *Bundle {
	n := int(t.mask) + 1
	b := &Bundle{Linksets: up, Slots: make([]Slot, n)}
	working := t.deal(up)
	homeless := 0
	for sls := range n {
		ls := all[sls%len(all)]
		links := t.Linksets[ls].Links
		// The linkset took sls mod len(all); the link takes the quotient, so that the
		// two choices do not use the same bits and leave links idle.
		if l := links[sls/len(all)%len(links)]; l.Ready {
			b.Slots[sls] = Slot{l.Path, int32(ls)}
			continue
		}
		b.Slots[sls] = working[homeless%len(working)]
		homeless++
	}
	return b
}

// deal lists the working links of the linksets in turn: the first of each, the second of each...
func (t *Table) deal(linksets []int) []Slot {
	var out []Slot
	for i, more := 0, true; more; i++ {
		more = false
		for _, ls := range linksets {
			links := t.Linksets[ls].Links
			k := i
			for _, l := range links {
				if !l.Ready {
					continue
				}
				if k == 0 {
					out = append(out, Slot{l.Path, int32(ls)})
					more = true
					break
				}
				k--
			}
		}
	}
	return out
}
