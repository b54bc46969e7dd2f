package association

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

// ended is what is known of an association that has ended.
type ended struct {
	at     time.Time // zero: there was none
	lasted time.Duration
	why    string
}

// Cause is why an association ends, is refused, or must be set up anew, in words for the log and the far end.
type Cause string

func (c Cause) Error() string { return string(c) }

// associationLost is the cause if no other is known.
const associationLost Cause = "association lost"

// Shared is what the associations of all instances share: small numbers, of which each association has one for as long
// as it lives, the memory for messages that are not whole yet, and the memory for what waits for far ends.
type Shared struct {
	Memory  *sctp.Budget
	Backlog *sctp.Backlog
	Lack    func(why string) // is told that there is no descriptor for a new association

	mu   lock.Mutex[lock.Associations]
	used map[uint32]bool
}

// take gives the least number that no association has.
func (t *Shared) take() uint32 {
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

func (t *Shared) release(id uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.used, id)
}

// Who says under which name the log counts lines about the owner. A stranger has another name each time that it comes,
// so its source stands for it.
func (r *Keeper) Who() string {
	if r.Stranger != "" {
		return "stranger " + r.Stranger
	}
	return r.Owner.Name()
}

// TellLog logs a line about the association.
func (r *Keeper) TellLog(severity int, mnemonic, format string, args ...any) {
	r.node.Log.AddFrom(r.Who(), "CS7SCTP", severity, mnemonic, fmt.Sprintf(format, args...))
}

// list writes addresses for a person.
func list(ips []netip.Addr) string {
	var out []string
	for _, ip := range ips {
		out = append(out, ip.String())
	}
	return strings.Join(out, ", ")
}

// FarEnd is the far end as it is configured, in words.
func (r *Keeper) FarEnd() string {
	if len(r.Ends.Remote) == 0 {
		return "a far end with its asp-identifier"
	}
	return fmt.Sprintf("%s port %d", list(r.Ends.Remote), r.Ends.RemotePort)
}

// Association gives the association, or why there is none.
func (r *Keeper) Association() (sctp.Assoc, string) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.Assoc, r.assocWhy
}

// SetLocked puts settings in force. Some of them need a new association and wait for the next one. The caller holds Mu.
func (r *Keeper) SetLocked(how Settings) {
	if r.Settings == how {
		return
	}
	r.Settings = how
	if r.Assoc != nil {
		r.Assoc.Set(how.Params)
	}
}

// CloseLocked ends the association, if there is one. There will be no other. The caller holds Mu.
func (r *Keeper) CloseLocked(why string) {
	r.Closed = true
	if !r.AbortLocked(why) {
		r.ending = why
	}
	r.cancel()
}

// Inherit takes over the history of before, in whose place r comes.
func (r *Keeper) Inherit(before *Keeper) {
	before.Mu.Lock()
	defer before.Mu.Unlock()
	if before.Assoc != nil { // nobody has been told of its end yet
		before.endedLocked(before.Assoc.Status().Since, "")
	}
	r.last = before.last
	r.assocWhy = "starting anew: " + before.ending
}

// up makes a the association of the owner; false: the owner is gone.
func (r *Keeper) up(a sctp.Assoc, accepted bool) bool {
	r.Mu.Lock()
	if r.Closed {
		r.Mu.Unlock()
		return false
	}
	r.Assoc, r.assocID, r.assocWhy, r.ending, r.attempts = a, r.node.Shared.take(), "", "", 0
	r.promised, r.guessed = false, false
	if g, ok := a.(*resumed); ok && g.guess != nil {
		r.guessed = true
	}
	id, how := r.assocID, r.Settings
	r.Mu.Unlock()
	// The port that accepted a did not know its owner, and packets that set a up may have a DSCP of their own.
	a.Set(how.Params)
	r.prefer(a)
	by := "this end"
	if accepted {
		by = "the far end"
	}
	to := a.Remote()
	r.TellLog(5, "ASSOC", "association %d of %s is up with %s port %d, set up by %s",
		id, r.Owner.Name(), list(to.IPs), to.Port, by)
	return true
}

// unfit ends an association that the owner cannot use, for the reason why. If why is empty it does nothing and gives
// false.
func (r *Keeper) unfit(a sctp.Assoc, why string) bool {
	if why == "" {
		return false
	}
	a.Abort(why)
	r.Mu.Lock()
	r.promised = false
	r.Mu.Unlock()
	to := a.Remote()
	r.TellLog(4, "UNFIT", "an association for %s with %s port %d is ended: %s", r.Owner.Name(), list(to.IPs),
		to.Port, why)
	r.SetWhy("the last one was ended by this end: " + why)
	return true
}

