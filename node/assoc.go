package node

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// ended is an association that is no more.
type ended struct {
	at     time.Time // zero: there was none
	lasted time.Duration
	why    string
}

// cause is why an association ends, is refused, or must be set up anew, in words for the log and the far end.
type cause string

func (c cause) Error() string { return string(c) }

// associationLost is the cause where nothing tells another.
const associationLost cause = "association lost"

// assocShared is what the associations of all instances share: small numbers, of which each has one for as long
// as it lives, a memory for what is not whole yet, and one for what waits for far ends.
type assocShared struct {
	memory  *sctp.Budget
	backlog *sctp.Backlog
	lack    func(why string) // is told that there is no descriptor for one

	mu   lock.Mutex[lock.Associations]
	used map[uint32]bool
}

func (t *assocShared) take() uint32 {
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

func (t *assocShared) release(id uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.used, id)
}

// who is whose lines of the log are counted together: the owner's, or the far end's address
// if nobody configured it, because its name is another each time.
func (r *runner) who() string {
	if r.stranger {
		return "stranger " + list(r.where.remote)
	}
	return r.owner.name()
}

// tellLog logs a line about the association.
func (r *runner) tellLog(severity int, mnemonic, format string, args ...any) {
	r.node.log.AddFrom(r.who(), "CS7SCTP", severity, mnemonic, fmt.Sprintf(format, args...))
}

// list writes addresses for a person.
func list(ips []netip.Addr) string {
	var out []string
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return strings.Join(out, ", ")
}

// farEnd is what r is configured to talk to.
func (r *runner) farEnd() string {
	if len(r.where.remote) == 0 {
		return "a far end with its asp-identifier"
	}
	return fmt.Sprintf("%s port %d", list(r.where.remote), r.where.remotePort)
}

// association is the one there is, or why there is none.
func (r *runner) association() (sctp.Assoc, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.assoc, r.assocWhy
}

// setLocked puts settings in force, those that need a new association at the next one. The caller holds mu.
func (r *runner) setLocked(how settings) {
	if r.settings == how {
		return
	}
	r.settings = how
	if r.assoc != nil {
		r.assoc.Set(how.params)
	}
}

// closeLocked ends the association, if there is one, and there will be no other. The caller holds mu.
func (r *runner) closeLocked(why string) {
	r.closed = true
	if !r.abortLocked(why) {
		r.ending = why
	}
	r.cancel()
}

// inherit takes over the history of the one in whose place r comes.
func (r *runner) inherit(before *runner) {
	before.mu.Lock()
	defer before.mu.Unlock()
	if before.assoc != nil { // its end is still on its way
		before.endedLocked(before.assoc.Status().Since, "")
	}
	r.last = before.last
	r.assocWhy = "starting anew: " + before.ending
}

// up makes a the association of r; false: r is gone.
func (r *runner) up(a sctp.Assoc, accepted bool) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return false
	}
	r.assoc, r.assocID, r.assocWhy, r.ending, r.attempts = a, r.node.all.take(), "", "", 0
	r.promised, r.guessed = false, false
	if g, ok := a.(*resumed); ok && g.guess != nil {
		r.guessed = true
	}
	id, how := r.assocID, r.settings
	r.mu.Unlock()
	// What accepted it did not know whose it is, and what set it up may have had a
	// mark of its own.
	a.Set(how.params)
	r.prefer(a)
	by := "this end"
	if accepted {
		by = "the far end"
	}
	to := a.Remote()
	r.tellLog(5, "ASSOC", "association %d of %s is up with %s port %d, set up by %s",
		id, r.owner.name(), list(to.IPs), to.Port, by)
	return true
}

// unfit ends an association that its owner cannot use, for the reason why; false: it can.
func (r *runner) unfit(a sctp.Assoc, why string) bool {
	if why == "" {
		return false
	}
	a.Abort(why)
	r.mu.Lock()
	r.promised = false
	r.mu.Unlock()
	to := a.Remote()
	r.tellLog(4, "UNFIT", "an association for %s with %s port %d is ended: %s", r.owner.name(), list(to.IPs),
		to.Port, why)
	r.setWhy("the last one was ended by this end: " + why)
	return true
}

