package node

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/mtp3"
)

// linkReason says why a link carries nothing. `show cs7 linkset`, `show cs7 route`, alarms and the log's lines about
// linksets all have their reason from it, so that they agree. Any goroutine may call it, the core's too.
func (n *Node) linkReason(l *mtp3.LinkStatus) string {
	k := n.link(*l)
	if k == nil {
		return l.Why
	}
	st, why := k.below()
	return reason(l, &st, why)
}

// reason gives the reason of the lowest layer, because that has to be mended first. assocWhy says why there is no
// association; empty: there is one.
func reason(l *mtp3.LinkStatus, st *m2pa.View, assocWhy string) string {
	switch {
	case l.State == mtp3.Shutdown:
		return l.Why
	case l.State == mtp3.Available && l.LocalInhibit:
		return "inhibited from this end; `cs7 uninhibit` gives it its traffic back"
	case l.State == mtp3.Available && l.RemoteInhibit:
		return "inhibited from the far end"
	}
	if assocWhy != "" {
		return "no association: " + assocWhy
	}
	why := l.Why
	switch {
	case l.State == mtp3.Failed:
		why += "; next try soon"
	case st.State != m2pa.InService:
		why = fmt.Sprintf("level 2 %v: %s", st.State, st.Why)
		if l.State == mtp3.Activating && l.Why != mtp3.Aligning {
			why += "; before that: " + l.Why
		}
	}
	fault := l.PeerFault
	if fault == "" {
		fault = st.Fault
	}
	switch {
	case fault != "" && l.State == mtp3.Testing:
		return fault // this is why the test is not answered
	case fault != "":
		return fault + "; " + strings.TrimSuffix(strings.Replace(why, fault, "", 1), "; ")
	}
	return why
}

// linkFault says what is wrong below level 3 of a link that carries traffic all the same.
func (n *Node) linkFault(l *mtp3.LinkStatus) string {
	k := n.link(*l)
	if k == nil {
		return ""
	}
	if l.PeerFault != "" {
		return l.PeerFault
	}
	st, _ := k.below()
	return st.Fault
}

// below gives the state below level 3 of a link: that of level 2, and why there is no association; empty: there is one.
func (l *level2) below() (m2pa.View, string) {
	l.Mu.Lock()
	st := l.level2View()
	l.Mu.Unlock()
	a, why := l.bearer.association()
	if a != nil {
		why = ""
	}
	return st, why
}

// portTroubles are the alarms of local ports that should be bound and are not.
func (n *Node) portTroubles() (out []mtp3.Alarm) {
	ports := n.ports.Load()
	if ports == nil {
		return nil
	}
	for _, p := range *ports {
		if why := p.Trouble(); why != "" {
			out = append(out, mtp3.Alarm{Severity: mtp3.Major, Object: p.Title, Why: "not bound: " + why})
		}
	}
	return out
}

// groundFresh is how long a picture of the machine's interfaces may be used.
const groundFresh = time.Second

// ground is a picture of the machine's interfaces. Goroutines that wait for an association or a port look at it; the
// core never does.
type ground struct {
	mu    lock.Mutex[lock.Ground]
	at    time.Time
	state []machine.InterfaceState
}

// groundWhy says which of the local addresses ips are on an interface that carries nothing, in words that end a
// sentence; empty: none is.
func (n *Node) groundWhy(ips []netip.Addr) string {
	g := n.ground
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); g.at.IsZero() || now.Sub(g.at) > groundFresh {
		g.state, g.at = n.opt.Platform.Interfaces(), now
	}
	var out []string
	for _, i := range g.state {
		if i.Up {
			continue
		}
		for _, ip := range ips {
			if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == ip }) {
				why := orUnknown(i.Why)
				out = append(out, fmt.Sprintf("; interface %s, which has %s, is down: %s", i.Name, ip, why))
			}
		}
	}
	return strings.Join(out, "")
}

func orUnknown(why string) string {
	if why == "" {
		return "it carries no packets"
	}
	return why
}
