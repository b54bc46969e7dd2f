// Package machine is the computer that a node runs on: the SCTP that it has, its IP interfaces and
// routes, and its ICMP. A configuration's interfaces and routes become the kernel's (rtnetlink, on Linux);
// the package takes away only what it put there itself.
package machine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gostp/gostp/sctp"
)

// Transports are the kinds of SCTP that can be asked for: kernel; user, our own over
// raw IP; udp, our own in UDP (RFC 6951); auto, the first of these that works; and tcp,
// which is none, for M3UA.
var Transports = []string{"auto", "kernel", "user", "udp", TCP}

// TCP is the kind of transport that is no SCTP.
const TCP = "tcp"

// Machine is the computer that this program runs on, the platform of `gostp run`.
type Machine struct {
	ipStack

	mu         sync.Mutex
	transports map[string]opened
}

type opened struct {
	t   sctp.Transport
	why string
}

// This gives the computer that this program runs on.
func This() *Machine {
	return &Machine{transports: map[string]opened{}}
}

// Transport gives the same one for the same kind, so that there is one endpoint for
// each address and port. A kind that failed is tried anew.
func (m *Machine) Transport(kind string) (sctp.Transport, string, error) {
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
func (m *Machine) open(kind string) (sctp.Transport, string, error) {
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
	case TCP:
		o = opened{sctp.TCP(), "no SCTP; messages are told apart by their headers"}
	default:
		return nil, "", fmt.Errorf("there is no transport %q: %s", kind, strings.Join(Transports, ", "))
	}
	m.transports[kind] = o
	return o.t, o.why, nil
}

// Echo asks over the machine's own IP.
func (*Machine) Echo(ctx context.Context, e Echo) (time.Duration, error) { return echo(ctx, e) }
