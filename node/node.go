package node

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/internal/paklog"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/titles"
	"github.com/gostp/gostp/userpart"
)

// Platform is the machine under a node: its network, and its IP interfaces.
type Platform interface {
	// Transport gives the transport of a kind, and in words why it is this one. The error says why there is none, and what
	// to do.
	Transport(kind configs.Transport) (t sctp.Transport, why string, err error)
	// Configure makes the interfaces and static routes those of ip. What cannot be done yet is tried again in the
	// background. tell is called with what goes wrong or comes right, from any goroutine; it must not wait.
	Configure(ip machine.IP, tell func(text string))
	// Interfaces tells what there is.
	Interfaces() []machine.InterfaceState
	// Routes tells the ways of IP packets.
	Routes() ([]machine.RouteState, error)
	// Echo sends an ICMP echo request and waits for its answer, which took so long.
	Echo(context.Context, machine.Echo) (time.Duration, error)
}

// Options are what a node is made of.
type Options struct {
	Platform Platform
	Store    startup.Store // has the startup configuration
	Version  string
	Commands []*cli.Statement // of the exec, beside the node's own
	Parts    []userpart.Kind  // user parts beside the node's own
}

// view is what an MSU's way depends on: the tables of one moment. It is published as a whole, and never changed.
type view struct {
	table *routing.Table
	paths []*link // by PathID; nil: gone
	sccp  *sccp.View
	holds map[ss7.PathID]*hold

	servers   []*m3uaAS   // by PathID; nil: no server
	crossings []*crossing // by PathID; nil: no crossing

	loopTitles map[loopTitle]bool // the messages to titles that go in circles and are discarded; nil: none
	keyed      []keyed            // ranges of which AS have a part
	whole      []keyed            // ranges that an AS has as a whole
}

// keyed is a range of destinations that an AS has by its routing key.
type keyed struct {
	dest ss7.Range
	as   *m3uaAS
}

// Node is one signalling point. All methods may be called from any goroutine. The fields are in groups, by what a
// goroutine needs to touch them.
type Node struct {
	fixed
	published
	configured
	shared
}

// fixed is what start has set. Nobody changes it. Whatever it points to has a guard of its own.
type fixed struct {
	opt     Options
	number  uint8 // of this instance; instance 0 has the others within it
	started time.Time
	log     *syslog.Log
	ctx     context.Context // ends when the node stops
	stop    context.CancelFunc

	core  *core
	users *users
	m3ua  *m3uaLayer
	m2ua  *m2uaLayer

	associations *associations // of all instances
	assoc        *association.Node
	ground       *ground // of all instances
}

// published is what any goroutine may load without a lock. What a pointer here leads to does not change, except for
// counters in it: a change is another value, stored here.
type published struct {
	view     atomic.Pointer[view]                // the core stores it
	leaving  atomic.Bool                         // see Leave; the core stores it
	stopping atomic.Bool                         // no new association is accepted any more
	config   atomic.Pointer[configs.System]      // the holder of applying stores it, and the next two
	ports    atomic.Pointer[[]*association.Port] // for alarms
	tap      atomic.Pointer[paklog.Tap]          // copies MSUs; nil: none are copied

	// Of instance 0 alone.
	others      atomic.Pointer[[]*Node]           // the instances within; the holder of applying stores it
	warned      atomic.Pointer[[]configs.Warning] // about the configuration that runs
	titlesFault atomic.Pointer[string]            // what is wrong with the file of titles; nil or empty: nothing
	faults      atomic.Pointer[[]string]          // what is wrong with the startup configuration; nil: it was not read yet
	output      atomic.Pointer[syslog.Output]     // see Print
}

// configured is what the holder of applying may touch. The applying of instance 0 is taken before that of another
// instance.
type configured struct {
	applying   lock.Mutex[lock.Applying] // guards what follows
	localPorts map[uint16]*association.Port
	links      map[linkKey]*link
	titles     titles.Tables
	baseline   map[sctp.Transport]map[string]uint64 // the counters when they were last cleared
	cleared    time.Time
	recordings []*recording

	// The applying of instance 0 guards these in all instances.
	crossingIDs map[configs.Alias]ss7.PathID
	borders     [configs.MaxInstances]*borderCount
	paklog      *paklog.Sender // of instance 0; nil: no MSUs are copied
}

