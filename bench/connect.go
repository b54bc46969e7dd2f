package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// These are the ports of the first source and the first sink. Each further pair has the next ones.
const (
	sourcePort = 11000
	sinkPort   = 12000
	MaxPairs   = 256
)

// These are the point codes of the sources, of the sinks, and of the STP.
const (
	sourcePC ss7.PC = 1 << 11 // 1-0-0
	sinkPC   ss7.PC = 2 << 11
	stpPC    ss7.PC = 3 << 11
)

// Layout says who is where.
type Layout struct {
	Transport    sctp.Transport
	Params       sctp.Params
	Source, Sink netip.Addr // addresses of this process
	// In and Out are what the sources and the sinks dial, in turn: source 0, sink 0, source 1... If they are zero,
	// nothing is in between, and sources dial sinks.
	In, Out  sctp.Addr
	Pairs    int
	Coalesce time.Duration
}

func (l *Layout) direct() bool { return len(l.In.IPs) == 0 }

// Bench has pairs that are connected, ready to Run once.
type Bench struct {
	pairs     []*pair
	load      *Load
	headers   int // octets of a message that stand before the stamp
	transport string
	closers   []func()
}

// end is one side of a pair on its association.
type end interface {
	source
	serve() // reads the association until it ends
	close()
}

// connect makes the associations of a layout, and calls up to make an end on each. It waits until a message
// crosses every pair, or ctx ends; the error then says what is not there yet.
func connect(
	ctx context.Context, l Layout, headers int, up func(a sctp.Assoc, p *pair, sink bool) end,
) (*Bench, error) {
	if l.Pairs < 1 || l.Pairs > MaxPairs {
		return nil, fmt.Errorf("%d pairs: 1 to %d are possible", l.Pairs, MaxPairs)
	}
	b := &Bench{load: &Load{}, headers: headers, transport: l.Transport.Name()}
	epoch := time.Now()
	for i := range l.Pairs {
		src, sink, err := b.associate(ctx, &l, i)
		if err != nil {
			b.Close()
			return nil, fmt.Errorf("pair %d: %w", i, err)
		}
		p := newPair(i, b.load, epoch)
		s, t := up(src, p, false), up(sink, p, true)
		p.src = s
		b.pairs = append(b.pairs, p)
		b.closers = append(b.closers, s.close, t.close)
		go s.serve()
		go t.serve()
	}
	if err := b.probe(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// associate makes the two associations of pair i.
func (b *Bench) associate(ctx context.Context, l *Layout, i int) (src, sink sctp.Assoc, err error) {
	at := func(ip netip.Addr, port int) sctp.Addr {
		return sctp.Addr{IPs: []netip.Addr{ip}, Port: uint16(port + i)}
	}
	from, err := b.openAt(l, at(l.Source, sourcePort))
	if err != nil {
		return nil, nil, err
	}
	to, err := b.openAt(l, at(l.Sink, sinkPort))
	if err != nil {
		return nil, nil, err
	}
	if l.direct() {
		if src, err = dial(ctx, from, at(l.Sink, sinkPort), l.Params); err != nil {
			return nil, nil, err
		}
		sink, err = to.Accept(ctx)
		return src, sink, err
	}
	if src, err = dial(ctx, from, l.In, l.Params); err != nil {
		return nil, nil, err
	}
	sink, err = dial(ctx, to, l.Out, l.Params)
	return src, sink, err
}

func (b *Bench) openAt(l *Layout, at sctp.Addr) (sctp.Endpoint, error) {
	e, err := l.Transport.Open(at, l.Params)
	if err == nil {
		b.closers = append(b.closers, func() { e.Close() })
	}
	return e, err
}

// dial tries until ctx ends: the program in between may not be there yet, or may dial us.
func dial(ctx context.Context, e sctp.Endpoint, to sctp.Addr, p sctp.Params) (sctp.Assoc, error) {
	last := errors.New("no answer")
	for {
		a, err := e.Dial(ctx, to, p)
		if err == nil {
			return a, nil
		}
		if errors.Is(err, sctp.ErrExists) {
			accepting, stop := context.WithTimeout(ctx, time.Second)
			a, err = e.Accept(accepting)
			stop()
			if err == nil {
				return a, nil
			}
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no association with %v port %d (%w): %w", to.IPs[0], to.Port, last, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// probe waits until a message crosses every pair.
func (b *Bench) probe(ctx context.Context) error {
	for _, p := range b.pairs {
		for !p.probed.Load() {
			ok, why := p.src.open()
			if ok {
				p.sendProbe()
				why = "messages leave and do not arrive"
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("pair %d: %s: %w", p.id, why, context.Cause(ctx))
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// Close ends everything.
func (b *Bench) Close() {
	for i := len(b.closers) - 1; i >= 0; i-- {
		b.closers[i]()
	}
	b.closers = nil
}

// STPConfig gives the configuration of an STP that stands between the sources and sinks of l. transport is its
// word for the transport of a local-peer, or "" for its own choice.
func STPConfig(l Layout, transport string) string {
	var w strings.Builder
	f := ss7.ITU.Notation.Format
	stp := l.In
	fmt.Fprintf(&w, "hostname bench\n!\ncs7 variant itu\ncs7 network-indicator international\n"+
		"cs7 point-code %s\n!\ncs7 local-peer %d\n", f(stpPC), stp.Port)
	if transport != "" {
		fmt.Fprintf(&w, " transport %s\n", transport)
	}
	for _, ip := range stp.IPs {
		fmt.Fprintf(&w, " local-ip %s\n", ip)
	}
	for i := range l.Pairs {
		fmt.Fprintf(&w, "!\ncs7 linkset source%d %s\n link 0 sctp %s %d %d passive\n", i, f(sourcePC+ss7.PC(i)), l.Source,
			sourcePort+i, stp.Port)
		fmt.Fprintf(&w, "cs7 linkset sink%d %s\n link 0 sctp %s %d %d passive\n", i, f(sinkPC+ss7.PC(i)), l.Sink,
			sinkPort+i, stp.Port)
	}
	fmt.Fprintf(&w, "!\ncs7 route-table system\n")
	for i := range l.Pairs {
		fmt.Fprintf(&w, " update route %s/14 linkset source%d\n update route %s/14 linkset sink%d\n",
			f(sourcePC+ss7.PC(i)), i, f(sinkPC+ss7.PC(i)), i)
	}
	fmt.Fprintf(&w, "!\nend\n")
	return w.String()
}
