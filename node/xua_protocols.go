package node

import (
	"fmt"
	"iter"
	"slices"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/xua"
)

// xuaProtocol is what the node must know of an adaptation layer's protocol, beside its package.
type xuaProtocol struct {
	name     string // the topic of its debug lines
	facility string // of lines in the log
	data     int    // the class of messages that the layer does not see; Data is its type 1
	// at tells whether a port is configured for the protocol.
	at    func(s *configs.System, port uint16) bool
	names association.Protocol // by which an ASP is known
}

var m3uaProtocol = xuaProtocol{name: "m3ua", facility: "CS7M3UA", data: 1,
	at:    func(s *configs.System, port uint16) bool { return s.M3UA(port) != nil },
	names: association.Protocol{Grammar: m3ua.Grammar, Serves: contextsOf, Foreign: foreignContexts}}

var m2uaProtocol = xuaProtocol{name: "m2ua", facility: "CS7M2UA", data: 6,
	at:    func(s *configs.System, port uint16) bool { return s.M2UAPort(port) != nil },
	names: association.Protocol{Grammar: m2ua.Grammar, Serves: interfacesOf, Foreign: foreignInterfaces}}

// xuaMember is an adaptation layer of this node, for whoever goes through all of them.
type xuaMember interface {
	protocol() *xuaProtocol
	everyASP() iter.Seq[*xuaASP]
}

// xuaLayers is the table of the node's adaptation layers.
func (n *Node) xuaLayers() []xuaMember { return []xuaMember{n.m3ua, n.m2ua} }

// everyASP gives the ASPs of all adaptation layers at this moment, without a lock.
func (n *Node) everyASP() iter.Seq[*xuaASP] {
	return func(yield func(*xuaASP) bool) {
		for _, x := range n.xuaLayers() {
			for a := range x.everyASP() {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// protocolAt is the adaptation protocol of a port; nil: it has none.
func (n *Node) protocolAt(s *configs.System, port uint16) *xuaProtocol {
	for _, x := range n.xuaLayers() {
		if p := x.protocol(); p.at(s, port) {
			return p
		}
	}
	return nil
}

// contextsOf are the routing contexts that an ASP of M3UA serves, as words.
func contextsOf(sys *configs.System, asp string) (out []string) {
	for _, s := range sys.ASs {
		for _, m := range s.Members {
			if rc, ok := s.RC(); ok && m.ASP == asp {
				out = append(out, fmt.Sprint(rc))
			}
		}
	}
	return out
}

// interfacesOf are those that an ASP of M2UA serves, as words.
func interfacesOf(sys *configs.System, asp string) (out []string) {
	for _, s := range sys.M2UAASs {
		for _, m := range s.Members {
			for _, i := range s.Interfaces {
				if m.ASP == asp {
					out = append(out, i.Interface)
				}
			}
		}
	}
	return out
}

// foreignContexts counts the routing contexts that a message names, and those of them that are not in serves.
func foreignContexts(sys *configs.System, m xua.Message, serves []string) (named, foreign int) {
	ids := m.Params.Uint32s(xua.TagRoutingContext)
	if m.Type == m3ua.REGReq {
		regs, _ := m3ua.ParseRegistrations(m, sys.V().Bits())
		for _, r := range regs {
			if r.HasRC {
				ids = append(ids, r.RC)
			}
		}
	}
	for _, rc := range ids {
		if !slices.Contains(serves, fmt.Sprint(rc)) {
			foreign++
		}
	}
	return len(ids), foreign
}

// foreignInterfaces counts the interfaces that a message names, and those of them that are not in serves.
func foreignInterfaces(sys *configs.System, m xua.Message, serves []string) (named, foreign int) {
	var has []m2ua.Interface
	for _, word := range serves {
		has = append(has, labelOf(word, sys.V()).Interface)
	}
	return m2ua.Names(m, has)
}
