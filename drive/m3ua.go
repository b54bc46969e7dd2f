package drive

import (
	"errors"
	"fmt"
	"time"

	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/loop"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// M3UA is an M3UA layer (RFC 4666) with its associations: an ASP, an IPSP or a gateway, as its configuration says. It
// discards an MSU that finds no ASP, and has one lock for everything. Package node has what a large gateway needs.
type M3UA struct {
	receive func(from, as ss7.PathID, m *ss7.MSU)
	event   func(ev ss7.Event)

	mu       lock.Mutex[lock.DriveM3UA] // the loop's Lock: it guards what follows
	loop     loop.Loop
	layer    *m3ua.Layer
	ends     map[ss7.PathID]*association
	open     map[ss7.PathID]bool // AS that take traffic, as event was told last
	turn     uint32
	arena    []byte
	messages []sctp.Message
}

type association struct {
	assoc   sctp.Assoc
	streams uint16 // streams that go out
	lone    bool   // the far end has one outgoing stream alone
}

// Paths of the configuration that ASPOf gives.
const (
	Gateway ss7.PathID = iota + 1 // the gateway of an ASP
	Server                        // the AS of an ASP, by which it sends
)

// ASPOf gives the configuration of an ASP of one AS. own is the AS's point code, and rc its routing context.
func ASPOf(v *ss7.Variant, own ss7.PC, rc uint32) m3ua.Config {
	as := m3ua.ASConfig{Away: true, Key: m3ua.Key{Terms: []m3ua.Term{{DPC: ss7.Range{PC: own, Len: v.Bits()}}}}}
	as.ASConfig = xua.ASConfig{Path: Server, Name: "own", ID: rc, HasID: true,
		Members: []xua.MemberConfig{{ASP: Gateway, Weight: 1}}}
	gateway := xua.ASPConfig{Path: Gateway, Name: "gateway", Role: xua.RoleASP, TAck: xua.DefaultTAck}
	return m3ua.Config{Networks: []m3ua.Network{{Variant: v}}, ASPs: []m3ua.ASPConfig{{ASPConfig: gateway}},
		ASs: []m3ua.ASConfig{as}}
}

// NewM3UA makes a layer with a configuration, which names each ASP and each AS by a path. receive takes an MSU that
// came from an ASP for an AS. The MSU is valid until receive returns; the goroutine that serves the association calls
// it. event takes:
//
//   - InService and OutOfService, when the AS of Path takes traffic, or no longer
//   - Pause, Resume, Restricted, Status and UserPart: what far ends say of destinations
//   - StateChange: what is worth a line of a log, about Path, in Why
func NewM3UA(c m3ua.Config, receive func(from, as ss7.PathID, m *ss7.MSU), event func(ev ss7.Event)) (*M3UA, error) {
	x := &M3UA{receive: receive, event: event, layer: m3ua.New(), ends: map[ss7.PathID]*association{},
		open: map[ss7.PathID]bool{}}
	x.loop = loop.Loop{Machine: x.layer, Hands: (*m3uaHands)(x), Lock: &x.mu}
	var err error
	x.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action {
		out, err = x.layer.Configure(now, c, out)
		return out
	})
	return x, err
}

// Do has the layer do something that M3UA has no method for, such as Audit.
func (x *M3UA) Do(f func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action) {
	x.loop.Run(func(now time.Time, out []ss7.Action) []ss7.Action { return f(now, x.layer, out) })
}

// Serve uses a as the association of ASP asp until it ends. The error says why it ended; it is never nil.
func (x *M3UA) Serve(asp ss7.PathID, a sctp.Assoc) error {
	x.Attach(asp, a)
	over := after(a, func(items []sctp.Item) { x.Recv(asp, items) })
	x.mu.Lock()
	delete(x.ends, asp)
	x.mu.Unlock()
	x.loop.Tell(ss7.Event{Kind: ss7.CommLost, Path: asp, Why: over.Error()})
	return over
}

// Attach and Recv are what Serve consists of, for a program that reads the association itself.
func (x *M3UA) Attach(asp ss7.PathID, a sctp.Assoc) {
	st := a.Status()
	x.mu.Lock()
	x.ends[asp] = &association{a, st.OutStreams, st.InStreams == 1}
	x.mu.Unlock()
	x.loop.Tell(ss7.Event{Kind: ss7.CommUp, Path: asp})
}

// Recv takes what was read.
func (x *M3UA) Recv(asp ss7.PathID, items []sctp.Item) {
	var d m3ua.Data
	gate, lone := x.gate(asp)
	for i := range items {
		it := &items[i]
		if it.Event == nil && m3ua.IsData(it.Data) {
			x.data(asp, gate, lone, it, &d)
			continue
		}
		switch {
		case it.Event == nil:
			x.Do(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
				return l.Recv(now, asp, it.Stream, it.PPID, it.Data, out)
			})
		case it.Event.Kind == sctp.Restart:
			x.loop.Tell(ss7.Event{Kind: ss7.CommRestart, Path: asp, Why: it.Event.Why})
		}
		gate, lone = x.gate(asp) // the message may have changed what the ASP may send
	}
}

