package node

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
	"github.com/gostp/gostp/tester"
	"github.com/gostp/gostp/xua"
)

// lostBy are the messages lost that left by one way.
type lostBy struct {
	path  ss7.PathID
	sls   []int
	count int
	since time.Time // the first left
}

// verdict adds to out by cause what became of the messages that nothing answered. It says what was
// seen: what a far end did with a message that its level 2 has acknowledged is not seen.
func (n *Node) verdict(out *status.Ping, cfg tester.Config, r *tester.Report) {
	out.Losses, out.AllAnswered = []status.Loss{}, []int{}
	if r.Refused > 0 {
		out.Refusal = &status.Refusal{Reason: r.Why, Now: n.cannotReach(cfg), SLS: refusedSLS(r)}
	}
	if lost := r.Sent - r.Received - r.Refused; lost <= 0 || r.NoUser && r.Received == 0 {
		return
	}
	beyond := false
	for _, x := range lostFlows(r.Flows) {
		way, why, far := n.lossOf(&x)
		beyond = beyond || far
		out.Losses = append(out.Losses, status.Loss{Count: x.count, SLS: x.sls, SentBy: way, Reason: why, Beyond: far})
	}
	for _, x := range r.Flows {
		if x.Answered > 0 && x.Lost.IsZero() && !slices.Contains(out.AllAnswered, int(x.SLS)) {
			out.AllAnswered = append(out.AllAnswered, int(x.SLS))
		}
	}
	t := n.view.Load().table
	d := mtp3.Decide(t, &ss7.MSU{DPC: cfg.DPC, OPC: cfg.OPC, NI: cfg.NI, SI: ss7.MTPT}, 0)
	if beyond && d.Reason == mtp3.Inaccessible && !d.Keyed {
		out.NoRouteNow = n.whyDown(t, int(d.Dest))
	}
}

// refusedSLS are the SLS values whose messages could not be sent; nil: this is so of all of them.
func refusedSLS(r *tester.Report) (sls []int) {
	some := false
	for _, f := range r.Flows {
		if f.Refused > 0 && !slices.Contains(sls, int(f.SLS)) {
			sls = append(sls, int(f.SLS))
		}
		some = some || f.Refused < f.Sent
	}
	if !some {
		return nil
	}
	return sls
}

func lostFlows(flows []tester.Flow) (out []lostBy) {
	for _, f := range flows {
		if f.Lost.IsZero() {
			continue
		}
		i := slices.IndexFunc(out, func(x lostBy) bool { return x.path == f.Path })
		if i < 0 {
			i = len(out)
			out = append(out, lostBy{path: f.Path, since: f.Lost})
		}
		x := &out[i]
		x.sls = append(x.sls, int(f.SLS))
		x.count += f.Sent - f.Answered - f.Refused
		if f.Lost.Before(x.since) {
			x.since = f.Lost
		}
	}
	return out
}

// lossOf says what is known of a way by which messages were lost. beyond: they were lost
// behind it, as far as is known.
func (n *Node) lossOf(x *lostBy) (way, text string, beyond bool) {
	v := n.view.Load()
	switch l := v.link(x.path); {
	case x.path.IsHold():
		return "no link yet", "a changeover or rerouting was under way", false
	case l != nil:
		text, beyond = n.doubt(l, x.since)
		return l.Name(), text, beyond
	case v.crossing(x.path) != nil:
		return v.crossing(x.path).name, "they went into that instance, which knows more", false
	case v.server(x.path) != nil:
		text, beyond = n.serverDoubt(v.server(x.path), x.path)
		return "AS " + v.server(x.path).name, text, beyond
	}
	return "a way that is gone", "it was taken out of the configuration", false
}

// ackDoubt is how long a far end may leave a message unacknowledged before that is told.
const ackDoubt = time.Second

