package xua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// MemberStatus is the state of an ASP in an AS, for show commands.
type MemberStatus struct {
	ASP, AS string
	// Peer is the state of the far end as an ASP of ours, Own our state as an ASP of the far end.
	Peer, Own   State
	Sends       bool
	Weight      uint8
	Registered  bool
	Overridden  bool
	WaitsForKey bool
	WaitWhy     string // what became of asking the gateway for a routing context
	// WaitTill is when the gateway is asked again; zero means not before the association or the configuration
	// changes.
	WaitTill time.Time
	Double   bool // the two directions have states of their own
}

// ASPStatus is the state of a far end, for show commands.
type ASPStatus struct {
	Config     ASPConfig
	Comm       bool
	State      State
	Why        string
	Since      time.Time
	ID         uint32 // the ASP Identifier of its ASPUP, if HasID
	HasID      bool
	LastError  string
	NextTry    time.Time
	Heard      time.Time
	AS         []MemberStatus
	Stats      Stats
	Registered int
}

// ASStatus is the state of a server, for show commands.
type ASStatus struct {
	Config  ASConfig
	Mode    Mode
	State   ASState
	Why     string
	Since   time.Time
	Expires time.Time // when T(r) ends, while the AS is pending
	Ups     uint64
	ASPs    []MemberStatus
	Way     *Way
}

func (m *member) status() MemberStatus {
	return MemberStatus{m.asp.cfg.Name, m.as.cfg.Name, m.far, m.own, m.sends(), m.weight, m.registered, m.overridden,
		m.waiting, m.waitWhy, m.waitTill, m.asp.cfg.Role == RoleIPSPDouble}
}

// Status gives all far ends and servers, in the order of the configuration.
func (l *Layer) Status() ([]ASPStatus, []ASStatus) {
	asps := make([]ASPStatus, 0, len(l.asps))
	for _, a := range l.asps {
		if a.leaving != "" { // another far end may have its name
			continue
		}
		st := ASPStatus{Config: a.cfg, Comm: a.comm, State: a.state(), Why: a.why, Since: a.since, ID: a.id,
			HasID:     a.hasID,
			LastError: a.lastErr, NextTry: a.timers.At(tAck), Heard: a.heard, Stats: a.stats}
		for _, m := range a.members {
			st.AS = append(st.AS, m.status())
			if m.registered {
				st.Registered++
			}
		}
		asps = append(asps, st)
	}
	ass := make([]ASStatus, len(l.ass))
	for i, s := range l.ass {
		st := ASStatus{Config: s.cfg, Mode: s.mode, State: s.state, Why: s.why, Since: s.since, Expires: s.timers.At(tR),
			Ups: s.ups, Way: s.way}
		for _, m := range s.members {
			st.ASPs = append(st.ASPs, m.status())
		}
		ass[i] = st
	}
	return asps, ass
}

// Registrations gives how many memberships a far end has registered.
func (l *Layer) Registrations(path ss7.PathID) int {
	n := 0
	if a := l.byPath[path]; a != nil {
		for _, m := range a.members {
			if m.registered {
				n++
			}
		}
	}
	return n
}

// Exchanged counts the messages of one type.
type Exchanged struct {
	Name    string
	In, Out uint64
}

// Messages gives the messages that came and went by type, with the names that g has.
func (s *Stats) Messages(g Grammar) (out []Exchanged) {
	for class := range s.In {
		for kind := range s.In[class] {
			x := Exchanged{g.name(Type(class<<8 | kind)), s.In[class][kind], s.Out[class][kind]}
			if x.In+x.Out > 0 {
				out = append(out, x)
			}
		}
	}
	return out
}

// name gives the name of a type of message.
func (g Grammar) name(t Type) string {
	if spec, ok := g[t]; ok {
		return spec.Name
	}
	return fmt.Sprintf("class %d type %d", t>>8, t&0xff)
}
