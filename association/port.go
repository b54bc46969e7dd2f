package association

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp"
)

// bindRetry is the time between two attempts to bind a port.
const bindRetry = 2 * time.Second

// Port is an SCTP or TCP port of this node. Links and ASPs dial from it, and their far ends dial it.
type Port struct {
	node   *Node
	Number uint16
	Title  string // for example local-peer 1024, or m3ua 2905
	Kind   configs.Transport

	accepted, refused atomic.Uint64

	lobby lobby

	mu        lock.Mutex[lock.LocalPort]
	cfg       configs.LocalPeer
	transport sctp.Transport
	choice    string        // why this transport was chosen
	endpoint  sctp.Endpoint // nil: not bound
	why       string        // why the port is not bound
	since     time.Time     // when it was bound, or ceased to be
	changed   chan struct{} // closed and replaced when endpoint changes

	cancel context.CancelFunc
}

// NewPort makes a port, which binds itself as soon as it can.
func (n *Node) NewPort(kind configs.Transport, cfg *configs.LocalPeer, title string) *Port {
	ctx, cancel := context.WithCancel(n.Context)
	p := &Port{node: n, Number: cfg.Port, Title: title, Kind: kind, cfg: *cfg, cancel: cancel,
		changed: make(chan struct{}), why: "not bound yet", since: time.Now()}
	if !p.bind() {
		n.Group.Go(func() { p.keepBinding(ctx) })
	} else {
		n.Group.Go(func() { p.accept(ctx) })
	}
	return p
}

// settable is an endpoint whose settings for associations that it accepts can be changed.
type settable interface{ Set(sctp.Params) }

// Configure puts in force what needs no new binding.
func (p *Port) Configure(cfg *configs.LocalPeer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg = *cfg
	if e, ok := p.endpoint.(settable); ok {
		e.Set(SettingsFor(cfg, nil).Params)
	}
}

func (p *Port) config() configs.LocalPeer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg
}

// ips are the local addresses.
func (p *Port) ips() (out []netip.Addr) {
	c := p.config()
	for _, ip := range c.IPs {
		out = append(out, ip.IP)
	}
	return out
}

// addresses lists those of a local-peer for a person.
func addresses(c *configs.LocalPeer) string {
	if c.Anywhere {
		return "every address of this machine"
	}
	var out []string
	for _, ip := range c.IPs {
		out = append(out, ip.IP.String())
	}
	return strings.Join(out, ", ")
}

// bind tries once to bind the port, and tells whether it is bound.
func (p *Port) bind() bool {
	c := p.config()
	switch {
	case c.Shutdown:
		p.set(nil, "shut down by configuration")
		return false
	case len(c.IPs) == 0 && !c.Anywhere:
		p.set(nil, "it has no local-ip")
		return false
	}
	t, choice, err := p.node.Transport(p.Kind)
	if err != nil {
		p.set(nil, err.Error())
		return false
	}
	if s, ok := t.(interface {
		Share(*sctp.Budget, *sctp.Backlog)
	}); ok {
		s.Share(p.node.Shared.Memory, p.node.Shared.Backlog)
	}
	if s, ok := t.(interface{ OnLack(func(why string)) }); ok {
		s.OnLack(p.node.Shared.Lack)
	}
	p.mu.Lock()
	p.transport, p.choice = t, choice
	p.mu.Unlock()
	a := sctp.Addr{Port: c.Port, UDP: c.UDPPort}
	if a.IPs = p.ips(); c.Anywhere {
		a.IPs = []netip.Addr{sctp.Anywhere}
	}
	e, err := t.Open(a, SettingsFor(&c, nil).Params)
	if err != nil {
		p.set(nil, err.Error()+p.node.Ground(a.IPs))
		return false
	}
	if p.node.Stopping() { // ports were shut before this one was bound
		e.Shut()
	}
	p.set(e, "")
	p.node.Log.Add("CS7SCTP", 5, "BIND", fmt.Sprintf("%s is bound at %s: %s", p.Title, addresses(&c), p.carrier()))
	return true
}

// carrier names the transport of the port and says why it was chosen; empty: there is none.
func (p *Port) carrier() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.transport == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s: %s)", p.transport.Name(), p.Kind, p.choice)
}

// Over is the transport of the port; nil: there is none.
func (p *Port) Over() sctp.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.transport
}

// stateSince is when the port was bound, or ceased to be.
func (p *Port) stateSince() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.since
}

func (p *Port) set(e sctp.Endpoint, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (e == nil) != (p.endpoint == nil) {
		p.since = time.Now()
	}
	if (e == nil) != (p.endpoint == nil) || why != p.why {
		p.node.Recheck()
	}
	p.endpoint, p.why = e, why
	close(p.changed)
	p.changed = make(chan struct{})
}

// current gives the endpoint, or why there is none, and a channel that is closed when that changes.
func (p *Port) current() (sctp.Endpoint, string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.endpoint, p.why, p.changed
}

// keepBinding tries until the port is bound. It logs each new reason why the port is not.
func (p *Port) keepBinding(ctx context.Context) {
	c := p.config()
	if c.Shutdown || len(c.IPs) == 0 && !c.Anywhere {
		return
	}
	told := ""
	for {
		if _, why, _ := p.current(); why != told {
			p.node.Log.AddFrom(p.Title, "CS7SCTP", 4, "BIND", fmt.Sprintf("%s is not bound: %s", p.Title, why))
			told = why
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(bindRetry):
		}
		if p.bind() {
			p.accept(ctx)
			return
		}
	}
}

// accept gives each association that a far end sets up to its owner.
func (p *Port) accept(ctx context.Context) {
	e, _, _ := p.current()
	if e == nil {
		return // the port was closed meanwhile
	}
	defer func() {
		if ctx.Err() != nil { // the port was closed while it was being bound
			e.Close()
		}
	}()
	for {
		a, err := e.Accept(ctx)
		if err != nil {
			return
		}
		p.admit(ctx, a)
	}
}

// Close ends the port and its associations.
func (p *Port) Close() {
	p.cancel()
	if e, _, _ := p.current(); e != nil {
		e.Close()
	}
	p.set(nil, p.Title+" is gone")
}

// Shut lets nobody in any more.
func (p *Port) Shut() {
	if e, _, _ := p.current(); e != nil {
		e.Shut()
	}
}

// Trouble says why a port is not bound that should be; empty: there is no such trouble.
func (p *Port) Trouble() string {
	if e, why, _ := p.current(); e == nil && !p.config().Shutdown {
		return why
	}
	return ""
}

// Rebind gives the cause for which a port cannot stay as it is bound; nil: it can.
func (p *Port) Rebind(next *configs.System, to *configs.LocalPeer) error {
	if to == nil {
		return Cause("is gone")
	}
	is := p.config()
	kind := next.TransportOf(to)
	switch {
	case to.Shutdown && !is.Shutdown:
		return Cause("is shut down by configuration")
	case is.Shutdown != to.Shutdown:
		return Cause("is bound again")
	case kind != p.Kind:
		return Cause(fmt.Sprintf("is bound anew: its transport was %s and is %s", p.Kind, kind))
	case addresses(&is) != addresses(to):
		return Cause(fmt.Sprintf("is bound anew: its addresses were %s and are %s",
			orNone(addresses(&is)), orNone(addresses(to))))
	case is.UDPPort != to.UDPPort:
		return Cause("is bound anew: its udp-port was changed")
	case is.AnyChecksum != to.AnyChecksum:
		return Cause("is bound anew: its checksum setting was changed")
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
