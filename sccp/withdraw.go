package sccp

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
)

// DefaultCoordinate is T(coord.chg): how long a withdrawal waits for its grant. The range is 1 to 2 minutes
// (Q.714 annex D).
const DefaultCoordinate = 90 * time.Second

// Mate is the other half of a duplicated subsystem.
type Mate struct {
	PC  ss7.PC
	SSN uint8
}

// LocalState is the state of a subsystem of this node, for show commands.
type LocalState struct {
	SSN     uint8
	Allowed bool
	Mate    *Mate
	// Asked is not zero if the subsystem is to be withdrawn. Its mate has until then to grant that.
	Asked time.Time
}

// Locals lists the subsystems of this node by number.
func (m *Management) Locals() []LocalState {
	var out []LocalState
	for _, ssn := range slices.Sorted(maps.Keys(m.local)) {
		s := LocalState{SSN: ssn, Allowed: m.local[ssn], Asked: m.asked[ssn]}
		if mate, ok := m.cfg.Mates[ssn]; ok {
			s.Mate = &mate
		}
		out = append(out, s)
	}
	return out
}

// SetLocal allows or prohibits a subsystem of this node at once, and tells the concerned points and the
// subsystem's other half. The error says that there is no subsystem of that number.
func (m *Management) SetLocal(ssn uint8, allowed bool, out []ss7.Action) ([]ss7.Action, error) {
	was, known := m.local[ssn]
	if !known || len(m.cfg.Own) == 0 {
		return out, m.unknown(ssn)
	}
	delete(m.asked, ssn)
	if was == allowed {
		return out, nil
	}
	m.local[ssn] = allowed
	out = m.broadcast(ssn, m.cfg.Own[0], 0, out)
	if mate, ok := m.cfg.Mates[ssn]; ok && !slices.Contains(m.cfg.Concerned, mate.PC) {
		m.announce(mate.PC, ssn, m.cfg.Own[0])
	}
	return m.announced(m.clock, out), nil
}

func (m *Management) unknown(ssn uint8) error {
	return fmt.Errorf("there is no subsystem %d here: `cs7 sccp local-ssn %d` makes one", ssn, ssn)
}

// Withdraw asks the other half of a duplicated subsystem, by SOR, whether this half may go out of service, and
// waits T(coord.chg) for the grant (Q.714 §5.3.5.2). T(ignore SST) is not needed: once it is granted, the
// subsystem is prohibited in the same moment.
func (m *Management) Withdraw(now time.Time, ssn uint8, out []ss7.Action) ([]ss7.Action, error) {
	allowed, known := m.local[ssn]
	mate, duplicated := m.cfg.Mates[ssn]
	switch p := m.points[mate.PC]; {
	case !known || len(m.cfg.Own) == 0:
		return out, m.unknown(ssn)
	case !allowed:
		return out, fmt.Errorf("subsystem %d is prohibited already", ssn)
	case !duplicated:
		return out, fmt.Errorf("nobody can take over for subsystem %d: `cs7 gtt map %s %d dominant PC SSN` names its "+
			"other half, `cs7 sccp prohibit %d` asks nobody", ssn, m.name(m.cfg.Own[0]), ssn, ssn)
	case p != nil && (p.down || p.find(mate.SSN) >= 0 || p.find(ssnManagement) >= 0):
		return out, fmt.Errorf("its other half, subsystem %d at %s, is prohibited or cannot be reached: nobody could take "+
			"over", mate.SSN, m.name(mate.PC))
	}
	m.asked[ssn] = now.Add(DefaultCoordinate)
	return m.send(mate.PC, Notice{Command: SOR, SSN: ssn, PC: m.cfg.Own[0], Multiple: 2}, out), nil
}

// recvRequest handles SOR: the other half of a duplicated subsystem asks to leave. It may, because this half
// stays (Q.714 §5.3.5.3).
func (m *Management) recvRequest(n Notice, own, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if !m.local[n.SSN] || !m.asked[n.SSN].IsZero() || n.PC != opc && !slices.Contains(m.cfg.Own, n.PC) {
		return m.unexpected(n, opc, out)
	}
	return m.sendFrom(own, opc, Notice{Command: SOG, SSN: n.SSN, PC: n.PC}, out)
}

// recvGrant handles SOG: this half may leave.
func (m *Management) recvGrant(n Notice, opc ss7.PC, out []ss7.Action) []ss7.Action {
	if m.asked[n.SSN].IsZero() || m.cfg.Mates[n.SSN].PC != opc || !slices.Contains(m.cfg.Own, n.PC) {
		return m.unexpected(n, opc, out)
	}
	out, _ = m.SetLocal(n.SSN, false, out) // there is no error: the subsystem is known, since it has asked
	return append(out, m.note(NoteSubsystem, fmt.Sprintf("Subsystem %d of this node is withdrawn: %s takes over",
		n.SSN, m.name(opc))))
}

// overdue ends withdrawals that nobody granted in time. The subsystem stays (Q.714 §5.3.5.2).
func (m *Management) overdue(now time.Time, out []ss7.Action) []ss7.Action {
	for _, ssn := range slices.Sorted(maps.Keys(m.asked)) {
		if !m.asked[ssn].After(now) {
			delete(m.asked, ssn)
			out = append(out, m.note(NoteSubsystem, fmt.Sprintf("Subsystem %d of this node stays: %s has not granted its "+
				"withdrawal in %v", ssn, m.name(m.cfg.Mates[ssn].PC), DefaultCoordinate)))
		}
	}
	return out
}
