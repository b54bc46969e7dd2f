package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/exec"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// titleOf makes the address of a title.
func titleOf(v *ss7.Variant, t *exec.Title) (sccp.Address, error) {
	d, err := gtt.Parse(t.Digits)
	if err != nil {
		return sccp.Address{}, err
	}
	x := sccp.Title{Nature: gtt.Nature{GTI: t.GTI, TT: t.TT, NP: t.NP, NAI: t.NAI}, ES: 1, Digits: d}
	return sccp.Address{HasSSN: true, SSN: t.SSN, GTI: t.GTI, Title: sccp.AppendTitle(v, nil, &x)}, nil
}

// udt makes a message of this node to itself, which the relay translates: class 0, with return on error,
// number id first in its data. Two titles always fit.
func (n *Node) udt(s *configs.System, called, calling *sccp.Address, id uint32) *ss7.MSU {
	payload, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Class: sccp.ReturnOption,
		Called: sccp.AppendAddress(s.V(), nil, called), Calling: sccp.AppendAddress(s.V(), nil, calling),
		Data: append(binary.BigEndian.AppendUint32(nil, id), "gostp"...)})
	return &ss7.MSU{DPC: *s.PC, OPC: *s.PC, NI: s.Network(), SI: ss7.SCCP, Payload: payload}
}

// Translate tells the whole decision for a title, made by the function that relays, without sending anything.
// calling is the title that the message comes from, nil: this node; from is the linkset, empty: none.
func (n *Node) Translate(called, calling *exec.Title, from string) (out status.Translation, err error) {
	s := n.Config()
	if s.PC == nil {
		return out, exec.ErrNoCode
	}
	if from != "" && s.Linkset(from) == nil {
		return out, fmt.Errorf("there is no linkset %s", from)
	}
	to, err := titleOf(s.V(), called)
	if err != nil {
		return out, err
	}
	by := sccp.TestAddress(*s.PC)
	if calling != nil {
		if by, err = titleOf(s.V(), calling); err != nil {
			return out, err
		}
	}
	v := n.view.Load()
	d, _ := v.sccp.Relay(n.udt(s, &to, &by, 0), from, time.Now().Unix(), nil)
	out = n.translation(v, called.SSN, &d)
	out.Called = to.Text(s.V(), s.Notation())
	return out, nil
}

// translation is a verdict step by step, but for the called address.
func (n *Node) translation(v *view, ssn uint8, d *sccp.Verdict) (out status.Translation) {
	f := n.Config().Notation()
	if d.Selector != nil {
		out.Selector, out.Nature, out.Entries = d.Selector.Name, d.Selector.Nature.String(), d.Selector.Index.Len()
		out.ByCalling, out.LookedUp = d.Selector.Calling, d.Title.String()
		if d.Selector.Pre != nil {
			out.Conversion = d.Selector.Pre.Name
		}
	}
	if d.Result != nil {
		out.Found, out.Entry = true, d.Title.String()[:d.Matched]
		if g := d.Result.Group; g != nil {
			x := titleGroup(v.sccp, f, g, d.Route, ssn)
			out.Group = &x
		} else {
			x := titleMember(v.sccp, f, d.Route, ssn)
			out.To = &x
		}
	}
	out.MateTakes = d.Backup
	switch d.Fate {
	case sccp.Deliver:
		out.Fate, out.SSN = "delivered", d.SSN
	case sccp.Forward:
		out.Fate = "forwarded"
		n.translationRoute(v, d, &out)
	default:
		cause := uint8(d.Reason.Cause())
		out.Fate, out.Reason = "not relayed", d.Reason.String()
		out.Cause, out.CauseText = &cause, d.Reason.Cause().String()
	}
	return out
}

// translationRoute says what leaves, and how.
func (n *Node) translationRoute(v *view, d *sccp.Verdict, out *status.Translation) {
	f := n.Config().Notation()
	out.MessageType, out.DPC = sccp.Type(d.MSU.Payload[0]).String(), f.Format(d.MSU.DPC)
	out.Out = d.Out.Text(n.Config().V(), f)
	if d.Path != 0 {
		out.Route = serverName(v.servers[d.Path].name)
		out.ASPs = n.aspChoice(d.Path, d.MSU.SLS)
		return
	}
	switch to := mtp3.Decide(v.table, &d.MSU, 0); to.Fate {
	case mtp3.Forward:
		out.Route = "linkset " + v.table.Linksets[to.Linkset].Name
	case mtp3.Discard:
		out.Discarded = to.Reason.String()
	}
}

// await runs send on the core's goroutine and waits for what answers ping id.
func (n *Node) await(ctx context.Context, wait time.Duration, p *sccpPing, send func(id uint32)) (sccpAnswer,
	time.Duration, bool) {
	p.done = make(chan sccpAnswer, 1)
	var id uint32
	start := time.Now()
	if !n.core.ask(func() {
		n.core.sccp.serial++
		id = n.core.sccp.serial
		n.core.sccp.pings[id] = p
		send(id)
	}) {
		return sccpAnswer{}, 0, false
	}
	defer n.core.do(func() { delete(n.core.sccp.pings, id) })
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case a := <-p.done:
		return a, time.Since(start), true
	case <-timer.C:
	case <-ctx.Done():
	case <-n.ctx.Done():
	}
	return sccpAnswer{}, 0, false
}

// PingSubsystem sends a subsystem status test (Q.714 §5.3.4), which any SCCP answers for a subsystem that is allowed,
// and none for one that is not.
func (n *Node) PingSubsystem(ctx context.Context, pc ss7.PC, ssn uint8, wait time.Duration) (out exec.SCCPAnswer,
	err error) {
	s := n.Config()
	if s.PC == nil {
		return out, exec.ErrNoCode
	}
	f := s.Notation()
	test := &ss7.MSU{DPC: pc, OPC: *s.PC, NI: s.Network(), SI: ss7.SCCP}
	if d := mtp3.Decide(n.view.Load().table, test, 0); d.Fate == mtp3.Discard {
		return out, fmt.Errorf("not sent: %v %s; `show cs7 route explain %s` says more",
			d.Reason, f.Format(pc), f.Format(pc))
	}
	a, took, ok := n.await(ctx, wait, &sccpPing{pc: pc, ssn: ssn, sst: true}, func(uint32) {
		n.core.actions = n.core.sccp.management.Test(pc, ssn, n.core.actions)
	})
	return exec.SCCPAnswer{Came: ok, From: f.Format(a.from), Took: took}, nil
}

// PingTitle sends a UDT with return on error to a global title and waits for its return.
func (n *Node) PingTitle(ctx context.Context, t *exec.Title, wait time.Duration) (out exec.SCCPAnswer, err error) {
	s := n.Config()
	if s.PC == nil {
		return out, exec.ErrNoCode
	}
	called, err := titleOf(s.V(), t)
	if err != nil {
		return out, err
	}
	calling := sccp.TestAddress(*s.PC)
	a, took, ok := n.await(ctx, wait, &sccpPing{}, func(id uint32) {
		n.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: *n.udt(s, &called, &calling, id)})
	})
	return exec.SCCPAnswer{Came: ok, From: s.Notation().Format(a.from), Took: took, Own: ok && a.from == *s.PC,
		Cause: uint8(a.cause), Text: a.cause.String(),
		There: a.cause == sccp.UnequippedUser || a.cause == sccp.SubsystemFailure}, nil
}