// gate gives what an ASP, from which something has come, may send. lone: the association has one stream alone.
func (x *M3UA) gate(asp ss7.PathID) (gate *m3ua.Gate, lone bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.layer.Heard(time.Now(), asp)
	end := x.ends[asp]
	return x.layer.Gate(asp), end != nil && end.lone
}

// data takes one DATA, if the ASP may send it.
func (x *M3UA) data(asp ss7.PathID, gate *m3ua.Gate, lone bool, it *sctp.Item, d *m3ua.Data) {
	if gate == nil {
		return
	}
	stream := it.Stream
	if lone && stream == 0 { // the far end has no other stream
		stream = 1
	}
	as, refusal, e := gate.Recv(stream, it.PPID, it.Data, d)
	switch {
	case refusal == m3ua.Taken:
		x.receive(asp, as, &d.MSU)
	case !e.Silent:
		x.Do(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action { return l.Refuse(now, asp, e, out) })
	}
}

// Select gives the AS whose routing key m fits.
func (x *M3UA) Select(m *ss7.MSU) (as ss7.PathID, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.layer.Selector(0); s != nil {
		as = s.Find(m)
	}
	return as, as != 0
}

// Label gives the label with which DATA of an AS to an ASP begins, for a program that writes DATA itself; false: the
// ASP takes none.
func (x *M3UA) Label(asp, as ss7.PathID) (*m3ua.Label, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if gate := x.layer.Gate(asp); gate != nil {
		return gate.To(as)
	}
	return nil, false
}

// Send sends an MSU to the ASP or gateway that the traffic mode of the AS chooses; in broadcast, to all of them.
func (x *M3UA) Send(as ss7.PathID, m *ss7.MSU) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	way := x.layer.Way(as)
	if way == nil || way.State != xua.ASActive {
		return errors.New("no ASP is active for the AS")
	}
	if way.Mode == xua.Broadcast {
		var errs []error
		for _, p := range way.All {
			errs = append(errs, x.sendTo(p, as, m))
		}
		return errors.Join(errs...)
	}
	x.turn++
	return x.sendTo(way.Pick(m.SLS, x.turn), as, m)
}

// sendTo sends one DATA. The caller holds mu.
func (x *M3UA) sendTo(asp, as ss7.PathID, m *ss7.MSU) error {
	gate, end := x.layer.Gate(asp), x.ends[asp]
	if gate == nil || end == nil {
		return fmt.Errorf("ASP %d has no association", asp)
	}
	label, ok := gate.To(as)
	switch {
	case !ok:
		return fmt.Errorf("ASP %s does not take traffic", gate.Name)
	case len(m.Payload) > m3ua.MaxPayload:
		return fmt.Errorf("%d octets are too many for one DATA", len(m.Payload))
	}
	x.arena = label.Append(x.arena[:0], m)
	return x.write(end, m3ua.Stream(m.SLS, end.streams), x.arena)
}

// write sends one message. The caller holds mu.
func (x *M3UA) write(end *association, stream uint16, b []byte) error {
	x.messages = append(x.messages[:0], sctp.Message{Stream: stream, PPID: m3ua.PPID, Data: b})
	_, err := end.assoc.Send(x.messages)
	return err
}

// Close ends all associations for good.
func (x *M3UA) Close(why string) {
	x.Do(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action { return l.Quit(now, out) })
	x.loop.Stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, end := range x.ends {
		end.assoc.Abort(why)
	}
}

// m3uaHands are the Hands of an M3UA's loop.
type m3uaHands M3UA

// Send ends an association that has no room for a message of the layer: the far end would be in another state than
// ours.
func (x *m3uaHands) Send(a *ss7.Action) {
	if end := x.ends[a.Event.Path]; end != nil {
		if err := (*M3UA)(x).write(end, a.Stream, a.Wire); err != nil {
			end.assoc.Abort(fmt.Sprintf("a message could not be queued: %v", err))
		}
	}
}

// Raise tells event of an AS only when the AS has begun or ceased to take traffic.
func (x *m3uaHands) Raise(ev *ss7.Event) {
	if ev.Kind < ss7.OwnKind {
		x.event(*ev)
	}
	if ev.Kind != xua.Republish {
		return
	}
	way := x.layer.Way(ev.Path)
	is := way != nil && way.State == xua.ASActive
	if x.open[ev.Path] == is {
		return
	}
	x.open[ev.Path] = is
	kind := ss7.OutOfService
	if is {
		kind = ss7.InService
	}
	x.event(ss7.Event{Kind: kind, Path: ev.Path})
}

func (x *m3uaHands) Hangup(ev *ss7.Event) {
	if end := x.ends[ev.Path]; end != nil {
		end.assoc.Abort(ev.Why)
	}
}

func (x *m3uaHands) Note(ev *ss7.Event) { x.event(*ev) }

func (x *m3uaHands) Done() (rest func()) { return nil }
