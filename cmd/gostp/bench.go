package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gostp/gostp/bench"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
)

// benchOptions are the flags of both kinds of load.
type benchOptions struct {
	load           bench.Load
	what           string // "m2pa", "m2ua", "m3ua" or "sctp"
	m3ua           m3uaOptions
	down           bool // with m2ua: the ASPs are the sinks
	through        string
	transport      string
	pairs          int
	single         bool
	json, progress bool
	printConfig    bool
	fifo           string
	stp, source    string
	sink           string
	out            string
	si             uint8
	forwarderCPU   int
	setup          time.Duration
}

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure: throughput, delay, losses and order, of this program and of others",
		Long: "Measures throughput, delay, losses and order. `gostp bench m2pa` loads M2PA links, through an STP or " +
			"without;\n" +
			"`gostp bench m2ua` loads an M2UA gateway, `gostp bench m3ua` one of M3UA; `gostp bench sctp` loads bare " +
			"associations; `gostp bench forward` is what both may be compared with.\n" +
			"docs/bench.md says what the figures mean.",
	}
	c.AddCommand(loadCommand(loadM2PA, viaNode, "Load M2PA links; the ends play the nodes adjacent to an STP",
		"  gostp bench m2pa --single                     # this program's own node, a packet for each message\n"+
			"  gostp bench m2pa --through direct --window 64 # no STP: the bare path\n"+
			"  gostp bench m2pa --rate 20000                 # delay at a fixed rate\n"+
			"  gostp bench m2pa --through 10.0.0.1:3565 --source-ip 10.0.0.2 --sink-ip 10.0.0.3 --print-config"),
		m2uaCommand(), m3uaCommand(),
		loadCommand(loadSCTP, viaLoop, "Load bare SCTP associations, without M2PA",
			"  gostp bench sctp --through direct\n  gostp bench sctp --through single-call --transport kernel"),
		forwardCommand())
	return c
}

func loadCommand(what, through, short, example string) *cobra.Command {
	c, _ := loadCommandOf(what, through, short, example)
	return c
}

func loadCommandOf(what, through, short, example string) (*cobra.Command, *benchOptions) {
	o := &benchOptions{what: what}
	c := &cobra.Command{
		Use: what, Short: short, Example: example, Args: cobra.NoArgs,
		Long: short + ".\n\nMessages are numbered within each of 16 SLS values of each pair and judged one by one at the " +
			"sink. The exit\n" +
			"code is not 0 when one came twice or out of order, or when one was lost (with --rate: losses are told only).\n\n" +
			"On a machine with one CPU use --sched fifo --coalesce 2ms: a receiver that is woken by every message makes\n" +
			"everybody send single messages, and a sender that is interrupted after its first never makes a batch. As a\n" +
			"real-time process that rests 2 ms after it has read all there is, the tool does neither; delays then say\n" +
			"nothing below those 2 ms.",
		RunE: func(c *cobra.Command, _ []string) error { return o.run() },
	}
	f := c.Flags()
	f.StringVar(&o.through, "through", through, throughHelp(what))
	f.StringVar(&o.out, "out", "",
		"ADDRESS[:PORT] where the sinks connect, if that is another STP than --through: the messages cross both")
	f.StringVar(&o.transport, "transport", "auto", "auto, kernel, user or udp; m3ua: tcp too")
	f.IntVar(&o.pairs, "associations", 1, "pairs of associations")
	f.IntVar(&o.load.Size, "size", 100, "octets of each SCTP message, headers of M2PA and MTP3 within")
	f.IntVar(&o.load.Window, "window", 0, "messages under way in each pair (256, unless --rate is given)")
	f.Float64Var(&o.load.Rate, "rate", 0, "messages a second in all, by the clock, whatever arrives")
	f.Uint64Var(&o.load.Count, "count", 0, "exactly so many messages in all, within --duration")
	f.DurationVar(&o.load.Warmup, "warmup", time.Second, "time before counting")
	f.DurationVar(&o.load.Duration, "duration", 5*time.Second, "time of counting; with --count the longest time")
	f.DurationVar(&o.load.Tick, "tick", time.Millisecond, "with --rate: between bursts")
	f.DurationVar(&o.load.Stall, "stall", 3*time.Second, "nothing arrives for so long: the run has failed")
	f.DurationVar(&o.load.Coalesce, "coalesce", 0, "rest of a reader that has read all there is (one CPU: 2ms)")
	f.StringVar(&o.fifo, "sched", "", "fifo: be a real-time process (one CPU; needs root)")
	f.BoolVar(&o.single, "single", false, "a packet for each message: no bundling by the tool and by bench forward")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.progress, "progress", false, "a line a second on standard error")
	f.DurationVar(&o.setup, "setup", 60*time.Second, "longest time until the first message crosses")
	f.StringVar(&o.source, "source-ip", "127.9.0.2", "this machine's address for the sources")
	f.StringVar(&o.sink, "sink-ip", "127.9.0.3", "this machine's address for the sinks")
	f.StringVar(&o.stp, "forwarder-ip", "127.9.0.1",
		"this machine's address for the program between, if this one starts it")
	f.IntVar(&o.forwarderCPU, "forwarder-cpu", -1,
		"run the program between on this CPU alone (with taskset), one thread of Go")
	if what != loadSCTP {
		f.Uint8Var(&o.si, "si", uint8(ss7.ISUP), "service indicator of the MSUs, 3 to 15")
		f.BoolVar(&o.printConfig, "print-config", false, "print the configuration that the STP between needs, and end")
	}
	return c, o
}

