package node

import (
	"fmt"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/status"
)

// Linksets gives all linksets with their links, in the order of the configuration.
func (n *Node) Linksets() []status.Linkset {
	var all []mtp3.LinksetStatus
	n.core.ask(func() { all = n.core.network.Status() })
	out := make([]status.Linkset, 0, len(all))
	for i := range all {
		out = append(out, n.linksetStatus(&all[i]))
	}
	return out
}

func (n *Node) linksetStatus(s *mtp3.LinksetStatus) status.Linkset {
	out := status.Linkset{Name: s.Name, Adjacent: n.Config().Notation().Format(s.Adjacent), State: "UNAVAIL",
		Reason: s.Reason(n.linkReason), Since: s.Since, Total: len(s.Links), Links: []status.Link{}}
	switch {
	case s.Shutdown:
		out.State = "shutdown"
	case s.Ready:
		out.State = "avail"
	}
	for i := range s.Links {
		l := &s.Links[i]
		if l.Usable() {
			out.Available++
		}
		if k := n.link(*l); k != nil {
			out.Links = append(out.Links, n.linkPicture(k, l))
		}
	}
	return out
}

func (n *Node) link(l mtp3.LinkStatus) *link { return n.view.Load().link(l.Path) }

// linkPicture gives link k: as MTP3 sees it, which is l, and what is below.
func (n *Node) linkPicture(k *link, l *mtp3.LinkStatus) status.Link {
	st, why := k.below()
	out := status.Link{Linkset: k.linkset, SLC: l.SLC, Kind: status.KindM2PA, Ends: ends(&k.cfg), Service: service(l),
		PeerState: st.State.String(), Inhibited: inhibited(l), Level3: n.level3Status(l), Level2: level2Status(&st, why),
		Association: k.transport(), Counters: level2Counts(&st.Stats), Rates: k.meter.Utilization()}
	if k.cfg.IsM2UA() {
		out.Kind = status.KindM2UA
	} else {
		out.FarEnd, out.FarPort = k.cfg.Remote[0].String(), k.cfg.RemotePort
	}
	if out.Association.None() {
		out.PeerState = "NoAssociation"
	}
	if l.Usable() {
		out.Fault = n.linkFault(l)
	} else {
		out.Reason = n.linkReason(l)
	}
	out.Congestion = status.Congestion{Level: l.Congestion, Reason: l.CongestionWhy, DiscardLevel: st.DiscardLevel,
		Queue: st.Unacked + st.Queued, QueuePeak: st.Peak, Thresholds: []status.Threshold{}}
	n.thresholds(&out)
	return out
}

// ends names the two ends of a link as the configuration does.
func ends(k *configs.Link) string {
	if k.IsM2UA() {
		return fmt.Sprintf("m2ua %s %s", k.Gateway, k.InterfaceText())
	}
	return fmt.Sprintf("%s %d %d", k.Remote[0], k.RemotePort, k.LocalPort)
}

// inhibited says by which end a link is inhibited, in the ITP's words.
func inhibited(l *mtp3.LinkStatus) string {
	switch {
	case l.LocalInhibit && l.RemoteInhibit:
		return "LOC/REM"
	case l.LocalInhibit:
		return "LOC"
	case l.RemoteInhibit:
		return "REM"
	}
	return ""
}

func service(l *mtp3.LinkStatus) string {
	switch {
	case l.Usable():
		return "avail"
	case l.State == mtp3.Shutdown:
		return "shutdown"
	case l.State == mtp3.Failed:
		return "FAILED"
	}
	return "UNAVAIL"
}

func (n *Node) level3Status(l *mtp3.LinkStatus) status.Level3 {
	out := status.Level3{State: l.State.String(), Reason: l.Why, Since: l.Since, FarFault: l.PeerFault, TimesUp: l.Ups,
		NextAlignment: l.NextTry}
	if h := n.view.Load().holds[l.Path.Hold()]; h != nil {
		out.Diversion, out.Waiting = l.Diversion.String(), h.count()
	}
	return out
}

func level2Status(st *m2pa.View, noAssociation string) status.Level2 {
	return status.Level2{State: st.State.String(), Reason: st.Why, Since: st.Since, NoAssociation: noAssociation,
		FSN: st.FSN, Acknowledged: st.LastAcked, BSN: st.BSN, Unacked: st.Unacked, Queued: st.Queued,
		FarBusy: st.PeerBusy, LocalBusy: st.LocalBusy, LocalOutage: st.LocalOutage, FarOutage: st.RemoteOutage,
		Emergency: st.Emergency}
}

