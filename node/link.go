package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/meter"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

type linkKey struct {
	linkset string
	slc     uint8
}

// link is one signalling link of MTP3 here.
type link struct {
	level2
	linkset string
	rotates atomic.Bool // the SLS of MSUs that leave by it is turned (T1.111.5)
	early   []held      // MSUs that came before the test passed, see stash; guarded by rx
	back    []held      // retrieved MSUs; guarded by Mu, as origins are
	origins origins     // of MSUs that go over the link while it is congested
	meter   meter.Meter
}

// newLink makes a link of M2PA; run brings it to life.
func (n *Node) newLink(id ss7.PathID, key linkKey, cfg configs.Link, conf m2pa.Config, how association.Settings,
	p *association.Port) *link {
	l := &link{linkset: key.linkset}
	l.user = l
	n.newM2PA(&l.level2, id, key.title(), cfg, conf, how, p)
	return l
}

// title names the link for a person.
func (k linkKey) title() string { return fmt.Sprintf("link %d of linkset %s", k.slc, k.linkset) }

// arrived implements level2User: it routes what came by the link.
func (l *link) arrived(now time.Time, t *transfer) {
	if len(l.early) > 0 {
		l.retryEarly(now)
	}
	l.node.route(now, t, l.id)
}

// offer hands the link MSUs to send.
func (l *link) offer(now time.Time, _ ss7.PathID, msus ...*ss7.MSU) { l.send(now, msus...) }

// send is offer; it tells how many MSUs were refused.
func (l *link) send(now time.Time, msus ...*ss7.MSU) (refused uint64) {
	if l.rotates.Load() {
		for _, m := range msus {
			if !m.SI.OfMTP3() { // in MSUs of MTP3 itself it is the link's code
				m.SLS = l.kind.Rotate(m.SLS)
			}
		}
	}
	return l.level2.send(now, msus...)
}

// raised implements level2User. It tells the core of the event. Retrieved MSUs do not pass the core: they go to the
// hold directly.
func (l *link) raised(ev *ss7.Event) {
	switch ev.Kind {
	case ss7.Retrieved:
		k := keep(&ev.MSU, 0)
		switch k.msu.SI {
		case ss7.SNT, ss7.SNTS: // about this link alone
		case ss7.SNM: // the network finds another way at once
			ev.MSU = k.msu
			l.node.core.post(*ev)
		default:
			if len(l.back) >= holdMost { // a gateway may give back without end
				l.node.discards.transferred.Add(^uint64(0)) // it was counted when the link took it
				l.node.discards.add(mtp3.HoldFull, 1)
				return
			}
			if l.rotates.Load() { // it will be turned again, whichever link the MSU leaves by
				k.msu.SLS = l.kind.RotateBack(k.msu.SLS)
			}
			l.back = append(l.back, k)
		}
		return
	case ss7.RetrievalComplete:
		back := l.back
		l.back = nil
		over := *ev
		l.later = func() { l.handBack(back, over) } // a settled hold takes the locks of links
		return
	case ss7.OutOfService:
		l.dropEarly()
	}
	l.node.core.post(*ev)
}

// handBack gives the link's hold the MSUs that were retrieved, and then tells the core that the retrieval is over. It
// is called when Mu is free.
func (l *link) handBack(back []held, over ss7.Event) {
	l.node.discards.transferred.Add(-uint64(len(back))) // they are counted again when they leave
	if h := l.node.view.Load().holds[l.id.Hold()]; h != nil {
		h.retrieved(time.Now(), back)
	} else {
		l.node.discards.add(mtp3.LinkGone, len(back))
	}
	l.node.core.post(over)
}
