package association

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
	ProofWait   = 5 * time.Second        // until an address that a far end lists has answered
	proofLook   = 100 * time.Millisecond // between looks whether it has
	SpeakWait   = 10 * time.Second       // until a far end has said who it is
	Unserved    = 10 * time.Second       // until the association before has ended
	lobbyRoom   = 128                    // associations
	LobbyShare  = 16                     // of them from one address
	doubtFor    = time.Minute            // an address that claimed another in vain is not waited for again
	doubtsAtAll = 1024
)

// identity is what a far end is known by.
func identity(a sctp.Assoc) sctp.Addr {
	return sctp.Addr{IPs: a.Confirmed(), Port: a.Remote().Port}
}

// Source is where a far end has proved to be when it set its association up: whose share of
// what all strangers share it uses, whatever addresses it lists. Of IPv6 it is the network,
// since one host has as many addresses there as it likes.
func Source(a sctp.Assoc) string {
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
	of []*Keeper // in the order of the configuration
}

// claim finds those to whom an association with a far end may belong. Who names the far end's
// port goes before who takes any.
func (n *Node) claim(local uint16, far sctp.Addr) claim {
	var c claim
	for r := range n.Keepers() {
		if _, is := r.Owner.(ASP); !is && r.Ends.fits(local, far) {
			c.of = append(c.of, r)
		}
	}
	c.of = append(c.of, n.aspsAt(local, func(r *Keeper) bool { return r.Ends.fits(local, far) })...)
	exact := func(r *Keeper) bool { return r.Ends.RemotePort != 0 }
	if slices.ContainsFunc(c.of, exact) {
		c.of = slices.DeleteFunc(c.of, func(r *Keeper) bool { return !exact(r) })
	}
	return c
}

// claimSoon is claim, after a change of the configuration that goes on: it may be what
// binds the port, and the link or ASP comes after.
func (n *Node) claimSoon(local uint16, far sctp.Addr) (c claim) {
	if c = n.claim(local, far); len(c.of) > 0 {
		return c
	}
	n.Settled(func() { c = n.claim(local, far) })
	return c
}

// aspsAt gives those of the configured ASPs of a port that are fit, in the order of the
// configuration.
func (n *Node) aspsAt(local uint16, fit func(*Keeper) bool) (out []*Keeper) {
	for r := range n.Keepers() {
		if _, is := r.Owner.(ASP); is && !r.Stranger && r.Ends.LocalPort == local && fit(r) && r.Lasting() {
			out = append(out, r)
		}
	}
	if len(out) < 2 {
		return out
	}
	sys := n.Config()
	place := map[*Keeper]int{}
	for _, r := range out {
		named := func(c *configs.ASP) bool { return c.Name == r.title() }
		place[r] = max(slices.IndexFunc(sys.ASPs, named), slices.IndexFunc(sys.M2UAASPs, named))
	}
	slices.SortFunc(out, func(a, b *Keeper) int { return cmp.Compare(place[a], place[b]) })
	return out
}

// roams tells whether an ASP is known by its identifier alone.
func (r *Keeper) roams() bool {
	c, _ := r.asp()
	return len(r.Ends.Remote) == 0 && c.ID != nil && !c.AsksUp()
}

// Claimants names to whom an association at a port may belong by where it has proved to come from; empty: to nobody.
func (n *Node) Claimants(local uint16, a sctp.Assoc) string {
	return n.claim(local, identity(a)).names()
}

// Roamer names the ASP at a port that is known by an ASP Identifier alone; empty: there is none.
func (n *Node) Roamer(local uint16, id uint32) string {
	for _, r := range n.aspsAt(local, (*Keeper).roams) {
		if c, _ := r.asp(); c.ID != nil && *c.ID == id {
			return r.Owner.Name()
		}
	}
	return ""
}

// names lists who c is about, for a person.
func (c claim) names() string {
	var out []string
	for _, r := range c.of {
		out = append(out, r.Owner.Name())
	}
	return strings.Join(out, ", ")
}

// asps gives those of c that are ASPs.
func (c claim) asps() (out []*Keeper) {
	for _, r := range c.of {
		if _, is := r.Owner.(ASP); is {
			out = append(out, r)
		}
	}
	return out
}

// admit finds whose an association is, or refuses it.
func (p *Port) admit(ctx context.Context, a sctp.Assoc) {
	if p.node.Stopping() {
		a.Abort("the node stops")
		return
	}
	if c := p.node.claimSoon(p.Number, identity(a)); len(c.of) > 0 {
		p.settle(ctx, a, c)
		return
	}
	if c := p.node.claim(p.Number, a.Remote()); len(c.of) > 0 {
		p.awaitProof(ctx, a, c)
		return
	}
	p.receive(ctx, a)
}