func level2Counts(s *m2pa.Stats) status.Level2Counts {
	out := status.Level2Counts{MSUsIn: s.MSUsIn, MSUsOut: s.MSUsOut, OctetsIn: s.OctetsIn, OctetsOut: s.OctetsOut,
		AcksIn: s.AcksIn, AcksOut: s.AcksOut, Alignments: s.Alignments, Failures: s.Failures, QueueFull: s.QueueFull,
		Shed: s.Shed, NotInService: s.NotInService, Lost: s.Lost, Retrieved: s.Retrieved, Unconfirmed: s.Unconfirmed,
		Discarded: []status.Count{}, Messages: []status.InOut{}, Expired: []status.Count{}}
	for f, count := range s.Discarded {
		if count > 0 {
			out.Discarded = append(out.Discarded, status.Count{Name: m2pa.Fault(f).String(), Value: count})
		}
	}
	for kind := range s.StatusIn {
		if in, sent := s.StatusIn[kind], s.StatusOut[kind]; in+sent > 0 {
			out.Messages = append(out.Messages, status.InOut{Name: m2pa.Status(kind).String(), In: in, Out: sent})
		}
	}
	for timer, count := range s.Expirations() {
		out.Expired = append(out.Expired, status.Count{Name: timer, Value: count})
	}
	return out
}

// lineOf finds a link in the configuration s, with its linkset; ok: there is one.
func lineOf(s *configs.System, linkset string, slc uint8) (set *configs.Linkset, cfg *configs.Link, ok bool) {
	set, cfg = s.Linkset(linkset), findLink(s, linkKey{linkset, slc})
	return set, cfg, set != nil && cfg != nil
}

// LinkTimers gives the timers that are in force for a link: those of level 3, and those of M2PA.
func (n *Node) LinkTimers(linkset string, slc uint8) (level3, level2 []status.Setting) {
	s := n.Config()
	set, cfg, ok := lineOf(s, linkset, slc)
	if !ok {
		return nil, nil
	}
	if !cfg.IsM2UA() {
		conf := linkConfig(s, set, s.LocalPeer(cfg.LocalPort), cfg)
		level2 = m2paTimers(&conf)
	}
	return level3Timers(s, set, cfg), level2
}

// thresholds adds to out the thresholds of congestion that are configured for a link of M2PA.
func (n *Node) thresholds(out *status.Link) {
	s := n.Config()
	set, cfg, ok := lineOf(s, out.Linkset, out.SLC)
	if !ok || cfg.IsM2UA() {
		return
	}
	conf := linkConfig(s, set, s.LocalPeer(cfg.LocalPort), cfg)
	c := &out.Congestion
	c.QueueMax, c.Priorities = conf.QueueMax, conf.Priorities
	for i := range conf.Onset {
		if i > 0 && !conf.Priorities {
			break
		}
		t := status.Threshold{Level: i + 1, Onset: conf.Onset[i], Abate: conf.Abate[i]}
		if conf.Priorities {
			t.Discard = conf.Discard[i]
		}
		c.Thresholds = append(c.Thresholds, t)
	}
}

// level3Timers gives the timers of a link, and who set each.
func level3Timers(sys *configs.System, set *configs.Linkset, cfg *configs.Link) (out []status.Setting) {
	node, ofSet, own := mtp3Timers(&sys.MTP3Timers), mtp3Timers(&set.MTP3Timers), mtp3Timers(&cfg.MTP3Timers)
	for _, t := range node.TimerList(sys.V()) {
		by := "default"
		switch {
		case own[t.Number] != 0:
			t.Value, by = own[t.Number], "link"
		case ofSet[t.Number] != 0:
			t.Value, by = ofSet[t.Number], "linkset"
		case node[t.Number] != 0:
			by = "node"
		}
		out = append(out, status.Setting{Name: fmt.Sprintf("T%02d", t.Number), ValueMS: t.Value.Milliseconds(),
			DefaultMS: t.Default.Milliseconds(), SetBy: by, Purpose: t.Role})
	}
	return out
}

func m2paTimers(t *m2pa.Config) []status.Setting {
	return []status.Setting{
		{Name: "T1", Purpose: "alignment ready", ValueMS: t.T1.Milliseconds()},
		{Name: "T2", Purpose: "not aligned", ValueMS: t.T2.Milliseconds()},
		{Name: "T3", Purpose: "aligned", ValueMS: t.T3.Milliseconds()},
		{Name: "T4", Purpose: "emergency proving", ValueMS: t.T4e.Milliseconds()},
		{Name: "T4", Purpose: "normal proving", ValueMS: t.T4n.Milliseconds()},
		{Name: "T6", Purpose: "remote congestion", ValueMS: t.T6.Milliseconds()},
		{Name: "T7", Purpose: "excess ack delay", ValueMS: t.T7.Milliseconds()},
		{Name: "Lssu", Purpose: "lssu interval", ValueMS: t.Status.Milliseconds()},
	}
}
