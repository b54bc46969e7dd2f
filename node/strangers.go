package node

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
)

// reviewStrangers looks, after a change of the configuration, at the ASPs that nobody
// configured. They stay as they are, unless their port takes them no longer, or one is now
// configured: that one is told, and sets its association up again as who it is.
func (n *Node) reviewStrangers(next *configs.System) {
	defer n.recountPlaces()
	all := slices.DeleteFunc(slices.Collect(n.m3ua.all()), func(s *m3uaASP) bool { return s.Stranger == "" })
	if len(all) == 0 {
		return
	}
	told := n.m3ua.toldIDs()
	for _, s := range all {
		if why := n.unwelcome(next, s, told); why != "" {
			n.sendAway(s, why)
			continue
		}
		conf := strangerConfig(next, s)
		n.m3ua.run(func(now time.Time, l *m3ua.Layer, out []ss7.Action) []ss7.Action {
			if n.m3ua.asps[s.id] != s || reflect.DeepEqual(s.conf, conf) { // it is gone, or as it was
				return out
			}
			s.conf = conf
			return l.AddASP(now, conf, out)
		})
	}
}

// strangerASP is the ASP that an association of nobody configured is.
func strangerASP(id ss7.PathID, remote, local uint16) configs.ASP {
	return configs.ASP{Name: fmt.Sprintf("asp-dyn-%d", id), RemotePort: remote, LocalPort: local}
}

// strangerConfig is what the layer must know of a stranger.
func strangerConfig(sys *configs.System, s *m3uaASP) m3ua.ASPConfig {
	c := strangerASP(s.id, s.Ends.RemotePort, s.Ends.LocalPort)
	conf := m3uaASPConfig(sys, &c, s.id)
	conf.Source, conf.TUp = s.Stranger, strangerUp
	return conf
}

// unwelcome says why a stranger may not stay; empty: it may.
func (n *Node) unwelcome(next *configs.System, s *m3uaASP, told map[ss7.PathID]uint32) string {
	port := next.M3UA(s.Ends.LocalPort)
	if port == nil || port.Accept != configs.AcceptAnybody {
		return fmt.Sprintf("m3ua %d accepts only ASPs that are configured now", s.Ends.LocalPort)
	}
	a, _ := s.Association()
	if a == nil {
		return "" // it is about to begin, or has ended
	}
	if names := n.assoc.Claimants(s.Ends.LocalPort, a); names != "" {
		return names + " is configured at its address now"
	}
	if id, has := told[s.id]; has {
		if name := n.assoc.Roamer(s.Ends.LocalPort, id); name != "" {
			return fmt.Sprintf("%s is configured with its asp-identifier %d now", name, id)
		}
	}
	return ""
}

// toldIDs are the ASP Identifiers that far ends have told in ASPUP (RFC 4666 §3.5.1).
func (x *m3uaLayer) toldIDs() map[ss7.PathID]uint32 {
	out := map[ss7.PathID]uint32{}
	asps, _ := x.status()
	for i := range asps {
		if asps[i].HasID {
			out[asps[i].Config.Path] = asps[i].ID
		}
	}
	return out
}

// sendAway ends the association of a stranger, who is told so first; the end of the
// association does the rest.
func (n *Node) sendAway(s *m3uaASP, why string) {
	s.TellLog(5, "ASSOC", "the association of %s is ended: %s", s.Name(), why)
	n.m3ua.leave(&s.xuaASP, why)
}

// sendAwayFrom ends the associations of strangers at a port.
func (n *Node) sendAwayFrom(port uint16, why string) {
	for s := range n.m3ua.all() {
		if s.Stranger != "" && s.Ends.LocalPort == port {
			n.sendAway(s, why)
		}
	}
}
