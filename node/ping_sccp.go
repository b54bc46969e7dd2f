package node

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/ss7"
)

// testGTT tells the whole decision for an address, made by the function that
// relays, without sending anything.
func (n *Node) testGTT(c *cli.Call) error {
	s := n.Config()
	if s.PC == nil {
		return fmt.Errorf("this node has no point code; `cs7 point-code` in configuration mode gives it one")
	}
	from := c.Args.String("linkset", "")
	if from != "" && s.Linkset(from) == nil {
		return fmt.Errorf("there is no linkset %s", from)
	}
	called, err := titleOf(s.V(), c.Args, "digits")
	if err != nil {
		return err
	}
	v := n.view.Load()
	calling, err := callingOf(s, c.Args)
	if err != nil {
		return err
	}
	d, _ := v.sccp.Relay(n.udt(s, &called, &calling, 0), from, time.Now().Unix(), nil)
	n.explainGTT(c.Out, v, &called, &d)
	return nil
}

// explainGTT prints a verdict step by step.
func (n *Node) explainGTT(w io.Writer, v *view, called *sccp.Address, d *sccp.Verdict) {
	f, kind := n.Config().Notation(), n.Config().V()
	fmt.Fprintf(w, "called address  %s\n", called.Text(kind, f))
	if d.Selector == nil {
		fmt.Fprintf(w, "no selector serves this nature of address\n")
	} else {
		fmt.Fprintf(w, "selector        %s (%v), %d entries\n", d.Selector.Name, d.Selector.Nature, d.Selector.Index.Len())
		if p := d.Selector.Pre; p != nil {
			fmt.Fprintf(w, "conversion      %s before: looked up as %v\n", p.Name, d.Title)
		}
		if d.Selector.Calling {
			fmt.Fprintf(w, "looked up       the calling address's digits: %v\n", d.Title)
		}
	}
	explainEntry(w, f, v, called.SSN, d)
	if d.Backup {
		fmt.Fprintf(w, "mate            takes it\n")
	}
	if d.Fate == sccp.Deliver {
		fmt.Fprintf(w, "result          delivered to subsystem %d of this node\n", d.SSN)
		return
	}
	if d.Fate != sccp.Forward {
		fmt.Fprintf(w, "result          NOT RELAYED: %v; the sender would be told cause %d, %v\n", d.Reason, d.Reason.Cause(), d.Reason.Cause())
		return
	}
	fmt.Fprintf(w, "leaves as       %v to %s, %s\n", sccp.Type(d.MSU.Payload[0]), f.Format(d.MSU.DPC), d.Out.Text(kind, f))
	if d.Path != 0 {
		fmt.Fprintf(w, "route           %s%s\n", serverName(v.servers[d.Path].name), n.aspText(d.Path, d.MSU.SLS))
		return
	}
	switch to := mtp3.Decide(v.table, &d.MSU, 0); to.Fate {
	case mtp3.Forward:
		fmt.Fprintf(w, "route           linkset %s\n", v.table.Linksets[to.Linkset].Name)
	case mtp3.Discard:
		fmt.Fprintf(w, "route           DISCARDED: %v\n", to.Reason)
	}
}

// explainEntry prints the entry that was found, and where it leads.
func explainEntry(w io.Writer, f ss7.Notation, v *view, ssn uint8, d *sccp.Verdict) {
	if d.Result != nil {
		matched := d.Title.String()[:d.Matched]
		if matched == "" {
			matched = "none (the default)"
		}
		fmt.Fprintf(w, "entry           gta %s\n", matched)
		if g := d.Result.Group; g != nil {
			fmt.Fprintf(w, "group           %s, multiplicity %v\n", g.Name, g.Mode)
			for i := range g.Members {
				r := &g.Members[i]
				mark := " "
				if r == d.Route {
					mark = "*"
				}
				_, _, why := v.sccp.Route(r, ssn)
				fmt.Fprintf(w, "  %s %-20s cost %-3d %v\n", mark, whereTo(f, r), r.Cost, why)
			}
		} else {
			_, _, why := v.sccp.Route(d.Route, ssn)
			fmt.Fprintf(w, "leads to        %s: %v\n", whereTo(f, d.Route), why)
		}
	} else if d.Selector != nil {
		fmt.Fprintf(w, "entry           none begins %v\n", d.Title)
	}
}

func ownAddress(s *configs.System) sccp.Address {
	return sccp.Address{OnSSN: true, HasPC: true, PC: *s.PC, HasSSN: true, SSN: ssnTest}
}

// callingOf makes the calling address of a trial: the digits that the line has, of the same nature
// as the called ones, or this node's own.
func callingOf(s *configs.System, a cli.Args) (sccp.Address, error) {
	if !a.Has("calling") {
		return ownAddress(s), nil
	}
	return titleOf(s.V(), a, "calling")
}

