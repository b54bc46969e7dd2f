package sccp

import (
	"math/bits"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// Fate says what becomes of a message for this node.
type Fate uint8

// A message is dropped, or leaves for another point, or is for a subsystem here, or goes back with the reason
// why it could not be delivered.
const (
	Drop Fate = iota
	Forward
	Deliver
	Return
)

// Reason says why a message was not relayed as it should be. Each reason is counted. Those that Q.752 table 9
// has are named as there.
type Reason uint8

// Reasons of Drop and Return.
const (
	NoReason Reason = iota
	Malformed
	UnknownType
	BadAddress
	NoSelector
	NoEntry
	UnusableSSN
	PointDown
	SCCPDown
	SubsystemDown
	ServerGone
	Unequipped
	HopsSpent
	Loop
	TooLong
	NoSegments
	NoConnection
	Congested
	NotSegmented
	Reasons
)

var reasonTexts = [Reasons]string{"relayed", "malformed: cut short, or a pointer leads outside",
	"unknown message type", "address cannot be read",
	"no translation for an address of such nature", "no translation for this specific address",
	"no subsystem number to route on",
	"point code not available (MTP failure)", "SCCP not available there", "subsystem not available there",
	"application server not active",
	"subsystem unequipped here", "hop counter violation", "translation leads back to where it came from",
	"too long for the way out",
	"segments for a point that takes UDT alone", "no such connection here",
	"way there congested, importance too little",
	"too long for a point without LUDT, not to be segmented"}

func (r Reason) String() string { return reasonTexts[r] }

var reasonCauses = [Reasons]Cause{BadAddress: Unqualified, NoSelector: NoTranslationNature,
	NoEntry: NoTranslationAddress, UnusableSSN: NoTranslationAddress,
	PointDown: MTPFailure, SCCPDown: SCCPFailure, SubsystemDown: SubsystemFailure, ServerGone: MTPFailure,
	Unequipped: UnequippedUser,
	HopsSpent:  HopViolation, Loop: Unqualified, TooLong: SegmentationUnsupported, NoSegments: NoReassembly,
	Congested: NetworkCongestion, NotSegmented: SegmentationFailure}

// Cause gives the return cause that the sender is told.
func (r Reason) Cause() Cause { return reasonCauses[r] }

var whyReasons = [...]Reason{PointInaccessible: PointDown, SCCPProhibited: SCCPDown,
	SubsystemProhibited: SubsystemDown, ServerDown: ServerGone, NoServer: ServerGone, NoSSN: UnusableSSN}

// Verdict says what becomes of a message, and how that was found. For Forward and Return, MSU is the rewritten
// message that leaves this node. Its payload stands in the buffer that Relay was given.
type Verdict struct {
	Fate   Fate
	Reason Reason // why the message is dropped or goes back
	// Told says that the message goes back: its sender asked for that, or it belongs to a connection.
	Told bool
	Type Type
	SSN  uint8 // the subsystem of Deliver
	MSU  ss7.MSU
	rest []byte // further segments, each behind its length of two octets
	// Path is that of an application server by which MSU leaves. If it is 0, MSU goes where its DPC leads.
	Path ss7.PathID

	// How the message was translated; Selector is nil if it did not come that far.
	Selector *gtt.Selector
	Title    gtt.Digits // the digits that were looked up
	Matched  int        // how many digits the entry has
	Place    int        // where the selector's Counts count the entry
	Result   *gtt.Result
	Route    *gtt.Route
	Backup   bool    // the mate takes the message
	Out      Address // the called address that leaves
}

// Relay decides what becomes of a message with an SCCP payload that came by linkset from for a code of this
// node. It writes what leaves behind buf[:len(buf)], and grows buf if it must. now is in seconds and serves
// rate limits alone.
//
// Relay is SCRC (Q.714 §2.3, figure C.1). A message that cannot be delivered goes back if its sender asked for
// that (§4.2). A message that is itself on its way back never does.
func (v *View) Relay(m *ss7.MSU, from string, now int64, buf []byte) (Verdict, []byte) {
	r := run{view: v, in: m, from: from, now: now, buf: buf}
	msg, err := Parse(m.Payload)
	r.Type = msg.Type
	if err != nil {
		r.Reason = Malformed
		if err == errType {
			r.Reason = UnknownType // discarded and reported, never answered (Q.714 §1.1.4.1)
		}
		return r.Verdict, buf
	}
	r.msg, r.received = msg, msg
	if len(v.Own) == 0 {
		r.Reason = PointDown
		return r.Verdict, buf
	}
	if reason := r.decide(); reason != NoReason {
		r.fail(reason)
	}
	return r.Verdict, r.buf
}

// run is the state of one call of Relay.
type run struct {
	Verdict
	view     *View
	in       *ss7.MSU
	from     string
	now      int64
	msg      Message // the message as it will leave
	received Message
	buf      []byte // has the parts that were written anew, then the message
}

func (r *run) decide() Reason {
	if !r.msg.Type.Connectionless() && r.msg.Type != CR {
		return NoConnection
	}
	called, err := ParseAddress(r.view.Variant, r.msg.Called)
	if err != nil {
		return BadAddress
	}
	if called.OnSSN {
		return r.local(called.SSN)
	}
	// The hop counter is lowered before a translation, and only there (Q.714 §2.3.2).
	if !r.lowerHops() {
		return HopsSpent
	}
	if reason := r.translate(&called); reason != NoReason {
		return reason
	}
	own := r.Path == 0 && r.view.own(r.MSU.DPC)
	if own && !r.Route.ToGT {
		return r.local(r.Out.SSN)
	}
	// If a translation gave the message back to its sender, to be translated once more, this would never end: UDT
	// has no counter to end it.
	if r.Route.ToGT && (own || r.MSU.DPC == r.in.OPC) {
		return Loop
	}
	return r.send()
}

func (r *run) local(ssn uint8) Reason {
	// A message that comes back is for its sender, whatever subsystem that one called itself.
	if r.msg.Type == CR || !r.view.equipped(ssn) && !r.msg.Type.Service() {
		return Unequipped
	}
	r.Fate, r.SSN = Deliver, ssn
	r.MSU = *r.in
	return NoReason
}

func (r *run) lowerHops() bool {
	switch r.msg.Type {
	case XUDT, XUDTS, LUDT, LUDTS:
		if r.msg.Hops <= 1 {
			return false
		}
		r.msg.Hops--
	case CR:
		hops := r.msg.Option(paramHops)
		if len(hops) == 1 {
			if hops[0] <= 1 {
				return false
			}
			// The options are part of what was received, so they are copied before they change.
			start := len(r.buf)
			r.buf = append(r.buf, r.msg.Options...)
			r.msg.Options = r.buf[start:len(r.buf):len(r.buf)]
			r.msg.Option(paramHops)[0]--
		}
	}
	return true
}

// translate is the global title translation function (Q.714 §2.4.5).
func (r *run) translate(called *Address) Reason {
	v := r.view
	title, ok := called.ParseTitle(v.Variant)
	if !ok {
		return NoSelector
	}
	s := v.Table.Select(title.Nature, r.from)
	if s == nil {
		return NoSelector
	}
	r.Selector = s
	convert(s.Pre, &title)
	r.Title = title.Digits
	if s.Calling {
		r.Title = r.callingDigits()
	}
	result, matched, place := s.Find(&r.Title)
	if result == nil {
		return NoEntry
	}
	r.Result, r.Matched, r.Place = result, matched, place
	if reason := r.choose(called.SSN); reason != NoReason {
		return reason
	}
	r.rewrite(called, &title)
	return NoReason
}

func convert(c *gtt.Conversion, t *Title) {
	if c == nil {
		return
	}
	rule := c.Apply(&t.Digits)
	if rule == nil {
		return
	}
	np, nai, es := c.Numbers(rule)
	if np != gtt.Keep {
		t.Nature.NP = uint8(np)
	}
	if nai != gtt.Keep {
		t.Nature.NAI = uint8(nai)
	}
	if es != gtt.Keep {
		t.ES = uint8(es)
	}
}

func (r *run) calling() (Address, bool) {
	b := r.msg.Calling
	if r.msg.Type == CR {
		b = r.msg.Option(paramCalling)
	}
	a, err := ParseAddress(r.view.Variant, b)
	return a, err == nil && len(b) > 0
}

func (r *run) callingDigits() gtt.Digits {
	if a, ok := r.calling(); ok {
		if t, ok := a.ParseTitle(r.view.Variant); ok {
			return t.Digits
		}
	}
	return gtt.Digits{}
}

// choose finds a place that can take the message: that of the result, the group's choice, or the mate.
func (r *run) choose(ssn uint8) Reason {
	v := r.view
	if g := r.Result.Group; g != nil {
		r.Route = g.Pick(r.seed(g.Mode), r.sequenced(), r.now, v.usable(g, ssn))
		if r.Route == nil {
			why := PointInaccessible // the reason of the first member, which is the best one
			if len(g.Members) > 0 {
				_, _, why = v.Route(&g.Members[0], ssn)
			}
			return whyReasons[why]
		}
	} else {
		r.Route = &r.Result.Route
	}
	if r.Route.SSN != gtt.Keep {
		ssn = uint8(r.Route.SSN)
	}
	pc, path, why := v.Route(r.Route, ssn)
	if path != 0 && pc == 0 {
		pc = r.in.DPC // the server stands behind a code of this node
	}
	r.MSU.DPC, r.SSN, r.Path = pc, ssn, path
	if m := v.Table.Mate(gtt.Application{PC: pc, SSN: ssn}); m != nil && !r.Route.ToGT {
		other := v.Check(m.Backup.PC, m.Backup.SSN, false)
		// Half of the even SLS and half of the odd SLS go to each of the two, by their number of ones. So the
		// messages for either still use all links of its linkset.
		turn := m.Shared && bits.OnesCount32(r.seed(gtt.Share))&1 == 1
		if other == Fine && (why != Fine || turn) {
			r.MSU.DPC, r.SSN, r.Path, r.Backup, why = m.Backup.PC, m.Backup.SSN, 0, true, Fine
		}
	}
	if why.takes() {
		if r.Route.ToGT || ssn != 0 {
			return NoReason
		}
		why = NoSSN
	}
	return whyReasons[why]
}

// sequenced tells whether the messages of a sender must all go the same way: those of class 1, and segments,
// which are of class 1 by rule (Q.714 §4.1.1).
func (r *run) sequenced() bool {
	return r.msg.Class&15 == 1 || r.msg.Segmented()
}

// seed gives a number that is the same for all messages that must go the same way: those with one OPC and SLS,
// or, if the mode of a group wants that, with one calling address.
func (r *run) seed(m gtt.Mode) uint32 {
	if m != gtt.CgPA {
		return uint32(r.in.OPC)<<8 | uint32(r.in.SLS)
	}
	b := r.msg.Calling
	if r.msg.Type == CR {
		b = r.msg.Option(paramCalling)
	}
	h := uint32(2166136261) // FNV-1a
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// rewrite makes the called address that leaves. It has the routing indicator of the result, its SSN and the new
// title. It has a point code only if there was one.
func (r *run) rewrite(called *Address, title *Title) {
	v, s := r.view, r.Selector
	out := *called
	out.OnSSN = !r.Route.ToGT
	if out.HasPC {
		out.PC = r.MSU.DPC
	}
	if r.SSN != 0 || r.Route.SSN != gtt.Keep {
		out.HasSSN, out.SSN = true, r.SSN
	}
	if r.Route.NTT != gtt.Keep && formOf(v.Variant, title.Nature.GTI) != formNAI {
		title.Nature.TT = uint8(r.Route.NTT)
	}
	convert(s.Post, title)
	if s.Pre != nil || s.Post != nil || r.Route.NTT != gtt.Keep {
		start := len(r.buf)
		r.buf = AppendTitle(v.Variant, r.buf, title)
		out.Title = r.buf[start:len(r.buf):len(r.buf)]
	}
	r.Out = out
	r.msg.Called = r.address(&out)
}

// address writes an address into the buffer.
func (r *run) address(a *Address) []byte {
	start := len(r.buf)
	r.buf = AppendAddress(r.view.Variant, r.buf, a)
	return r.buf[start:len(r.buf):len(r.buf)]
}
