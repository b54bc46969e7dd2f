// Package machine is the computer that a node runs on: the SCTP that it has, its IP interfaces and routes, and
// its ICMP. It makes the interfaces and routes of a configuration the kernel's (by rtnetlink, on Linux). It
// takes away only what it put there itself.
package machine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/sctp"
)

// Machine is the computer that this program runs on, the platform of `gostp run`.
type Machine struct {
	ipStack

	mu         lock.Mutex[lock.Transports]
	transports map[configs.Transport]opened
}

type opened struct {
	t   sctp.Transport
	why string
}

// This gives the computer that this program runs on.
func This() *Machine {
	return &Machine{transports: map[configs.Transport]opened{}}
}

// Transport gives the same transport for the same kind, so that there is one endpoint for each address and
// port. A kind that failed is tried anew.
func (m *Machine) Transport(kind configs.Transport) (sctp.Transport, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if kind != configs.Auto {
		return m.open(kind)
	}
	// The kernel's SCTP is the fastest, and the far end needs no setting for it. The same is true of raw IP, which
	// needs privileges. UDP always works, but the far end must use it too.
	var without []string
	for _, k := range []configs.Transport{configs.Kernel, configs.User, configs.UDP} {
		t, why, err := m.open(k)
		if err == nil {
			return t, strings.Join(append(without, why), "; "), nil
		}
		without = append(without, fmt.Sprintf("no %v: %v", k, err))
	}
	return nil, "", errors.New(strings.Join(without, "; "))
}

// open gives the transport of one kind. The caller holds mu.
func (m *Machine) open(kind configs.Transport) (sctp.Transport, string, error) {
	if o, ok := m.transports[kind]; ok {
		return o.t, o.why, nil
	}
	var o opened
	switch kind {
	case configs.Kernel:
		t, err := sctp.Kernel()
		if err != nil {
			return nil, "", err
		}
		o = opened{t, "the kernel's own"}
	case configs.User:
		raw, err := sctp.Raw()
		if err != nil {
			return nil, "", err
		}
		o = opened{sctp.NewUser(raw), "our own over raw IP, as a kernel's on the wire"}
	case configs.UDP:
		o = opened{sctp.NewUser(sctp.UDP()), "our own in UDP: the far end must speak SCTP in UDP too (RFC 6951)"}
	case configs.TCP:
		o = opened{sctp.TCP(), "no SCTP; messages are told apart by their headers"}
	default:
		return nil, "", fmt.Errorf("transport %v cannot be opened", kind)
	}
	m.transports[kind] = o
	return o.t, o.why, nil
}

// Echo sends an echo request by the machine's own IP.
func (*Machine) Echo(ctx context.Context, e Echo) (time.Duration, error) { return echo(ctx, e) }
