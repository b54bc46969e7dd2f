package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	if kind != "auto" {
		return m.open(kind)
	}
	// The kernel's is fastest and needs no setting of the far end; so does raw IP, which
	// needs privileges; UDP always works, but the far end must do the same.
	var without []string
	for _, k := range []string{"kernel", "user", "udp"} {
		t, why, err := m.open(k)
		if err == nil {
			return t, strings.Join(append(without, why), "; "), nil
		}
		without = append(without, fmt.Sprintf("no %s: %v", k, err))
	}
	return nil, "", errors.New(strings.Join(without, "; "))
}

// open gives the transport of one kind. The caller holds mu.
func (m *machine) open(kind string) (sctp.Transport, string, error) {
	if o, ok := m.transports[kind]; ok {
		return o.t, o.why, nil
	}
	var o opened
	switch kind {
	case "kernel":
		t, err := sctp.Kernel()
		if err != nil {
			return nil, "", err
		}
		o = opened{t, "the kernel's own"}
	case "user":
		raw, err := sctp.Raw()
		if err != nil {
			return nil, "", err
		}
		o = opened{sctp.NewUser(raw), "our own over raw IP, as a kernel's on the wire"}
	case "udp":
		o = opened{sctp.NewUser(sctp.UDP()), "our own in UDP: the far end must speak SCTP in UDP too (RFC 6951)"}
	case tcp:
		o = opened{sctp.TCP(), "no SCTP; messages are told apart by their headers"}
	default:
		return nil, "", fmt.Errorf("there is no transport %q: %s", kind, strings.Join(Transports, ", "))
	}
	m.transports[kind] = o
	return o.t, o.why, nil
}

// Echo asks over the machine's own IP.
func (*machine) Echo(ctx context.Context, e Echo) (time.Duration, error) { return echo(ctx, e) }
