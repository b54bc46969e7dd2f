package xua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
)

// MemberStatus is an ASP in an AS as show commands print it.
type MemberStatus struct {
	ASP, AS     string
	Peer, Own   State // the far end's as an ASP of ours; ours as an ASP of the far end
	Sends       bool
	Weight      uint8
	Registered  bool
	Overridden  bool
	WaitsForKey bool
	WaitWhy     string    // and what became of asking the gateway
	WaitTill    time.Time // when it is asked again; zero: not before the association or the configuration changes
	Double      bool      // the two directions have states of their own
}

// ASPStatus is a peer as show commands print it.
type ASPStatus struct {
	Config     ASPConfig
	Comm       bool
	State      string
	Why        string
	Since      time.Time
	ID         uint32 // as ASPUP told, if HasID
	HasID      bool
	LastError  string
	NextTry    time.Time
	Heard      time.Time
	AS         []MemberStatus
	Stats      Stats
	Registered int
}

// ASStatus is a server as show commands print it.
type ASStatus struct {
	Config  ASConfig
	Mode    Mode
	State   ASState
	Why     string
	Since   time.Time
	Expires time.Time // of T(r), while pending
	Ups     uint64
	ASPs    []MemberStatus
	Way     *Way
}

func (m *member) status() MemberStatus {
	return MemberStatus{m.asp.cfg.Name, m.as.cfg.Name, m.peer, m.own, m.sends(), m.weight, m.registered, m.overridden,
		m.waiting, m.waitWhy, m.waitTill, m.asp.cfg.Role == RoleIPSPDouble}
}

// Status gives all peers and servers in the order of the configuration.
func (l *Layer) Status() ([]ASPStatus, []ASStatus) {
	asps := make([]ASPStatus, 0, len(l.asps))
	for _, a := range l.asps {
		if a.leaving != "" { // another may have its name
			continue
		}
		st := ASPStatus{Config: a.cfg, Comm: a.comm, State: a.stateName(), Why: a.why, Since: a.since, ID: a.id,
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

// Registrations is how many registered memberships a peer has.
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

// name is what a type of message is called.
func (g Grammar) name(t Type) string {
	if spec, ok := g[t]; ok {
		return spec.Name
	}
	return fmt.Sprintf("class %d type %d", t>>8, t&0xff)
}
