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

// How long Leave waits: until nothing has come for leaveQuiet, and leaveMost at most for
// those who are told that destinations are restricted, and again for the others.
const (
	leaveQuiet = 300 * time.Millisecond
	leaveMost  = 5 * time.Second
	leavePoll  = 10 * time.Millisecond
)

// Leave takes the node out of the way of traffic before it stops: neighbours and ASPs are
// told that nothing is reached through it (TFR where the network has that, then TFP and
// DUNA), and what still comes is passed on. It returns when no more comes and all is
// acknowledged, when some seconds are over, or when ctx ends.
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

// Retire is Leave of a node that is closed next: it lets nobody in any more, since who is let in
// while it waits is cut off at once.
func (n *Node) Retire(ctx context.Context) {
	n.shut()
	n.Leave(ctx)
}

// setLeaving says that to the neighbours of every instance that can be told so.
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

// quiet waits until nothing comes and all that was sent is acknowledged.
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

// owes tells whether neighbours or ASPs are still to be told of destinations.
func (n *Node) owes() (any bool) {
	for _, i := range n.all() {
		i.core.ask(func() { any = any || i.core.network.Owes() })
		any = any || i.m3ua.owes()
	}
	return any
}

// busy tells whether there is anybody to leave.
func (n *Node) busy() bool {
	up, _ := n.Links()
	return up > 0 || slices.ContainsFunc(n.all(), func(i *Node) bool { return len(*i.m3ua.byPath.Load()) > 0 })
}

// passed counts what was passed on, in whatever instance.
func (n *Node) passed() (sum uint64) {
	for _, i := range n.all() {
		sum += i.discards.transferred.Load() + i.discards.delivered.Load()
	}
	return sum
}

// unacknowledged counts what links in service have and their far ends have not.
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
