package configs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gostp/gostp/cli"
)

// SCTP are the settings of associations. A setting that is zero or nil is as the local port says, and if that
// says nothing, as in DefaultSCTP. Off is none.
type SCTP struct {
	Window       uint32        `cli:"receive-window"` // octets
	InStreams    uint16        `cli:"max-inbound-streams"`
	OutStreams   uint16        `cli:"outbound-streams"`
	InitTimeout  time.Duration `cli:"init-timeout"`
	InitRetrans  uint8         `cli:"init-retransmit"`
	InitPrec     *uint8        `cli:"init-ip-precedence"`
	InitDSCP     *uint8        `cli:"init-ip-dscp"`
	Keepalive    time.Duration `cli:"keepalive"` // Off: no HEARTBEAT
	AssocRetrans uint8         `cli:"assoc-retransmit"`
	PathRetrans  uint8         `cli:"path-retransmit"`
	RTOMin       time.Duration `cli:"rto-min"` // with RTOMax one setting
	RTOMax       time.Duration `cli:"rto-max"`
	Stall        time.Duration `cli:"stall-timeout"` // whole seconds
	Sack         time.Duration `cli:"cumulative-sack"`
	Bundling     time.Duration `cli:"bundling"` // Off: a packet for each message
	QueueDepth   uint16        `cli:"tx-queue-depth"`
	Prec         *uint8        `cli:"ip-precedence"` // one setting with DSCP
	DSCP         *uint8        `cli:"ip-dscp"`
}

// Off is the value of what `no` turns off.
const Off = time.Duration(-1)

// DefaultSCTP is made for signalling, so that a dead far end is found in seconds.
var DefaultSCTP = SCTP{
	Window: 4 << 20, InStreams: 2, OutStreams: 2, InitTimeout: 500 * time.Millisecond, InitRetrans: 8,
	Keepalive: time.Second, AssocRetrans: 4, PathRetrans: 3, RTOMin: 200 * time.Millisecond, RTOMax: 2 * time.Second,
	Stall: 8 * time.Second, Sack: 20 * time.Millisecond, Bundling: bundlingWait, QueueDepth: 8192, DSCP: new(uint8),
}

// bundlingWait is the time of the ITP, which is shown. Here no message waits.
const bundlingWait = 5 * time.Millisecond

// Or fills what s leaves open from d. A minimum and maximum go together, and so do
// the two ways to write a mark of IP packets.
func (s SCTP) Or(d SCTP) SCTP {
	if s.RTOMin == 0 {
		s.RTOMin, s.RTOMax = d.RTOMin, d.RTOMax
	} else if s.RTOMax == 0 {
		s.RTOMax = max(s.RTOMin, DefaultSCTP.RTOMax)
	}
	if s.Prec == nil && s.DSCP == nil {
		s.Prec, s.DSCP = d.Prec, d.DSCP
	}
	if s.InitPrec == nil && s.InitDSCP == nil {
		s.InitPrec, s.InitDSCP = d.InitPrec, d.InitDSCP
	}
	s.Window = either(s.Window, d.Window)
	s.InStreams = either(s.InStreams, d.InStreams)
	s.OutStreams = either(s.OutStreams, d.OutStreams)
	s.InitTimeout = either(s.InitTimeout, d.InitTimeout)
	s.InitRetrans = either(s.InitRetrans, d.InitRetrans)
	s.Keepalive = either(s.Keepalive, d.Keepalive)
	s.AssocRetrans = either(s.AssocRetrans, d.AssocRetrans)
	s.PathRetrans = either(s.PathRetrans, d.PathRetrans)
	s.Stall = either(s.Stall, d.Stall)
	s.Sack = either(s.Sack, d.Sack)
	s.Bundling = either(s.Bundling, d.Bundling)
	s.QueueDepth = either(s.QueueDepth, d.QueueDepth)
	return s
}

