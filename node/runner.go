package node

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

// dialPause is how long a runner waits after an association failed before it dials
// again; the attempts themselves back off inside SCTP.
const dialPause = time.Second

// assocOwner is what an association is kept for: a link, or a peer of an adaptation layer.
type assocOwner interface {
	name() string
	// reader begins to read an association. carry runs a batch to completion; over is the cause if an event
	// among items has ended the association. done ends the reading.
	reader() (carry func(items []sctp.Item) (over error), done func())
	// tell hands over CommUp and CommLost.
	tell(ev ss7.Event)
}

// assocASP is an owner that says who it is, in ASPUP.
type assocASP interface {
	assocOwner
	// config is what is configured for the ASP now.
	config() configs.ASP
}

// assocPicky is an owner that cannot use every association.
type assocPicky interface {
	// unfit says why the owner cannot use an association; empty: it can.
	unfit(*sctp.Status) string
}

// where says between what an association is.
type where struct {
	remote                         []netip.Addr
	remotePort, localPort, udpPort uint16
	passive                        bool // the far end sets it up
}

// fits tells whether an association from remote at port local is the one.
func (w *where) fits(local uint16, remote sctp.Addr) bool {
	return w.localPort == local && (w.remotePort == remote.Port || w.remotePort == 0) &&
		slices.ContainsFunc(w.remote, func(ip netip.Addr) bool { return slices.Contains(remote.IPs, ip) })
}

// runner keeps an association for its owner. mu guards what follows it and more of
// the owner's; it is never held while anything waits.
type runner struct {
	node     *assocNode
	owner    assocOwner
	where    where
	port     *localPort
	accepted chan sctp.Assoc // accepted at the port for this owner; filled under mu
	ctx      context.Context // ends with the owner
	cancel   context.CancelFunc

	stranger bool        // nobody configured its far end
	stuck    atomic.Bool // its far end takes nothing, for some time by now

	mu       lock.Varied // lock.Link or lock.ASP
	settings settings
	assoc    sctp.Assoc // nil: none
	assocID  uint32
	assocWhy string // there is none
	ending   string // why this end has ended the association
	promised bool   // one was offered that is not up yet
	guessed  bool   // it is this one's because it named nothing; see guess
	attempts uint64 // since the last association
	last     ended
	stalled  stalled
	closed   bool
	retired  func() // its association is the last; called when that has ended
}

// prepare makes a zero runner ready to run.
func (r *runner) prepare(n *assocNode, u assocOwner, at where, how settings, p *localPort) {
	r.node, r.owner, r.where, r.settings, r.port = n, u, at, how, p
	r.accepted, r.assocWhy = make(chan sctp.Assoc, 1), "none was tried yet"
	r.ctx, r.cancel = context.WithCancel(n.ctx)
}

// take is told of an association that the far end has set up. While there is another it
// waits until that has ended, but not for long: who stays unserved is told so.
func (r *runner) take(a sctp.Assoc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.retired != nil {
		a.Abort("its user is gone")
		return
	}
	select {
	case old := <-r.accepted:
		old.Abort("a newer association took its place")
	default:
	}
	r.offerLocked(a)
	if r.assoc != nil {
		to := a.Remote()
		r.tellLog(5, "ASSOC", "a second association for %s, with %s port %d, waits %v at most for the first to end",
			r.owner.name(), list(to.IPs), to.Port, unserved)
	}
}

// offerLocked has an association wait to be served, not for ever. The caller holds mu.
func (r *runner) offerLocked(a sctp.Assoc) {
	r.accepted <- a
	time.AfterFunc(unserved, func() { r.withdraw(a) })
}

// takeIfFree is take where there is no other association, and none to come; false: there is.
func (r *runner) takeIfFree(a sctp.Assoc) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.freeLocked() {
		return false
	}
	r.promised = true
	r.offerLocked(a)
	return true
}

// isFree tells whether there is no association, and none to come.
func (r *runner) isFree() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.freeLocked()
}

func (r *runner) freeLocked() bool {
	return !r.closed && r.retired == nil && r.assoc == nil && !r.promised && len(r.accepted) == 0
}

// withdraw ends an association that has waited too long.
func (r *runner) withdraw(a sctp.Assoc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case waits := <-r.accepted:
		if waits != a {
			r.accepted <- waits // there is room: only who holds mu offers
			return
		}
		r.promised = false
		r.port.refuse(a, r.owner.name()+" has another association")
	default: // it is served, or has ended
	}
}

// run keeps an association until its owner is closed.
func (r *runner) run() {
	ctx := r.ctx
	for ctx.Err() == nil && r.lasting() {
		a, accepted, err := r.connect(ctx)
		if err != nil {
			r.setWhy(err.Error() + r.node.ground(r.port.ips()))
			r.node.log.Debug("sctp", fmt.Sprintf("%s: no association: %v", r.owner.name(), err))
			r.pause(ctx)
			continue
		}
		r.serve(ctx, a, accepted)
		if r.lasting() {
			r.pause(ctx)
		}
	}
	select {
	case a := <-r.accepted:
		a.Abort("its user is gone")
	default:
	}
	r.mu.Lock()
	gone := r.retired
	r.mu.Unlock()
	if gone != nil {
		gone()
	}
}