// shared has what guards itself by a lock of its own, and counters.
type shared struct {
	readers    readers
	departures departures
	arrivals   arrivals
	ids        pathIDs
	shortages  shortages // what an instance has used up; instance 0 has those of the program
	discards   discards
	sccp       sccpCounters
	turns      atomic.Uint64  // see held
	group      sync.WaitGroup // all goroutines
}

// New makes a node without configuration and starts it.
func New(opt Options) *Node {
	all := &associations{}
	all.Memory, all.Backlog = sctp.NewBudget(sctp.DefaultBudget), sctp.NewBacklog(sctp.DefaultBacklog)
	var n *Node
	all.Lack = func(why string) { n.descriptorsShort(why) }
	n = start(opt, syslog.New(), 0, all, &ground{})
	all.Memory.OnShortage(n.memoryShort)
	all.Backlog.OnShortage(n.backlogShort)
	return n
}

func start(opt Options, log *syslog.Log, number uint8, a *associations, g *ground) *Node {
	n := &Node{fixed: fixed{opt: opt, number: number, started: time.Now(), log: log, associations: a, ground: g}}
	n.localPorts, n.links = map[uint16]*association.Port{}, map[linkKey]*link{}
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.config.Store(configs.New())
	n.core = newCore(n)
	n.assoc = n.newAssociations()
	n.users = newUsers(n, n.core.rows())
	n.m3ua, n.m2ua = newM3UALayer(n), newM2UALayer(n)
	n.view.Store(&view{table: n.core.network.Table(), sccp: n.core.sccp.view(n.core.network.Table())})
	n.group.Go(n.core.run)
	n.users.start(n)
	n.group.Go(n.measure)
	return n
}

// shutPorts accepts no new association any more. A far end that is taken leave of would otherwise come back at once,
// and nobody would serve it.
func (n *Node) shutPorts() {
	n.stopping.Store(true)
	n.applying.Lock()
	defer n.applying.Unlock()
	for _, p := range n.localPorts {
		p.Shut()
	}
}

// shut accepts no new association any more in any instance.
func (n *Node) shut() {
	for _, i := range n.all() {
		i.shutPorts()
	}
}

// Close stops everything and waits for it.
func (n *Node) Close() {
	n.shut()
	var others sync.WaitGroup
	for _, i := range n.all()[1:] { // all at once, since each may wait for answers of its gateways
		others.Go(i.Close)
	}
	others.Wait()
	n.applying.Lock()
	links, ports := n.links, n.localPorts
	n.links, n.localPorts = map[linkKey]*link{}, map[uint16]*association.Port{}
	n.stopPaklog()
	n.applying.Unlock()
	n.m2ua.close("the node stops") // before the links, so that they are not released: another ASP may serve them
	for _, l := range links {
		l.close("the node stops")
	}
	n.m3ua.close("the node stops")
	for _, p := range ports {
		p.Close()
	}
	n.stop()
	n.group.Wait()
	n.StopRecording()
}

// Log gives the event log of the node.
func (n *Node) Log() *syslog.Log { return n.log }

// Config gives the running configuration, which is never changed.
func (n *Node) Config() *configs.System { return n.config.Load() }

// Links counts the links that are available and all that are configured.
func (n *Node) Links() (up, all int) {
	for _, i := range n.all() {
		i.core.ask(func() {
			for _, s := range i.core.network.Status() {
				for _, l := range s.Links {
					all++
					if l.State == mtp3.Available {
						up++
					}
				}
			}
		})
	}
	return up, all
}

// Unsettled counts the links that should be available and are not, unless they have tried for longer than patience.
func (n *Node) Unsettled(patience time.Duration) (count int) {
	for _, i := range n.all() {
		i.core.ask(func() { count += i.core.network.Unsettled(time.Now(), patience) })
	}
	return count
}
