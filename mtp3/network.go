package mtp3

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// Config is the configuration of a Network.
type Config struct {
	Variant  *ss7.Variant
	Notation ss7.Notation // how texts write point codes; zero: the variant's
	NI       ss7.NI
	Own      []ss7.PC // this node's codes, the primary one first; links need one
	Linksets []LinksetConfig
	Servers  []ServerConfig
	Keys     routing.Keys // they find the server of an MSU, whatever routes say; nil: none
	Routes   []RouteConfig
	Timers   Timers

	Levels     bool          // congestion has levels 1 to 3 (national networks, ANSI)
	Timed      bool          // the levels rise and fall by Tx and Ty: there are no priorities
	Tx, Ty     time.Duration // (§3.8.2.3); zero: DefaultTxTy
	TFR        bool          // say transfer restricted (§13.4.2, a national option)
	SLSShift   uint8         // see routing.Plan
	MaxDynamic int           // dynamic routes; 0: DefaultMaxDynamic
	Exception  bool          // summaries are no backup for full codes
	SLTT1      time.Duration // wait for SLTA
	SLTT2      time.Duration // between periodic tests
}

func (c *Config) notation() ss7.Notation {
	if c.Notation.Bits() == 0 {
		return c.Variant.Notation
	}
	return c.Notation
}

// Default timers (Q.707 §5.5.2; the values of Cisco's GSP MIB).
const (
	DefaultSLTT1 = 8 * time.Second
	DefaultSLTT2 = 60 * time.Second
)

// LinksetConfig is a linkset to an adjacent point.
type LinksetConfig struct {
	Name     string
	Adjacent ss7.PC
	Local    *ss7.PC // by which the far end knows this node; nil: as it addresses its link tests
	Shutdown bool
	TestSI   ss7.SI // of link tests: SNT or SNTS; 0: as the variant has it
	Timers   Timers // zero: those of the node
	Links    []LinkConfig
}

// LinkConfig is a link; Path names it to routing and to the loop.
type LinkConfig struct {
	Path     ss7.PathID
	SLC      uint8
	Shutdown bool
	Short    bool   // level 2 numbers with 7 bits: COO and COA instead of XCO and XCA
	Timers   Timers // zero: those of the linkset
}

// RouteConfig is a route over the linkset, or to the server, named Linkset.
type RouteConfig struct {
	Dest     ss7.Range
	Linkset  string
	Priority uint8
}

// Priorities that routes have unless they are told otherwise.
const (
	AdjacentPriority = 1 // the implicit route to a linkset's adjacent point
	StaticPriority   = 5
)

// LinkState is the state of a link at level 3.
type LinkState uint8

// A link is available to traffic only after its test was answered.
const (
	Shutdown   LinkState = iota // by configuration
	Failed                      // waiting for T17
	Activating                  // level 2 is aligning it
	Testing                     // SLTM sent
	Available
	Blocked // processor outage at the far end
)

var linkStateNames = [...]string{"shutdown", "failed", "activating", "testing", "avail", "blocked"}

func (s LinkState) String() string { return linkStateNames[s] }

type link struct {
	net       *Network
	cfg       LinkConfig
	set       *linkset
	state     LinkState
	why       string
	since     time.Time
	wanted    time.Time // when it was last shut down or available: since then it should be available
	attempt   int       // tests sent for the running check
	pattern   []byte
	testOPC   ss7.PC // of the last test
	peerFault string // what the far end's own tests reveal to be set up wrongly
	ups       uint64
	handed    bool // it was in service at another place before (ss7.TakenOver)
	urgent    bool // no other link of its linkset is aligned: emergency proving
	open      bool // MSUs that come by it are taken: since it passed its test, until it is aligned anew
	div       diversion

	localInhibit, remoteInhibit bool
	inhibition                  inhibition
	congestion                  uint32 // level
	full                        bool   // its queue is above the threshold
	congestionWhy               string
}

type linkset struct {
	net   *Network
	cfg   LinksetConfig
	links []*link
	ready bool // a link is usable
	why   string
	since time.Time

	neighbour // the adjacent point
}

// Notes that the loop makes log lines of: the Arg of a Note with Kind StateChange.
const (
	NoteLink uint32 = iota + 1
	NoteLinkset
	NoteDestination
	NoteUser
	NoteCongestion
	NoteCircular
	NoteMessage // a network management message came or went
	NoteRestart // of this node
)

