package node

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// ended is an association that is no more.
type ended struct {
	at     time.Time // zero: there was none
	lasted time.Duration
	why    string
}

// associations gives each association of a node a small number for as long as it
// lives.
type associations struct {
	mu   sync.Mutex
	used map[uint32]bool
}

func (t *associations) take() uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		t.used = map[uint32]bool{}
	}
	id := uint32(1)
	for t.used[id] {
		id++
	}
	t.used[id] = true
	return id
}

func (t *associations) release(id uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.used, id)
}

// list writes addresses for a person.
func list(ips []netip.Addr) string {
	var out []string
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return strings.Join(out, ", ")
}

// farEnd is what the link is configured to talk to.
func (l *link) farEnd() string {
	return fmt.Sprintf("%s port %d", list(l.cfg.Remote), l.cfg.RemotePort)
}

// inherit takes over the history of the link in whose place l comes.
func (l *link) inherit(before *link) {
	if before == nil {
		return
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	if before.assoc != nil { // its end is still on its way
		before.endedLocked(before.assoc.Status().Since, "")
	}
	l.last = before.last
	l.assocWhy = "starting anew: " + before.ending
}

// up makes a the link's association; false: the link is gone.
func (l *link) up(a sctp.Assoc, accepted bool) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.assoc, l.assocID, l.assocWhy, l.ending, l.attempts = a, l.node.associations.take(), "", "", 0
	id, how := l.assocID, l.settings
	l.mu.Unlock()
	// What accepted it did not know whose it is, and what set it up may have had a
	// mark of its own.
	a.Set(how.params)
	l.prefer(a)
	by := "this end"
	if accepted {
		by = "the far end"
	}
	r := a.Remote()
	l.node.log.AddLimited("CS7SCTP", 5, "ASSOC", fmt.Sprintf("association %d of %s is up with %s port %d, set up by %s", id, l.name(), list(r.IPs), r.Port, by))
	return true
}

// prefer makes the first of several configured addresses the primary one.
func (l *link) prefer(a sctp.Assoc) {
	if len(l.cfg.Remote) < 2 {
		return
	}
	if err := a.SetPrimary(l.cfg.Remote[0]); err != nil {
		l.node.log.Debug("sctp", fmt.Sprintf("%s: %s cannot be the primary path: %v", l.name(), l.cfg.Remote[0], err))
	}
}

// down forgets the association and tells the machine.
func (l *link) down(a sctp.Assoc, why string) {
	since := a.Status().Since
	l.mu.Lock()
	id := l.assocID
	l.assoc, l.assocID = nil, 0
	l.endedLocked(since, why)
	last, closed := l.last, l.closed
	l.assocWhy = last.why
	l.mu.Unlock()
	l.node.associations.release(id)
	if !closed {
		l.node.log.AddLimited("CS7SCTP", 5, "ASSOC", fmt.Sprintf("association %d of %s ended after %s: %s", id, l.name(), ago(last.lasted), last.why))
	}
	l.tell(ss7.Event{Kind: ss7.CommLost, Why: last.why})
}

// endedLocked notes why an association ended. The caller holds mu.
func (l *link) endedLocked(since time.Time, why string) {
	if l.ending != "" {
		why = "ended by this end: " + l.ending
	}
	l.last = ended{time.Now(), 0, why}
	if !since.IsZero() {
		l.last.lasted = time.Since(since)
	}
}

// abort ends the association, if there is one, for a reason of this end. It tells
// whether there was one.
func (l *link) abort(why string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.abortLocked(why)
}

func (l *link) abortLocked(why string) bool {
	if l.assoc == nil {
		return false
	}
	if l.ending == "" {
		l.ending = why
	}
	l.assoc.Abort(why)
	return true
}

// event is told what happened to the association; what ends it has a reason. The
// caller holds mu. A path that fails is no business of level 2: the association
// goes on over the others.
func (l *link) event(now time.Time, ev *sctp.Event, out *[]ss7.Action) (why string) {
	log := l.node.log
	id := fmt.Sprintf("association %d of %s", l.assocID, l.name())
	switch ev.Kind {
	case sctp.Lost, sctp.Closed:
		log.Debug("sctp", id+" ended: "+ev.Why)
		return ev.Why
	case sctp.Restart:
		log.AddLimited("CS7SCTP", 5, "RESTART", id+" was restarted by the far end: "+ev.Why)
		*out = l.machine.Do(now, ss7.Event{Kind: ss7.CommRestart, Why: ev.Why}, *out)
	case sctp.PathDown:
		log.AddLimited("CS7SCTP", 4, "PATH", fmt.Sprintf("path %s of %s is inactive: %s%s", ev.Addr, id, ev.Why, l.pathsLeft()))
	case sctp.PathUp:
		log.AddLimited("CS7SCTP", 5, "PATH", fmt.Sprintf("path %s of %s is active: %s%s", ev.Addr, id, ev.Why, l.pathsLeft()))
		if l.assoc != nil && ev.Addr == l.cfg.Remote[0] {
			l.prefer(l.assoc)
		}
	case sctp.PeerError:
		log.AddLimited("CS7SCTP", 4, "PEERERROR", fmt.Sprintf("the far end of %s reports an error: %s", id, ev.Why))
	case sctp.SendFailed:
		log.AddLimited("CS7SCTP", 4, "SENDFAILED", fmt.Sprintf("a message of %s was not delivered: %s", id, ev.Why))
	case sctp.PeerShutdown:
		log.AddLimited("CS7SCTP", 5, "SHUTDOWN", fmt.Sprintf("the far end shuts %s down: %s", id, ev.Why))
		// Nothing can be sent any more and nothing new will come (RFC 9260 §9.2): level 2
		// need not wait for the end.
		*out = l.machine.Do(now, ss7.Event{Kind: ss7.CommLost, Why: "the far end shuts the association down"}, *out)
	}
	return ""
}

// pathsLeft counts the paths that are active. The caller holds mu.
func (l *link) pathsLeft() string {
	if l.assoc == nil {
		return ""
	}
	active, all := 0, l.assoc.Status().Paths
	for _, p := range all {
		if p.Active {
			active++
		}
	}
	return fmt.Sprintf("; %d of %d paths are active", active, len(all))
}
