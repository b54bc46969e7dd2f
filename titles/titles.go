// Package titles makes the table of global title translation from a configuration and from the file of entries that it
// names. A change costs what it touches: whatever has not changed is taken over from the table before, and its counters
// go on.
package titles

import (
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// place is where an entry leads, as a key. Entries that lead to one place share it.
type place struct {
	group, as string
	pc        ss7.PC
	toGT      bool
	ssn, ntt  int16
}

func placeOf(w *configs.Where) place {
	if w.ToGroup {
		return place{group: w.Group, ssn: gtt.Keep, ntt: gtt.Keep}
	}
	return place{as: w.AS, pc: w.PC, toGT: w.On == configs.OnGT, ssn: w.SSN.Value(), ntt: w.NTT.Value()}
}

func (p place) route() gtt.Route {
	return gtt.Route{PC: p.pc, AS: p.as, ToGT: p.toGT, SSN: p.ssn, NTT: p.ntt}
}

// builder collects the entries of one selector for an index.
type builder struct {
	index  gtt.Builder
	places []place
	at     map[place]uint32
}

func (p *builder) add(d gtt.Digits, w place) {
	i, ok := p.at[w]
	if !ok {
		if p.at == nil {
			p.at = map[place]uint32{}
		}
		i = uint32(len(p.places))
		p.at[w] = i
		p.places = append(p.places, w)
	}
	p.index.Add(gtt.Prefix{Digits: d, To: i})
}

// Tables is what is kept from one table to the next. One goroutine at a time may use it.
type Tables struct {
	file      file
	selectors map[string]*compiled
	groups    map[string]*gtt.GroupState
	counts    map[string]*atomic.Uint64
	built     time.Duration
}

// Built tells how long it took to compile the last table.
func (g *Tables) Built() time.Duration { return g.built }

// index has entries of one selector, and where each leads.
type index struct {
	*gtt.Index
	places []place
}

type compiled struct {
	index
	cfg    configs.Selector
	file   *index
	hits   *gtt.Hits
	counts []atomic.Uint64
}

// Compile makes the table of a configuration and the file of entries.
func (g *Tables) Compile(s *configs.System) *gtt.Table {
	start := time.Now()
	groups := map[string]*gtt.Group{}
	var list []*gtt.Group
	for _, c := range s.Groups {
		groups[c.Name] = g.group(c)
		list = append(list, groups[c.Name])
	}
	conversions := map[string]*gtt.Conversion{}
	for _, c := range s.Conversions {
		conversions[c.Name] = conversion(c)
	}
	kept := map[string]*compiled{}
	var selectors []*gtt.Selector
	for _, c := range s.Selectors {
		x := g.selector(c)
		kept[c.Name] = x
		sel := &gtt.Selector{Name: c.Name, Nature: c.Nature(), Linkset: c.Linkset, Calling: c.Calling,
			Pre: conversions[c.Pre], Post: conversions[c.Post], Index: x.Index, Hits: x.hits, Counts: x.counts,
			Results: make([]gtt.Result, len(x.places))}
		for i, p := range x.places {
			sel.Results[i] = gtt.Result{Route: p.route(), Group: groups[p.group]}
		}
		selectors = append(selectors, sel)
	}
	g.selectors = kept
	t := gtt.NewTable(selectors, list, mates(s))
	g.built = time.Since(start)
	return t
}

// mates gives the subsystems elsewhere that have a backup.
func mates(s *configs.System) (out []*gtt.Mate) {
	for _, m := range s.Maps {
		if m.Multiplicity != 0 {
			out = append(out, &gtt.Mate{Application: gtt.Application{PC: m.PC, SSN: m.SSN},
				Backup: gtt.Application{PC: m.BackupPC, SSN: m.BackupSSN}, Shared: m.Multiplicity == configs.Shared})
		}
	}
	return out
}

// selector compiles the entries of a selector. It gives what there is, if neither the entries nor the file have
// changed.
func (g *Tables) selector(c *configs.Selector) *compiled {
	old, file := g.selectors[c.Name], g.file.indexes[c.Name]
	if old != nil && old.file == file && reflect.DeepEqual(old.cfg.Entries, c.Entries) {
		return old
	}
	x := &compiled{cfg: *c, file: file, hits: &gtt.Hits{}}
	if file != nil && len(c.Entries) == 0 {
		x.index = *file
	} else {
		x.index = file.and(c.Entries)
	}
	if old != nil {
		x.hits = old.hits
	}
	if x.Len() <= gtt.MaxCounted {
		x.count(old)
	}
	return x
}

// and joins the entries of a file, if there is one, and the typed entries. A typed entry wins.
func (x *index) and(typed []*configs.GTA) index {
	p := builder{}
	if x != nil {
		x.Walk(func(d gtt.Digits, to uint32, _ int) { p.add(d, x.places[to]) })
	}
	for _, e := range typed {
		if d, err := gtt.Parse(e.Digits); err == nil {
			p.add(d, placeOf(&e.Where))
		}
	}
	return index{p.index.Index(), p.places}
}

// count makes the counters of the entries. Entries that were there before keep theirs.
func (x *compiled) count(old *compiled) {
	x.counts = make([]atomic.Uint64, x.Places())
	if old == nil || old.counts == nil {
		return
	}
	old.Walk(func(d gtt.Digits, _ uint32, from int) {
		if _, length, to, ok := x.Find(&d); ok && length == d.Len() {
			x.counts[to].Store(old.counts[from].Load())
		}
	})
}

func (g *Tables) group(c *configs.AppGroup) *gtt.Group {
	if g.groups == nil {
		g.groups, g.counts = map[string]*gtt.GroupState{}, map[string]*atomic.Uint64{}
	}
	if g.groups[c.Name] == nil {
		g.groups[c.Name] = &gtt.GroupState{}
	}
	out := &gtt.Group{Name: c.Name, Limit: c.Limit, State: g.groups[c.Name]}
	if c.Mode != nil {
		out.Mode = *c.Mode
	}
	for _, m := range c.Members {
		r := placeOf(&m.Where).route()
		r.Cost = m.Cost
		key := fmt.Sprint(c.Name, " ", m.AS, m.PC)
		if g.counts[key] == nil {
			g.counts[key] = &atomic.Uint64{}
		}
		r.Count = g.counts[key]
		out.Members = append(out.Members, r)
	}
	if out.Mode == gtt.Cost {
		slices.SortStableFunc(out.Members, func(a, b gtt.Route) int { return int(a.Cost) - int(b.Cost) })
	}
	return out
}

func conversion(c *configs.Conversion) *gtt.Conversion {
	var rules []gtt.Rule
	for _, r := range c.Rules {
		in, errIn := gtt.Parse(r.In)
		out, errOut := gtt.Parse(r.Out)
		if errIn != nil || errOut != nil {
			continue // the command line takes digits alone
		}
		rule := gtt.Rule{In: in, Out: out, Remove: in.Len(), NP: r.NP.Value(), NAI: r.NAI.Value(), ES: r.ES.Value()}
		if n := r.Remove.Value(); n != gtt.Keep {
			rule.Remove = int(n)
		}
		rules = append(rules, rule)
	}
	return gtt.NewConversion(c.Name, c.NP.Value(), c.NAI.Value(), rules)
}