// Stats counts what Network does.
type Stats struct {
	SLTMIn, SLTMOut, SLTAIn, SLTAOut, TestsFailed, SNMIn, SNMOut uint64

	TestsUnread     uint64 // link tests that are none in this variant
	TestsUnanswered uint64 // link tests that are not for this link: something is set up wrongly, here or there
	SNMIgnored      uint64 // network management messages without effect

	Changeovers, T2Expired, Forced, Controlled, DynamicRefused uint64

	In, Out map[Heading]uint64
}

// Network is the part of MTP3 that has state. See the package comment.
type Network struct {
	cfg      Config
	sets     []*linkset
	servers  []*server
	having   map[ss7.PC][]*server // by the codes that their keys name
	spanning []*server            // those whose keys name ranges
	links    map[ss7.PathID]*link
	plan     *routing.Plan // base and the dynamic destinations
	base     *routing.Plan // what is configured
	table    *routing.Table
	serial   uint32
	stats    Stats

	changebackCode uint8

	destinations map[ss7.Range]*destination // all that are known
	dests        []*destination             // those of the plan, in its order
	tellable     [subjects][]*destination   // those that neighbours are told of, in the order of their places
	hearsays     int                        // how many routes are said to be restricted or prohibited
	held         []*destination             // those whose MSUs wait
	touched      touched                    // what has changed since follow was there last

	dynamic   []ss7.Range // destinations made for what is said of a summary's members
	nextHold  ss7.PathID
	agenda    agenda
	speaksTRA map[ss7.PC]bool // adjacent points that have said TRA or TRW once
	own       ownRestart
	leaving   routing.RouteState // neighbours are told of no better state than this
	overloads map[ss7.PC]*overload
	circles   map[timerKey]*circle
	nextUPU   time.Time
	doubted   map[doubtKey]uint64
	gathered  []gathered // see Hear
	gathering bool
	barred    []Barred
	testsLate int                  // route set tests that had to wait for others
	warned    map[warnedKey]uint32 // the level of congestion that servers' users have heard of last
}

// NewNetwork makes a Network that knows nothing; Configure comes next.
func NewNetwork() *Network {
	n := &Network{links: map[ss7.PathID]*link{}, destinations: map[ss7.Range]*destination{}}
	n.speaksTRA = map[ss7.PC]bool{}
	n.circles = map[timerKey]*circle{}
	n.overloads, n.warned = map[ss7.PC]*overload{}, map[warnedKey]uint32{}
	n.doubted = map[doubtKey]uint64{}
	n.stats.In, n.stats.Out = map[Heading]uint64{}, map[Heading]uint64{}
	n.cfg.Variant = ss7.ITU
	n.compile()
	return n
}

// Table is the present picture of routing; it changes only inside Configure, Do
// and Tick.
func (n *Network) Table() *routing.Table { return n.table }

// Stats gives the counters.
func (n *Network) Stats() Stats { return n.stats }

// Configure takes a new configuration. Links that stay (same Path) and linksets that stay (same
// Name) keep their state; new links start, removed ones are stopped.
func (n *Network) Configure(now time.Time, cfg Config, out []ss7.Action) []ss7.Action {
	old := n.links
	n.setLinksets(now, cfg)
	n.setServers(cfg.Servers)
	for path, l := range old {
		if n.links[path] != nil {
			continue
		}
		l.stopAll()
		if l.state != Shutdown {
			out = append(out, order(ss7.Stop, path))
		}
	}
	n.compile()
	n.touchAll()
	for _, s := range n.sets {
		for _, l := range s.links {
			out = l.steer(now, out)
		}
	}
	for path := range old {
		if n.links[path] == nil {
			out = n.drained(now, path, out)
		}
	}
	n.touchAll()
	out = n.follow(now, out)
	n.discardUnknown()
	return out
}

