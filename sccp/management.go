package sccp

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/ss7"
)

const ssnManagement = 1

// Command is what a management message says (Q.713 §5.2.1).
type Command uint8

// Management messages.
const (
	SSA Command = iota + 1 // subsystem allowed
	SSP                    // subsystem prohibited
	SST                    // subsystem status test
	SOR                    // subsystem out of service request
	SOG                    // subsystem out of service grant
	SSC                    // SCCP or subsystem congested
	commands
)

var commandNames = [commands]string{"", "SSA", "SSP", "SST", "SOR", "SOG", "SSC"}

func (c Command) String() string {
	if c > 0 && c < commands {
		return commandNames[c]
	}
	return fmt.Sprintf("format %d", uint8(c))
}

// Notice is one management message (Q.713 §5.3).
type Notice struct {
	Command    Command
	SSN        uint8  // affected by it
	PC         ss7.PC // affected by it
	Multiple   uint8  // subsystem multiplicity indicator: 0 unknown, 1 solitary, 2 duplicated
	Congestion uint8  // SSC: 1 to 8
}

var errNotice = &ParseError{"too short for a management message"}

// ParseNotice reads the data of a message to or from subsystem 1.
func ParseNotice(v *ss7.Variant, b []byte) (n Notice, err *ParseError) {
	pc := pcLen(v)
	if len(b) < 3+pc {
		return n, errNotice
	}
	n = Notice{Command: Command(b[0]), SSN: b[1], PC: parsePC(v, b[2:]), Multiple: b[2+pc] & 3}
	if n.Command == 0 || n.Command >= commands {
		return n, errType
	}
	if n.Command == SSC {
		if len(b) < 4+pc {
			return n, errNotice
		}
		n.Congestion = b[3+pc] & 15
	}
	return n, nil
}

// AppendNotice writes the data of a management message.
func AppendNotice(v *ss7.Variant, dst []byte, n Notice) []byte {
	dst = appendPC(v, append(dst, byte(n.Command), n.SSN), n.PC)
	dst = append(dst, n.Multiple&3)
	if n.Command == SSC {
		dst = append(dst, n.Congestion&15)
	}
	return dst
}

// T(stat info) grows from test to test, between these bounds (Q.714 annex D).
const (
	DefaultStatInfo    = 10 * time.Second
	DefaultStatInfoMax = 10 * time.Minute
)

// Config is what Management must know of the node.
type Config struct {
	Variant     *ss7.Variant
	Notation    ss7.Notation // how texts write point codes; zero means the variant's way
	NI          ss7.NI
	Own         []ss7.PC       // our codes, the primary one first
	Local       []uint8        // subsystems of this node, other than SSN 1
	Mates       map[uint8]Mate // the other halves of subsystems that are duplicated
	Concerned   []ss7.PC       // the points that are told of changes (Q.714 §5.3.6)
	Watched     []ss7.PC       // points whose accessibility matters, besides those that have been heard
	StatInfo    time.Duration
	StatInfoMax time.Duration
}

// These are the Args of Notes that the loop turns into log lines. They differ from those of mtp3.
const (
	NoteSubsystem uint32 = iota + 0x100
	NoteIgnored
)

type subsystem struct {
	ssn  uint8
	wait time.Duration // the time to the next test, which grows
	next time.Time     // the next test; zero if no test runs
}

type point struct {
	down       bool // MTP-PAUSE came last
	prohibited []*subsystem
	congestion congestion
}

// Management is SCMG: the state of subsystems here and elsewhere (Q.714 §5). It is a Machine with one owner.
// MTP-PAUSE and MTP-RESUME are no events: Reach compares what Management knows with what can be reached.
type Management struct {
	cfg    Config
	points map[ss7.PC]*point
	local  map[uint8]bool      // whether each subsystem of this node is allowed
	codes  map[ss7.PC]ss7.PC   // see Known
	asked  map[uint8]time.Time // subsystems to be withdrawn, and until when each waits for its grant
	owed   announcements
	clock  time.Time // the time of the last event
	status *Status
	turn   atomic.Uint32
	Stats  ManagementStats
}

