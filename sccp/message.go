package sccp

import (
	"encoding/binary"
	"fmt"
)

// Type is a message type (Q.713 table 1).
type Type uint8

// Message types.
const (
	CR Type = iota + 1
	CC
	CREF
	RLSD
	RLC
	DT1
	DT2
	AK
	UDT
	UDTS
	ED
	EA
	RSR
	RSC
	ERR
	IT
	XUDT
	XUDTS
	LUDT
	LUDTS
	Types // one more than the highest
)

var typeNames = [Types]string{"type 0", "CR", "CC", "CREF", "RLSD", "RLC", "DT1", "DT2", "AK", "UDT", "UDTS", "ED",
	"EA",
	"RSR", "RSC", "ERR", "IT", "XUDT", "XUDTS", "LUDT", "LUDTS"}

func (t Type) String() string {
	if t < Types {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Service tells whether t brings a message back to its sender.
func (t Type) Service() bool { return t == UDTS || t == XUDTS || t == LUDTS }

// Connectionless tells whether t belongs to classes 0 and 1.
func (t Type) Connectionless() bool { return t == UDT || t == XUDT || t == LUDT || t.Service() }

// Names of parameters (Q.713 table 2).
const (
	paramEnd          = 0x00
	paramCalled       = 0x03
	paramCalling      = 0x04
	paramSegmentation = 0x10
	paramHops         = 0x11
	paramImportance   = 0x12
)

// ReturnOption, in Message.Class, asks for the message to come back if it cannot be delivered.
const ReturnOption = 0x80

// Message is one message. Its type says which fields it has (Q.713 §4). Slices are part of the octets that were
// parsed.
type Message struct {
	Type     Type
	Class    uint8  // protocol class, with ReturnOption (Q.713 §3.6)
	Cause    uint8  // the cause of UDTS, XUDTS, LUDTS, CREF, RLSD, RSR, ERR
	Hops     uint8  // hop counter
	Credit   uint8  // the credit of AK, IT
	DLR, SLR uint32 // destination and source local reference, 24 bits
	// Seq has the octets as they stand: segmenting of DT1, P(R) of AK, or sequencing of DT2 and IT with the first
	// octet high.
	Seq uint16

	Called, Calling, Data []byte
	// Options is the optional part without its end: name, length, value, and so on. It is nil if there is none
	// (the pointer is zero).
	Options []byte
}

// A layout consists of the mandatory fixed part in order, then the variable part in the order of the pointers,
// then perhaps the optional part.
const (
	fClass byte = iota
	fCause
	fHops
	fCredit
	fDLR
	fSLR
	fSeq1
	fSeq2
	vCalled
	vCalling
	vData
	optional
)

var layouts = [Types][]byte{
	CR: {fSLR, fClass, vCalled, optional}, CC: {fDLR, fSLR, fClass, optional}, CREF: {fDLR, fCause, optional},
	RLSD: {fDLR, fSLR, fCause, optional}, RLC: {fDLR, fSLR}, DT1: {fDLR, fSeq1, vData}, DT2: {fDLR, fSeq2, vData},
	AK: {fDLR, fSeq1, fCredit}, UDT: {fClass, vCalled, vCalling, vData}, UDTS: {fCause, vCalled, vCalling, vData},
	ED: {fDLR, vData}, EA: {fDLR}, RSR: {fDLR, fSLR, fCause, optional}, RSC: {fDLR, fSLR}, ERR: {fDLR, fCause, optional},
	IT:   {fDLR, fSLR, fClass, fSeq2, fCredit},
	XUDT: {fClass, fHops, vCalled, vCalling, vData, optional}, XUDTS: {fCause, fHops, vCalled, vCalling, vData, optional},
	LUDT: {fClass, fHops, vCalled, vCalling, vData, optional}, LUDTS: {fCause, fHops, vCalled, vCalling, vData, optional},
}

// ParseError says why octets are no message.
type ParseError struct{ Why string }

func (e *ParseError) Error() string { return e.Why }

// The errors are made once, so that hostile input costs no memory.
var (
	errEmpty    = &ParseError{"no message: there are no octets"}
	errType     = &ParseError{"unknown message type"}
	errFixed    = &ParseError{"too short for its mandatory fixed part"}
	errPointer  = &ParseError{"a pointer leads beyond the message"}
	errLength   = &ParseError{"a parameter is longer than the message"}
	errOptional = &ParseError{"an optional parameter is longer than the message"}
	errMissing  = &ParseError{"the pointer to a mandatory parameter is zero"}
)

// Parse reads a message, which is the whole of b. The variable parts are found by their pointers. They may
// stand in any order, with gaps (Q.714 §1.1.4.5). The error is nil or one of this package's own.
func Parse(b []byte) (m Message, err *ParseError) {
	if len(b) == 0 {
		return m, errEmpty
	}
	m.Type = Type(b[0])
	if m.Type >= Types || layouts[m.Type] == nil {
		return m, errType
	}
	at := 1
	for _, f := range layouts[m.Type] {
		if f < vCalled {
			if at, err = m.fixed(b, at, f); err != nil {
				return m, err
			}
			continue
		}
		var v []byte
		if at, v, err = m.pointed(b, at, f); err != nil {
			return m, err
		}
		switch f {
		case vCalled:
			m.Called = v
		case vCalling:
			m.Calling = v
		case vData:
			m.Data = v
		default:
			m.Options = v
		}
	}
	return m, nil
}

func (m *Message) fixed(b []byte, at int, f byte) (int, *ParseError) {
	n := fieldLens[f]
	if at+n > len(b) {
		return at, errFixed
	}
	switch f {
	case fClass:
		m.Class = b[at]
	case fCause:
		m.Cause = b[at]
	case fHops:
		m.Hops = b[at]
	case fCredit:
		m.Credit = b[at]
	case fDLR:
		m.DLR = uint24(b[at:])
	case fSLR:
		m.SLR = uint24(b[at:])
	case fSeq1:
		m.Seq = uint16(b[at])
	case fSeq2:
		m.Seq = binary.BigEndian.Uint16(b[at:])
	}
	return at + n, nil
}

var fieldLens = [...]int{fClass: 1, fCause: 1, fHops: 1, fCredit: 1, fDLR: 3, fSLR: 3, fSeq1: 1, fSeq2: 2}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// pointed follows the pointer at b[at]. A pointer counts from its own place. The pointers of LUDT and LUDTS
// have two octets, and count from the second one (Q.713 §2.3).
func (m *Message) pointed(b []byte, at int, f byte) (next int, v []byte, err *ParseError) {
	var to, distance int
	if m.long() {
		if at+2 > len(b) {
			return at, nil, errFixed
		}
		distance = int(binary.LittleEndian.Uint16(b[at:]))
		next, to = at+2, at+1+distance
	} else {
		if at >= len(b) {
			return at, nil, errFixed
		}
		distance = int(b[at])
		next, to = at+1, at+distance
	}
	switch {
	case distance == 0 && f == optional:
		return next, nil, nil
	case distance == 0:
		return next, nil, errMissing
	case to >= len(b):
		return next, nil, errPointer
	case f == optional:
		v, err = options(b[to:])
		return next, v, err
	}
	n, head := int(b[to]), 1
	if f == vData && m.long() {
		if to+2 > len(b) {
			return next, nil, errLength
		}
		n, head = int(binary.LittleEndian.Uint16(b[to:])), 2
	}
	if to+head+n > len(b) {
		return next, nil, errLength
	}
	return next, b[to+head : to+head+n : to+head+n], nil
}

func (m *Message) long() bool { return m.Type == LUDT || m.Type == LUDTS }

// options gives the optional part up to its end octet, which may be missing.
func options(b []byte) ([]byte, *ParseError) {
	at := 0
	for at < len(b) && b[at] != paramEnd {
		if at+2 > len(b) || at+2+int(b[at+1]) > len(b) {
			return nil, errOptional
		}
		at += 2 + int(b[at+1])
	}
	return b[:at:at], nil
}

// Option finds an optional parameter; nil if it is not there.
func (m *Message) Option(name uint8) []byte {
	for o := m.Options; len(o) >= 2; o = o[2+int(o[1]):] {
		if o[0] == name {
			return o[2 : 2+int(o[1])]
		}
	}
	return nil
}

// Segmented tells whether m is one of several segments (Q.713 §3.17).
func (m *Message) Segmented() bool {
	s := m.Option(paramSegmentation)
	// A first segment with none to follow is a whole message.
	return len(s) == 4 && s[0]&0x8f != 0x80
}

// Append writes m. If something does not fit its length octet, ok is false, and dst is returned as it was.
func Append(dst []byte, m *Message) (out []byte, ok bool) {
	if m.Type >= Types || layouts[m.Type] == nil {
		return dst, false
	}
	start := len(dst)
	layout := layouts[m.Type]
	dst = append(dst, byte(m.Type))
	n := 0
	for n < len(layout) && layout[n] < vCalled {
		dst = m.appendFixed(dst, layout[n])
		n++
	}
	variable := layout[n:]
	size := 1 // octets of a pointer
	if m.long() {
		size = 2
	}
	at := len(dst) // where the next pointer stands
	for range size * len(variable) {
		dst = append(dst, 0)
	}
	for _, f := range variable {
		v := m.part(f)
		if f == optional && v == nil {
			continue // the pointer stays zero
		}
		distance := len(dst) - at - size + 1
		if size == 2 {
			binary.LittleEndian.PutUint16(dst[at:], uint16(distance))
		} else if distance > 255 {
			return dst[:start], false
		} else {
			dst[at] = byte(distance)
		}
		at += size
		switch {
		case f == optional:
			dst = append(append(dst, v...), paramEnd)
			continue
		case f == vData && size == 2 && len(v) <= 0xffff:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(len(v)))
		case len(v) <= 255:
			dst = append(dst, byte(len(v)))
		default:
			return dst[:start], false
		}
		dst = append(dst, v...)
	}
	return dst, true
}

func (m *Message) part(f byte) []byte {
	switch f {
	case vCalled:
		return m.Called
	case vCalling:
		return m.Calling
	case vData:
		return m.Data
	}
	return m.Options
}

func (m *Message) appendFixed(dst []byte, f byte) []byte {
	switch f {
	case fClass:
		return append(dst, m.Class)
	case fCause:
		return append(dst, m.Cause)
	case fHops:
		return append(dst, m.Hops)
	case fCredit:
		return append(dst, m.Credit)
	case fDLR:
		return append(dst, byte(m.DLR), byte(m.DLR>>8), byte(m.DLR>>16))
	case fSLR:
		return append(dst, byte(m.SLR), byte(m.SLR>>8), byte(m.SLR>>16))
	case fSeq1:
		return append(dst, byte(m.Seq))
	}
	return append(dst, byte(m.Seq>>8), byte(m.Seq))
}
