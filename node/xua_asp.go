package node

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// xuaASP is what an ASP of M3UA (m3uaASP) and one of M2UA (m2uaASP) have in common: an association, its counters, and
// how it reaches its layer. The keeper's Mu guards the memory of what is sent.
type xuaASP struct {
	association.Keeper
	node  *Node
	id    ss7.PathID
	title string
	cfg   configs.ASP // guarded by Mu, as ppid is
	layer interface {
		do(ev ss7.Event)
		refuse(path ss7.PathID, e *xua.Error)
	}
	topic string // the topic of its debug lines
	ppid  uint32 // the payload protocol identifier that the ASP writes

	heard                        atomic.Bool       // something came since the last tick
	in, out, inOctets, outOctets atomic.Uint64     // data
	spared                       atomic.Uint64     // refused data that was not answered
	malformed                    xua.SharedRefused // data that could not be read
	lone                         atomic.Bool       // the far end has one outgoing stream alone

	// Guarded by Mu.
	streams  uint16 // streams of ours that go out
	arena    []byte
	messages []sctp.Message
	long     int // MSUs of the batch that are too long for a message

	faults xua.Rate // the reader's own: bounds how often the layer is told of refused data
}

// refusalsPerSecond bounds how much refused data of one ASP the layer and the ASP are told of. A flood must not hold up
// the layer for the other ASPs.
const refusalsPerSecond = 50

// set fills in a zero ASP; after it, prepare may be called.
func (a *xuaASP) set(n *Node, id ss7.PathID, c configs.ASP, ppid uint32) {
	a.node, a.id, a.title, a.cfg, a.ppid = n, id, c.Name, c, ppid
	a.faults = xua.Rate{PerSecond: refusalsPerSecond, Burst: refusalsPerSecond}
}

// shared implements layerASP.
func (a *xuaASP) shared() *xuaASP { return a }

func (a *xuaASP) Name() string { return "ASP " + a.title }

// Tell hands the layer what becomes of the association.
func (a *xuaASP) Tell(ev ss7.Event) {
	if ev.Kind == ss7.CommUp || ev.Kind == ss7.CommRestart {
		a.Mu.Lock()
		if a.Assoc != nil {
			st := a.Assoc.Status()
			a.streams = st.OutStreams
			a.lone.Store(st.InStreams == 1)
		}
		a.Mu.Unlock()
	}
	ev.Path = a.id
	a.layer.do(ev)
}

// refuse has the layer tell the ASP what was wrong with something that it sent. For data it does so at a bounded rate.
// Only the reader of the association calls it.
func (a *xuaASP) refuse(e *xua.Error) {
	switch {
	case e == nil || e.Silent:
	case a.faults.Take(time.Now(), 1):
		a.node.log.Debug(a.topic, a.Name()+": refused: "+e.Why)
		a.layer.refuse(a.id, e)
	default:
		a.spared.Add(1)
	}
}

// happened takes an event of the association; it gives the cause if that has ended.
func (a *xuaASP) happened(e *sctp.Event, tell func(ss7.Event)) (over error) {
	a.Mu.Lock()
	ev, over := a.Event(e)
	a.Mu.Unlock()
	if ev.Kind != ss7.None {
		tell(ev)
	}
	return over
}

// Config is what is configured for the ASP now.
func (a *xuaASP) Config() configs.ASP {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	return a.cfg
}

// reconfigure puts settings in force that need no new association.
func (a *xuaASP) reconfigure(c configs.ASP, ppid uint32, how association.Settings) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	a.cfg, a.ppid = c, ppid
	a.SetLocked(how)
}

// control sends a message other than data. A message that cannot be queued would leave the ASP in another state than
// ours, so the association ends. It goes on if again says that the message will be sent again.
func (a *xuaASP) control(stream uint16, wire []byte, again func() bool) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	if a.Assoc == nil {
		return
	}
	a.messages = append(a.messages[:0], sctp.Message{Stream: stream, PPID: a.ppid, Data: wire})
	n, err := a.Assoc.Send(a.messages)
	if n > 0 || errors.Is(err, net.ErrClosed) || errors.Is(err, sctp.ErrFull) && again != nil && again() {
		return
	}
	a.AbortLocked(fmt.Sprintf("a message could not be queued: %v", err))
}

// clear begins a batch of data. The caller holds Mu.
func (a *xuaASP) clear() { a.arena, a.messages, a.long = a.arena[:0], a.messages[:0], 0 }

// flush sends the data in messages. What the association has no room for is counted, as is what was too long for a
// message. gone means that the association has ended: nothing is counted then, since the AS has another way, or will
// have one in a moment. The caller holds Mu.
func (a *xuaASP) flush() (full int, gone bool) {
	if len(a.messages) > 0 {
		full, gone = a.sendData()
	}
	if !gone {
		a.node.discards.add(mtp3.TooLong, a.long)
	}
	return full, gone
}

// sendData is flush of messages, of which there are some.
func (a *xuaASP) sendData() (full int, gone bool) {
	n, err := a.Assoc.Send(a.messages)
	if n == 0 && errors.Is(err, net.ErrClosed) {
		return 0, true
	}
	a.out.Add(uint64(n))
	for i := range a.messages[:n] {
		a.outOctets.Add(uint64(len(a.messages[i].Data)))
	}
	a.node.discards.transferred.Add(uint64(n))
	if left := len(a.messages) - n; left > 0 {
		reason := lostBecause(err)
		a.node.discards.add(reason, left)
		if reason == mtp3.QueueFull {
			full = left
		}
	}
	return full, false
}

func lostBecause(err error) mtp3.Reason {
	if errors.Is(err, net.ErrClosed) {
		return mtp3.LinkGone
	}
	return mtp3.QueueFull
}

// close takes the ASP away.
func (a *xuaASP) close(why string) {
	a.Mu.Lock()
	defer a.Mu.Unlock()
	a.CloseLocked(why)
}

// needsAnew gives the cause for which an ASP needs a new association, when c is its new configuration and at where its
// new ends; nil: the association may stay.
func (a *xuaASP) needsAnew(c *configs.ASP, at association.Ends, restarted map[uint16]string) error {
	switch why := restarted[c.LocalPort]; {
	case why != "":
		return association.Cause(why)
	case c.Shutdown && !a.cfg.Shutdown:
		return association.Cause("the ASP is shut down by configuration")
	case a.cfg.Role != c.Role || a.cfg.Exchange != c.Exchange:
		return association.Cause("the role at the ASP was changed")
	case reflect.DeepEqual(a.Ends, at) && a.cfg.Shutdown == c.Shutdown:
		return nil
	}
	return association.Cause("the configuration of the ASP was changed")
}

// launch runs a new ASP, unless it is shut down.
func (a *xuaASP) launch() {
	if a.cfg.Shutdown {
		a.SetWhy("shut down by configuration")
		return
	}
	a.node.group.Go(a.Keeper.Run)
}