// udt makes a message of this node to itself, which the relay translates: class 0,
// with return on error, number id first in its data. Two titles always fit.
func (n *Node) udt(s *configs.System, called, calling *sccp.Address, id uint32) *ss7.MSU {
	payload, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Class: sccp.ReturnOption, Called: sccp.AppendAddress(s.V(), nil, called),
		Calling: sccp.AppendAddress(s.V(), nil, calling), Data: append(binary.BigEndian.AppendUint32(nil, id), "gostp"...)})
	return &ss7.MSU{DPC: *s.PC, OPC: *s.PC, NI: s.Network(), SI: ss7.SCCP, Payload: payload}
}

// await runs send on the core's goroutine and waits for what answers ping id.
func (n *Node) await(c *cli.Call, p *sccpPing, send func(id uint32)) (sccpAnswer, time.Duration, bool) {
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
	timer := time.NewTimer(time.Duration(c.Args.Uint("timeout", 2000)) * time.Millisecond)
	defer timer.Stop()
	select {
	case a := <-p.done:
		return a, time.Since(start), true
	case <-timer.C:
	case <-c.Context.Done():
	case <-n.ctx.Done():
	}
	return sccpAnswer{}, 0, false
}

// pingSCCP sends a subsystem status test (Q.714 §5.3.4), which any SCCP answers
// for a subsystem that is allowed, and none for one that is not.
func (n *Node) pingSCCP(c *cli.Call) error {
	s := n.Config()
	if s.PC == nil {
		return fmt.Errorf("this node has no point code; `cs7 point-code` in configuration mode gives it one")
	}
	f, pc, ssn := s.Notation(), c.Args["pc"].(ss7.PC), uint8(c.Args.Uint("ssn", 1))
	v := n.view.Load()
	if d := mtp3.Decide(v.table, &ss7.MSU{DPC: pc, OPC: *s.PC, NI: s.Network(), SI: ss7.SCCP}, 0); d.Fate == mtp3.Discard {
		return fmt.Errorf("not sent: %v %s; `show cs7 route explain %s` says more", d.Reason, f.Format(pc), f.Format(pc))
	}
	a, took, ok := n.await(c, &sccpPing{pc: pc, ssn: ssn, sst: true}, func(uint32) {
		n.core.actions = n.core.sccp.management.Test(pc, ssn, n.core.actions)
	})
	if !ok {
		fmt.Fprintf(c.Out, "No SSA from %s for subsystem %d.\n", f.Format(pc), ssn)
		fmt.Fprintf(c.Out, "SCCP does not answer a test of a subsystem that is prohibited or not there. Or the test, or its answer, was lost: `ping sccp %s` asks for SCCP itself, `ping cs7 %s` for the way.\n", f.Format(pc), f.Format(pc))
		return errPing
	}
	fmt.Fprintf(c.Out, "Subsystem %d at %s is allowed: SSA from %s after %d ms. It proves the way there and back and that its SCCP says so, not that an application answers.\n", ssn, f.Format(pc), f.Format(a.from), took.Milliseconds())
	return nil
}

// pingGT sends a UDT with return on error to a global title and waits for its return.
func (n *Node) pingGT(c *cli.Call) error {
	s := n.Config()
	if s.PC == nil {
		return fmt.Errorf("this node has no point code; `cs7 point-code` in configuration mode gives it one")
	}
	called, err := titleOf(s.V(), c.Args, "digits")
	if err != nil {
		return err
	}
	calling := ownAddress(s)
	f := s.Notation()
	a, took, ok := n.await(c, &sccpPing{}, func(id uint32) {
		n.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: *n.udt(s, &called, &calling, id)})
	})
	own := ok && (a.from == *s.PC)
	switch {
	case own:
		fmt.Fprintf(c.Out, "Returned by this node: %v. `test cs7 gtt %s` says why.\n", a.cause, titleWords(c.Args))
		return errPing
	case ok && (a.cause == sccp.UnequippedUser || a.cause == sccp.SubsystemFailure):
		fmt.Fprintf(c.Out, "Reached %s after %d ms: it returned the message with cause %d, %v %d. This proves translation and routes there and back, not that an application answers.\n", f.Format(a.from), took.Milliseconds(), a.cause, a.cause, called.SSN)
		return nil
	case ok:
		fmt.Fprintf(c.Out, "Returned by %s after %d ms: cause %d, %v. It came as far as that.\n", f.Format(a.from), took.Milliseconds(), a.cause, a.cause)
		return errPing
	}
	fmt.Fprintf(c.Out, "Nothing came back. Either the message was delivered to subsystem %d there, which does not answer it, or it or its return was lost. This proves neither.\n", called.SSN)
	return errPing
}
