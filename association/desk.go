package association

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/xua"
)

// desk reads an association until it is known which of several ASPs is at its far end. The ASP Identifier of ASPUP
// tells. Else the routing context or the interface tells that the next message names. Else it is the first ASP that is
// free. That ASP's keeper then reads again all that was heard here.
type desk struct {
	port   *Port
	assoc  sctp.Assoc
	proto  *Protocol
	heard  []sctp.Item
	octets int

	// If ASPUP did not tell: ASPUP was acknowledged here, so often, and these ASPs are left.
	greeted bool
	left    []*Keeper
	acks    int

	timer    *time.Timer // ends the wait for ASPUP, then for what names a routing context
	restarts int
}

// Protocol is what must be known of the protocol that the ASPs at a port speak.
type Protocol struct {
	Grammar xua.Grammar
	// Serves gives what an ASP serves (routing contexts, or interfaces), as words.
	Serves func(s *configs.System, asp string) []string
	// Foreign counts what a message names of that kind, and what of it is not in serves.
	Foreign func(s *configs.System, m xua.Message, serves []string) (named, foreign int)
}

// ContextWait is how long a routing context is waited for after ASPUP. Osmocom's programs
// send theirs two seconds after ASPUP Ack where no NTFY comes.
const ContextWait = 4 * time.Second

// What a far end may say before it is known who it is.
const (
	deskItems    = 64
	deskOctets   = 1 << 16
	deskRestarts = 4
)

// hear reads an association at a desk until it is known whose it is.
func (p *Port) hear(ctx context.Context, a sctp.Assoc) {
	proto := p.node.Protocol(p.node.Config(), p.Number)
	if proto == nil { // the port has just changed
		p.refuse(a, "no asp is configured")
		return
	}
	from := Source(a)
	if !p.enter(a, from) {
		return
	}
	d := &desk{port: p, assoc: a, proto: proto}
	p.node.Group.Go(func() {
		defer p.leave(from)
		stop := context.AfterFunc(ctx, func() { a.Abort("the port is closed") })
		defer stop()
		d.run()
	})
}

// reading is what one Read has given, in memory of its own.
type reading struct {
	items []sctp.Item
	err   error
}

// next reads in the background, because it may be decided whose the association is while nothing comes.
func (d *desk) next() <-chan reading {
	got := make(chan reading, 1)
	d.port.node.Group.Go(func() {
		batch := sctp.NewBatch(deskItems)
		err := d.assoc.Read(batch)
		for i := range batch.Items {
			batch.Items[i].Data = bytes.Clone(batch.Items[i].Data)
		}
		got <- reading{batch.Items, err}
	})
	return got
}

// run reads until it is decided whose the association is, or the association ends.
func (d *desk) run() {
	d.timer = time.NewTimer(SpeakWait)
	defer d.timer.Stop()
	for {
		got := d.next()
		select {
		case r := <-got:
			if r.err != nil || d.take(r.items) {
				return
			}
		case <-d.timer.C:
			if d.greeted {
				d.give(d.left, got)
				return
			}
			d.port.refuse(d.assoc, fmt.Sprintf("no ASP Up came within %v", SpeakWait))
			return
		}
	}
}

// take keeps what was heard and looks at it; true: it is decided.
func (d *desk) take(items []sctp.Item) bool {
	for i := range items {
		d.octets += len(items[i].Data)
	}
	d.heard = append(d.heard, items...)
	if len(d.heard) > deskItems || d.octets > deskOctets {
		d.port.refuse(d.assoc, "too much came before it is known who it is")
		return true
	}
	for i := range items {
		it := &items[i]
		if it.Event != nil {
			switch it.Event.Kind {
			case sctp.Lost, sctp.Closed:
				return true
			case sctp.Restart: // the far end has forgotten what came before
				d.heard, d.octets = slices.Clone(items[i:]), 0
				d.left, d.acks, d.greeted = nil, 0, false
				if d.restarts++; d.restarts > deskRestarts {
					d.port.refuse(d.assoc, "it restarts again and again before it is known who it is")
					return true
				}
				d.timer.Reset(SpeakWait)
			}
			continue
		}
		m, e := d.proto.Grammar.Parse(it.Data)
		if e == nil && d.message(it, m) {
			return true
		}
	}
	return false
}

// message looks at one message; true: it is decided.
func (d *desk) message(it *sctp.Item, m xua.Message) bool {
	switch m.Type {
	case xua.ASPUP:
		if d.greeted { // the far end repeats ASPUP
			d.acknowledge(it, m)
			return false
		}
		return d.greeting(it, m)
	case xua.BEAT, xua.BEATAck, xua.ERR, xua.NTFY, xua.ASPDN:
		return false
	}
	if !d.greeted {
		return false
	}
	d.give(d.serving(m), nil)
	return true
}

// greeting looks at ASPUP. What is configured now decides, since it may have changed while the far end was waited for.
func (d *desk) greeting(it *sctp.Item, m xua.Message) bool {
	id, has := m.Params.Uint32(xua.TagASPID)
	among, anybody := d.port.may(d.assoc)
	var unnamed, others []*Keeper
	for _, x := range among {
		switch c, _ := x.asp(); {
		case has && c.ID != nil && *c.ID == id:
			d.giveTo(x, nil)
			return true
		case c.ID == nil:
			unnamed = append(unnamed, x)
		case !has && len(x.Ends.Remote) > 0: // ASPUP need not have the identifier (RFC 4666 §3.5.1)
			others = append(others, x)
		}
	}
	d.left = append(unnamed, others...)
	switch {
	case len(d.left) == 0 && anybody:
		d.port.welcome(d.resume(nil))
	case len(d.left) == 0 && has:
		d.deny(xua.InvalidASPID, fmt.Sprintf("no asp with asp-identifier %d is configured", id))
	case len(d.left) == 0:
		d.deny(xua.ASPIDRequired, "ASP Up has no ASP Identifier, and no asp is configured")
	case slices.ContainsFunc(d.left, (*Keeper).isFree) && d.differ():
		d.acknowledge(it, m)
		d.greeted = true
		d.timer.Reset(ContextWait)
		return false
	default:
		d.give(d.left, nil)
	}
	return true
}