func either[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// Mark is the DSCP of packets. A precedence is its upper three bits (RFC 2474 §4.2.2).
func (s SCTP) Mark() uint8 { return mark(s.Prec, s.DSCP, 0) }

// InitMark is the DSCP of packets until the association is there.
func (s SCTP) InitMark() uint8 { return mark(s.InitPrec, s.InitDSCP, s.Mark()) }

func mark(prec, dscp *uint8, def uint8) uint8 {
	switch {
	case dscp != nil:
		return *dscp
	case prec != nil:
		return *prec << 3
	}
	return def
}

// SCTPFor is how the associations of link k at local port p are set up. k is nil for an association that may be of
// any link.
func SCTPFor(p *LocalPeer, k *Link) SCTP {
	var s SCTP
	if k != nil {
		s = k.SCTP
	}
	return s.At(p)
}

// At is s at port p: what s leaves open is as p says.
func (s SCTP) At(p *LocalPeer) SCTP { return s.Or(p.SCTP).Or(DefaultSCTP) }

// Notes for a person who types a setting that does not act at once, or not as on an ITP.
const (
	noteLater   = "in force from the next association on; `clear sctp association` starts one"
	noteStreams = noteLater + ". M2PA uses two streams, whatever this says (RFC 4165 §1.5.2)"
	noteBundle  = "messages are never held back here: those that are sent together share packets, and the time is " +
		"kept for show only"
)

// sctpSettings gives the statements of SCTP: for a local port, whose settings are the defaults of
// its associations, or for a link or an ASP. The note is about the number of streams. Ranges: the
// ITP's, widened so that a dead far end can be known in less than a second.
func sctpSettings[O any](streams string) []*cli.Statement {
	d := &DefaultSCTP
	return []*cli.Statement{
		sctpNumber[O]("receive-window", "Room for data not read yet", 5000, 20971520, "Octets", d.Window).
			Check(note("receive-window", noteLater)),
		sctpNumber[O]("max-inbound-streams", "Most streams the far end may have", 2, 1024, "Streams", d.InStreams).
			Check(note("max-inbound-streams", streams)),
		sctpNumber[O]("outbound-streams", "Streams asked of the far end", 2, 1024, "Streams", d.OutStreams).
			Check(note("outbound-streams", streams)),
		sctpMillis[O]("init-timeout",
			"First wait for an answer to INIT, doubled up to the greatest retransmit-timeout", 100, 60000, d.InitTimeout),
		sctpNumber[O]("init-retransmit", "INITs repeated before an attempt is given up", 1, 20, "Times", d.InitRetrans),
		sctpMark[O]("init-", "packets that set an association up", "that of the others"),
		sctpMillis[O]("keepalive", "Between HEARTBEATs on an idle path", 100, 60000, d.Keepalive).Off("keepalive", Off),
		sctpNumber[O]("assoc-retransmit", "Retransmissions in a row after which the association is lost", 1, 20, "Times",
			d.AssocRetrans),
		sctpNumber[O]("path-retransmit", "Retransmissions in a row after which a path is inactive", 1, 20, "Times",
			d.PathRetrans),
		cli.Field[O](cli.Seq(
			cli.Kw("retransmit-timeout", fmt.Sprintf("Bounds of the retransmission time-out (default %s %s ms)",
				ms(d.RTOMin), ms(d.RTOMax))),
			cli.Arg("rto-min", cli.Millis(50, 60000), "Least, milliseconds"),
			cli.Opt(cli.Arg("rto-max", cli.Millis(50, 60000), "Greatest, milliseconds")))),
		cli.Field[O](cli.Seq(
			cli.Kw("stall-timeout", fmt.Sprintf("How long the far end may take nothing (default %v)", d.Stall)),
			cli.Arg("stall-timeout", cli.Seconds(1, 600), "Seconds"))),
		sctpMillis[O]("cumulative-sack", "Longest wait before what came is acknowledged", 1, 500, d.Sack),
		cli.Field[O](cli.Seq(
			cli.Kw("bundling", "Messages share packets (default); `no bundling`: a packet each"),
			cli.Opt(cli.Arg("bundling", cli.Millis(5, 1000), "Milliseconds, of no effect: nothing waits here")))).
			Off("bundling", Off).Check(bundling),
		sctpNumber[O]("tx-queue-depth", "Messages that wait for the far end's acknowledgement, or for sending",
			100, 20000, "Messages", d.QueueDepth),
		sctpMark[O]("", "all packets", "0"),
	}
}

// sctpNumber is a setting that counts what unit says.
func sctpNumber[O any](name, help string, least, most uint64, unit string, def any) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw(name, fmt.Sprintf("%s (default %v)", help, def)),
		cli.Arg(name, cli.Uint(least, most), unit)))
}

