package node

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// Edit makes one change: on a clone, which is validated as a whole and then carried out. An error leaves everything as
// it was. The notes are warnings that there were not before. Edit is half of cli.App.
func (n *Node) Edit(_ string, change func(root any) error) (notes []string, err error) {
	n.applying.Lock()
	defer n.applying.Unlock()
	next := n.Config().Clone()
	if err := change(next); err != nil {
		return nil, err
	}
	return n.apply(next, true)
}

// Apply replaces the whole configuration.
func (n *Node) Apply(next *configs.System) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	_, err := n.apply(next, false)
	return err
}

// apply validates next and carries out what differs. typed means that more lines may follow at once. It gives the
// warnings that there were not before. The caller holds applying.
func (n *Node) apply(next *configs.System, typed bool) (notes []string, err error) {
	if errs := next.Validate(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	notes = n.warn(next, typed)
	n.log.SetConsole(!next.QuietConsole)
	n.opt.Platform.Configure(ipConfig(next), func(text string) { n.log.AddFrom(text, "IP", 4, "INTERFACE", text) })
	n.carryOut(next)
	n.applyInstances(next)
	n.applyPaklog(next)
	return notes, nil
}

// warn logs the warnings about next that there are not about the configuration that runs, and gives them. It keeps all
// warnings for the alarms.
func (n *Node) warn(next *configs.System, typed bool) (fresh []string) {
	var before, now []configs.Warning
	if w := n.warned.Load(); w != nil {
		before = *w
	}
	tell := func(facility string, all []configs.Warning) {
		for _, w := range all {
			known := slices.ContainsFunc(before, func(o configs.Warning) bool { return o.Text == w.Text })
			if !known && !(typed && w.Unfinished) {
				n.log.Add(facility, 4, "CONFIG", w.Text)
				fresh = append(fresh, w.Text)
			}
		}
		now = append(now, all...)
	}
	tell("CS7", next.Warnings())
	tell("CS7SCTP", ownWarnings(next))
	n.warned.Store(&now)
	n.core.recheck()
	return fresh
}

// carryOut carries out what differs in this instance. The caller holds applying.
func (n *Node) carryOut(next *configs.System) {
	n.config.Store(next)
	restarted := n.applyLocalPorts(next)
	n.applyM3UA(next, restarted)
	start := n.applyM2UA(next, restarted)
	n.applyLinks(next, restarted)
	n.configureM2UA(next)
	start()
	n.reviewStrangers(next)
	for _, p := range n.users.all {
		p.configure(next)
	}
}

// applyLocalPorts opens and closes local ports. The associations at the ports that it gives must start anew; the reason
// stands beside each port.
func (n *Node) applyLocalPorts(next *configs.System) map[uint16]string {
	restarted := map[uint16]string{}
	for port, p := range n.localPorts {
		c := next.Port(port)
		why := p.Rebind(next, c)
		if why == nil {
			p.Configure(c)
			continue
		}
		restarted[port] = p.Title + " " + why.Error()
		for _, l := range n.links { // before the port closes, so that both ends hear the reason
			if l.Port == p {
				l.close(restarted[port])
			}
		}
		for _, i := range *n.m2ua.interfaces.Load() {
			if i.link.Port == p {
				i.close(restarted[port])
			}
		}
		n.sendAwayFrom(port, restarted[port])
		p.Close()
		delete(n.localPorts, port)
	}
	for _, c := range next.Ports() {
		if n.localPorts[c.Port] == nil {
			n.localPorts[c.Port] = n.assoc.NewPort(next.TransportOf(c), c, title(next, c.Port))
		}
	}
	byNumber := func(a, b *association.Port) int { return int(a.Number) - int(b.Number) }
	ports := slices.SortedFunc(maps.Values(n.localPorts), byNumber)
	n.ports.Store(&ports)
	n.core.recheck()
	return restarted
}

// title gives the name of a local port for a person.
func title(s *configs.System, port uint16) string {
	switch {
	case s.LocalPeer(port) != nil:
		return fmt.Sprintf("local-peer %d", port)
	case s.M2UAPort(port) != nil:
		return fmt.Sprintf("m2ua %d", port)
	}
	return fmt.Sprintf("m3ua %d", port)
}

// applyLinks stops the links that are gone or have changed, starts new ones, and hands the network its part of the
// configuration. Links that stay are not disturbed.
func (n *Node) applyLinks(next *configs.System, restarted map[uint16]string) {
	wanted := map[linkKey]bool{}
	conf := n.networkConfig(next)
	if next.PC == nil {
		conf.Linksets = nil // without a code of its own a node has no links
	}
	for _, s := range next.Linksets {
		for _, k := range s.Links {
			if next.PC != nil {
				wanted[linkKey{s.Name, k.SLC}] = true
			}
		}
	}
	before := map[linkKey]*link{}
	for key, l := range n.links {
		c := findLink(next, key)
		why := restarted[l.cfg.LocalPort]
		if !wanted[key] || !sameLink(&l.cfg, c) || l.variant() != next.V() {
			why = "the link's configuration was changed or removed"
		}
		if why != "" {
			l.close(why)
			delete(n.links, key)
			before[key] = l
		}
	}
	for i := range conf.Linksets {
		set := &conf.Linksets[i]
		for j := range set.Links {
			key := linkKey{set.Name, set.Links[j].SLC}
			set.Links[j].Path = n.startLink(next, key, before[key])
			n.links[key].rotates.Store(next.V().Rotates && !next.Linkset(key.linkset).KeepSLS)
		}
	}
	n.reconfigure(conf)
}

// startLink makes the link if it is not there, and gives its path. before is the link in whose place it comes, or nil.
func (n *Node) startLink(next *configs.System, key linkKey, before *link) ss7.PathID {
	set, c := next.Linkset(key.linkset), findLink(next, key)
	if c.IsM2UA() {
		if l := n.links[key]; l != nil {
			return l.id
		}
		n.links[key] = n.newLinkAtGateway(n.ids.take(), key, *c, next.V())
		return n.links[key].id
	}
	p := next.LocalPeer(c.LocalPort)
	conf, how := linkConfig(next, set, p, c), association.SettingsFor(p, c)
	if l := n.links[key]; l != nil {
		l.setConfig(conf, how)
		return l.id
	}
	id := n.ids.take()
	l := n.newLink(id, key, *c, conf, how, n.localPorts[c.LocalPort])
	if before != nil {
		l.Inherit(&before.Keeper)
	}
	n.links[key] = l
	n.group.Go(l.Run)
	return id
}

// reconfigure puts the links into the view, and then tells the network its new configuration.
func (n *Node) reconfigure(conf mtp3.Config) {
	paths := make([]*link, n.ids.top()+1)
	for _, l := range n.links {
		paths[l.id] = l
	}
	n.core.ask(func() {
		next := *n.view.Load()
		next.paths = paths
		n.view.Store(&next)
		n.core.base = conf
		n.core.configure()
	})
}

// configure tells the network of links, servers and crossings. It runs on the core.
func (c *core) configure() {
	conf, now := c.base, time.Now()
	if conf.Variant == nil {
		return
	}
	p := c.node.m3ua.picture(conf.Variant.Bits())
	conf.Servers, conf.Routes = p.servers, append(p.routes, conf.Routes...)
	v := *c.node.view.Load()
	v.servers, v.keyed, v.whole = p.paths, p.keyed, p.whole
	c.abroad.place(&conf, &v)
	c.sccp.servers = p.titles
	if p.keys != nil {
		conf.Keys = p.keys
	}
	c.node.view.Store(&v)
	c.actions = c.network.Configure(now, conf, c.actions)
	c.abroad.state(now)
	for _, s := range p.servers { // an event may have come before the network knew the server
		ev := ss7.Event{Kind: ss7.OutOfService, Path: s.Path}
		if p.ready[s.Path] {
			ev.Kind = ss7.InService
		}
		c.actions = c.network.Do(now, ev, c.actions)
	}
}

func findLink(s *configs.System, key linkKey) *configs.Link {
	if set := s.Linkset(key.linkset); set != nil {
		for _, k := range set.Links {
			if k.SLC == key.slc {
				return k
			}
		}
	}
	return nil
}

// sameLink tells whether the association under a link may stay.
func sameLink(a, b *configs.Link) bool {
	if a.RemotePort != b.RemotePort || a.LocalPort != b.LocalPort || a.Passive != b.Passive ||
		a.UDPPort != b.UDPPort || a.Backhaul.Place() != b.Backhaul.Place() || len(a.Remote) != len(b.Remote) {
		return false
	}
	for i := range a.Remote {
		if a.Remote[i] != b.Remote[i] {
			return false
		}
	}
	return true
}

func (l *level2) variant() *ss7.Variant { return l.kind }

func (n *Node) networkConfig(s *configs.System) mtp3.Config {
	c := mtp3.Config{Variant: s.V(), NI: s.Network(), SLTT1: or(s.SLTT1, mtp3.DefaultSLTT1),
		SLTT2: or(s.SLTT2, mtp3.DefaultSLTT2)}
	c.Own, c.Notation = s.Own(), s.Notation()
	c.Levels, c.SLSShift, c.TFR = s.Levels(), s.SLSShift, s.TFR
	c.Timed, c.Tx, c.Ty = s.TimedCongestion, s.Tx, s.Ty
	c.MaxDynamic, c.Exception = int(maxDynamic(s)), s.Exception
	c.Timers = mtp3Timers(&s.MTP3Timers)
	for _, l := range s.Linksets {
		set := mtp3.LinksetConfig{Name: l.Name, Adjacent: l.Adjacent, Local: l.Local, Shutdown: l.Shutdown,
			TestSI: map[configs.LinkTest]ss7.SI{configs.RegularTest: ss7.SNT, configs.SpecialTest: ss7.SNTS}[l.LinkTest],
			Timers: mtp3Timers(&l.MTP3Timers)}
		for _, k := range l.Links {
			set.Links = append(set.Links, mtp3.LinkConfig{SLC: k.SLC, Shutdown: k.Shutdown,
				Short: k.IsM2UA() && !k.Extended, Timers: mtp3Timers(&k.MTP3Timers)})
		}
		c.Linksets = append(c.Linksets, set)
	}
	for _, r := range s.Routes() {
		p := r.Priority
		if p == 0 {
			p = mtp3.StaticPriority
		}
		to := r.Linkset
		if s.ToAS(r) {
			to = serverName(to)
		}
		c.Routes = append(c.Routes, mtp3.RouteConfig{Dest: r.Dest, Linkset: to, Priority: p})
	}
	return c
}

// mtp3Timers gives the level 3 timers that a configuration sets, by number.
func mtp3Timers(c *configs.MTP3Timers) (t mtp3.Timers) {
	for number, d := range c.ByNumber() {
		t[number] = d
	}
	return t
}

// linkConfig gives a link's settings of M2PA. Each is the link's own, else its linkset's, else the default.
func linkConfig(s *configs.System, set *configs.Linkset, p *configs.LocalPeer, k *configs.Link) m2pa.Config {
	c := m2pa.DefaultConfig()
	c.Variant, c.Priorities = s.V(), s.Levels()
	c.T1 = or(k.T1, set.T1, c.T1)
	c.T2 = or(k.T2, set.T2, c.T2)
	c.T3 = or(k.T3, set.T3, c.T3)
	c.T4n = or(k.T4N, set.T4N, c.T4n)
	c.T4e = or(k.T4E, set.T4E, c.T4e)
	c.T6 = or(k.T6, set.T6, c.T6)
	c.T7 = or(k.T7, set.T7, c.T7)
	c.Status = or(k.LSSU, set.LSSU, c.Status)
	queue(&c, int(configs.SCTPFor(p, k).QueueDepth))
	thresholds(&c, set, k)
	return c
}

func or(ds ...time.Duration) time.Duration {
	for _, d := range ds {
		if d != 0 {
			return d
		}
	}
	return 0
}
