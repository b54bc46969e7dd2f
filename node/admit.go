package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp"
)

// Whose an association is that a far end has set up: one rule for links and for the ASPs of
// M3UA and M2UA, over every transport. A far end is known by the addresses at which it has
// proved to be (RFC 9260 §5.4), never by those that it lists. An association that cannot be
// served yet waits for some seconds in the lobby of its port, which has room for a few, and is
// then ended with a reason, which is logged.

// What the lobby of a port has room for, and for how long.
const (
	proofWait   = 5 * time.Second        // until an address that a far end lists has answered
	proofLook   = 100 * time.Millisecond // between looks whether it has
	speakWait   = 10 * time.Second       // until a far end has said who it is
	unserved    = 10 * time.Second       // until the association before has ended
	lobbyRoom   = 128                    // associations
	lobbyShare  = 16                     // of them from one address
	doubtFor    = time.Minute            // an address that claimed another in vain is not waited for again
	doubtsAtAll = 1024
)

// identity is what a far end is known by.
func identity(a sctp.Assoc) sctp.Addr {
	return sctp.Addr{IPs: a.Confirmed(), Port: a.Remote().Port}
}

// source is where a far end has proved to be when it set its association up: whose share of
// what all strangers share it uses, whatever addresses it lists. Of IPv6 it is the network,
// since one host has as many addresses there as it likes.
func source(a sctp.Assoc) string {
	ips := a.Confirmed()
	if len(ips) == 0 {
		return "an unknown address"
	}
	ip := ips[0].Unmap()
	if ip.Is6() {
		if net, err := ip.Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}

// claim is who an association may be, by its addresses.
type claim struct {
	of []*runner // in the order of the configuration
}

// claim finds those to whom an association with a far end may belong. Who names the far end's
// port goes before who takes any.
func (n *assocNode) claim(local uint16, far sctp.Addr) claim {
	var c claim
	for r := range n.keepers() {
		if _, is := r.owner.(assocASP); !is && r.where.fits(local, far) {
			c.of = append(c.of, r)
		}
	}
	c.of = append(c.of, n.aspsAt(local, func(r *runner) bool { return r.where.fits(local, far) })...)
	exact := func(r *runner) bool { return r.where.remotePort != 0 }
	if slices.ContainsFunc(c.of, exact) {
		c.of = slices.DeleteFunc(c.of, func(r *runner) bool { return !exact(r) })
	}
	return c
}

// claimSoon is claim, after a change of the configuration that goes on: it may be what
// binds the port, and the link or ASP comes after.
func (n *assocNode) claimSoon(local uint16, far sctp.Addr) (c claim) {
	if c = n.claim(local, far); len(c.of) > 0 {
		return c
	}
	n.settled(func() { c = n.claim(local, far) })
	return c
}

// aspsAt gives those of the configured ASPs of a port that are fit, in the order of the
// configuration.
func (n *assocNode) aspsAt(local uint16, fit func(*runner) bool) (out []*runner) {
	for r := range n.keepers() {
		if _, is := r.owner.(assocASP); is && !r.stranger && r.where.localPort == local && fit(r) && r.lasting() {
			out = append(out, r)
		}
	}
	if len(out) < 2 {
		return out
	}
	sys := n.config()
	place := map[*runner]int{}
	for _, r := range out {
		named := func(c *configs.ASP) bool { return c.Name == r.title() }
		place[r] = max(slices.IndexFunc(sys.ASPs, named), slices.IndexFunc(sys.M2UAASPs, named))
	}
	slices.SortFunc(out, func(a, b *runner) int { return cmp.Compare(place[a], place[b]) })
	return out
}

// roams tells whether an ASP is known by its identifier alone.
func (r *runner) roams() bool {
	c, _ := r.asp()
	return len(r.where.remote) == 0 && c.ID != nil && !c.AsksUp()
}

// claimants names to whom an association at a port may belong by where it has proved to come from; empty: to nobody.
func (n *assocNode) claimants(local uint16, a sctp.Assoc) string {
	return n.claim(local, identity(a)).names()
}

// roamer names the ASP at a port that is known by an ASP Identifier alone; empty: there is none.
func (n *assocNode) roamer(local uint16, id uint32) string {
	for _, r := range n.aspsAt(local, (*runner).roams) {
		if c, _ := r.asp(); c.ID != nil && *c.ID == id {
			return r.owner.name()
		}
	}
	return ""
}

// names lists who c is about, for a person.
func (c claim) names() string {
	var out []string
	for _, r := range c.of {
		out = append(out, r.owner.name())
	}
	return strings.Join(out, ", ")
}

// asps gives those of c that are ASPs.
func (c claim) asps() (out []*runner) {
	for _, r := range c.of {
		if _, is := r.owner.(assocASP); is {
			out = append(out, r)
		}
	}
	return out
}

// admit finds whose an association is, or refuses it.
func (p *localPort) admit(ctx context.Context, a sctp.Assoc) {
	if p.node.stopping() {
		a.Abort("the node stops")
		return
	}
	if c := p.node.claimSoon(p.number, identity(a)); len(c.of) > 0 {
		p.settle(ctx, a, c)
		return
	}
	if c := p.node.claim(p.number, a.Remote()); len(c.of) > 0 {
		p.awaitProof(ctx, a, c)
		return
	}
	p.receive(ctx, a)
}

// settle gives an association to one of those that it may be.
func (p *localPort) settle(ctx context.Context, a sctp.Assoc, c claim) {
	asps := c.asps()
	shut := slices.DeleteFunc(slices.Clone(asps), func(r *runner) bool { return !r.isShut() })
	switch {
	case len(shut) == len(c.of):
		p.refuse(a, c.names()+" is shut down by configuration, and the association is refused")
	case len(c.of) == 1:
		p.accepted.Add(1)
		c.of[0].take(a)
	case len(asps) == len(c.of) && !slices.ContainsFunc(asps, (*runner).asksUp):
		p.hear(ctx, a, asps, false)
	default: // nobody says who it is, so the first that is free has it, or waits for it
		c.of = slices.DeleteFunc(c.of, func(r *runner) bool { return slices.Contains(shut, r) })
		p.accepted.Add(1)
		if !slices.ContainsFunc(c.of, func(r *runner) bool { return r.takeIfFree(a) }) {
			c.of[0].take(a)
		}
	}
}

// receive takes an association from where nobody is configured: of an ASP that is known by
// its identifier alone, or of anybody where policy lets it.
func (p *localPort) receive(ctx context.Context, a sctp.Assoc) {
	sys := p.node.config()
	port := sys.M3UA(p.number)
	dynamic := port != nil && port.Accept == configs.AcceptAnybody
	roaming := p.node.aspsAt(p.number, (*runner).roams)
	switch {
	case len(roaming) > 0:
		p.hear(ctx, a, roaming, dynamic)
	case dynamic:
		p.welcome(a)
	case p.node.protocol(sys, p.number) == nil:
		p.refuse(a, "no link is configured")
	default:
		p.refuse(a, "no asp is configured")
	}
}

// welcome takes the association of nobody configured as an ASP that may register keys.
func (p *localPort) welcome(a sctp.Assoc) {
	if err := p.node.welcome(p, a); err != nil {
		p.refuse(a, err.Error())
		return
	}
	p.accepted.Add(1)
}

// refuse ends an association that is nobody's, and says why at both ends.
func (p *localPort) refuse(a sctp.Assoc, why string) {
	p.refused.Add(1)
	p.node.refused.Add(1)
	a.Abort(p.tellRefused(a, why))
}

// dismiss is refuse for a far end that was told why in its own protocol, which is to arrive.
func (p *localPort) dismiss(a sctp.Assoc, why string) {
	p.refused.Add(1)
	p.node.refused.Add(1)
	p.tellRefused(a, why)
	a.Close()
}

// tellRefused logs that an association is refused, and gives the whole reason.
func (p *localPort) tellRefused(a sctp.Assoc, why string) string {
	r := a.Remote()
	why = fmt.Sprintf("%s for %v port %d on %s", why, r.IPs, r.Port, p.title)
	p.node.log.AddFrom(list(r.IPs), "CS7SCTP", 4, "NOLINK", "association refused: "+why)
	return why
}

// awaitProof waits until one of the configured addresses that a far end lists has answered
// (RFC 9260 §5.4): SCTP asks it at once. c is whose addresses these are.
func (p *localPort) awaitProof(ctx context.Context, a sctp.Assoc, c claim) {
	from := source(a)
	if p.lobby.doubts(from) {
		p.refuse(a, fmt.Sprintf("it lists an address of %s, as did one before in vain, and is not waited for",
			c.names()))
		return
	}
	if !p.enter(a, from) {
		return
	}
	p.node.group.Go(func() {
		defer p.leave(from)
		for end := time.Now().Add(proofWait); time.Now().Before(end); {
			select {
			case <-ctx.Done():
				a.Abort("the port is closed")
				return
			case <-time.After(proofLook):
			}
			if c := p.node.claim(p.number, identity(a)); len(c.of) > 0 {
				p.settle(ctx, a, c)
				return
			}
		}
		p.lobby.doubt(from)
		p.refuse(a, fmt.Sprintf("it lists an address of %s, from which nothing has answered within %v: "+
			"it is not who it says", c.names(), proofWait))
	})
}

// enter takes a place in the lobby for an association, or refuses it.
func (p *localPort) enter(a sctp.Assoc, from string) bool {
	ok, full := p.lobby.enter(from)
	switch {
	case ok:
		return true
	case full:
		why := fmt.Sprintf("%d associations wait already until it is known whose they are", lobbyRoom)
		p.node.short(p.lobbyName(), why)
		p.refuse(a, why)
	default:
		const share = "%d associations from %s wait already until it is known whose they are"
		p.refuse(a, fmt.Sprintf(share, lobbyShare, from))
	}
	return false
}

func (p *localPort) leave(from string) {
	p.lobby.leave(from)
	p.node.short(p.lobbyName(), "")
}

// lobbyName is what a port runs out of when its lobby is full.
func (p *localPort) lobbyName() string { return "places to wait at " + p.title }

// lobby is where associations of a port wait until it is known whose they are.
type lobby struct {
	mu     lock.Mutex[lock.Lobby]
	inside map[string]int // by where they came from
	all    int
	liars  map[string]time.Time // who listed an address of another in vain, until when
}

// enter takes a place; not ok: there is none for an association from there, or, full, for
// anybody.
func (l *lobby) enter(from string) (ok, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= lobbyRoom || l.inside[from] >= lobbyShare {
		return false, l.all >= lobbyRoom
	}
	if l.inside == nil {
		l.inside = map[string]int{}
	}
	l.inside[from]++
	l.all++
	return true, false
}

func (l *lobby) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

func (l *lobby) leave(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.inside[from]--; l.inside[from] == 0 {
		delete(l.inside, from)
	}
}

// doubt notes that nothing answered at an address that from had listed.
func (l *lobby) doubt(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.liars == nil || len(l.liars) >= doubtsAtAll {
		l.liars = map[string]time.Time{}
	}
	l.liars[from] = time.Now().Add(doubtFor)
}

func (l *lobby) doubts(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.liars[from]
	if ok && !time.Now().Before(until) {
		delete(l.liars, from)
		ok = false
	}
	return ok
}
