package node

import (
	"context"
	"iter"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/sctp"
)

// assocNode is what associations need of the node in which they are. Its functions may be called from any goroutine,
// and with the mu of a runner or a port: only settled waits.
type assocNode struct {
	ctx   context.Context // ends when the node stops
	log   *syslog.Log
	group *sync.WaitGroup // all goroutines
	all   *assocShared    // what the associations of all instances share

	config    func() *configs.System
	transport func(configs.Transport) (t sctp.Transport, why string, err error)
	// stopping tells whether nobody is let in any more.
	stopping func() bool
	// ground says which of some local addresses stand on an interface that carries nothing, to end a sentence.
	ground func([]netip.Addr) string
	// recheck has alarms looked at soon.
	recheck func()
	// short tells that something has run out, and why; an empty why ends it.
	short func(what, why string)
	// refused counts associations that are nobody's.
	refused *atomic.Uint64
	// keepers gives all that keep an association.
	keepers func() iter.Seq[*runner]
	// settled looks when no change of the configuration goes on.
	settled func(look func())
	// welcome takes the association of nobody configured as an ASP of M3UA, or gives the cause why not.
	welcome func(*localPort, sctp.Assoc) error
	// protocol is what the ASPs at a port speak; nil: the port is not for ASPs.
	protocol func(s *configs.System, port uint16) *assocProtocol
}
