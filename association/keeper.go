package association

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// dialPause is how long a keeper waits after an association failed before it dials
// again; the attempts themselves back off inside SCTP.
const dialPause = time.Second

// Owner is what an association is kept for: a link, or a peer of an adaptation layer.
type Owner interface {
	Name() string
	// Reader begins to read an association. carry runs a batch to completion; over is the cause if an event
	// among items has ended the association. done ends the reading.
	Reader() (carry func(items []sctp.Item) (over error), done func())
	// Tell hands over CommUp and CommLost.
	Tell(ev ss7.Event)
}

// ASP is an owner that says who it is, in ASPUP.
type ASP interface {
	Owner
	// Config is what is configured for the ASP now.
	Config() configs.ASP
}

// Picky is an owner that cannot use every association.
type Picky interface {
	// Unfit says why the owner cannot use an association; empty: it can.
	Unfit(*sctp.Status) string
}

// Ends says between what an association is.
type Ends struct {
	Remote                         []netip.Addr
	RemotePort, LocalPort, UDPPort uint16
	Passive                        bool // the far end sets it up
}

// fits tells whether an association from remote at port local is the one.
func (w *Ends) fits(local uint16, remote sctp.Addr) bool {
	return w.LocalPort == local && (w.RemotePort == remote.Port || w.RemotePort == 0) &&
		slices.ContainsFunc(w.Remote, func(ip netip.Addr) bool { return slices.Contains(remote.IPs, ip) })
}

// Keeper keeps an association for its owner. Mu guards what follows it and more of
// the owner's; it is never held while anything waits.
type Keeper struct {
	node     *Node
	Owner    Owner
	Ends     Ends
	Port     *Port
	accepted chan sctp.Assoc // accepted at the port for this owner; filled under Mu
	ctx      context.Context // ends with the owner
	cancel   context.CancelFunc

	Stranger bool        // nobody configured its far end
	Stuck    atomic.Bool // its far end takes nothing, for some time by now

	Mu       lock.Varied // lock.Link or lock.ASP
	Settings Settings
	Assoc    sctp.Assoc // nil: none
	assocID  uint32
	assocWhy string // there is none
	ending   string // why this end has ended the association
	promised bool   // one was offered that is not up yet
	guessed  bool   // it is this one's because it named nothing; see guess
	attempts uint64 // since the last association
	last     ended
	stalled  stalled
	Closed   bool
	retired  func() // its association is the last; called when that has ended
}

// Prepare makes a zero keeper ready to run.
func (r *Keeper) Prepare(n *Node, u Owner, at Ends, how Settings, p *Port) {
	r.node, r.Owner, r.Ends, r.Settings, r.Port = n, u, at, how, p
	r.accepted, r.assocWhy = make(chan sctp.Assoc, 1), "none was tried yet"
	r.ctx, r.cancel = context.WithCancel(n.Context)
}

// Take is told of an association that the far end has set up. While there is another it
// waits until that has ended, but not for long: who stays unserved is told so.
func (r *Keeper) Take(a sctp.Assoc) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if r.Closed || r.retired != nil {
		a.Abort("its user is gone")
		return
	}
	select {
	case old := <-r.accepted:
		old.Abort("a newer association took its place")
	default:
	}
	r.offerLocked(a)
	if r.Assoc != nil {
		to := a.Remote()
		r.TellLog(5, "ASSOC", "a second association for %s, with %s port %d, waits %v at most for the first to end",
			r.Owner.Name(), list(to.IPs), to.Port, Unserved)
	}
}

// offerLocked has an association wait to be served, not for ever. The caller holds Mu.
func (r *Keeper) offerLocked(a sctp.Assoc) {
	r.accepted <- a
	time.AfterFunc(Unserved, func() { r.withdraw(a) })
}

// takeIfFree is take where there is no other association, and none to come; false: there is.
func (r *Keeper) takeIfFree(a sctp.Assoc) bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if !r.freeLocked() {
		return false
	}
	r.promised = true
	r.offerLocked(a)
	return true
}

// isFree tells whether there is no association, and none to come.
func (r *Keeper) isFree() bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.freeLocked()
}

func (r *Keeper) freeLocked() bool {
	return !r.Closed && r.retired == nil && r.Assoc == nil && !r.promised && len(r.accepted) == 0
}

// withdraw ends an association that has waited too long.
func (r *Keeper) withdraw(a sctp.Assoc) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	select {
	case waits := <-r.accepted:
		if waits != a {
			r.accepted <- waits // there is room: only who holds Mu offers
			return
		}
		r.promised = false
		r.Port.refuse(a, r.Owner.Name()+" has another association")
	default: // it is served, or has ended
	}
}

// Run keeps an association until its owner is closed.
func (r *Keeper) Run() {
	ctx := r.ctx
	for ctx.Err() == nil && r.Lasting() {
		a, accepted, err := r.connect(ctx)
		if err != nil {
			r.SetWhy(err.Error() + r.node.Ground(r.Port.ips()))
			r.node.Log.Debug("sctp", fmt.Sprintf("%s: no association: %v", r.Owner.Name(), err))
			r.pause(ctx)
			continue
		}
		r.serve(ctx, a, accepted)
		if r.Lasting() {
			r.pause(ctx)
		}
	}
	select {
	case a := <-r.accepted:
		a.Abort("its user is gone")
	default:
	}
	r.Mu.Lock()
	gone := r.retired
	r.Mu.Unlock()
	if gone != nil {
		gone()
	}
}

// Retire makes the present association the last; then is called when it has ended.
func (r *Keeper) Retire(then func()) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	r.retired = then
}

// Lasting tells whether there may be another association.
func (r *Keeper) Lasting() bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.retired == nil
}

