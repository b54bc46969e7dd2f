package node

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

func emptyGTT() *gtt.Table { return gtt.NewTable(nil, nil, nil) }

// place is where an entry leads, as a key: entries that lead to one place share it.
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
	return place{as: w.AS, pc: w.PC, toGT: w.On == "gt", ssn: w.SSN.Value(), ntt: w.NTT.Value()}
}

func (p place) route() gtt.Route {
	return gtt.Route{PC: p.pc, AS: p.as, ToGT: p.toGT, SSN: p.ssn, NTT: p.ntt}
}

// gtEntries is the entries of one selector before they are an index.
type gtEntries struct {
	list   []gtt.Prefix
	places []place
	at     map[place]uint32
}

func (p *gtEntries) add(d gtt.Digits, w place) {
	i, ok := p.at[w]
	if !ok {
		if p.at == nil {
			p.at = map[place]uint32{}
		}
		i = uint32(len(p.places))
		p.at[w] = i
		p.places = append(p.places, w)
	}
	p.list = append(p.list, gtt.Prefix{Digits: d, To: i})
}

// gttTables is what is kept from one table to the next, so that a change costs
// what it touches. It is guarded by Node.applying.
type gttTables struct {
	file      gttFile
	selectors map[string]*compiled
	groups    map[string]*gtt.GroupState
	counts    map[string]*atomic.Uint64
	built     time.Duration
}

// gttFile is the file of entries that is in use.
type gttFile struct {
	name    string
	entries map[string]*gtEntries // by selector
	count   int
	at      time.Time
	took    time.Duration
	faults  []error // of the last attempt
}

type compiled struct {
	cfg    configs.Selector
	file   *gtEntries
	places []place
	index  *gtt.Index
	hits   *gtt.Hits
	counts []atomic.Uint64
}

// compile makes the table of a configuration and the file.
func (g *gttTables) compile(s *configs.System) *gtt.Table {
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
		sel := &gtt.Selector{Name: c.Name, Nature: c.Nature(), Linkset: c.Linkset, Calling: c.Calling, Pre: conversions[c.Pre], Post: conversions[c.Post],
			Index: x.index, Hits: x.hits, Counts: x.counts, Results: make([]gtt.Result, len(x.places))}
		for i, p := range x.places {
			sel.Results[i] = gtt.Result{Route: p.route(), Group: groups[p.group]}
		}
		selectors = append(selectors, sel)
	}
	g.selectors = kept
	var mates []*gtt.Mate
	for _, m := range s.Maps {
		if m.Multiplicity != "" {
			mates = append(mates, &gtt.Mate{Application: gtt.Application{PC: m.PC, SSN: m.SSN}, Backup: gtt.Application{PC: m.BackupPC, SSN: m.BackupSSN}, Shared: m.Multiplicity == "shared"})
		}
	}
	t := gtt.NewTable(selectors, list, mates)
	g.built = time.Since(start)
	return t
}

// selector compiles the entries of a selector, or gives what there is if neither
// they nor the file have changed.
func (g *gttTables) selector(c *configs.Selector) *compiled {
	old, file := g.selectors[c.Name], g.file.entries[c.Name]
	if old != nil && old.file == file && reflect.DeepEqual(old.cfg.Entries, c.Entries) {
		return old
	}
	p := gtEntries{}
	if file != nil {
		p.places, p.list = slices.Clone(file.places), slices.Clone(file.list)
		p.at = make(map[place]uint32, len(p.places))
		for i, w := range p.places {
			p.at[w] = uint32(i)
		}
	}
	for _, e := range c.Entries {
		if d, err := gtt.Parse(e.Digits); err == nil {
			p.add(d, placeOf(&e.Where))
		}
	}
	x := &compiled{cfg: *c, file: file, places: p.places, index: gtt.NewIndex(p.list), hits: &gtt.Hits{}}
	if old != nil {
		x.hits = old.hits
	}
	if x.index.Len() <= gtt.MaxCounted {
		x.count(old)
	}
	return x
}

// count makes the counters of the entries; those that were there before go on.
func (x *compiled) count(old *compiled) {
	x.counts = make([]atomic.Uint64, x.index.Places())
	if old == nil || old.counts == nil {
		return
	}
	old.index.Walk(func(d gtt.Digits, _ uint32, from int) {
		if _, length, to, ok := x.index.Find(&d); ok && length == d.Len() {
			x.counts[to].Store(old.counts[from].Load())
		}
	})
}

func (g *gttTables) group(c *configs.AppGroup) *gtt.Group {
	if g.groups == nil {
		g.groups, g.counts = map[string]*gtt.GroupState{}, map[string]*atomic.Uint64{}
	}
	if g.groups[c.Name] == nil {
		g.groups[c.Name] = &gtt.GroupState{}
	}
	out := &gtt.Group{Name: c.Name, Limit: c.Limit, State: g.groups[c.Name], Mode: gtt.Mode(max(0, slices.Index(gtt.Modes(), c.Mode)))}
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

// loadGTT reads the file of entries if the configuration names another one than is
// in use, or again. A file with a fault changes nothing: what was loaded stays.
func (n *Node) loadGTT(s *configs.System, again bool) []error {
	f := &n.gtt.file
	if s.TableFile == "" {
		*f = gttFile{}
		return nil
	}
	if s.TableFile == f.name && !again {
		return nil
	}
	start := time.Now()
	entries, count, faults := readGTT(s)
	if len(faults) > 0 {
		f.faults = faults
		n.log.Add("CS7GTT", 3, "LOAD", fmt.Sprintf("%s not loaded, the table is as it was: %v; %d faults in all", s.TableFile, faults[0], len(faults)))
		return faults
	}
	*f = gttFile{name: s.TableFile, entries: entries, count: count, at: start, took: time.Since(start)}
	n.log.Add("CS7GTT", 5, "LOAD", fmt.Sprintf("%d entries loaded from %s in %v", count, s.TableFile, f.took.Round(time.Millisecond)))
	return nil
}

func readGTT(s *configs.System) (out map[string]*gtEntries, count int, faults []error) {
	file, err := os.Open(s.TableFile)
	if err != nil {
		return nil, 0, []error{err}
	}
	defer file.Close()
	entries, faults, err := gtt.Load(file, s.Notation())
	if err != nil {
		return nil, 0, append(faults, err)
	}
	known := map[string]bool{}
	for _, x := range s.Selectors {
		known[x.Name] = true
	}
	groups := map[string]bool{"": true}
	for _, g := range s.Groups {
		groups[g.Name] = true
	}
	out = map[string]*gtEntries{}
	for i := range entries {
		e := &entries[i]
		switch {
		case !known[e.Selector]:
			faults = append(faults, fmt.Errorf("entry %s: there is no selector %s", e.Digits, e.Selector))
			known[e.Selector] = true // once is enough
		case !groups[e.Group]:
			faults = append(faults, fmt.Errorf("entry %s of selector %s: there is no application-group %s", e.Digits, e.Selector, e.Group))
			groups[e.Group] = true
		}
		p := out[e.Selector]
		if p == nil {
			p = &gtEntries{}
			out[e.Selector] = p
		}
		if e.Group != "" {
			p.add(e.Digits, place{group: e.Group, ssn: gtt.Keep, ntt: gtt.Keep})
		} else {
			p.add(e.Digits, place{as: e.Route.AS, pc: e.Route.PC, toGT: e.Route.ToGT, ssn: e.Route.SSN, ntt: e.Route.NTT})
		}
	}
	return out, len(entries), faults
}
