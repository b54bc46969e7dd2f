package mtp3

import (
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// ServerConfig is a user of MTP3 that an adaptation layer carries: an application
// server. To routing it is a linkset of one link, without an adjacent point, whose
// state is told from outside by InService and OutOfService.
type ServerConfig struct {
	Name   string // as routes name it; not that of a linkset
	Path   ss7.PathID
	Points []ss7.PC    // codes of which it has some users, or some circuits, by its key, beside routes
	Spans  []ss7.Range // the same of ranges of codes
}

// server is an application server that is configured, and whether it takes traffic.
type server struct {
	net   *Network
	cfg   ServerConfig
	ready bool
	pace  pace // of what the gateway behind it is asked

	congestion    uint32 // level
	congestionWhy string
}

// has tells whether the key of s names pc, for whatever users.
func (s *server) has(pc ss7.PC, bits uint8) bool {
	covers := func(r ss7.Range) bool { return r.Contains(pc, bits) }
	return slices.Contains(s.cfg.Points, pc) || slices.ContainsFunc(s.cfg.Spans, covers)
}

// setServers takes the servers of a new configuration; those that stay keep their state.
func (n *Network) setServers(cfg []ServerConfig) {
	old := n.servers
	n.servers = make([]*server, 0, len(cfg))
	for _, c := range cfg {
		s := &server{net: n, cfg: c}
		for _, o := range old {
			if o.cfg.Path == c.Path {
				s.ready, s.congestion, s.congestionWhy = o.ready, o.congestion, o.congestionWhy
			}
		}
		n.servers = append(n.servers, s)
	}
	n.having, n.spanning = map[ss7.PC][]*server{}, nil
	for _, s := range n.servers {
		for _, pc := range s.cfg.Points {
			n.having[pc] = append(n.having[pc], s)
		}
		if len(s.cfg.Spans) > 0 {
			n.spanning = append(n.spanning, s)
		}
	}
	for _, o := range old {
		if n.server(o.cfg.Path) == nil {
			n.forgetSaid(o.cfg.Name)
		}
	}
}

// server finds the server of a path; nil if the path is a link's.
func (n *Network) server(p ss7.PathID) *server {
	for _, s := range n.servers {
		if s.cfg.Path == p {
			return s
		}
	}
	return nil
}

// do takes an event of s: that it takes traffic or does not, or something that the gateway behind
// it says.
func (s *server) do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	n := s.net
	if ev.Kind == ss7.Status {
		return s.recvStatus(now, ev, out)
	}
	switch ev.Kind {
	case ss7.Pause, ss7.Resume, ss7.Restricted:
		return s.recvAdvice(now, ev, out)
	case ss7.Congestion:
		if ev.MSU.OPC != 0 || ev.MSU.DPC != 0 {
			return n.overloaded(now, s.cfg.Path, s.cfg.Name+", or what is behind it,", ev, out)
		}
		return s.congested(ev, out)
	case ss7.NoUser:
		return n.noUser(now, ev, out)
	case ss7.UserPart:
		return s.recvUserPart(ev, out)
	}
	ready := ev.Kind == ss7.InService
	if ev.Kind != ss7.InService && ev.Kind != ss7.OutOfService || ready == s.ready {
		return out
	}
	s.ready = ready
	if !ready {
		n.forgetSaid(s.cfg.Name)
	}
	n.touchTable()
	n.oweAll() // a code that s has by its key is there, or is not
	return out
}

// appendServers appends the servers as routing sees them: they stand behind the linksets.
func (n *Network) appendServers(sets []routing.Linkset) []routing.Linkset {
	for _, s := range n.servers {
		sets = append(sets, routing.Linkset{Name: s.cfg.Name, Server: true,
			Links: []routing.Link{{Path: s.cfg.Path, Ready: s.ready}}})
	}
	return sets
}
