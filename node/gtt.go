package node

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
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
	return place{as: w.AS, pc: w.PC, toGT: w.On == configs.OnGT, ssn: w.SSN.Value(), ntt: w.NTT.Value()}
}

func (p place) route() gtt.Route {
	return gtt.Route{PC: p.pc, AS: p.as, ToGT: p.toGT, SSN: p.ssn, NTT: p.ntt}
}

// gtEntries is the entries of one selector, on their way into an index.
type gtEntries struct {
	builder gtt.Builder
	places  []place
	at      map[place]uint32
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
	p.builder.Add(gtt.Prefix{Digits: d, To: i})
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
	indexes map[string]*gttIndex // by selector
	count   int
	took    time.Duration
	faults  []error // of the last attempt
}

// gttIndex is entries, and where each leads.
type gttIndex struct {
	*gtt.Index
	places []place
}

type compiled struct {
	gttIndex
	cfg    configs.Selector
	file   *gttIndex
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
			Index: x.Index, Hits: x.hits, Counts: x.counts, Results: make([]gtt.Result, len(x.places))}
		for i, p := range x.places {
			sel.Results[i] = gtt.Result{Route: p.route(), Group: groups[p.group]}
		}
		selectors = append(selectors, sel)
	}
	g.selectors = kept
	var mates []*gtt.Mate
	for _, m := range s.Maps {
		if m.Multiplicity != 0 {
			mates = append(mates, &gtt.Mate{Application: gtt.Application{PC: m.PC, SSN: m.SSN},
				Backup: gtt.Application{PC: m.BackupPC, SSN: m.BackupSSN}, Shared: m.Multiplicity == configs.Shared})
		}
	}
	t := gtt.NewTable(selectors, list, mates)
	g.built = time.Since(start)
	return t
}

// selector compiles the entries of a selector, or gives what there is if neither
// they nor the file have changed.
func (g *gttTables) selector(c *configs.Selector) *compiled {
	old, file := g.selectors[c.Name], g.file.indexes[c.Name]
	if old != nil && old.file == file && reflect.DeepEqual(old.cfg.Entries, c.Entries) {
		return old
	}
	x := &compiled{cfg: *c, file: file, hits: &gtt.Hits{}}
	if file != nil && len(c.Entries) == 0 {
		x.gttIndex = *file
	} else {
		x.gttIndex = file.and(c.Entries)
	}
	if old != nil {
		x.hits = old.hits
	}
	if x.Len() <= gtt.MaxCounted {
		x.count(old)
	}
	return x
}

// and is the entries of a file, if there is one, and those that are typed, which win.
func (x *gttIndex) and(typed []*configs.GTA) gttIndex {
	p := gtEntries{}
	if x != nil {
		x.Walk(func(d gtt.Digits, to uint32, _ int) { p.add(d, x.places[to]) })
	}
	for _, e := range typed {
		if d, err := gtt.Parse(e.Digits); err == nil {
			p.add(d, placeOf(&e.Where))
		}
	}
	return gttIndex{p.builder.Index(), p.places}
}

// count makes the counters of the entries; those that were there before go on.
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

