package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m3uaLayer is the M3UA of a node: the loop of its layer, its ASPs, and its servers. Data does not pass the layer.
type m3uaLayer struct {
	xuaLoop[*m3ua.Layer]
	xuaASPs[*m3uaASP]
	node *Node

	// Guarded by mu.
	servers map[ss7.PathID]*m3uaAS
	stale   bool        // an AS came or went by registration
	said    []ss7.Event // what a far end says in the message that is being read

	// What ASPs were told of destinations, so that they are told of changes alone. The core's own.
	known map[ss7.Range]*knowledge

	levels map[ss7.PC]uint8 // the congestion of destinations, as users were told of it; guarded by mu
}

// strangerUp is how long a stranger (an ASP that is not configured) may have an association without an ASPUP.
const strangerUp = time.Minute

func newM3UALayer(n *Node) *m3uaLayer {
	x := &m3uaLayer{node: n, servers: map[ss7.PathID]*m3uaAS{},
		levels: map[ss7.PC]uint8{}, known: map[ss7.Range]*knowledge{}}
	x.init()
	lock.Give[lock.M3UALayer](&x.mu)
	x.begin(x, &m3uaProtocol, m3ua.New())
	return x
}

// rest implements xuaOwner. A key that an ASP has registered is in force before the ASP's next message is read, so the
// reader of its association waits for the core. Nobody else does: the core runs the layer too, and must not wait for
// itself.
func (x *m3uaLayer) rest() func() {
	if said := x.said; len(said) > 0 {
		x.said = nil
		x.node.core.postAll(said)
	}
	if !x.stale {
		return nil
	}
	x.stale = false
	return func() { x.node.core.ask(x.node.core.configure) }
}

func (x *m3uaLayer) raised(ev *ss7.Event) {
	switch ev.Kind {
	case xua.Republish:
		x.republish(ev.Path)
	case ss7.Pause, ss7.Resume, ss7.Restricted, ss7.Status, ss7.UserPart:
		x.said = append(x.said, *ev)
		x.node.log.Debug(x.proto.name, fmt.Sprintf("%s: %v", x.node.Config().Notation().FormatRange(ev.Dest), ev.Why))
	}
}

// republish puts a new picture in force: what an ASP may do, or the way to an AS. The caller holds mu.
func (x *m3uaLayer) republish(path ss7.PathID) {
	if a := x.asps[path]; a != nil {
		a.setGate(x.layer.Gate(path))
		return
	}
	w, s := x.layer.Way(path), x.servers[path]
	switch {
	case s == nil && w != nil: // registered
		s = newM3UAAS(x.node, path, w.Name)
		s.dynamic = true
		x.servers[path] = s
		x.stale = true
	case s == nil:
		return
	case w == nil:
		delete(x.servers, path)
		x.stale = x.stale || s.dynamic
	}
	s.publish(w)
	if w == nil && s.dynamic {
		x.node.ids.give(path)
	}
}

func (x *m3uaLayer) noted(ev *ss7.Event) {
	x.node.log.Debug(x.proto.name, ev.Why)
	x.node.tellNote(x.proto.facility, ev)
}

// owes tells whether an ASP must still be told of destinations.
func (x *m3uaLayer) owes() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.Owes()
}

// unsent implements xuaOwner. What is said of destinations is said again.
func (x *m3uaLayer) unsent(asp ss7.PathID, wire []byte) bool {
	return x.layer.Unsent(time.Now(), asp, wire)
}

func (x *m3uaLayer) close(why string) {
	for _, a := range x.end() {
		a.close(why)
	}
}

// picture is what MTP3 and SCCP must know of the servers.
type picture struct {
	servers []mtp3.ServerConfig
	ready   map[ss7.PathID]bool
	routes  []mtp3.RouteConfig // to the servers whose key is a DPC alone
	keys    *m3ua.Selector     // nil: none
	paths   []*m3uaAS          // by PathID
	keyed   []keyed            // the ranges of servers whose key is more than a DPC
	whole   []keyed            // the ranges of servers whose key is a DPC alone
	titles  map[string]server  // the servers to which titles may lead, by name
}

