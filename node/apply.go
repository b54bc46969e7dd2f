package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// Edit makes one change: on a clone, validated as a whole, then carried out. An
// error leaves everything as it was. It is half of cli.App.
func (n *Node) Edit(_ string, change func(root any) error) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	next := n.Config().Clone()
	if err := change(next); err != nil {
		return err
	}
	return n.apply(next)
}

// Apply replaces the whole configuration.
func (n *Node) Apply(next *configs.System) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	return n.apply(next)
}

// apply validates next and carries out what differs. The caller holds applying.
func (n *Node) apply(next *configs.System) error {
	if errs := next.Validate(); len(errs) > 0 {
		return fmt.Errorf("%w", errors.Join(errs...))
	}
	n.config.Store(next)
	n.log.SetConsole(!next.QuietConsole)
	var ifs []Interface
	for _, i := range next.Interfaces {
		ifs = append(ifs, Interface{i.Name, i.Prefix(), i.Shutdown})
	}
	if err := n.opt.Platform.Configure(ifs); err != nil {
		n.log.Add("IP", 3, "INTERFACE", err.Error())
	}
	restarted := n.applyPeers(next)
	n.applyLinks(next, restarted)
	return nil
}

// applyPeers opens and closes local ports; links of the ports it gives must
// start anew.
func (n *Node) applyPeers(next *configs.System) map[uint16]bool {
	restarted := map[uint16]bool{}
	for port, p := range n.peers {
		if c := next.LocalPeer(port); c == nil || !samePeer(&p.cfg, c) {
			p.close()
			delete(n.peers, port)
			restarted[port] = true
		}
	}
	for _, c := range next.LocalPeers {
		if n.peers[c.Port] == nil {
			n.peers[c.Port] = n.newPeer(c)
		}
	}
	return restarted
}

func samePeer(a, b *configs.LocalPeer) bool {
	if a.UDPPort != b.UDPPort || a.Shutdown != b.Shutdown || len(a.IPs) != len(b.IPs) {
		return false
	}
	for i := range a.IPs {
		if a.IPs[i].IP != b.IPs[i].IP {
			return false
		}
	}
	return true
}

// applyLinks stops the links that are gone or other than before, starts new
// ones, and hands the network its part; links that stay are not disturbed.
func (n *Node) applyLinks(next *configs.System, restarted map[uint16]bool) {
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
	for key, l := range n.links {
		c := findLink(next, key)
		if !wanted[key] || restarted[l.cfg.LocalPort] || !sameLink(&l.cfg, c) || l.variant() != next.V() {
			l.close("the link's configuration was changed or removed")
			delete(n.links, key)
		}
	}
	for i := range conf.Linksets {
		set := &conf.Linksets[i]
		for j := range set.Links {
			set.Links[j].Path = n.startLink(next, linkKey{set.Name, set.Links[j].SLC})
		}
	}
	n.reconfigure(conf)
}

// startLink makes the link if it is not there and gives its path.
func (n *Node) startLink(next *configs.System, key linkKey) ss7.PathID {
	set, c := next.Linkset(key.linkset), findLink(next, key)
	conf := linkConfig(next.V(), set, c)
	if l := n.links[key]; l != nil {
		l.setConfig(conf)
		return l.id
	}
	n.lastPath++
	n.links[key] = n.newLink(n.lastPath, key, *c, conf, n.peers[c.LocalPort])
	return n.lastPath
}

// reconfigure makes the paths visible, then the network's new configuration.
func (n *Node) reconfigure(conf mtp3.Config) {
	paths := make([]*link, n.lastPath+1)
	for _, l := range n.links {
		paths[l.id] = l
	}
	n.core.ask(func() {
		v := n.view.Load()
		n.view.Store(&view{v.table, paths, v.holds})
		n.core.actions = n.core.network.Configure(time.Now(), conf, n.core.actions)
	})
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
	if a.RemotePort != b.RemotePort || a.LocalPort != b.LocalPort || a.Passive != b.Passive || a.UDPPort != b.UDPPort || len(a.Remote) != len(b.Remote) {
		return false
	}
	for i := range a.Remote {
		if a.Remote[i] != b.Remote[i] {
			return false
		}
	}
	return true
}

func (l *link) variant() *ss7.Variant { return l.kind }

func (n *Node) networkConfig(s *configs.System) mtp3.Config {
	c := mtp3.Config{Variant: s.V(), NI: s.Network(), SLTT1: or(s.SLTT1, mtp3.DefaultSLTT1), SLTT2: or(s.SLTT2, mtp3.DefaultSLTT2)}
	c.Own = s.Own()
	c.Timers[17] = s.T17
	for _, l := range s.Linksets {
		set := mtp3.LinksetConfig{Name: l.Name, Adjacent: l.Adjacent, Shutdown: l.Shutdown}
		for _, k := range l.Links {
			set.Links = append(set.Links, mtp3.LinkConfig{SLC: k.SLC, Shutdown: k.Shutdown})
		}
		c.Linksets = append(c.Linksets, set)
	}
	for _, r := range s.Routes() {
		p := r.Priority
		if p == 0 {
			p = mtp3.StaticPriority
		}
		c.Routes = append(c.Routes, mtp3.RouteConfig{Dest: r.Dest, Linkset: r.Linkset, Priority: p})
	}
	return c
}

// linkConfig is a link's M2PA settings: its own, else its linkset's, else the default.
func linkConfig(v *ss7.Variant, set *configs.Linkset, k *configs.Link) m2pa.Config {
	c := m2pa.DefaultConfig()
	c.Variant = v
	c.T1 = or(k.T1, set.T1, c.T1)
	c.T2 = or(k.T2, set.T2, c.T2)
	c.T3 = or(k.T3, set.T3, c.T3)
	c.T4n = or(k.T4N, set.T4N, c.T4n)
	c.T4e = or(k.T4E, set.T4E, c.T4e)
	c.T6 = or(k.T6, set.T6, c.T6)
	c.T7 = or(k.T7, set.T7, c.T7)
	c.Status = or(k.LSSU, set.LSSU, c.Status)
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