// prefer makes the first of several configured addresses the primary one.
func (r *runner) prefer(a sctp.Assoc) {
	if len(r.where.remote) < 2 {
		return
	}
	if err := a.SetPrimary(r.where.remote[0]); err != nil {
		r.node.log.Debug("sctp", fmt.Sprintf("%s: %s cannot be the primary path: %v", r.owner.name(), r.where.remote[0], err))
	}
}

// down forgets the association and tells its owner.
func (r *runner) down(a sctp.Assoc, why string) {
	since := a.Status().Since
	r.mu.Lock()
	id := r.assocID
	r.assoc, r.assocID = nil, 0
	r.endedLocked(since, why)
	last, closed := r.last, r.closed
	r.assocWhy = last.why
	r.mu.Unlock()
	r.node.all.release(id)
	if !closed {
		r.tellLog(5, "ASSOC", "association %d of %s ended after %s: %s",
			id, r.owner.name(), printable.Ago(last.lasted), last.why)
	}
	r.owner.tell(ss7.Event{Kind: ss7.CommLost, Why: last.why})
}

// endedLocked notes why an association ended. The caller holds mu.
func (r *runner) endedLocked(since time.Time, why string) {
	if r.ending != "" {
		why = "ended by this end: " + r.ending
	}
	r.last = ended{time.Now(), 0, why}
	if !since.IsZero() {
		r.last.lasted = time.Since(since)
	}
}

// abort ends the association, if there is one, for a reason of this end. It tells
// whether there was one.
func (r *runner) abort(why string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.abortLocked(why)
}

func (r *runner) abortLocked(why string) bool {
	if r.assoc == nil {
		return false
	}
	if r.ending == "" {
		r.ending = why
	}
	r.assoc.Abort(why)
	return true
}

// event is told what happened to the association: tell is what its owner must be told,
// of kind None if nothing; over is the cause if the association has ended. The caller holds
// mu. A path that fails is no business of the owner: the association goes on over the
// others.
func (r *runner) event(ev *sctp.Event) (tell ss7.Event, over error) {
	log := r.node.log
	id := fmt.Sprintf("association %d of %s", r.assocID, r.owner.name())
	switch ev.Kind {
	case sctp.Lost, sctp.Closed:
		log.Debug("sctp", id+" ended: "+ev.Why)
		return tell, cmp.Or(cause(ev.Why), associationLost)
	case sctp.Restart:
		r.tellLog(5, "RESTART", "%s was restarted by the far end: %s", id, ev.Why)
		return ss7.Event{Kind: ss7.CommRestart, Why: ev.Why}, nil
	case sctp.PathDown:
		r.tellLog(4, "PATH", "path %s of %s is inactive: %s%s", ev.Addr, id, ev.Why, r.pathsLeft())
	case sctp.PathUp:
		r.tellLog(5, "PATH", "path %s of %s is active: %s%s", ev.Addr, id, ev.Why, r.pathsLeft())
		if r.assoc != nil && len(r.where.remote) > 0 && ev.Addr == r.where.remote[0] {
			r.prefer(r.assoc)
		}
	case sctp.PeerError:
		r.tellLog(4, "PEERERROR", "the far end of %s reports an error: %s", id, ev.Why)
	case sctp.SendFailed:
		r.tellLog(4, "SENDFAILED", "a message of %s was not delivered: %s", id, ev.Why)
	case sctp.PeerShutdown:
		r.tellLog(5, "SHUTDOWN", "the far end shuts %s down: %s", id, ev.Why)
		// Nothing can be sent any more and nothing new will come (RFC 9260 §9.2): level 2
		// need not wait for the end.
		return ss7.Event{Kind: ss7.CommLost, Why: "the far end shuts the association down"}, nil
	}
	return tell, nil
}

// pathsLeft counts the paths that are active. The caller holds mu.
func (r *runner) pathsLeft() string {
	if r.assoc == nil {
		return ""
	}
	active, all := 0, r.assoc.Status().Paths
	for _, p := range all {
		if p.Active {
			active++
		}
	}
	return fmt.Sprintf("; %d of %d paths are active", active, len(all))
}