// differ tells whether what ASPAC names can tell apart those who are left.
func (d *desk) differ() bool {
	serves := func(r *Keeper) []string { return slices.Sorted(slices.Values(d.serves(r))) }
	return slices.ContainsFunc(d.left[1:], func(r *Keeper) bool { return !slices.Equal(serves(r), serves(d.left[0])) })
}

// serves are the routing contexts or the interfaces that an ASP serves, as words.
func (d *desk) serves(r *Keeper) []string { return d.proto.Serves(d.port.node.Config(), r.title()) }

// serving gives those of the ASPs left that serve all that a message names. If the message names nothing, or none of
// them serves it, these are all that are left.
func (d *desk) serving(m xua.Message) []*Keeper {
	some := slices.DeleteFunc(slices.Clone(d.left), func(r *Keeper) bool {
		named, foreign := d.proto.Foreign(d.port.node.Config(), m, d.serves(r))
		return named == 0 || foreign > 0
	})
	if len(some) == 0 {
		return d.left
	}
	return some
}

// acknowledge answers ASPUP in place of the ASP whose association it will be.
func (d *desk) acknowledge(it *sctp.Item, m xua.Message) {
	b := xua.Begin(nil, xua.ASPUPAck)
	if id, ok := m.Params.Uint32(xua.TagASPID); ok {
		b = xua.AppendUint32(b, xua.TagASPID, id)
	}
	d.acks++
	d.send(it.PPID, xua.End(b, 0))
}

func (d *desk) send(ppid uint32, b []byte) {
	_, _ = d.assoc.Send([]sctp.Message{{PPID: ppid, Data: b}}) // the far end repeats what is not answered
}

// give hands the association to the first of some ASPs that is free. pending is of a Read that goes on.
func (d *desk) give(to []*Keeper, pending <-chan reading) {
	var c claim
	shut := 0
	for _, x := range to {
		c.of = append(c.of, x)
		if x.isShut() {
			shut++
		}
	}
	if len(to) == 1 || shut == len(to) {
		d.giveTo(to[0], pending)
		return
	}
	a := d.resume(pending)
	if d.differ() {
		a.guess = &guess{desk: d, up: d.lastUp()}
	}
	for _, x := range to {
		if x.isShut() {
			continue
		}
		if a.guess != nil {
			a.guess.of = x
		}
		if x.takeIfFree(a) {
			d.port.accepted.Add(1)
			return
		}
	}
	if !slices.ContainsFunc(to, (*Keeper).Lasting) {
		d.port.refuse(d.assoc, c.names()+" is configured otherwise now, and the association is refused")
		return
	}
	d.deny(xua.InvalidASPID, "each has an association already: "+c.names())
}

// giveTo hands the association to the ASP whose it is.
func (d *desk) giveTo(x *Keeper, pending <-chan reading) {
	if x.isShut() {
		d.deny(xua.ManagementBlocking, x.Owner.Name()+" is shut down by configuration")
		return
	}
	d.port.accepted.Add(1)
	x.Take(d.resume(pending))
	x.abortGuess()
}

// deny tells the far end the reason in its own protocol too, then ends the association.
func (d *desk) deny(code xua.Code, why string) {
	ppid := uint32(0)
	for i := range d.heard {
		if d.heard[i].Event == nil {
			ppid = d.heard[i].PPID
		}
	}
	d.send(ppid, xua.End(xua.AppendUint32(xua.Begin(nil, xua.ERR), xua.TagErrorCode, uint32(code)), 0))
	d.port.dismiss(d.assoc, why)
}

// resume gives an association that begins with what was heard here.
func (d *desk) resume(pending <-chan reading) *resumed {
	r := &resumed{Assoc: d.assoc, heard: d.heard, pending: pending}
	r.acks.Store(int32(d.acks))
	return r
}

// resumed is an association of which a desk has heard the beginning. Its Read gives that first.
type resumed struct {
	sctp.Assoc
	heard   []sctp.Item    // not read yet; the reader's own, as pending is
	pending <-chan reading // of a Read that goes on
	acks    atomic.Int32   // of ASPUP, that the far end has already
	guess   *guess         // the reader's own; nil: the owner is no guess
}

// Read gives what was heard first.
func (r *resumed) Read(b *sctp.Batch) error {
	if err := r.read(b); err != nil || r.guess == nil {
		return err
	}
	return r.guess.check(r, b.Items)
}

func (r *resumed) read(b *sctp.Batch) error {
	if len(r.heard) > 0 {
		b.Items, r.heard = append(b.Items[:0], r.heard...), nil
		return nil
	}
	if r.pending != nil {
		got := <-r.pending
		b.Items, r.pending = append(b.Items[:0], got.items...), nil
		return got.err
	}
	return r.Assoc.Read(b)
}

// Send leaves out the acknowledgements that the far end has already.
func (r *resumed) Send(msgs []sctp.Message) (int, error) {
	if r.acks.Load() > 0 && len(msgs) == 1 && isASPUPAck(msgs[0].Data) {
		r.acks.Add(-1)
		return 1, nil
	}
	return r.Assoc.Send(msgs)
}

func isASPUPAck(b []byte) bool {
	return len(b) >= 8 && xua.Type(b[2])<<8|xua.Type(b[3]) == xua.ASPUPAck
}