// ManagementStats counts notices by command.
type ManagementStats struct{ In, Out [commands]uint64 }

// NewManagement makes a Management that knows nothing yet; Configure comes next.
func NewManagement() *Management {
	return &Management{cfg: Config{Variant: ss7.ITU}, points: map[ss7.PC]*point{}, local: map[uint8]bool{},
		asked: map[uint8]time.Time{}}
}

// Status gives the present picture. After each change there is another one.
func (m *Management) Status() *Status { return m.status }

// Configure takes a new configuration. What is known of other points stays.
func (m *Management) Configure(cfg Config) {
	m.cfg = cfg
	if m.cfg.StatInfo == 0 {
		m.cfg.StatInfo = DefaultStatInfo
	}
	m.cfg.StatInfoMax = max(m.cfg.StatInfo, cfg.StatInfoMax)
	if cfg.StatInfoMax == 0 {
		m.cfg.StatInfoMax = DefaultStatInfoMax
	}
	local := map[uint8]bool{}
	for _, ssn := range cfg.Local {
		allowed, known := m.local[ssn]
		local[ssn] = allowed || !known
	}
	m.local = local
	maps.DeleteFunc(m.asked, func(ssn uint8, _ time.Time) bool { _, mate := cfg.Mates[ssn]; return !mate || !local[ssn] })
	for _, pc := range cfg.Watched {
		m.point(pc)
	}
}

// maxPoints is how many points Management remembers at most, whatever others send.
const maxPoints = 4096

// point gives what is known of a point; nil if there are too many points.
func (m *Management) point(pc ss7.PC) *point {
	p := m.points[pc]
	if p == nil && len(m.points) < maxPoints && !slices.Contains(m.cfg.Own, pc) {
		p = &point{}
		m.points[pc] = p
	}
	return p
}

func (p *point) find(ssn uint8) int {
	return slices.IndexFunc(p.prohibited, func(s *subsystem) bool { return s.ssn == ssn })
}

// Recv handles the data of a message for subsystem 1 that came from opc to own, a code of this node. Answers go
// out from that code.
func (m *Management) Recv(now time.Time, own, opc ss7.PC, data []byte, out []ss7.Action) []ss7.Action {
	n, err := ParseNotice(m.cfg.Variant, data)
	if err != nil {
		return append(out, m.note(NoteIgnored, fmt.Sprintf("management message from %s ignored: %s", m.name(opc), err)))
	}
	m.clock = now
	m.Stats.In[n.Command]++
	switch n.Command {
	case SST:
		return m.recvTest(n, own, opc, out)
	case SSA:
		return m.recvAllowed(n, opc, out)
	case SSP:
		return m.recvProhibited(now, n, opc, out)
	case SSC:
		return m.recvCongested(now, n, out)
	case SOR:
		return m.recvRequest(n, own, opc, out)
	default: // SOG
		return m.recvGrant(n, opc, out)
	}
}

func (m *Management) unexpected(n Notice, opc ss7.PC, out []ss7.Action) []ss7.Action {
	return append(out, m.note(NoteIgnored, fmt.Sprintf("%v from %s for subsystem %d at %s ignored: it is not expected",
		n.Command, m.name(opc), n.SSN, m.name(n.PC))))
}

// recvTest answers a test if the subsystem here is allowed. If it is not, there is no answer (Q.714 §5.3.4.3).
func (m *Management) recvTest(n Notice, own, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if !slices.Contains(m.cfg.Own, n.PC) || n.SSN != ssnManagement && !m.local[n.SSN] {
		return out
	}
	return m.sendFrom(own, opc, Notice{Command: SSA, SSN: n.SSN, PC: n.PC}, out)
}

