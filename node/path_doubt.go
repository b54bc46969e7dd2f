package node

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// What is known of a path by which messages left, and of a destination for which they were.

// Lost implements mtpt.Oracle. It says what was seen: what a far end did with a message that its level 2 has
// acknowledged is not seen.
func (n *Node) Lost(path ss7.PathID, since time.Time) (name, text string, beyond bool) {
	v := n.view.Load()
	switch l := v.link(path); {
	case path.IsHold():
		return "no link yet", "a changeover or rerouting was under way", false
	case l != nil:
		text, beyond = n.doubt(l, since)
		return l.Name(), text, beyond
	case v.crossing(path) != nil:
		return v.crossing(path).name, "they went into that instance, which knows more", false
	case v.server(path) != nil:
		text, beyond = n.serverDoubt(v.server(path))
		return "AS " + v.server(path).name, text, beyond
	}
	return "a way that is gone", "it was taken out of the configuration", false
}

// ackDoubt is how long a far end may leave a message unacknowledged before a person is told so.
const ackDoubt = time.Second

// doubt says what is known of a link by which messages left since then. beyond: its far end has them.
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
	return l.bearer.doubt(&st)
}

// serverDoubt says what is known of the application server for which messages left. beyond: its ASPs have them.
func (n *Node) serverDoubt(s *m3uaAS) (text string, beyond bool) {
	if !s.ready() {
		return n.serverDown(s.id), false
	}
	asps, all := n.m3ua.status()
	i := slices.IndexFunc(all, func(x xua.ASStatus) bool { return x.Config.Path == s.id })
	if i >= 0 && all[i].State != xua.ASActive {
		return n.serverDown(s.id), false
	}
	for k := range asps {
		a := n.m3ua.asp(asps[k].Config.Path)
		if a == nil || i < 0 || !slices.ContainsFunc(all[i].ASPs, func(m xua.MemberStatus) bool {
			return m.ASP == asps[k].Config.Name && m.Sends
		}) {
			continue
		}
		assoc, _ := a.Association()
		if silent := silentFor(assoc); silent > 0 {
			return fmt.Sprintf("its ASP %s has acknowledged nothing for %v, so they may not have arrived there",
				asps[k].Config.Name, silent), false
		}
	}
	return "an ASP of it has them", true
}

// silentFor is for how long the far end of a has acknowledged nothing although messages wait for that; 0 if it is less
// than ackDoubt. a may be nil.
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

// Doubt names the link of a path, and says why what left by it since then may not have arrived; empty: the path is no
// link's, or the far end has everything.
func (n *Node) Doubt(path ss7.PathID, since time.Time) (link, why string) {
	l := n.view.Load().link(path)
	if l == nil {
		return "", ""
	}
	if text, beyond := n.doubt(l, since); !beyond {
		return l.Name(), text
	}
	return "", ""
}

// SharedCode implements mtpt.Oracle.
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
