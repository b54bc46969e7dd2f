package node

import (
	"iter"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/xua"
)

// xuaProtocol is what the node must know of an adaptation layer's protocol, beside its package.
type xuaProtocol struct {
	name     string // the topic of its debug lines
	facility string // of lines in the log
	grammar  xua.Grammar
	data     int // the class of messages that the layer does not see; Data is its type 1
	// at tells whether a port is configured for the protocol.
	at func(s *configs.System, port uint16) bool
	// foreign counts the routing contexts or interfaces that a message names, and those of them that an ASP does not
	// serve.
	foreign func(d *desk, m xua.Message, a *xuaASP) (named, foreign int)
}

var m3uaProtocol = xuaProtocol{name: "m3ua", facility: "CS7M3UA", grammar: m3ua.Grammar, data: 1,
	at:      func(s *configs.System, port uint16) bool { return s.M3UA(port) != nil },
	foreign: (*desk).foreignContexts}

var m2uaProtocol = xuaProtocol{name: "m2ua", facility: "CS7M2UA", grammar: m2ua.Grammar, data: 6,
	at:      func(s *configs.System, port uint16) bool { return s.M2UAPort(port) != nil },
	foreign: (*desk).foreignInterfaces}

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
