package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/routing"
)

// How long Leave waits: until nothing has come for leaveQuiet, but leaveMost at most. It waits so once after neighbours
// were told that destinations are restricted, and again after they were told that destinations are prohibited.
const (
	leaveQuiet = 300 * time.Millisecond
	leaveMost  = 5 * time.Second
	leavePoll  = 10 * time.Millisecond
)

// Leave takes the node out of the way of traffic before it stops. Neighbours and ASPs are told that nothing is reached
// through it: by TFR where the network has that, then by TFP and DUNA. What still comes is passed on. Leave returns
// when no more comes and all is acknowledged, when some seconds are over, or when ctx ends.
func (n *Node) Leave(ctx context.Context) {
	if !n.busy() {
		return
	}
	n.log.Add("SYS", 5, "LEAVE",
		"The node is about to stop: neighbours are told to send another way, and what is under way is passed on")
	begun := n.passed()
	if n.setLeaving(routing.Restricted) {
		n.quiet(ctx)
	}
	n.setLeaving(routing.Prohibited)
	if n.quiet(ctx) {
		n.log.Add("SYS", 5, "LEAVE", fmt.Sprintf("No more traffic comes; %d MSUs were passed on meanwhile", n.passed()-begun))
	} else {
		n.log.Add("SYS", 4, "LEAVE", fmt.Sprintf("Traffic still comes, or is not acknowledged (%d MSUs), after %v: what "+
			"comes from now on is lost", n.unacknowledged(), leaveMost))
	}
}

// Retire is Leave for a node that is closed next. It accepts no new association any more, since one that came meanwhile
// would be cut off at once.
func (n *Node) Retire(ctx context.Context) {
	n.shut()
	n.Leave(ctx)
}

// setLeaving tells the neighbours of each instance that all destinations are in a state. told is false if no network
// has a message for that.
func (n *Node) setLeaving(state routing.RouteState) (told bool) {
	for _, i := range n.all() {
		if state == routing.Restricted && !i.Config().TFR {
			continue
		}
		told = true
		i.core.ask(func() {
			i.leaving.Store(state == routing.Prohibited)
			i.core.actions = i.core.network.Leave(time.Now(), state, i.core.actions)
		})
	}
	return told
}

// quiet waits until nothing comes and all that was sent is acknowledged. It is false if that takes too long.
func (n *Node) quiet(ctx context.Context) bool {
	last, since, end := n.passed(), time.Now(), time.Now().Add(leaveMost)
	for time.Since(since) < leaveQuiet || n.unacknowledged() > 0 || n.owes() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(leavePoll):
		}
		if time.Now().After(end) {
			return false
		}
		if now := n.passed(); now != last {
			last, since = now, time.Now()
		}
	}
	return true
}

// owes tells whether neighbours or ASPs must still be told of destinations.
func (n *Node) owes() (any bool) {
	for _, i := range n.all() {
		i.core.ask(func() { any = any || i.core.network.Owes() })
		any = any || i.m3ua.owes()
	}
	return any
}

// busy tells whether a link is up or an ASP is configured, so that there is somebody to leave.
func (n *Node) busy() bool {
	up, _ := n.Links()
	return up > 0 || slices.ContainsFunc(n.all(), func(i *Node) bool { return len(*i.m3ua.byPath.Load()) > 0 })
}

// passed counts the MSUs that all instances have sent or delivered.
func (n *Node) passed() (sum uint64) {
	for _, i := range n.all() {
		sum += i.discards.transferred.Load() + i.discards.delivered.Load()
	}
	return sum
}

// unacknowledged counts the MSUs that links in service have and that their far ends have not acknowledged.
func (n *Node) unacknowledged() (sum int) {
	for _, i := range n.all() {
		i.applying.Lock()
		links := slices.Collect(maps.Values(i.links))
		i.applying.Unlock()
		for _, l := range links {
			l.Mu.Lock()
			st := l.level2View()
			l.Mu.Unlock()
			if st.State == m2pa.InService {
				sum += st.Unacked + st.Queued
			}
		}
	}
	return sum
}