func (m *Management) recvAllowed(n Notice, opc ss7.PC, out []ss7.Action) []ss7.Action {
	p := m.points[n.PC]
	if p == nil || p.down {
		return out
	}
	if n.SSN == ssnManagement { // the whole SCCP is back (§5.2.3)
		if len(p.prohibited) == 0 {
			return out
		}
		p.prohibited = nil
		m.publish()
		out = append(out, m.note(NoteSubsystem, "SCCP at "+m.name(n.PC)+" is allowed"))
		return m.broadcast(ssnManagement, n.PC, opc, out)
	}
	i := p.find(n.SSN)
	if i < 0 {
		return out
	}
	p.prohibited = slices.Delete(p.prohibited, i, i+1)
	m.publish()
	out = append(out, m.note(NoteSubsystem, fmt.Sprintf("Subsystem %d at %s is allowed", n.SSN, m.name(n.PC))))
	return m.broadcast(n.SSN, n.PC, opc, out)
}

func (m *Management) recvProhibited(now time.Time, n Notice, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if n.SSN <= ssnManagement { // there is no SSP for a whole SCCP
		return append(out, m.note(NoteIgnored,
			fmt.Sprintf("SSP from %s for subsystem %d ignored: it cannot be prohibited alone", m.name(opc), n.SSN)))
	}
	p := m.point(n.PC)
	if p == nil || p.down || p.find(n.SSN) >= 0 {
		return out
	}
	out = m.prohibit(now, p, n.PC, n.SSN, "its SCCP says so", out)
	if n.PC == opc { // only the point whose own subsystem it is sets off a broadcast (§5.3.6)
		out = m.broadcast(n.SSN, n.PC, opc, out)
	}
	return out
}

// prohibit marks a subsystem as prohibited, and begins to test it.
func (m *Management) prohibit(now time.Time, p *point, pc ss7.PC, ssn uint8, why string,
	out []ss7.Action) []ss7.Action {
	if p.find(ssn) < 0 {
		p.prohibited = append(p.prohibited, &subsystem{ssn: ssn, wait: m.cfg.StatInfo, next: now.Add(m.cfg.StatInfo)})
	}
	m.publish()
	return append(out, m.note(NoteSubsystem, fmt.Sprintf("%s at %s is prohibited: %s", subsystemName(ssn), m.name(pc),
		why)))
}

func subsystemName(ssn uint8) string {
	if ssn == ssnManagement {
		return "SCCP"
	}
	return fmt.Sprint("Subsystem ", ssn)
}

// UserPartUnavailable handles an MTP-STATUS that says that a point has no SCCP (Q.714 §5.2.2). If the SCCP is
// unequipped, it will not come back by itself, so it is not tested.
func (m *Management) UserPartUnavailable(now time.Time, pc ss7.PC, unequipped bool, out []ss7.Action) []ss7.Action {
	p := m.point(pc)
	if p == nil || p.down {
		return out
	}
	p.prohibited = nil
	out = m.prohibit(now, p, pc, ssnManagement, "MTP says that the user part is unavailable", out)
	if unequipped {
		p.prohibited[0].next = time.Time{}
	}
	return out
}

// Reach compares the points that are known with what MTP3 can reach now. At a point that comes back, everything
// counts as allowed (Q.714 §5.2.3).
func (m *Management) Reach(accessible func(ss7.PC) bool) {
	for pc, p := range m.points {
		if down := !accessible(pc); down != p.down {
			p.down, p.prohibited, p.congestion = down, nil, congestion{}
		}
	}
	m.publish()
}

// Test sends one SST for a person who wants to know.
func (m *Management) Test(pc ss7.PC, ssn uint8, out []ss7.Action) []ss7.Action {
	return m.send(pc, Notice{Command: SST, SSN: ssn, PC: pc}, out)
}

// Known takes the codes by which other points know this node, for those points that know it by another than its
// first.
func (m *Management) Known(codes map[ss7.PC]ss7.PC) { m.codes = codes }

// code gives the code by which a point knows this node. The node must have a code.
func (m *Management) code(pc ss7.PC) ss7.PC {
	if c, ok := m.codes[pc]; ok {
		return c
	}
	return m.cfg.Own[0]
}

// send sends n to a point, from the code by which the point knows this node. What n says of this node, it says
// of that code: the point knows no other.
func (m *Management) send(to ss7.PC, n Notice, out []ss7.Action) []ss7.Action {
	if len(m.cfg.Own) == 0 {
		return out
	}
	if n.PC == m.cfg.Own[0] {
		n.PC = m.code(to)
	}
	return m.sendFrom(m.code(to), to, n, out)
}

