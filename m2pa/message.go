package m2pa

import (
	"encoding/binary"
	"fmt"
)

// PPID is the SCTP payload protocol identifier (RFC 4165 §1.4), Port the
// registered port, and the two streams are those of §1.5.2.
const (
	PPID         = 5
	Port         = 3565
	StreamStatus = 0
	StreamData   = 1
)

// Type is the message type (RFC 4165 §2.1.3).
type Type uint8

// The two types of class 11.
const (
	UserData   Type = 1
	LinkStatus Type = 2
)

const (
	version   = 1
	class     = 11
	headerLen = 16
	seqMask   = 1<<24 - 1 // sequence numbers have 24 bits (RFC 4165 §2.2)
)

// Status is the state that a Link Status message carries (RFC 4165 §2.3.2).
type Status uint32

// States of Link Status messages.
const (
	Alignment Status = iota + 1
	ProvingNormal
	ProvingEmergency
	Ready
	ProcessorOutageStarted
	ProcessorRecovered
	Busy
	BusyEnded
	OutOfServiceStatus
	statuses // one more than the highest
)

var statusNames = [...]string{"", "Alignment", "Proving Normal", "Proving Emergency", "Ready", "Processor Outage",
	"Processor Recovered", "Busy", "Busy Ended", "Out of Service"}

func (s Status) String() string {
	if s > 0 && s < statuses {
		return statusNames[s]
	}
	return fmt.Sprintf("status %d", uint32(s))
}

// Message is one M2PA message.
type Message struct {
	Type     Type
	BSN, FSN uint32 // 24 bits
	Status   Status // Link Status
	Prio     uint8  // User Data that is not empty: 0..3, of TTC only
	MSU      []byte // User Data: from the service information octet on; nil: an acknowledgement
}

// ParseError says why a message is no M2PA message that this program takes.
// Alignment tells that it is an Alignment of another version, which RFC 4165
// §4.1.9 wants answered with Out of Service.
type ParseError struct {
	Why       string
	Alignment bool
	Fault     Fault
}

func (e *ParseError) Error() string { return e.Why }

func bad(f Fault, format string, args ...any) error {
	return &ParseError{Why: fmt.Sprintf(format, args...), Fault: f}
}

// Parse reads one message, which is the whole of b; MSU is part of it. Errors
// are *ParseError.
func Parse(b []byte) (m Message, err error) {
	err = m.parse(b)
	return m, err
}

// parse is Parse into a zero Message.
func (m *Message) parse(b []byte) error {
	if len(b) >= 4 && b[2] == 6 && (b[3] == 1 || b[3] == 2) {
		return bad(OtherVersion, "the far end speaks M2PA draft 2, not RFC 4165: message type 06%02x", b[3])
	}
	if len(b) < headerLen {
		return bad(TooShort, "message of %d octets; an M2PA header has %d", len(b), headerLen)
	}
	if b[0] != version {
		align := b[2] == class && Type(b[3]) == LinkStatus && len(b) >= 20 &&
			Status(binary.BigEndian.Uint32(b[16:])) == Alignment
		return &ParseError{fmt.Sprintf("M2PA version %d; this is version %d", b[0], version), align, OtherVersion}
	}
	if b[2] != class {
		return bad(OtherClass, "message class %d; M2PA is %d", b[2], class)
	}
	if n := binary.BigEndian.Uint32(b[4:]); n != uint32(len(b)) {
		return bad(WrongLength, "length field says %d octets, %d are there", n, len(b))
	}
	m.Type, m.BSN, m.FSN = Type(b[3]), binary.BigEndian.Uint32(b[8:])&seqMask, binary.BigEndian.Uint32(b[12:])&seqMask
	switch m.Type {
	case UserData:
		return m.parseData(b[headerLen:])
	case LinkStatus:
		if len(b) < headerLen+4 {
			return bad(TooShort, "Link Status of %d octets has no state", len(b))
		}
		m.Status = Status(binary.BigEndian.Uint32(b[16:])) // what follows is filler (§2.3.2)
		if m.Status == 0 || m.Status >= statuses {
			return bad(UnknownState, "Link Status with unknown state %d", m.Status)
		}
		return nil
	}
	return bad(UnknownType, "message type %d; known are 1 User Data and 2 Link Status", b[3])
}

func (m *Message) parseData(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	// Only a message without data has no number of its own (§4.2.1): an MSU of no octets has one.
	m.Prio, m.MSU = b[0]>>6, b[1:]
	return nil
}

// appendHeader writes the common and the M2PA-specific header of a message with
// n octets after them.
func appendHeader(dst []byte, t Type, bsn, fsn uint32, n int) []byte {
	dst = append(dst, version, 0, class, byte(t))
	dst = binary.BigEndian.AppendUint32(dst, uint32(headerLen+n))
	dst = binary.BigEndian.AppendUint32(dst, bsn&seqMask)
	return binary.BigEndian.AppendUint32(dst, fsn&seqMask)
}

// Append writes m.
func Append(dst []byte, m Message) []byte {
	switch {
	case m.Type == LinkStatus:
		dst = appendHeader(dst, LinkStatus, m.BSN, m.FSN, 4)
		return binary.BigEndian.AppendUint32(dst, uint32(m.Status))
	case m.MSU == nil:
		return appendHeader(dst, UserData, m.BSN, m.FSN, 0)
	}
	dst = appendHeader(dst, UserData, m.BSN, m.FSN, 1+len(m.MSU))
	dst = append(dst, m.Prio<<6)
	return append(dst, m.MSU...)
}