// doubt says what is known of a link that messages left by since then. beyond: its far end
// has them.
func (n *Node) doubt(l *link, since time.Time) (text string, beyond bool) {
	if status := n.linkStatus(l.id); status != nil && status.State != mtp3.Available {
		return "that link is down now: " + n.linkReason(status), false
	} else if status != nil && status.Since.After(since) {
		back := printable.Ago(time.Since(status.Since))
		return fmt.Sprintf("that link was down meanwhile, and is available for %s", back), false
	}
	st, why := l.below()
	switch waits := time.Since(st.Oldest); {
	case why != "":
		return "that link has no association: " + why, false
	case !st.Oldest.IsZero() && waits >= ackDoubt:
		return fmt.Sprintf("the far end of that link has acknowledged nothing for %v, so they may not have arrived "+
			"there", waits.Round(100*time.Millisecond)), false
	}
	if b, is := l.bearer.(*m2uaBearer); is {
		return b.doubt()
	}
	switch {
	case st.State != m2pa.InService:
		return fmt.Sprintf("level 2 of that link is %v: %s", st.State, st.Why), false
	}
	return "its far end has acknowledged them, so they or their answers were lost there or beyond", true
}

// serverDoubt says what is known of an application server that messages left by. beyond: its
// ASPs have them.
func (n *Node) serverDoubt(s *m3uaAS, path ss7.PathID) (text string, beyond bool) {
	if !s.ready() {
		return n.serverDown(path), false
	}
	asps, all := n.m3ua.status()
	i := slices.IndexFunc(all, func(x xua.ASStatus) bool { return x.Config.Path == path })
	if i >= 0 && all[i].State != xua.ASActive {
		return n.serverDown(path), false
	}
	for k := range asps {
		a := n.m3ua.asp(asps[k].Config.Path)
		if a == nil || i < 0 || !slices.ContainsFunc(all[i].ASPs, func(m xua.MemberStatus) bool {
			return m.ASP == asps[k].Config.Name && m.Sends
		}) {
			continue
		}
		if assoc, _ := a.Association(); silentFor(assoc) > 0 {
			return fmt.Sprintf("its ASP %s has acknowledged nothing for %v, so they may not have arrived there",
				asps[k].Config.Name, silentFor(assoc)), false
		}
	}
	return "an ASP of it has them", true
}

// silentFor is how long the far end of a has left unacknowledged what waits for it, if that is so
// long that it is to be told. a may be nil.
func silentFor(a sctp.Assoc) time.Duration {
	if a == nil {
		return 0
	}
	waits := a.Stalled().For
	if waits < ackDoubt {
		return 0
	}
	return waits.Round(100 * time.Millisecond)
}

// linkStatus is a link as level 3 sees it; nil: it is gone.
func (n *Node) linkStatus(path ss7.PathID) *mtp3.LinkStatus {
	var all []mtp3.LinksetStatus
	n.core.ask(func() { all = n.core.network.Status() })
	for _, s := range all {
		for i := range s.Links {
			if s.Links[i].Path == path {
				return &s.Links[i]
			}
		}
	}
	return nil
}

// SharedCode has a sentence for each adjacent code, on the way to pc, to which two linksets lead.
func (n *Node) SharedCode(pc ss7.PC) (out []string) {
	t, s := n.view.Load().table, n.Config()
	i, _, _ := t.Dest(pc)
	if i < 0 {
		return nil
	}
	told := map[ss7.PC]bool{}
	for _, r := range t.Dests[i].Routes {
		by := &t.Linksets[r.Linkset]
		if by.Server || told[by.Adjacent] {
			continue
		}
		told[by.Adjacent] = true
		var names []string
		for _, o := range s.Linksets {
			if o.Adjacent == by.Adjacent && !o.Shutdown {
				names = append(names, o.Name)
			}
		}
		if len(names) > 1 {
			out = append(out, fmt.Sprintf("Linksets %s all lead to %s: two points cannot have one code, "+
				"and links to one point belong in one linkset.",
				strings.Join(names, ", "), s.Notation().Format(by.Adjacent)))
		}
	}
	return out
}