// prefer makes the first of several configured addresses the primary one.
func (r *Keeper) prefer(a sctp.Assoc) {
	if len(r.Ends.Remote) < 2 {
		return
	}
	if err := a.SetPrimary(r.Ends.Remote[0]); err != nil {
		r.node.Log.Debug("sctp", fmt.Sprintf("%s: %s cannot be the primary path: %v", r.Owner.Name(), r.Ends.Remote[0], err))
	}
}

// down forgets the association and tells its owner.
func (r *Keeper) down(a sctp.Assoc, why string) {
	since := a.Status().Since
	r.Mu.Lock()
	id := r.assocID
	r.Assoc, r.assocID = nil, 0
	r.endedLocked(since, why)
	last, closed := r.last, r.Closed
	r.assocWhy = last.why
	r.Mu.Unlock()
	r.node.Shared.release(id)
	if !closed {
		r.TellLog(5, "ASSOC", "association %d of %s ended after %s: %s",
			id, r.Owner.Name(), printable.Ago(last.lasted), last.why)
	}
	r.Owner.Tell(ss7.Event{Kind: ss7.CommLost, Why: last.why})
}

// endedLocked notes why an association ended. The caller holds Mu.
func (r *Keeper) endedLocked(since time.Time, why string) {
	if r.ending != "" {
		why = "ended by this end: " + r.ending
	}
	r.last = ended{time.Now(), 0, why}
	if !since.IsZero() {
		r.last.lasted = time.Since(since)
	}
}

// Abort ends the association for a reason of this end. It tells whether there was one.
func (r *Keeper) Abort(why string) bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.AbortLocked(why)
}

// AbortLocked is Abort for a caller that holds Mu.
func (r *Keeper) AbortLocked(why string) bool {
	if r.Assoc == nil {
		return false
	}
	if r.ending == "" {
		r.ending = why
	}
	r.Assoc.Abort(why)
	return true
}

// Event takes an event of the association and logs it. tell is what the owner must be told; it is of kind None if that
// is nothing. over is the cause if the association has ended. A path that fails does not concern the owner, because the
// association goes on over the others. The caller holds Mu.
func (r *Keeper) Event(ev *sctp.Event) (tell ss7.Event, over error) {
	log := r.node.Log
	id := fmt.Sprintf("association %d of %s", r.assocID, r.Owner.Name())
	switch ev.Kind {
	case sctp.Lost, sctp.Closed:
		log.Debug("sctp", id+" ended: "+ev.Why)
		return tell, cmp.Or(Cause(ev.Why), associationLost)
	case sctp.Restart:
		r.TellLog(5, "RESTART", "%s was restarted by the far end: %s", id, ev.Why)
		return ss7.Event{Kind: ss7.CommRestart, Why: ev.Why}, nil
	case sctp.PathDown:
		r.TellLog(4, "PATH", "path %s of %s is inactive: %s%s", ev.Addr, id, ev.Why, r.pathsLeft())
	case sctp.PathUp:
		r.TellLog(5, "PATH", "path %s of %s is active: %s%s", ev.Addr, id, ev.Why, r.pathsLeft())
		if r.Assoc != nil && len(r.Ends.Remote) > 0 && ev.Addr == r.Ends.Remote[0] {
			r.prefer(r.Assoc)
		}
	case sctp.PeerError:
		r.TellLog(4, "PEERERROR", "the far end of %s reports an error: %s", id, ev.Why)
	case sctp.SendFailed:
		if !r.lastingLocked() { // it is the owner's farewell, for whose acknowledgement nobody waits
			log.Debug("sctp", id+": "+ev.Why)
			break
		}
		r.TellLog(4, "SENDFAILED", "a message of %s was not delivered: %s", id, ev.Why)
	case sctp.PeerShutdown:
		r.TellLog(5, "SHUTDOWN", "the far end shuts %s down: %s", id, ev.Why)
		// Nothing can be sent any more and nothing new will come (RFC 9260 §9.2), so the owner need not wait for the end.
		return ss7.Event{Kind: ss7.CommLost, Why: "the far end shuts the association down"}, nil
	}
	return tell, nil
}

// pathsLeft says how many paths are active, to end a sentence. The caller holds Mu.
func (r *Keeper) pathsLeft() string {
	if r.Assoc == nil {
		return ""
	}
	active, all := 0, r.Assoc.Status().Paths
	for _, p := range all {
		if p.Active {
			active++
		}
	}
	return fmt.Sprintf("; %d of %d paths are active", active, len(all))
}
