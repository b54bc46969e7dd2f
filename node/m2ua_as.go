package node

import (
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// An interface of M2UA as its ASPs see it. Each of them has an MTP3 of its own behind it.

// leaving implements served.
func (i *m2uaInterface) leaving(time.Time, []*ss7.MSU) {}

// sendTo implements served.
func (i *m2uaInterface) sendTo(p ss7.PathID, w *xua.Way, turn uint32, msus []*ss7.MSU) bool {
	a := i.node.m2ua.asp(p)
	return a != nil && a.offer(i, w, turn, msus)
}

// broadcastTo implements served.
func (i *m2uaInterface) broadcastTo(p ss7.PathID, m *ss7.MSU, tag uint32, tagged bool) bool {
	a := i.node.m2ua.asp(p)
	return a != nil && a.broadcast(i, m, tag, tagged)
}

// forEach implements served. Link tests and network management (SI 0 to 2) are for the MTP3 of each ASP, because each
// of them tests the link as its own.
func (i *m2uaInterface) forEach(m *ss7.MSU) bool { return m.SI.OfMTP3() }

// flow implements served: an interface has one stream (RFC 3331 §4.3.4.3).
func (i *m2uaInterface) flow(*ss7.MSU) uint8 { return 0 }

// open implements served: it tells the interface whether ASPs take traffic.
func (i *m2uaInterface) open(is bool) {
	ev := ss7.Event{Kind: ss7.CommLost, Why: "no ASP is active for the interface"}
	if is {
		ev = ss7.Event{Kind: ss7.CommUp}
	}
	i.raised(&ev)
}

// reroutes implements served. The MTP3 is at the ASPs and at the far end of the link. The far end hears by the link
// that no ASP is there, and it has the other ways.
func (i *m2uaInterface) reroutes() bool { return false }

// unacknowledged implements served. Messages that an ASP left unacknowledged when it became inactive are not sent
// again, because other ASPs have served its flows since.
func (i *m2uaInterface) unacknowledged(was *xua.Way) (left []ss7.MSU) {
	for a := range i.node.m2ua.all() {
		active := was != nil && slices.Contains(was.All, a.id)
		left = append(left, a.abandoned(i, active && i.again.Load())...)
	}
	return left
}

// ask tells the interface whether its ASPs are asked for Data Acks, and what becomes of Data without one.
func (i *m2uaInterface) ask(acks configs.DataAcks) {
	i.asks.Store(acks != 0)
	i.again.Store(acks == configs.ResendUnacked)
}
