package mtp3

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Signalling traffic flow control (Q.704 §11.2, §13.6 to §13.9). Level 2 tells when a
// link's queue crosses a threshold, the node of some of the MSUs that go over it then;
// their origins are told TFC. We remember no state of far destinations: users here are
// told by whoever carries them.

// congested handles a link's new congestion level, or an MSU (with an OPC) that went
// over it while congested.
func (n *Network) congested(_ time.Time, l *link, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if ev.MSU.OPC == 0 && ev.MSU.DPC == 0 {
		if l.congestion == ev.Arg {
			return out
		}
		was := l.congestion
		l.congestion = ev.Arg
		text := fmt.Sprintf("Link %d of linkset %s is congested, level %d", l.cfg.SLC, l.set.cfg.Name, ev.Arg)
		if ev.Arg == 0 {
			text = fmt.Sprintf("Link %d of linkset %s is no longer congested", l.cfg.SLC, l.set.cfg.Name)
		} else if was > ev.Arg {
			text += ", falling"
		}
		return append(out, note(ss7.StateChange, NoteCongestion, text))
	}
	_, b, own := n.table.Dest(ev.MSU.OPC)
	if own || b == nil {
		return out
	}
	path := n.table.Slot(b, 0).Path
	if path.IsHold() || path == l.cfg.Path {
		return out
	}
	m := Management{Heading: TFC, PC: ev.MSU.DPC}
	if n.cfg.Levels {
		m.Level = uint8(ev.Arg)
	}
	return n.send(path, ev.MSU.OPC, n.cfg.Own[0], 0, m, out)
}

// recvTFC tells a person; there are no users here that would send less.
func (n *Network) recvTFC(opc ss7.PC, m Management, out []ss7.Action) []ss7.Action {
	return append(out, note(ss7.StateChange, NoteCongestion, fmt.Sprintf("The way to %s is congested, level %d, says %s", n.format(m.PC), m.Level, n.format(opc))))
}
