package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gostp/gostp/sctp"
)

// machine is the computer this program runs on.
type machine struct {
	ipStack

	mu         sync.Mutex
	transports map[string]opened
}

type opened struct {
	t   sctp.Transport
	why string
	err error
}

// ThisMachine is the platform of `gostp run`.
func ThisMachine() Platform {
	return &machine{transports: map[string]opened{}}
}

// Transport gives the same one for the same kind, so that there is one endpoint for
// each address and port. A kind that failed is tried anew.
func (m *machine) Transport(kind string) (sctp.Transport, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.transports[kind]
	if !ok || o.err != nil {
		o = m.openTransport(kind)
		m.transports[kind] = o
	}
	return o.t, o.why, o.err
}

func (m *machine) openTransport(kind string) opened {
	switch kind {
	case "auto", "udp":
		return opened{sctp.NewUser(sctp.UDP()), "SCTP in UDP works everywhere", nil}
	}
	return opened{err: fmt.Errorf("transport %s is not built yet", kind)}
}

// Echo asks over the machine's own IP.
func (*machine) Echo(ctx context.Context, e Echo) (time.Duration, error) { return echo(ctx, e) }