func sctpMillis[O any](name, help string, least, most uint64, def time.Duration) *cli.Statement {
	return cli.Field[O](cli.Seq(cli.Kw(name, fmt.Sprintf("%s (default %s ms)", help, ms(def))),
		cli.Arg(name, cli.Millis(least, most), "Milliseconds")))
}

// sctpMark is how some packets are marked, in either of the two ways to write it.
func sctpMark[O any](prefix, packets, def string) *cli.Statement {
	dscp, precedence := prefix+"ip-dscp", prefix+"ip-precedence"
	return cli.Field[O](cli.Alt(
		cli.Seq(cli.Kw(dscp, fmt.Sprintf("Differentiated services code point of %s (default %s)", packets, def)),
			cli.Arg(dscp, cli.Uint(0, 63), "Code point; 46 is expedited forwarding")),
		cli.Seq(cli.Kw(precedence, fmt.Sprintf("IP precedence of %s (default %s)", packets, def)),
			cli.Arg(precedence, cli.Uint(0, 7), "Precedence"))))
}

func note(arg, text string) func(any, cli.Args) (string, error) {
	return func(any, cli.Args) (string, error) { return arg + " is " + text, nil }
}

// bundling gives a line without a time the ITP's time, so that the configuration shows the line.
func bundling(_ any, a cli.Args) (string, error) {
	if a.Has("bundling") {
		return noteBundle, nil
	}
	a["bundling"] = bundlingWait
	return "", nil
}

// transports are the kinds of SCTP that can be asked for, and those in more.
func transports(more ...cli.Elem) cli.Elem {
	return cli.Choice("transport", append([]cli.Elem{
		cli.Value(Auto, "The first kind of SCTP that works (default)"),
		cli.Value(Kernel, "SCTP of the operating system"),
		cli.Value(UDP, "Our own SCTP in UDP (RFC 6951); needs no privileges"),
		cli.Value(User, "Our own SCTP over raw IP")}, more...)...)
}

// TransportOf is the kind of SCTP of a local port, or TCP. Where it is left to the node, a
// UDP port at either end says that it is to be SCTP in UDP.
func (s *System) TransportOf(p *LocalPeer) Transport {
	kind := either(either(p.Transport, s.node().Transport), Auto)
	if kind == Auto && (p.UDPPort != 0 || s.linkWithUDP(p.Port)) {
		return UDP
	}
	return kind
}

func (s *System) linkWithUDP(port uint16) bool {
	for _, l := range s.Linksets {
		for _, k := range l.Links {
			if k.LocalPort == port && k.UDPPort != 0 {
				return true
			}
		}
	}
	return false
}

// sctpRules look at what two values of one object say together.
func sctpRules(f *findings, obj any, name string, s *SCTP) {
	if s.inverted() {
		f.bad(obj, "rto-min", "%s: retransmit-timeout %s %s: the first is the least, the second the greatest; swap "+
			"them", name, ms(s.RTOMin), ms(s.RTOMax))
	}
}

func (s *SCTP) inverted() bool { return s.RTOMax != 0 && s.RTOMax < s.RTOMin }

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