// pause waits a little, but not for an association that the far end sets up.
func (r *Keeper) pause(ctx context.Context) {
	t := time.NewTimer(dialPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case a := <-r.accepted:
		r.Take(a)
	}
}

// connect dials, or waits to be dialled, whichever succeeds first; accepted: the far
// end has set it up.
func (r *Keeper) connect(ctx context.Context) (a sctp.Assoc, accepted bool, err error) {
	e, why, changed := r.Port.current()
	if e == nil {
		r.SetWhy(fmt.Sprintf("%s is not bound: %s", r.Port.Title, why))
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-changed:
			return r.connect(ctx)
		}
	}
	if r.Ends.Passive {
		r.SetWhy(fmt.Sprintf("waiting for %s to set up the association (passive)%s", r.FarEnd(), r.whyPassive()))
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case a := <-r.accepted:
			return a, true, nil
		}
	}
	ground := r.node.Ground(r.Port.ips())
	r.Mu.Lock()
	if r.attempts++; r.attempts == 1 && r.last.at.IsZero() {
		r.assocWhy = fmt.Sprintf("%s has not answered yet; the first attempt goes on%s", r.FarEnd(), ground)
	}
	how := r.Settings
	r.Mu.Unlock()
	return r.dial(ctx, e, how.dialled())
}

// whyPassive ends the sentence about a far end that has to begin: how the last association ended,
// which is the reason; or, if there was none, what both ends may have wrong.
func (r *Keeper) whyPassive() string {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	switch {
	case r.last.at.IsZero():
		return "; if the far end is passive too, neither begins"
	case r.stalled.givenUp != "":
		return "" // setWhy has it
	}
	return "; the last one ended: " + r.last.why
}

// dial makes one attempt, during which the far end may come first.
func (r *Keeper) dial(ctx context.Context, e sctp.Endpoint, p sctp.Params) (sctp.Assoc, bool, error) {
	remote := sctp.Addr{IPs: r.Ends.Remote, Port: r.Ends.RemotePort, UDP: r.Ends.UDPPort}
	dialing, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		a   sctp.Assoc
		err error
	}
	dialled := make(chan result, 1)
	r.node.Group.Go(func() {
		a, err := e.Dial(dialing, remote, p)
		dialled <- result{a, err}
	})
	select {
	case a := <-r.accepted:
		stop()
		if got := <-dialled; got.err == nil && got.a != a {
			got.a.Abort("the far end was faster")
		}
		return a, true, nil
	case got := <-dialled:
		if errors.Is(got.err, sctp.ErrExists) {
			select { // it was accepted a moment ago
			case a := <-r.accepted:
				return a, true, nil
			case <-time.After(dialPause):
			case <-ctx.Done():
			}
		}
		return got.a, false, got.err
	}
}

func (r *Keeper) SetWhy(why string) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if r.stalled.givenUp != "" {
		why += "; the last one was given up: " + r.stalled.givenUp
	}
	if r.assocWhy != why {
		r.assocWhy = why
		r.node.Recheck()
	}
}

// serve reads a until it ends.
func (r *Keeper) serve(ctx context.Context, a sctp.Assoc, accepted bool) {
	if u, ok := r.Owner.(Picky); ok {
		if s := a.Status(); r.unfit(a, u.Unfit(&s)) {
			return
		}
	}
	if !r.up(a, accepted) {
		a.Abort("its user is gone")
		return
	}
	stop := context.AfterFunc(ctx, func() { r.Abort("it was taken out of the configuration") })
	defer stop()
	defer r.watch(a)()
	over := error(associationLost)
	defer func() {
		if x := recover(); x != nil {
			over = Cause(fmt.Sprintf("internal error: %v", x))
			r.node.Log.Add("CS7SCTP", 1, "PANIC", fmt.Sprintf("%s: %v", r.Owner.Name(), x))
			for l := range strings.SplitSeq(strings.TrimSpace(string(debug.Stack())), "\n") {
				r.node.Log.Add("CS7SCTP", 1, "PANIC", strings.ReplaceAll(l, "\t", "    "))
			}
			a.Abort("internal error")
		}
		r.down(a, over.Error())
	}()
	r.Owner.Tell(ss7.Event{Kind: ss7.CommUp})
	r.read(a, &over)
}

// ServeOnly reads a, which the far end has set up, until it ends: for an owner of no other association.
func (r *Keeper) ServeOnly(a sctp.Assoc) { r.serve(r.ctx, a, true) }

// read takes batches and runs each to completion. over becomes the cause that the association has ended for.
func (r *Keeper) read(a sctp.Assoc, over *error) {
	batch := sctp.NewBatch(64)
	carry, done := r.Owner.Reader()
	defer done()
	for {
		if err := a.Read(batch); err != nil {
			if !errors.Is(err, io.EOF) {
				*over = err
			}
			return
		}
		if ended := carry(batch.Items); ended != nil {
			*over = ended
		}
	}
}

// asp is the configuration of an owner that is an ASP; false: it is none.
func (r *Keeper) asp() (configs.ASP, bool) {
	a, is := r.Owner.(ASP)
	if !is {
		return configs.ASP{}, false
	}
	return a.Config(), true
}

// title is the name of an ASP in the configuration.
func (r *Keeper) title() string {
	c, _ := r.asp()
	return c.Name
}

// asksUp tells whether this end sends ASPUP, so that the far end may never do so.
func (r *Keeper) asksUp() bool {
	c, _ := r.asp()
	return c.AsksUp()
}

// isShut tells whether an ASP is shut down by configuration.
func (r *Keeper) isShut() bool {
	c, _ := r.asp()
	return c.Shutdown
}
