package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// destinations is what M3UA asks of MTP3, answered from the view that carries traffic.
type destinations struct{ node *Node }

func covers(a, b ss7.Range, bits uint8) bool { return a.Len <= b.Len && a.Contains(b.PC, bits) }

func available(t *routing.Table, i int) m3ua.Availability {
	if t.Bundle(i) != nil {
		return m3ua.Available
	}
	return m3ua.Unavailable
}

// State implements m3ua.Routes. What a server has by its key is as the server is.
func (d destinations) State(r ss7.Range) (m3ua.Availability, uint8) {
	v := d.node.view.Load()
	t := v.table
	bits := t.Variant.Bits()
	if r.Len == bits {
		i, _, own := t.Dest(r.PC)
		if own || i >= 0 && available(t, i) == m3ua.Available {
			return m3ua.Available, 0
		}
	} else {
		for i := len(t.Dests) - 1; i >= 0; i-- { // the longest are the last
			if covers(t.Dests[i].Range, r, bits) {
				if s := available(t, i); s == m3ua.Available {
					return s, 0
				}
				break
			}
		}
	}
	for _, k := range v.keyed {
		if covers(k.dest, r, bits) && k.as.ready() {
			return m3ua.Available, 0
		}
	}
	return m3ua.Unavailable, 0
}

// Within implements m3ua.Routes.
func (d destinations) Within(r ss7.Range, f func(m3ua.Destination) bool) {
	t := d.node.view.Load().table
	bits := t.Variant.Bits()
	for i := range t.Dests {
		to := t.Dests[i].Range
		if to.Len > r.Len && covers(r, to, bits) && !f(m3ua.Destination{Range: to, State: available(t, i)}) {
			return
		}
	}
}

// Reserved implements m3ua.Routes. A summary reserves nothing: what it covers and
// nobody has is free.
func (d destinations) Reserved(r ss7.Range) string {
	sys := d.node.Config()
	bits, f := sys.V().Bits(), sys.Notation()
	for _, pc := range sys.Own() {
		if r.Contains(pc, bits) {
			return f.Format(pc) + " is a code of this node"
		}
	}
	for _, l := range sys.Linksets {
		if r.Contains(l.Adjacent, bits) {
			return fmt.Sprintf("%s is adjacent by linkset %s", f.Format(l.Adjacent), l.Name)
		}
	}
	for _, route := range sys.Routes() {
		if covers(r, route.Dest, bits) {
			return "there is a route to " + f.FormatRange(route.Dest)
		}
	}
	return ""
}

// destinationsChanged tells the ASPs of destinations that are no longer as they were
// known, but for the ASPs of the server whose own state it is. It runs on the core.
func (x *adaptation) destinationsChanged(t *routing.Table) {
	if len(*x.byPath.Load()) == 0 {
		return
	}
	known := make(map[ss7.Range]m3ua.Availability, len(t.Dests))
	changed := map[ss7.PathID][]m3ua.Destination{}
	for i := range t.Dests {
		d := &t.Dests[i]
		state := available(t, i)
		known[d.Range] = state
		if was, ok := x.known[d.Range]; was == state && ok || !ok && state == m3ua.Available {
			continue
		}
		var of ss7.PathID
		for _, r := range d.Routes {
			if s := &t.Linksets[r.Linkset]; s.Server {
				of = s.Links[0].Path
			}
		}
		changed[of] = append(changed[of], m3ua.Destination{Range: d.Range, State: state})
	}
	x.known = known
	for of, dests := range changed {
		x.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
			return l.Tell(now, 0, dests, of, out)
		})
	}
}