// retire makes the present association the last; then is called when it has ended.
func (r *runner) retire(then func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired = then
}

// lasting tells whether there may be another association.
func (r *runner) lasting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.retired == nil
}

// pause waits a little, but not for an association that the far end sets up.
func (r *runner) pause(ctx context.Context) {
	t := time.NewTimer(dialPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case a := <-r.accepted:
		r.take(a)
	}
}

// connect dials, or waits to be dialled, whichever succeeds first; accepted: the far
// end has set it up.
func (r *runner) connect(ctx context.Context) (a sctp.Assoc, accepted bool, err error) {
	e, why, changed := r.port.current()
	if e == nil {
		r.setWhy(fmt.Sprintf("%s is not bound: %s", r.port.title, why))
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-changed:
			return r.connect(ctx)
		}
	}
	if r.where.passive {
		r.setWhy(fmt.Sprintf("waiting for %s to set up the association (passive)%s", r.farEnd(), r.whyPassive()))
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case a := <-r.accepted:
			return a, true, nil
		}
	}
	ground := r.node.ground(r.port.ips())
	r.mu.Lock()
	if r.attempts++; r.attempts == 1 && r.last.at.IsZero() {
		r.assocWhy = fmt.Sprintf("%s has not answered yet; the first attempt goes on%s", r.farEnd(), ground)
	}
	how := r.settings
	r.mu.Unlock()
	return r.dial(ctx, e, how.dialled())
}

// whyPassive ends the sentence about a far end that has to begin: how the last association ended,
// which is the reason; or, if there was none, what both ends may have wrong.
func (r *runner) whyPassive() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.last.at.IsZero():
		return "; if the far end is passive too, neither begins"
	case r.stalled.givenUp != "":
		return "" // setWhy has it
	}
	return "; the last one ended: " + r.last.why
}

// dial makes one attempt, during which the far end may come first.
func (r *runner) dial(ctx context.Context, e sctp.Endpoint, p sctp.Params) (sctp.Assoc, bool, error) {
	remote := sctp.Addr{IPs: r.where.remote, Port: r.where.remotePort, UDP: r.where.udpPort}
	dialing, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		a   sctp.Assoc
		err error
	}
	dialled := make(chan result, 1)
	r.node.group.Go(func() {
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

func (r *runner) setWhy(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stalled.givenUp != "" {
		why += "; the last one was given up: " + r.stalled.givenUp
	}
	if r.assocWhy != why {
		r.assocWhy = why
		r.node.recheck()
	}
}

// serve reads a until it ends.
func (r *runner) serve(ctx context.Context, a sctp.Assoc, accepted bool) {
	if u, ok := r.owner.(assocPicky); ok {
		if s := a.Status(); r.unfit(a, u.unfit(&s)) {
			return
		}
	}
	if !r.up(a, accepted) {
		a.Abort("its user is gone")
		return
	}
	stop := context.AfterFunc(ctx, func() { r.abort("it was taken out of the configuration") })
	defer stop()
	defer r.watch(a)()
	over := error(associationLost)
	defer func() {
		if x := recover(); x != nil {
			over = cause(fmt.Sprintf("internal error: %v", x))
			r.node.log.Add("CS7SCTP", 1, "PANIC", fmt.Sprintf("%s: %v", r.owner.name(), x))
			for l := range strings.SplitSeq(strings.TrimSpace(string(debug.Stack())), "\n") {
				r.node.log.Add("CS7SCTP", 1, "PANIC", strings.ReplaceAll(l, "\t", "    "))
			}
			a.Abort("internal error")
		}
		r.down(a, over.Error())
	}()
	r.owner.tell(ss7.Event{Kind: ss7.CommUp})
	r.read(a, &over)
}

// serveOnly reads a, which the far end has set up, until it ends: for an owner of no other association.
func (r *runner) serveOnly(a sctp.Assoc) { r.serve(r.ctx, a, true) }

// read takes batches and runs each to completion. over becomes the cause that the association has ended for.
func (r *runner) read(a sctp.Assoc, over *error) {
	batch := sctp.NewBatch(64)
	carry, done := r.owner.reader()
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
func (r *runner) asp() (configs.ASP, bool) {
	a, is := r.owner.(assocASP)
	if !is {
		return configs.ASP{}, false
	}
	return a.config(), true
}

// title is the name of an ASP in the configuration.
func (r *runner) title() string {
	c, _ := r.asp()
	return c.Name
}

// asksUp tells whether this end sends ASPUP, so that the far end may never do so.
func (r *runner) asksUp() bool {
	c, _ := r.asp()
	return c.AsksUp()
}

// isShut tells whether an ASP is shut down by configuration.
func (r *runner) isShut() bool {
	c, _ := r.asp()
	return c.Shutdown
}