// setLinksets takes the linksets of a new configuration, and their links.
func (n *Network) setLinksets(now time.Time, cfg Config) {
	old, oldSets, was := n.links, n.sets, n.localPCs()
	n.cfg = cfg
	n.links = make(map[ss7.PathID]*link, len(old))
	n.sets = nil
	for _, sc := range cfg.Linksets {
		s := &linkset{net: n, cfg: sc, since: now}
		if i := slices.IndexFunc(oldSets, func(o *linkset) bool { return o.cfg.Name == sc.Name }); i >= 0 {
			o := oldSets[i]
			s.ready, s.why, s.since, s.neighbour = o.ready, o.why, o.since, o.neighbour
			s.tested = o.tested && o.cfg.Adjacent == sc.Adjacent
			if len(cfg.Own) > 0 && len(was) > 0 && s.localPC() != was[i] {
				s.sayAgain()
			}
		}
		for _, lc := range sc.Links {
			l := old[lc.Path]
			if l == nil {
				l = &link{net: n, state: Shutdown, since: now, why: "just configured"}
			}
			l.cfg, l.set = lc, s
			s.links = append(s.links, l)
			n.links[lc.Path] = l
		}
		n.sets = append(n.sets, s)
	}
}

// steer moves a link towards what the configuration wants of it.
func (l *link) steer(now time.Time, out []ss7.Action) []ss7.Action {
	down := l.cfg.Shutdown || l.set.cfg.Shutdown
	switch {
	case down && l.state != Shutdown:
		l.stopTests()
		l.div.activate = false
		out = append(out, order(ss7.Stop, l.cfg.Path))
		return l.become(now, Shutdown, shutdownWhy(l), out)
	case down:
		l.why = shutdownWhy(l)
	case l.state == Shutdown:
		return l.activate(now, out)
	}
	return out
}

func shutdownWhy(l *link) string {
	if l.cfg.Shutdown {
		return "link is shut down by configuration"
	}
	return "linkset is shut down by configuration"
}

// compile makes the plan: configured routes and, for each linkset, the implicit
// one to its adjacent point.
func (n *Network) compile() {
	index := make(map[string]int, len(n.sets))
	var routes []routing.Route
	for i, s := range n.sets {
		index[s.cfg.Name] = i
		routes = append(routes, routing.Route{Dest: ss7.Range{PC: s.cfg.Adjacent, Len: n.cfg.Variant.Bits()}, Linkset: i,
			Priority: AdjacentPriority})
	}
	for i, s := range n.servers {
		index[s.cfg.Name] = len(n.sets) + i
	}
	for _, r := range n.cfg.Routes {
		if i, ok := index[r.Linkset]; ok {
			routes = append(routes, routing.Route{Dest: r.Dest, Linkset: i, Priority: r.Priority})
		}
	}
	n.base = routing.NewPlan(n.cfg.Variant, n.cfg.NI, n.cfg.Own, routes)
	n.base.Shift, n.base.Apart = n.cfg.SLSShift, n.cfg.Exception
	n.placeDynamic(0)
}

// set is the linkset of an index of the table; nil for a server.
func (n *Network) set(i int) *linkset {
	if i < len(n.sets) {
		return n.sets[i]
	}
	return nil
}

// leadsTo tells whether index i of the table is a linkset to the adjacent point pc.
func (n *Network) leadsTo(i int, pc ss7.PC) bool {
	s := n.set(i)
	return s != nil && s.cfg.Adjacent == pc
}

func (s *linkset) usable() bool { return slices.ContainsFunc(s.links, (*link).usable) }

func upDown(up bool) string {
	if up {
		return "available"
	}
	return "unavailable"
}

func (s *linkset) reason() string {
	status := s.status()
	return status.Reason(nil)
}

func (n *Network) isOwn(pc ss7.PC) bool {
	return slices.Contains(n.cfg.Own, pc)
}

func (l *link) name() string {
	return fmt.Sprintf("link %d of linkset %s", l.cfg.SLC, l.set.cfg.Name)
}

func order(k ss7.Kind, p ss7.PathID) ss7.Action {
	return ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: k, Path: p}}
}

// note is a line of the log about a change; about is a Note constant.
func note(about uint32, why string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Arg: about, Why: why}}
}

func notef(about uint32, format string, args ...any) ss7.Action {
	return note(about, fmt.Sprintf(format, args...))
}

// discardf is a line of the log about something that is not acted on.
func discardf(format string, args ...any) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.Discard, Why: fmt.Sprintf(format, args...)}}
}