func throughHelp(what string) string {
	if what == loadM2PA {
		return "what is between: direct (nothing), node (a gostp run), loop or single-call (a gostp bench forward), " +
			"or ADDRESS[:PORT] of an STP that runs"
	}
	if what == loadM2UA {
		return "what is between: node (a gostp run), or ADDRESS[:PORT] of a gateway that runs; the sinks' port is " +
			"the next, or --out"
	}
	if what == loadM3UA {
		return "what is between: node (a gostp run), osmo-stp (one that is started), or ADDRESS[:PORT] of a gateway " +
			"that runs"
	}
	return "what is between: direct (nothing), loop or single-call (a gostp bench forward), or ADDRESS[:PORT] of " +
		"one that runs"
}

// These are ports of the program between.
const (
	forwardIn  = 3565 // also the STP's
	forwardOut = 3566
)

// layout says who is where. If nothing is between, the far ends stay empty.
func (o *benchOptions) layout(t sctp.Transport) (l bench.Layout, err error) {
	l = bench.Layout{Transport: t, Params: sctp.Params{Single: o.single}, Pairs: o.pairs, Coalesce: o.load.Coalesce}
	if l.Source, err = netip.ParseAddr(o.source); err != nil {
		return l, err
	}
	if l.Sink, err = netip.ParseAddr(o.sink); err != nil {
		return l, err
	}
	between := netip.AddrPort{}
	switch o.through {
	case viaNothing:
		return l, nil
	case viaNode, viaOsmoSTP, viaLoop, viaCalls:
		ip, err := netip.ParseAddr(o.stp)
		if err != nil {
			return l, err
		}
		between = netip.AddrPortFrom(ip, forwardIn)
	default:
		if between, err = farEnd(o.through); err != nil {
			return l, fmt.Errorf("--through %s is neither direct, node, loop, single-call nor an address", o.through)
		}
	}
	l.In = sctp.Addr{IPs: []netip.Addr{between.Addr()}, Port: between.Port()}
	l.Out = l.In
	if o.through == viaLoop || o.through == viaCalls || o.what == loadSCTP || o.what == loadM2UA {
		l.Out.Port++
	}
	if o.out != "" {
		out, err := farEnd(o.out)
		if err != nil {
			return l, fmt.Errorf("--out %s is no address", o.out)
		}
		l.Out = sctp.Addr{IPs: []netip.Addr{out.Addr()}, Port: out.Port()}
	}
	return l, nil
}

// farEnd reads ADDRESS[:PORT].
func farEnd(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a, nil
	}
	ip, err := netip.ParseAddr(s)
	return netip.AddrPortFrom(ip, forwardIn), err
}