// picture gives the servers of this moment to the core. bits is the length of a point code.
func (x *m3uaLayer) picture(bits uint8) (p picture) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p.ready, p.titles = map[ss7.PathID]bool{}, map[string]server{}
	for _, c := range x.layer.AS() {
		s := x.servers[c.Path]
		if s == nil {
			continue
		}
		if need := int(s.id) + 1 - len(p.paths); need > 0 {
			p.paths = append(p.paths, make([]*m3uaAS, need)...)
		}
		p.paths[s.id] = s
		conf := mtp3.ServerConfig{Name: serverName(s.name), Path: s.id}
		p.ready[s.id] = s.ready()
		if !c.Away {
			p.titles[s.name] = server{s, codeOf(c, bits)}
		}
		for _, t := range c.Key.Terms {
			switch {
			case c.Away:
			case t.SIs == 0 && len(t.OPCs)+len(t.Circuits) == 0:
				p.whole = append(p.whole, keyed{t.DPC, s})
				p.routes = append(p.routes, mtp3.RouteConfig{Dest: t.DPC, Linkset: serverName(s.name),
					Priority: mtp3.AdjacentPriority})
			default:
				p.keyed = append(p.keyed, keyed{t.DPC, s})
				if t.DPC.Len == bits {
					conf.Points = append(conf.Points, t.DPC.PC)
				} else {
					conf.Spans = append(conf.Spans, t.DPC)
				}
			}
		}
		p.servers = append(p.servers, conf)
	}
	if len(p.servers) > 0 {
		p.keys = x.layer.Selector(0)
	}
	return p
}

// codeOf gives the point code that messages to an AS carry if they are sent to it by name and without a code. It is the
// first whole code of the AS's routing key: its ASPs expect that.
func codeOf(c *m3ua.ASConfig, bits uint8) *ss7.PC {
	for _, t := range c.Key.Terms {
		if t.DPC.Len == bits {
			return &t.DPC.PC
		}
	}
	return nil
}

// serverName gives the name of an AS among linksets. No linkset has a blank in its name.
func serverName(as string) string { return "as " + as }

// strangers counts the associations of strangers, and those of them from one source. The caller holds mu.
func (x *m3uaLayer) strangers(from string) (all, same int) {
	for _, a := range x.asps {
		if a.Stranger != "" {
			all++
			if a.Stranger == from {
				same++
			}
		}
	}
	return all, same
}

// noPlace is the cause when there is no place for the association of a stranger.
type noPlace struct {
	association.Cause
	forAnybody bool // no stranger has a place; otherwise none from that source has
}

// mayEnter gives the cause, a noPlace, if there is no place for a stranger's association. The caller holds mu.
func (x *m3uaLayer) mayEnter(from string) error {
	all, same := x.strangers(from)
	most := x.node.Config().MaxStrangers()
	switch {
	case all >= most:
		why := fmt.Sprintf("there is room for %d associations that are not configured, and they are all there "+
			"(`cs7 xua max-unconfigured-asps`); none is configured", most)
		return noPlace{association.Cause(why), true}
	case !xua.Share(same, most-all):
		why := fmt.Sprintf("%s has %d of the %d places for associations that are not configured, the share of one "+
			"source (`cs7 xua max-unconfigured-asps` makes it larger, an asp needs none); none is configured",
			from, same, most)
		return noPlace{association.Cause(why), false}
	}
	return nil
}

// strangerPlaces counts the associations of strangers, and tells how many there may be.
func (x *m3uaLayer) strangerPlaces() (taken, most int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	taken, _ = x.strangers("")
	return taken, x.node.Config().MaxStrangers()
}

// placesName names what a node runs out of when strangers have all their places.
const placesName = "places for ASPs that are not configured"

// recountPlaces ends the alarm when strangers have a place again.
func (n *Node) recountPlaces() {
	if taken, most := n.m3ua.strangerPlaces(); taken < most {
		n.Short(placesName, "")
	}
}

// statusWithKeys gives a picture of the AS for show commands, with their routing keys by path.
func (x *m3uaLayer) statusWithKeys() (ass []xua.ASStatus, keys map[ss7.PathID]m3ua.ASConfig) {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, ass = x.statusLocked()
	keys = map[ss7.PathID]m3ua.ASConfig{}
	for _, c := range x.layer.AS() {
		keys[c.Path] = *c
	}
	return ass, keys
}
