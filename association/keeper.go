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

// dialPause is how long a keeper waits after an association has failed before it dials again. The attempts to set one
// up back off inside SCTP.
const dialPause = time.Second

// Owner is what an association is kept for: a link, an interface for ASPs, or an ASP.
type Owner interface {
	// Name is how the log and the far end know the owner.
	Name() string
	// Reader is called when an association begins to be read. carry runs a batch to completion; over is the cause if
	// an event of the batch has ended the association. done is called when nothing is read any more.
	Reader() (carry func(items []sctp.Item) (over error), done func())
	// Tell tells the owner that its association is up (CommUp) or has ended (CommLost).
	Tell(ev ss7.Event)
}

// ASP is an owner that says who it is, in ASPUP.
type ASP interface {
	Owner
	// Config is what is configured for the ASP now.
	Config() configs.ASP
}

// Picky is an owner that cannot use each association.
type Picky interface {
	// Unfit says why the owner cannot use an association; empty: it can.
	Unfit(*sctp.Status) string
}

// Ends are the two ends of an association, as they are configured.
type Ends struct {
	Remote                         []netip.Addr
	RemotePort, LocalPort, UDPPort uint16
	Passive                        bool // the far end sets the association up
}

// fits tells whether an association of the local port with a far end at remote is between these ends.
func (w *Ends) fits(local uint16, remote sctp.Addr) bool {
	return w.LocalPort == local && (w.RemotePort == remote.Port || w.RemotePort == 0) &&
		slices.ContainsFunc(w.Remote, func(ip netip.Addr) bool { return slices.Contains(remote.IPs, ip) })
}

// Keeper keeps an association for its owner. Mu guards the fields below it, and much of the owner. It is never held
// while anything waits.
type Keeper struct {
	node     *Node
	Owner    Owner
	Ends     Ends
	Port     *Port
	accepted chan sctp.Assoc // of one association that the port has accepted for the owner; filled under Mu
	ctx      context.Context // ends with the owner
	cancel   context.CancelFunc

	Stranger string      // the Source of a far end that nobody configured; empty: it is configured
	Stuck    atomic.Bool // the far end has taken nothing for some time

	Mu       lock.Varied // lock.Link or lock.ASP
	Settings Settings
	Assoc    sctp.Assoc // nil: there is none
	assocID  uint32
	assocWhy string // why there is none
	ending   string // why this end has ended the association
	promised bool   // an association was accepted for the owner and is not up yet
	guessed  bool   // the association is the owner's by a guess; see guess
	attempts uint64 // to dial, since the last association
	last     ended
	stalled  stalled
	Closed   bool   // there will be no other association
	retired  func() // the association is the last, after which this is called; nil: it is not
}

// Prepare makes a zero keeper ready to run. The rank of its Mu must be given before it is used.
func (r *Keeper) Prepare(n *Node, u Owner, at Ends, how Settings, p *Port) {
	r.node, r.Owner, r.Ends, r.Settings, r.Port = n, u, at, how, p
	r.accepted, r.assocWhy = make(chan sctp.Assoc, 1), "none was tried yet"
	r.ctx, r.cancel = context.WithCancel(n.Context)
}

// Take gives the owner an association that the far end has set up. While the owner has another one, the new one waits
// until the other has ended. If that takes too long, the far end is told so.
func (r *Keeper) Take(a sctp.Assoc) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if !r.lastingLocked() {
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

// offerLocked has an association wait to be served, for some seconds. The caller holds Mu.
func (r *Keeper) offerLocked(a sctp.Assoc) {
	r.accepted <- a
	time.AfterFunc(Unserved, func() { r.withdraw(a) })
}

// takeIfFree is Take of an owner that is free; false: it is not, and the association is not taken.
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

// isFree tells whether the owner has no association, and none waits for it.
func (r *Keeper) isFree() bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.freeLocked()
}

// freeLocked is isFree for a caller that holds Mu.
func (r *Keeper) freeLocked() bool {
	return r.lastingLocked() && r.Assoc == nil && !r.promised && len(r.accepted) == 0
}

// withdraw ends an association that has waited too long.
func (r *Keeper) withdraw(a sctp.Assoc) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	select {
	case waits := <-r.accepted:
		if waits != a {
			r.accepted <- waits // this cannot wait: accepted is filled under Mu alone
			return
		}
		r.promised = false
		r.Port.refuse(a, r.Owner.Name()+" has another association")
	default: // the association is served already, or has ended
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

// Retire makes the present association the last. When that has ended, then is called.
func (r *Keeper) Retire(then func()) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	r.retired = then
}

// Lasting tells whether there may be another association.
func (r *Keeper) Lasting() bool {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.lastingLocked()
}

// lastingLocked is Lasting for a caller that holds Mu.
func (r *Keeper) lastingLocked() bool { return !r.Closed && r.retired == nil }

// pause waits before the next attempt. An association that the far end sets up ends the pause.
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

// connect dials, or waits to be dialled, until one of these succeeds. accepted tells that the far end has set the
// association up.
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

// whyPassive ends the sentence about a far end that has to begin. It says how the last association ended, or, if there
// was none, what may be configured wrong at both ends.
func (r *Keeper) whyPassive() string {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	switch {
	case r.last.at.IsZero():
		return "; if the far end is passive too, neither begins"
	case r.stalled.givenUp != "":
		return "" // SetWhy says it
	}
	return "; the last one ended: " + r.last.why
}

// dial makes one attempt to set the association up. The far end may be faster.
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
			select { // the port has accepted one of the same ends a moment ago
			case a := <-r.accepted:
				return a, true, nil
			case <-time.After(dialPause):
			case <-ctx.Done():
			}
		}
		return got.a, false, got.err
	}
}

// SetWhy says why there is no association.
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

// serve makes a the association of the owner and reads it until it ends.
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

// ServeOnly is for an owner that has one association alone, a, which the far end has set up. It returns when a has
// ended.
func (r *Keeper) ServeOnly(a sctp.Assoc) { r.serve(r.ctx, a, true) }

// read reads batches and has the owner run each to completion. over becomes the cause for which the association ends.
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
