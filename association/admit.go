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

// One rule says whose an association is that a far end has set up, for links and for the ASPs of M3UA and M2UA, over
// every transport. A far end is known by the addresses at which it has proved to be (RFC 9260 §5.4), never by those
// that it lists. An association whose owner is not known yet waits for some seconds in the lobby of its port, which has
// room for a few. Afterwards the association is ended with a reason, and the reason is logged.

// What the lobby of a port has room for, and for how long.
const (
	ProofWait   = 5 * time.Second        // for an address that a far end lists to answer
	proofLook   = 100 * time.Millisecond // between two looks whether it has answered
	SpeakWait   = 10 * time.Second       // for a far end to say who it is
	Unserved    = 10 * time.Second       // for the association before to end
	lobbyRoom   = 128                    // associations
	LobbyShare  = 16                     // associations from one source
	doubtFor    = time.Minute            // how long a source that claimed another's address is not waited for
	doubtsAtAll = 1024                   // sources that are remembered for that
)

// identity is the address by which a far end is known.
func identity(a sctp.Assoc) sctp.Addr {
	return sctp.Addr{IPs: a.Confirmed(), Port: a.Remote().Port}
}

// Source is where a far end has proved to be when it set its association up. What all unknown far ends share is divided
// by source, whatever addresses they list. With IPv6 the source is the network, since one host has as many addresses as
// it likes there.
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

// claim is whose an association may be, by its addresses.
type claim struct {
	of []*Keeper // in the order of the configuration
}

// claim finds those to whom an association with a far end may belong. Those for whom the far end's port is configured
// go before those who take any port.
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

// claimSoon is claim, once more after a change of the configuration that goes on. The change may have bound the port
// already and make the link or ASP in a moment.
func (n *Node) claimSoon(local uint16, far sctp.Addr) (c claim) {
	if c = n.claim(local, far); len(c.of) > 0 {
		return c
	}
	n.Settled(func() { c = n.claim(local, far) })
	return c
}

// aspsAt gives the configured ASPs of a port for which fit is true, in the order of the configuration.
func (n *Node) aspsAt(local uint16, fit func(*Keeper) bool) (out []*Keeper) {
	for r := range n.Keepers() {
		if _, is := r.Owner.(ASP); is && r.Stranger == "" && r.Ends.LocalPort == local && fit(r) && r.Lasting() {
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

// names lists the owners for a person.
func (c claim) names() string {
	var out []string
	for _, r := range c.of {
		out = append(out, r.Owner.Name())
	}
	return strings.Join(out, ", ")
}

// asps gives the owners that are ASPs.
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
		p.hear(ctx, a)
	default: // the far end will not say who it is: the first that is free has the association, or it waits for the first
		c.of = slices.DeleteFunc(c.of, func(r *Keeper) bool { return slices.Contains(shut, r) })
		p.accepted.Add(1)
		if !slices.ContainsFunc(c.of, func(r *Keeper) bool { return r.takeIfFree(a) }) {
			c.of[0].Take(a)
		}
	}
}

// receive takes an association from an address at which nobody is configured. It may be that of an ASP that is known by
// its identifier alone, or of anybody where the port accepts anybody.
func (p *Port) receive(ctx context.Context, a sctp.Assoc) {
	roaming, anybody := p.may(a)
	switch {
	case len(roaming) > 0:
		p.hear(ctx, a)
	case anybody:
		p.welcome(a)
	case p.node.Protocol(p.node.Config(), p.Number) == nil:
		p.refuse(a, "no link is configured")
	default:
		p.refuse(a, "no asp is configured")
	}
}

// may gives the ASPs that may be at the far end of an association, in the order of the configuration: by where it has
// proved to be, else those that are known by their identifier alone. anybody tells that it may also be a stranger.
func (p *Port) may(a sctp.Assoc) (asps []*Keeper, anybody bool) {
	if asps = p.node.claim(p.Number, identity(a)).asps(); len(asps) > 0 {
		return asps, false
	}
	port := p.node.Config().M3UA(p.Number)
	return p.node.aspsAt(p.Number, (*Keeper).roams), port != nil && port.Accept == configs.AcceptAnybody
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

// dismiss is refuse for a far end that was told the reason in its own protocol. It closes the association, so that the
// message arrives.
func (p *Port) dismiss(a sctp.Assoc, why string) {
	p.refused.Add(1)
	p.node.Refused.Add(1)
	p.tellRefused(a, why)
	a.Close()
}

// tellRefused logs that an association is refused, and gives the whole reason. The line counts for where the far end
// has proved to be: with other addresses listed each time, none of its lines would repeat another.
func (p *Port) tellRefused(a sctp.Assoc, why string) string {
	r := a.Remote()
	why = fmt.Sprintf("%s for %v port %d on %s", why, r.IPs, r.Port, p.Title)
	p.node.Log.AddFrom(Source(a), "CS7SCTP", 4, "NOLINK", "association refused: "+why)
	return why
}

// awaitProof waits until one of the configured addresses that a far end lists has answered. SCTP asks each at once
// (RFC 9260 §5.4). c is whose addresses these are.
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

// lobbyName names what a port has run out of when its lobby is full.
func (p *Port) lobbyName() string { return "places to wait at " + p.Title }

// lobby counts the associations of a port that wait until it is known whose they are.
type lobby struct {
	mu     lock.Mutex[lock.Lobby]
	inside map[string]int // by source
	all    int
	liars  map[string]time.Time // sources that listed another's address in vain, and until when each is remembered
}

// enter takes a place. If it is not ok there is none for that source; full tells that there is none for anybody.
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

// doubt notes that nothing has answered at an address that a source has listed.
func (l *lobby) doubt(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.liars == nil || len(l.liars) >= doubtsAtAll {
		l.liars = map[string]time.Time{}
	}
	l.liars[from] = time.Now().Add(doubtFor)
}

// doubts tells whether a source has listed another's address in vain lately.
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