// sendFrom sends n in a UDT of class 0 without return, from subsystem 1 to subsystem 1 (Q.714 §5.1).
func (m *Management) sendFrom(own, to ss7.PC, n Notice, out []ss7.Action) []ss7.Action {
	if len(m.cfg.Own) == 0 {
		return out
	}
	if !slices.Contains(m.cfg.Own, own) {
		own = m.code(to)
	}
	v := m.cfg.Variant
	m.Stats.Out[n.Command]++
	address := AppendAddress(v, nil, &Address{OnSSN: true, HasSSN: true, SSN: ssnManagement})
	payload, _ := Append(nil, &Message{Type: UDT, Called: address, Calling: address, Data: AppendNotice(v, nil, n)})
	return append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer,
		MSU: ss7.MSU{DPC: to, OPC: own, NI: m.cfg.NI, SI: ss7.SCCP, Payload: payload}}})
}

// Tick sends the tests that are due. Each test of a subsystem waits longer than the one before. If nobody
// contradicts the test of a whole SCCP, that SCCP is taken to be back (Q.714 §5.3.4.2).
func (m *Management) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	m.clock = now
	out = m.announced(now, m.overdue(now, out))
	for _, pc := range slices.Sorted(maps.Keys(m.points)) {
		p := m.points[pc]
		out = m.relent(now, pc, p, out)
		for i := 0; i < len(p.prohibited); i++ {
			s := p.prohibited[i]
			if p.down || s.next.IsZero() || s.next.After(now) {
				continue
			}
			if s.ssn == ssnManagement && s.wait > m.cfg.StatInfo {
				p.prohibited = nil
				m.publish()
				out = append(out, m.note(NoteSubsystem, "SCCP at "+m.name(pc)+" is allowed: nothing said otherwise during a test"))
				break
			}
			if !m.owed.may(now) {
				s.next = m.owed.next
				continue
			}
			out = m.send(pc, Notice{Command: SST, SSN: s.ssn, PC: pc}, out)
			s.wait = min(2*s.wait, m.cfg.StatInfoMax)
			s.next = now.Add(s.wait)
		}
	}
	return out
}

// Deadline gives when something is next due; zero if nothing is.
func (m *Management) Deadline() (next time.Time) {
	if len(m.owed.queue) > 0 {
		next = m.owed.next
	}
	for _, t := range m.asked {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, p := range m.points {
		if t := p.congestion.deadline(); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
		for _, s := range p.prohibited {
			if !p.down && !s.next.IsZero() && (next.IsZero() || s.next.Before(next)) {
				next = s.next
			}
		}
	}
	return next
}

func (m *Management) publish() {
	s := &Status{points: map[ss7.PC]*remote{}, turn: &m.turn}
	for pc, p := range m.points {
		r := &remote{level: p.congestion.restriction()}
		for _, x := range p.prohibited {
			r.prohibited[x.ssn>>6] |= 1 << (x.ssn & 63)
		}
		if *r != (remote{}) {
			s.points[pc] = r
		}
	}
	m.status = s
}

// PointState is what is known of a point, for show commands.
type PointState struct {
	PC         ss7.PC
	Down       bool
	Prohibited []uint8
	Congestion Level
}

// States lists what is known of other points.
func (m *Management) States() []PointState {
	var out []PointState
	for _, pc := range slices.Sorted(maps.Keys(m.points)) {
		p := m.points[pc]
		s := PointState{PC: pc, Down: p.down, Congestion: p.congestion.restriction()}
		for _, x := range p.prohibited {
			s.Prohibited = append(s.Prohibited, x.ssn)
		}
		out = append(out, s)
	}
	return out
}

func (m *Management) name(pc ss7.PC) string {
	if m.cfg.Notation.Bits() == 0 {
		return m.cfg.Variant.Notation.Format(pc)
	}
	return m.cfg.Notation.Format(pc)
}

func (m *Management) note(arg uint32, why string) ss7.Action {
	return ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Arg: arg, Why: why}}
}
