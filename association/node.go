package association

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

// Node is what associations need of the node in which they are. Its functions may be called from any goroutine.
// Recheck alone is called with a lock held.
type Node struct {
	Context context.Context // ends when the node stops
	Log     *syslog.Log
	Group   *sync.WaitGroup // all goroutines
	Shared  *Shared         // what the associations of all instances share

	Config    func() *configs.System
	Transport func(configs.Transport) (t sctp.Transport, why string, err error)
	// Stopping tells whether nobody is let in any more.
	Stopping func() bool
	// Ground says which of some local addresses stand on an interface that carries nothing, to end a sentence.
	Ground func([]netip.Addr) string
	// Recheck has alarms looked at soon.
	Recheck func()
	// Short tells that something has run out, and why; an empty why ends it.
	Short func(what, why string)
	// Refused counts associations that are nobody's.
	Refused *atomic.Uint64
	// Keepers gives all that keep an association.
	Keepers func() iter.Seq[*Keeper]
	// Settled looks when no change of the configuration goes on.
	Settled func(look func())
	// Welcome takes the association of nobody configured as an ASP of M3UA, or gives the cause why not.
	Welcome func(*Port, sctp.Assoc) error
	// Protocol is what the ASPs at a port speak; nil: the port is not for ASPs.
	Protocol func(s *configs.System, port uint16) *Protocol
}
