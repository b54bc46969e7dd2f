package node

import (
	"fmt"
	"sync/atomic"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// m2uaBearer is M2UA over the association of a gateway, which has the level 2 of the link. The link's own keeper never
// runs.
type m2uaBearer struct {
	*level2
	m2ua    *m2ua.Link
	gateway atomic.Pointer[m2uaASP] // nil: it is not configured any more
}

// newLinkAtGateway makes a link whose level 2 is at an interface of a gateway.
func (n *Node) newLinkAtGateway(id ss7.PathID, key linkKey, cfg configs.Link, v *ss7.Variant) *link {
	l := &link{linkset: key.linkset}
	l.node, l.id, l.title, l.cfg, l.kind, l.user = n, id, key.title(), cfg, v, l
	l.Prepare(n.assoc, l, association.Ends{}, association.Settings{}, nil)
	m := m2ua.NewLink(id, atGateway(labelOf(cfg.Interface, v)))
	l.drive(m, &m2uaBearer{level2: &l.level2, m2ua: m})
	return l
}

// setInterface is told which interface of its gateway a link has.
func (b *m2uaBearer) setInterface(label m2ua.Label) {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	b.m2ua.SetConfig(atGateway(label))
}

func atGateway(label m2ua.Label) m2ua.LinkConfig {
	return m2ua.LinkConfig{Label: label, Answer: m2ua.DefaultAnswer, Establish: m2ua.DefaultEstablish}
}

// odd implements bearer. The gateway's ASP has looked at the payload protocol identifier already.
func (b *m2uaBearer) odd(uint32) {}

// send implements bearer.
func (b *m2uaBearer) send(messages []sctp.Message) {
	if g := b.gateway.Load(); g != nil {
		g.send(b.id, messages)
	}
}

// assocView implements bearer.
func (b *m2uaBearer) assocView() association.View {
	if g := b.gateway.Load(); g != nil {
		return g.View()
	}
	return b.Keeper.View()
}

// association implements bearer.
func (b *m2uaBearer) association() (sctp.Assoc, string) {
	if g := b.gateway.Load(); g != nil {
		return g.Association()
	}
	return nil, b.Keeper.View().Why
}

// view implements bearer. In the words of M2PA there is less to say of a link at a gateway.
func (b *m2uaBearer) view() m2pa.View { return m2paView(b.m2ua.Status()) }

// configure implements bearer. The settings of M2PA are the gateway's own.
func (b *m2uaBearer) configure(m2pa.Config) {}

// noted implements bearer.
func (b *m2uaBearer) noted(ev *ss7.Event) (topic, text string) {
	return "m2ua", fmt.Sprintf("%v: %s", m2ua.LinkState(ev.Arg), ev.Why)
}

// doubt implements bearer.
func (b *m2uaBearer) doubt(*m2pa.View) (text string, beyond bool) {
	a, _ := b.association()
	if silent := silentFor(a); silent > 0 {
		return fmt.Sprintf("gateway %s has acknowledged nothing for %v, so they may not have arrived there",
			b.cfg.Gateway, silent), false
	}
	return "gateway " + b.cfg.Gateway + " has them; what its link did with them is not known here", true
}
