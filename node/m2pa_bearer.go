package node

import (
	"errors"
	"fmt"
	"net"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// m2paBearer is M2PA over the link's own association.
type m2paBearer struct {
	*level2
	m2pa    *m2pa.Link
	badPPID bool // the far end was found to send another payload protocol identifier than M2PA's
}

// newM2PA makes a level 2 of M2PA; run brings it to life. The caller sets its user.
func (n *Node) newM2PA(l *level2, id ss7.PathID, title string, cfg configs.Link, conf m2pa.Config,
	how association.Settings, p *association.Port) {
	l.node, l.id, l.title, l.cfg, l.kind = n, id, title, cfg, conf.Variant
	at := association.Ends{Remote: cfg.Remote, RemotePort: cfg.RemotePort, LocalPort: cfg.LocalPort,
		UDPPort: cfg.UDPPort, Passive: cfg.Passive}
	l.Prepare(n.assoc, l, at, how, p)
	l.over(m2pa.New(id, conf))
}

// over makes m the machine of the link.
func (l *level2) over(m *m2pa.Link) { l.drive(m, &m2paBearer{level2: l, m2pa: m}) }

// Unfit says why an association cannot carry the link: M2PA has a stream for Link Status and one for User Data,
// both ways (RFC 4165 §1.5.2).
func (l *level2) Unfit(s *sctp.Status) string {
	if s.OutStreams >= 2 && s.InStreams >= 2 {
		return ""
	}
	return fmt.Sprintf("M2PA needs 2 streams each way, and the far end agrees to %d out and %d in (its settings "+
		"for SCTP streams)", s.OutStreams, s.InStreams)
}

// odd implements bearer. Some stacks send the payload protocol identifier in host order, or none: the port is
// configured for M2PA, so the message is taken (RFC 4165 §2.1 wants 5).
func (b *m2paBearer) odd(ppid uint32) {
	if b.badPPID {
		return
	}
	b.badPPID = true
	b.node.log.Add("CS7M2PA", 4, "PPID", fmt.Sprintf(
		"%s: the far end sends payload protocol identifier %d instead of 5; taken as M2PA", b.title, ppid))
}

// send implements bearer. SCTP queues far more than the machine's own window; if it refuses all the same, sequence
// numbers would be missing at the far end, so the association ends (RFC 4165 §4.1.7).
func (b *m2paBearer) send(messages []sctp.Message) {
	if b.Assoc == nil {
		return
	}
	if n, err := b.Assoc.Send(messages); n < len(messages) && !errors.Is(err, net.ErrClosed) {
		b.AbortLocked(fmt.Sprintf("%d of %d messages could not be queued: %v", len(messages)-n, len(messages), err))
	}
}

// assocView implements bearer.
func (b *m2paBearer) assocView() association.View { return b.Keeper.View() }

// association implements bearer.
func (b *m2paBearer) association() (sctp.Assoc, string) { return b.Keeper.Association() }

// view implements bearer.
func (b *m2paBearer) view() m2pa.View { return b.m2pa.Status() }

// configure implements bearer.
func (b *m2paBearer) configure(c m2pa.Config) {
	if taped, ok := b.machine.(*tapedLink); ok {
		taped.SetConfig(c)
		return
	}
	b.m2pa.SetConfig(c)
}

// doubt implements bearer. MSUs that wait for an acknowledgement were looked at before.
func (b *m2paBearer) doubt(st *m2pa.View) (text string, beyond bool) {
	if st.State != m2pa.InService {
		return fmt.Sprintf("level 2 of that link is %v: %s", st.State, st.Why), false
	}
	return "its far end has acknowledged them, so they or their answers were lost there or beyond", true
}

// noted implements bearer.
func (b *m2paBearer) noted(ev *ss7.Event) (topic, text string) {
	return "m2pa", fmt.Sprintf("%v: %s", m2pa.State(ev.Arg), ev.Why)
}