func (g *gttTables) group(c *configs.AppGroup) *gtt.Group {
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

// loadGTT reads the file of entries if the configuration names another one than is
// in use, or again. A file with a fault changes nothing: what was loaded stays.
func (n *Node) loadGTT(s *configs.System, again bool) []error {
	f := &n.gtt.file
	if s.TableFile == "" {
		*f = gttFile{}
		n.setTitlesFault("", nil)
		return nil
	}
	if s.TableFile == f.name && !again {
		return nil
	}
	start := time.Now()
	indexes, count, faults := readGTT(s)
	if len(faults) > 0 {
		f.faults = faults
		n.setTitlesFault(s.TableFile, faults)
		return faults
	}
	n.setTitlesFault(s.TableFile, nil)
	*f = gttFile{name: s.TableFile, indexes: indexes, count: count, took: time.Since(start)}
	n.log.Add("CS7GTT", 5, "LOAD", fmt.Sprintf("%d entries loaded from %s in %v", count, s.TableFile, f.took.Round(time.Millisecond)))
	return nil
}

// setTitlesFault remembers what is wrong with the file of entries; no faults: nothing is. As
// each line of configuration reads a faulty file again, only what is new is logged.
func (n *Node) setTitlesFault(file string, faults []error) {
	why := ""
	if len(faults) > 0 {
		const form = "%s not loaded, the table is as it was: %v; %d faults in all"
		why = fmt.Sprintf(form, file, faults[0], len(faults))
	}
	if before := n.titlesFault.Swap(&why); before == nil && why == "" || before != nil && *before == why {
		return
	}
	if why != "" {
		n.log.Add("CS7GTT", 3, "LOAD", why)
	}
	n.core.recheck()
}

// titlesTroubles is the alarm of a file of entries that could not be read.
func (n *Node) titlesTroubles() []mtp3.Alarm {
	why := n.titlesFault.Load()
	if why == nil || *why == "" {
		return nil
	}
	return []mtp3.Alarm{{Severity: mtp3.Major, Object: "file of titles",
		Why: *why + "; mend it, then `cs7 gtt reload`"}}
}

// readGTT reads and indexes the file of entries.
func readGTT(s *configs.System) (out map[string]*gttIndex, count int, faults []error) {
	file, err := os.Open(s.TableFile)
	if err != nil {
		return nil, 0, []error{err}
	}
	defer file.Close()
	known := map[string]bool{}
	for _, x := range s.Selectors {
		known[x.Name] = true
	}
	groups := map[string]bool{"": true}
	for _, g := range s.Groups {
		groups[g.Name] = true
	}
	lists := map[string]*gtEntries{}
	var strange []error // entries that name what is not configured
	bad, err := gtt.Load(file, s.Notation(), func(e *gtt.Entry) {
		switch {
		case !known[e.Selector]:
			strange = append(strange, fmt.Errorf("entry %s: there is no selector %s", e.Digits, e.Selector))
			known[e.Selector] = true // once is enough
		case !groups[e.Group]:
			strange = append(strange, fmt.Errorf("entry %s of selector %s: there is no application-group %s", e.Digits, e.Selector, e.Group))
			groups[e.Group] = true
		}
		p := lists[e.Selector]
		if p == nil {
			p = &gtEntries{}
			lists[e.Selector] = p
		}
		p.add(e.Digits, place{group: e.Group, as: e.Route.AS, pc: e.Route.PC, toGT: e.Route.ToGT, ssn: e.Route.SSN, ntt: e.Route.NTT})
		count++
	})
	faults = append(bad, strange...)
	if err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, 0, faults
	}
	out = map[string]*gttIndex{}
	for name, p := range lists {
		out[name] = &gttIndex{p.builder.Index(), p.places}
	}
	return out, count, nil
}

// ReloadTitles reads the file of entries again. Where the file has faults, the table stays as it was.
func (n *Node) ReloadTitles() (status.TitlesRead, error) {
	n.applying.Lock()
	defer n.applying.Unlock()
	s := n.Config()
	if s.TableFile == "" {
		return status.TitlesRead{}, errors.New("no file is configured: `cs7 gtt load FILE` names one")
	}
	if faults := n.loadGTT(s, true); len(faults) > 0 {
		var out status.TitlesRead
		for _, e := range faults {
			out.Faults = append(out.Faults, e.Error())
		}
		return out, fmt.Errorf("%s has %d faults; the table is as it was", s.TableFile, len(faults))
	}
	n.core.sccp.configure(s)
	f := &n.gtt.file
	return status.TitlesRead{Entries: f.count, Read: f.took, Compiled: n.gtt.built}, nil
}

// SaveTitles writes all entries to a file as `cs7 gtt load` reads them, and says how many they are.
func (n *Node) SaveTitles(file string) (entries int, err error) {
	t, f := n.view.Load().sccp.Table, n.Config().Notation()
	var text []byte
	for _, s := range t.Selectors {
		s.Index.Walk(func(d gtt.Digits, to uint32, _ int) {
			e := gtt.Entry{Selector: s.Name, Digits: d, Route: s.Results[to].Route}
			if g := s.Results[to].Group; g != nil {
				e.Group = g.Name
			}
			text = e.Append(text, f)
			entries++
		})
	}
	return entries, os.WriteFile(file, text, 0o600)
}
