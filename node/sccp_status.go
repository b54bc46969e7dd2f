package node

import (
	"time"

	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// SCCP gives the counters of SCCP.
func (n *Node) SCCP() status.SCCP {
	s := &n.sccp
	out := status.SCCP{Messages: []status.InOut{}, Translated: s.translated.Load(), Delivered: s.delivered.Load(),
		Returned: s.returned.Load(), Unrelayed: n.unrelayed()}
	for t := sccp.CR; t < sccp.Types; t++ {
		if in, sent := s.in[t].Load(), s.out[t].Load(); in+sent > 0 {
			out.Messages = append(out.Messages, status.InOut{Name: t.String(), In: in, Out: sent})
		}
	}
	var st sccp.ManagementStats
	n.core.ask(func() { st, out.NotBelieved = n.core.sccp.management.Stats, n.core.doubtedSCCP() })
	for x := sccp.SSA; x <= sccp.SSC; x++ {
		out.Management = append(out.Management, status.InOut{Name: x.String(), In: st.In[x], Out: st.Out[x]})
	}
	return out
}

// unrelayed counts the messages that could not be relayed, in Q.752's terms.
func (n *Node) unrelayed() (out []status.Count) {
	for r := sccp.NoReason + 1; r < sccp.Reasons; r++ {
		out = append(out, status.Count{Name: r.String(), Value: n.sccp.by[r].Load()})
	}
	return out
}

// doubtedSCCP counts the messages that SCCP's management did not believe.
func (c *core) doubtedSCCP() (count uint64) {
	for _, d := range c.network.Doubted() {
		for x := sccp.SSA; x <= sccp.SSC; x++ {
			if d.What == x.String() {
				count += d.N
			}
		}
	}
	return count
}

// SCCPMaps gives the subsystems elsewhere and their points.
func (n *Node) SCCPMaps() status.SCCPMaps {
	s := n.Config()
	f := s.Notation()
	out := status.SCCPMaps{Maps: []status.SCCPMap{}, Points: []status.SCCPPoint{}}
	var points []sccp.PointState
	n.core.ask(func() { points = n.core.sccp.management.States() })
	v := n.view.Load().sccp
	for _, m := range s.Maps {
		x := status.SCCPMap{PC: f.Format(m.PC), SSN: m.SSN, Multiplicity: "solitary",
			PointState: allowed(v.Network.Accessible(m.PC)), SubsystemState: allowed(v.Network.Accessible(m.PC) &&
				!v.Status.Prohibited(m.PC, 1) && !v.Status.Prohibited(m.PC, m.SSN))}
		if m.Multiplicity != 0 {
			x.Multiplicity, x.BackupPC, x.BackupSSN = m.Multiplicity.String(), f.Format(m.BackupPC), m.BackupSSN
		}
		out.Maps = append(out.Maps, x)
	}
	for _, p := range points {
		congested := p.Congestion != sccp.Level{}
		if len(p.Prohibited) > 0 || congested {
			out.Points = append(out.Points, status.SCCPPoint{PC: f.Format(p.PC), Prohibited: ssns(p.Prohibited),
				Congested: congested, Restriction: p.Congestion.RL, SubRestriction: p.Congestion.RSL})
		}
	}
	return out
}

// allowed is the word for the state of a subsystem or a point.
func allowed(is bool) string {
	if is {
		return "allowed"
	}
	return "prohib"
}

// ssns gives subsystem numbers as integers: JSON would write a slice of octets otherwise.
func ssns(all []uint8) []int {
	out := []int{}
	for _, ssn := range all {
		out = append(out, int(ssn))
	}
	return out
}

// Subsystems gives the subsystems of this node.
func (n *Node) Subsystems() []status.Subsystem {
	var locals []sccp.LocalState
	n.core.ask(func() { locals = n.core.sccp.management.Locals() })
	out := []status.Subsystem{}
	for _, s := range locals {
		x := status.Subsystem{SSN: s.SSN, State: allowed(s.Allowed)}
		if s.Mate != nil {
			x.MatePC, x.MateSSN = n.Config().Notation().Format(s.Mate.PC), s.Mate.SSN
		}
		switch {
		case !s.Allowed:
			x.Reason = "prohibited or withdrawn at the prompt; `cs7 sccp allow` puts it back"
		case !s.Asked.IsZero():
			x.GrantUntil = s.Asked
		}
		out = append(out, x)
	}
	return out
}

// SetSubsystem takes a subsystem of this node out of service, or puts it into service. The points concerned are told.
func (n *Node) SetSubsystem(ssn uint8, allowed bool) error {
	return n.manage(func(m *sccp.Management, out []ss7.Action) ([]ss7.Action, error) {
		return m.SetLocal(ssn, allowed, out)
	})
}

// WithdrawSubsystem asks the other half of a subsystem whether this one may go out of service.
func (n *Node) WithdrawSubsystem(ssn uint8) error {
	return n.manage(func(m *sccp.Management, out []ss7.Action) ([]ss7.Action, error) {
		return m.Withdraw(time.Now(), ssn, out)
	})
}

// manage has SCCP's management do something.
func (n *Node) manage(f func(*sccp.Management, []ss7.Action) ([]ss7.Action, error)) (err error) {
	n.core.ask(func() { n.core.actions, err = f(n.core.sccp.management, n.core.actions) })
	return err
}

// Titles gives the table of global title translation, with its counters.
func (n *Node) Titles() status.Titles {
	v, codes := n.view.Load().sccp, n.Config().Notation()
	out := status.Titles{Selectors: []status.Selector{}, Groups: []status.TitleGroup{}, Unrelayed: n.unrelayed()}
	for _, s := range v.Table.Selectors {
		out.Selectors = append(out.Selectors, status.Selector{Name: s.Name, Nature: s.Nature.String(),
			Entries: s.Index.Len(), Translated: s.Hits.Matched.Load(), NotFound: s.Hits.Unmatched.Load(),
			Counted: s.Counts != nil, CountedMax: gtt.MaxCounted, Used: entriesUsed(codes, s)})
	}
	for _, g := range v.Table.Groups {
		out.Groups = append(out.Groups, titleGroup(v, codes, g, nil, sccp.TestSSN))
	}
	n.applying.Lock()
	defer n.applying.Unlock()
	f := n.titles.File()
	if f.Name != "" {
		out.File = &status.TitleFile{Name: f.Name, Entries: f.Entries, ReadNS: f.Took.Nanoseconds()}
	}
	out.Faults, out.CompiledNS = errorTexts(f.Faults), n.titles.Built().Nanoseconds()
	return out
}

// entriesUsed gives the entries of a selector that were used.
func entriesUsed(f ss7.Notation, s *gtt.Selector) []status.TitleUsed {
	out := []status.TitleUsed{}
	s.Entries(func(d gtt.Digits, r *gtt.Result, used uint64) {
		if used == 0 {
			return
		}
		x := status.TitleUsed{Digits: d.String(), To: whereTo(f, &r.Route), Messages: used}
		if r.Group != nil {
			x.To = "app-grp " + r.Group.Name
		}
		out = append(out, x)
	})
	return out
}

// titleGroup gives an application group, for messages with an SSN; chosen may be nil.
func titleGroup(v *sccp.View, f ss7.Notation, g *gtt.Group, chosen *gtt.Route, ssn uint8) status.TitleGroup {
	out := status.TitleGroup{Name: g.Name, Mode: g.Mode.String(), Members: []status.TitleMember{}}
	for i := range g.Members {
		m := titleMember(v, f, &g.Members[i], ssn)
		m.Chosen = &g.Members[i] == chosen
		out.Members = append(out.Members, m)
	}
	return out
}

// titleMember gives a route of a title, for messages with an SSN.
func titleMember(v *sccp.View, f ss7.Notation, r *gtt.Route, ssn uint8) status.TitleMember {
	_, _, why := v.Route(r, ssn)
	out := status.TitleMember{To: whereTo(f, r), Cost: r.Cost, State: why.String()}
	if r.Count != nil {
		out.Messages = r.Count.Load()
	}
	return out
}

// whereTo names the end of a route.
func whereTo(f ss7.Notation, r *gtt.Route) string {
	if r.AS != "" {
		return "asname " + r.AS
	}
	return "pc " + f.Format(r.PC)
}