func (o *benchOptions) run() error {
	if o.load.Window == 0 && o.load.Rate == 0 {
		o.load.Window = 256
	}
	if o.what != loadSCTP && (o.si < uint8(ss7.SCCP) || o.si > 15) {
		return fmt.Errorf("service indicator %d: 3 to 15 cross an STP", o.si)
	}
	if o.what == loadSCTP && o.through == viaNode {
		return fmt.Errorf("a node carries no bare messages: `gostp bench m2pa --through node`")
	}
	if o.what == loadM2UA && (o.through == viaNothing || o.through == viaLoop || o.through == viaCalls) {
		return fmt.Errorf("--through %s: an ASP and an M2PA link need a gateway: node or an ADDRESS", o.through)
	}
	if o.what == loadM3UA {
		if err := o.checkM3UA(); err != nil {
			return err
		}
	} else if o.through == viaOsmoSTP {
		return fmt.Errorf("osmo-stp carries M3UA alone: `gostp bench m3ua --through osmo-stp`")
	}
	if err := o.load.Check(map[string]int{loadM2PA: bench.M2PAHeaders, loadM2UA: bench.M2UAHeaders,
		loadM3UA: bench.M3UAHeaders}[o.what]); err != nil {
		return err
	}
	if o.progress {
		o.load.Progress = os.Stderr
	}
	t, err := openTransport(o.transport)
	if err != nil {
		return err
	}
	l, err := o.layout(t)
	if err != nil {
		return err
	}
	if o.printConfig {
		fmt.Print(o.config(l, o.m3ua.words))
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	r, err := o.measure(ctx, l)
	if r == nil {
		return err
	}
	if o.json {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		r.Print(os.Stdout)
	}
	if err == nil && r.Fault() != "" {
		err = fmt.Errorf("%s", r.Fault())
	}
	return err
}

// config gives the configuration that the program between needs, for m3ua in the given words.
func (o *benchOptions) config(l bench.Layout, words string) string {
	switch o.what {
	case loadM3UA:
		return o.gatewayConfig(l, words)
	case loadM2UA:
		return bench.BackhaulConfig(l, o.word(), o.down)
	}
	return bench.STPConfig(l, o.word())
}

// m2uaCommand is `bench m2ua`.
func m2uaCommand() *cobra.Command {
	c, o := loadCommandOf(loadM2UA, viaNode, "Load an M2UA gateway; ASPs send to the far ends of its M2PA links",
		"  gostp bench m2ua                              # through this program's own node\n"+
			"  gostp bench m2ua --down                       # from the links to the ASPs\n"+
			"  gostp bench m2ua --through 10.0.0.1:2904 --out 10.0.0.1:3565 --source-ip 10.0.0.2 --sink-ip 10.0.0.3")
	c.Flags().BoolVar(&o.down, "down", false, "the far ends of the links are the sources, the ASPs the sinks")
	return c
}

// These are what a bench loads.
const (
	loadM2PA = "m2pa"
	loadM2UA = "m2ua"
	loadM3UA = "m3ua"
	loadSCTP = "sctp"
)

// These stand between the two ends, in the words of --through.
const (
	viaNothing = "direct"
	viaNode    = "node"
	viaOsmoSTP = "osmo-stp"
	viaLoop    = "loop"        // a bare forwarder
	viaCalls   = "single-call" // a bare forwarder, which reads and sends one message at a time
)

// A configuration is printed in the words of one of these.
const (
	gostpWords = "gostp"
	osmoWords  = "osmo-stp"
)

// openTransport opens the machine's transport of that name.
func openTransport(word string) (sctp.Transport, error) {
	kind, err := configs.ParseTransport(word)
	if err != nil {
		return nil, err
	}
	t, _, err := machine.This().Transport(kind)
	return t, err
}

// word gives the transport in the words of a configuration; "" for the node's own choice.
func (o *benchOptions) word() string {
	if o.transport == configs.Auto.String() {
		return ""
	}
	return o.transport
}

// measure starts the program between, connects, runs the load, and ends everything.
func (o *benchOptions) measure(ctx context.Context, l bench.Layout) (r *bench.Report, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	between, err := o.startBetween(l, cancel)
	if err != nil {
		return nil, err
	}
	defer between.stop()
	if o.fifo != "" { // the child was started before, so it does not inherit this
		if o.fifo != "fifo" {
			return nil, fmt.Errorf("--sched %s: only fifo is known", o.fifo)
		}
		if err := realTime(); err != nil {
			return nil, err
		}
	}
	setup, done := context.WithTimeoutCause(ctx, o.setup, fmt.Errorf("not ready within %v", o.setup))
	defer done()
	b, err := o.connect(setup, l)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, between.tail())
	}
	var used time.Duration
	if o.m3ua.pid != 0 {
		if used, err = processorTime(o.m3ua.pid); err != nil {
			return nil, err
		}
	}
	r, err = b.Run(ctx, o.load)
	b.Close()
	if o.m3ua.pid != 0 && r != nil && r.Received > 0 {
		if now, err := processorTime(o.m3ua.pid); err == nil {
			r.ForwarderCPU = float64((now - used).Microseconds()) / float64(r.Received)
		}
	}
	if r != nil {
		r.What, r.Through, r.Single = o.what, o.through, o.single
		if cpu := between.stop(); cpu > 0 && r.Received > 0 {
			r.ForwarderCPU = float64(cpu.Microseconds()) / float64(r.Received)
		}
	}
	return r, err
}

func forwardCommand() *cobra.Command {
	var ip, transport string
	var in, out uint16
	var one, single bool
	c := &cobra.Command{
		Use: "forward", Short: "Carry messages between pairs of associations without looking at them, to compare with",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			at, err := netip.ParseAddr(ip)
			if err != nil {
				return err
			}
			t, err := openTransport(transport)
			if err != nil {
				return err
			}
			p := sctp.Params{Single: single}
			a, err := t.Open(sctp.Addr{IPs: []netip.Addr{at}, Port: in}, p)
			if err != nil {
				return err
			}
			defer a.Close()
			b, err := t.Open(sctp.Addr{IPs: []netip.Addr{at}, Port: out}, p)
			if err != nil {
				return err
			}
			defer b.Close()
			size := 64
			if one {
				size = 1
			}
			return bench.Forward(ctx, a, b, size)
		},
	}
	f := c.Flags()
	f.StringVar(&ip, "local-ip", "127.9.0.1", "address to listen at")
	f.Uint16Var(&in, "in", forwardIn, "port of the sources")
	f.Uint16Var(&out, "out", forwardOut, "port of the sinks")
	f.StringVar(&transport, "transport", "auto", "auto, kernel, user or udp")
	f.BoolVar(&one, "single-call", false, "one message for each read and each send")
	f.BoolVar(&single, "single", false, "a packet for each message")
	return c
}