// settle gives an association to one of those that it may be.
func (p *Port) settle(ctx context.Context, a sctp.Assoc, c claim) {
	asps := c.asps()
	shut := slices.DeleteFunc(slices.Clone(asps), func(r *Keeper) bool { return !r.isShut() })
	switch {
	case len(shut) == len(c.of):
		p.refuse(a, c.names()+" is shut down by configuration, and the association is refused")
	case len(c.of) == 1:
		p.accepted.Add(1)
		c.of[0].Take(a)
	case len(asps) == len(c.of) && !slices.ContainsFunc(asps, (*Keeper).asksUp):
		p.hear(ctx, a, asps, false)
	default: // nobody says who it is, so the first that is free has it, or waits for it
		c.of = slices.DeleteFunc(c.of, func(r *Keeper) bool { return slices.Contains(shut, r) })
		p.accepted.Add(1)
		if !slices.ContainsFunc(c.of, func(r *Keeper) bool { return r.takeIfFree(a) }) {
			c.of[0].Take(a)
		}
	}
}

// receive takes an association from where nobody is configured: of an ASP that is known by
// its identifier alone, or of anybody where policy lets it.
func (p *Port) receive(ctx context.Context, a sctp.Assoc) {
	sys := p.node.Config()
	port := sys.M3UA(p.Number)
	dynamic := port != nil && port.Accept == configs.AcceptAnybody
	roaming := p.node.aspsAt(p.Number, (*Keeper).roams)
	switch {
	case len(roaming) > 0:
		p.hear(ctx, a, roaming, dynamic)
	case dynamic:
		p.welcome(a)
	case p.node.Protocol(sys, p.Number) == nil:
		p.refuse(a, "no link is configured")
	default:
		p.refuse(a, "no asp is configured")
	}
}

// welcome takes the association of nobody configured as an ASP that may register keys.
func (p *Port) welcome(a sctp.Assoc) {
	if err := p.node.Welcome(p, a); err != nil {
		p.refuse(a, err.Error())
		return
	}
	p.accepted.Add(1)
}

// refuse ends an association that is nobody's, and says why at both ends.
func (p *Port) refuse(a sctp.Assoc, why string) {
	p.refused.Add(1)
	p.node.Refused.Add(1)
	a.Abort(p.tellRefused(a, why))
}

// dismiss is refuse for a far end that was told why in its own protocol, which is to arrive.
func (p *Port) dismiss(a sctp.Assoc, why string) {
	p.refused.Add(1)
	p.node.Refused.Add(1)
	p.tellRefused(a, why)
	a.Close()
}

// tellRefused logs that an association is refused, and gives the whole reason.
func (p *Port) tellRefused(a sctp.Assoc, why string) string {
	r := a.Remote()
	why = fmt.Sprintf("%s for %v port %d on %s", why, r.IPs, r.Port, p.Title)
	p.node.Log.AddFrom(list(r.IPs), "CS7SCTP", 4, "NOLINK", "association refused: "+why)
	return why
}

// awaitProof waits until one of the configured addresses that a far end lists has answered
// (RFC 9260 §5.4): SCTP asks it at once. c is whose addresses these are.
func (p *Port) awaitProof(ctx context.Context, a sctp.Assoc, c claim) {
	from := Source(a)
	if p.lobby.doubts(from) {
		p.refuse(a, fmt.Sprintf("it lists an address of %s, as did one before in vain, and is not waited for",
			c.names()))
		return
	}
	if !p.enter(a, from) {
		return
	}
	p.node.Group.Go(func() {
		defer p.leave(from)
		for end := time.Now().Add(ProofWait); time.Now().Before(end); {
			select {
			case <-ctx.Done():
				a.Abort("the port is closed")
				return
			case <-time.After(proofLook):
			}
			if c := p.node.claim(p.Number, identity(a)); len(c.of) > 0 {
				p.settle(ctx, a, c)
				return
			}
		}
		p.lobby.doubt(from)
		p.refuse(a, fmt.Sprintf("it lists an address of %s, from which nothing has answered within %v: "+
			"it is not who it says", c.names(), ProofWait))
	})
}

// enter takes a place in the lobby for an association, or refuses it.
func (p *Port) enter(a sctp.Assoc, from string) bool {
	ok, full := p.lobby.enter(from)
	switch {
	case ok:
		return true
	case full:
		why := fmt.Sprintf("%d associations wait already until it is known whose they are", lobbyRoom)
		p.node.Short(p.lobbyName(), why)
		p.refuse(a, why)
	default:
		const share = "%d associations from %s wait already until it is known whose they are"
		p.refuse(a, fmt.Sprintf(share, LobbyShare, from))
	}
	return false
}

func (p *Port) leave(from string) {
	p.lobby.leave(from)
	p.node.Short(p.lobbyName(), "")
}

// lobbyName is what a port runs out of when its lobby is full.
func (p *Port) lobbyName() string { return "places to wait at " + p.Title }

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
	if l.all >= lobbyRoom || l.inside[from] >= LobbyShare {
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
