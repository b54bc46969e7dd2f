package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
)

// bindRetry is how long a port that could not be bound waits for the next try.
const bindRetry = 2 * time.Second

// m2paParams: M2PA has exactly two streams each way (RFC 4165 §1.5.2).
var m2paParams = sctp.Params{OutStreams: 2, InStreams: 2}

// peer is a local peer: a bound SCTP port that links dial from and accept at.
type peer struct {
	node *Node
	cfg  configs.LocalPeer

	mu       sync.Mutex
	endpoint sctp.Endpoint // nil: not bound
	why      string        // it is not bound
	changed  chan struct{} // closed and replaced when endpoint changes

	cancel context.CancelFunc
}

func (n *Node) newPeer(cfg *configs.LocalPeer) *peer {
	ctx, cancel := context.WithCancel(n.ctx)
	p := &peer{node: n, cfg: *cfg, cancel: cancel, changed: make(chan struct{}), why: "not bound yet"}
	if !p.bind() {
		n.group.Go(func() { p.keepBinding(ctx) })
	} else {
		n.group.Go(func() { p.accept(ctx) })
	}
	return p
}

func (p *peer) addr() sctp.Addr {
	a := sctp.Addr{Port: p.cfg.Port, UDP: p.cfg.UDPPort}
	for _, ip := range p.cfg.IPs {
		a.IPs = append(a.IPs, ip.IP)
	}
	return a
}

// bind tries once and tells whether the port is bound.
func (p *peer) bind() bool {
	switch {
	case p.cfg.Shutdown:
		p.set(nil, "shut down by configuration")
		return false
	case len(p.cfg.IPs) == 0:
		p.set(nil, "it has no local-ip")
		return false
	}
	t, _, err := p.node.opt.Platform.Transport("auto")
	if err != nil {
		p.set(nil, err.Error())
		return false
	}
	e, err := t.Open(p.addr(), m2paParams)
	if err != nil {
		p.set(nil, err.Error())
		return false
	}
	p.set(e, "")
	return true
}

func (p *peer) set(e sctp.Endpoint, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endpoint, p.why = e, why
	close(p.changed)
	p.changed = make(chan struct{})
}

// current gives the endpoint, or why there is none, and a channel that closes
// when that changes.
func (p *peer) current() (sctp.Endpoint, string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.endpoint, p.why, p.changed
}

func (p *peer) keepBinding(ctx context.Context) {
	if p.cfg.Shutdown || len(p.cfg.IPs) == 0 {
		return
	}
	_, told, _ := p.current()
	p.node.log.Add("CS7SCTP", 4, "BIND", fmt.Sprintf("local-peer %d: %s", p.cfg.Port, told))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(bindRetry):
		}
		if p.bind() {
			p.node.log.Add("CS7SCTP", 5, "BIND", fmt.Sprintf("local-peer %d is bound", p.cfg.Port))
			p.accept(ctx)
			return
		}
	}
}

// accept hands each association that a far end sets up to its link.
func (p *peer) accept(ctx context.Context) {
	e, _, _ := p.current()
	for {
		a, err := e.Accept(ctx)
		if err != nil {
			return
		}
		if l := p.node.linkFor(p.cfg.Port, a.Remote()); l != nil {
			l.take(a)
			continue
		}
		p.node.discards.unknownPeer.Add(1)
		r := a.Remote()
		why := fmt.Sprintf("no link is configured for %v port %d on local-peer %d", r.IPs, r.Port, p.cfg.Port)
		p.node.log.AddLimited("CS7SCTP", 4, "NOLINK", "association refused: "+why)
		a.Abort(why)
	}
}

func (p *peer) close() {
	p.cancel()
	if e, _, _ := p.current(); e != nil {
		e.Close()
	}
	p.set(nil, "local-peer is gone")
}

// linkFor finds the link whose far end is remote.
func (n *Node) linkFor(local uint16, remote sctp.Addr) *link {
	v := n.view.Load()
	for _, l := range v.paths {
		if l == nil || l.cfg.LocalPort != local || l.cfg.RemotePort != remote.Port {
			continue
		}
		for _, ip := range l.cfg.Remote {
			for _, r := range remote.IPs {
				if ip == r {
					return l
				}
			}
		}
	}
	return nil
}
