package mtp3

import (
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Heading is the first octet of a network management message: H1<<4|H0, H0 in the
// low half (Q.704 §15.3, table 1).
type Heading byte

// The headings. XCO and XCA are from Q.2210 and T1.111.4 §15.4; TCP, TCR, TCA, RCP,
// RCR and TRW are ANSI's alone (T1.111.4).
const (
	COO Heading = 0x11 // changeover order
	COA Heading = 0x21
	XCO Heading = 0x31 // changeover order with a 24-bit sequence number
	XCA Heading = 0x41
	CBD Heading = 0x51 // changeback declaration
	CBA Heading = 0x61
	ECO Heading = 0x12 // emergency changeover order
	ECA Heading = 0x22
	RCT Heading = 0x13 // route set congestion test
	TFC Heading = 0x23 // transfer controlled
	TFP Heading = 0x14 // transfer prohibited
	TCP Heading = 0x24
	TFR Heading = 0x34 // transfer restricted
	TCR Heading = 0x44
	TFA Heading = 0x54 // transfer allowed
	TCA Heading = 0x64
	RST Heading = 0x15 // route set test, thought prohibited
	RSR Heading = 0x25 // route set test, thought restricted
	RCP Heading = 0x35
	RCR Heading = 0x45
	LIN Heading = 0x16 // link inhibit
	LUN Heading = 0x26 // link uninhibit
	LIA Heading = 0x36
	LUA Heading = 0x46
	LID Heading = 0x56 // link inhibit denied
	LFU Heading = 0x66 // link force uninhibit
	LLT Heading = 0x76 // link local inhibit test
	LRT Heading = 0x86 // link remote inhibit test
	TRA Heading = 0x17 // traffic restart allowed
	TRW Heading = 0x27
	DLC Heading = 0x18 // data link connection order
	CSS Heading = 0x28
	CNS Heading = 0x38
	CNP Heading = 0x48
	UPU Heading = 0x1a // user part unavailable
)

// body is what follows the heading octet.
type body uint8

const (
	nothing body = iota
	sequence7
	sequence24
	changebackCode
	aboutLink  // nothing but, in ANSI, the SLC
	affected   // a point code
	congestion // a point code and a level
	dataLink
	unavailableUser
)

// headings says of every heading its name, its body, and whether ANSI alone has it.
var headings = map[Heading]struct {
	name string
	body body
	ansi bool
}{
	COO: {"COO", sequence7, false},
	COA: {"COA", sequence7, false},
	XCO: {"XCO", sequence24, false},
	XCA: {"XCA", sequence24, false},
	CBD: {"CBD", changebackCode, false},
	CBA: {"CBA", changebackCode, false},
	ECO: {"ECO", aboutLink, false},
	ECA: {"ECA", aboutLink, false},
	RCT: {"RCT", nothing, false},
	TFC: {"TFC", congestion, false},
	TFP: {"TFP", affected, false},
	TFR: {"TFR", affected, false},
	TFA: {"TFA", affected, false},
	TCP: {"TCP", affected, true},
	TCR: {"TCR", affected, true},
	TCA: {"TCA", affected, true},
	RST: {"RST", affected, false},
	RSR: {"RSR", affected, false},
	RCP: {"RCP", affected, true},
	RCR: {"RCR", affected, true},
	LIN: {"LIN", aboutLink, false},
	LUN: {"LUN", aboutLink, false},
	LIA: {"LIA", aboutLink, false},
	LUA: {"LUA", aboutLink, false},
	LID: {"LID", aboutLink, false},
	LFU: {"LFU", aboutLink, false},
	LLT: {"LLT", aboutLink, false},
	LRT: {"LRT", aboutLink, false},
	TRA: {"TRA", nothing, false},
	TRW: {"TRW", nothing, true},
	DLC: {"DLC", dataLink, false},
	CSS: {"CSS", aboutLink, false},
	CNS: {"CNS", aboutLink, false},
	CNP: {"CNP", aboutLink, false},
	UPU: {"UPU", unavailableUser, false},
}

func (h Heading) String() string {
	if x, ok := headings[h]; ok {
		return x.name
	}
	return fmt.Sprintf("heading %#02x", byte(h))
}

// Causes of a UPU (Q.704 §15.17.5).
const (
	UnknownUser      uint8 = 0
	UnequippedUser   uint8 = 1
	InaccessibleUser uint8 = 2
)

// Management is a signalling network management message (Q.704 §15). Fields that
// its heading does not have are zero.
type Management struct {
	Heading Heading
	SLC     uint8  // of the link meant: ANSI repeats it in the message; elsewhere it is the label's alone
	FSN     uint32 // COO, COA 7 bits; XCO, XCA 24: of the last MSU accepted
	Code    uint8  // CBD, CBA: changeback code
	PC      ss7.PC // TFx, RSx, TFC, UPU: the destination concerned
	Level   uint8  // TFC: congestion level 0 to 3
	LinkID  uint16 // DLC: 12 bits, ANSI 14
	User    ss7.SI // UPU
	Cause   uint8  // UPU
}

// form is how the messages of a variant differ: how long an affected point code is,
// and whether bodies follow ANSI.
type form struct {
	pc   int
	ansi bool
}

// China codes ITU's messages with 3-octet codes and, like ANSI, the level of a TFC
// in an octet of its own. Japan's are coded as ITU's with whole 16-bit codes, which
// is not verified against JT-Q704.
func formOf(v *ss7.Variant) form { return form{(int(v.Bits()) + 7) / 8, v == ss7.ANSI} }

// levelInPC: 14-bit codes leave the two bits above them to the level of a TFC.
func levelInPC(v *ss7.Variant) bool { return v.Bits() == 14 }

// length of a body in octets.
func (f form) length(v *ss7.Variant, b body) int {
	switch {
	case b == affected, b == congestion && levelInPC(v):
		return f.pc
	case b == congestion, b == unavailableUser:
		return f.pc + 1
	case f.ansi:
		return ansiLengths[b]
	}
	return lengths[b]
}

var (
	lengths     = [...]int{sequence7: 1, sequence24: 3, changebackCode: 1, aboutLink: 0, dataLink: 2}
	ansiLengths = [...]int{sequence7: 2, sequence24: 4, changebackCode: 2, aboutLink: 1, dataLink: 3}
)

// ParseManagement reads the payload of an MSU with SI 0. Octets after the message are
// ignored (Q.701 §7.2.6). Errors: no heading, a heading the variant does not have, a
// body too short.
func ParseManagement(v *ss7.Variant, b []byte) (Management, error) {
	if len(b) == 0 {
		return Management{}, fmt.Errorf("a network management message without heading")
	}
	m := Management{Heading: Heading(b[0])}
	h, ok := headings[m.Heading]
	f := formOf(v)
	if !ok || h.ansi && !f.ansi {
		return Management{}, fmt.Errorf("a network management message with unknown heading %#02x", b[0])
	}
	n := f.length(v, h.body)
	if len(b) < 1+n {
		return Management{}, fmt.Errorf("%s of %d octets is too short: %s has %d", h.name, len(b), v.Name, 1+n)
	}
	w := word(b[1 : 1+n])
	if f.ansi && h.body < affected && h.body != nothing || f.ansi && h.body == dataLink {
		m.SLC, w = uint8(w&15), w>>4
	}
	switch h.body {
	case sequence7:
		m.FSN = uint32(w & 0x7f)
	case sequence24:
		m.FSN = uint32(w & 0xffffff)
	case changebackCode:
		m.Code = uint8(w)
	case dataLink:
		m.LinkID = uint16(w & f.linkIDs())
	case affected, congestion, unavailableUser:
		m.parseAffected(v, h.body, b[1:1+n])
	}
	return m, nil
}

func (f form) linkIDs() uint64 {
	if f.ansi {
		return 1<<14 - 1
	}
	return 1<<12 - 1
}

func (m *Management) parseAffected(v *ss7.Variant, kind body, b []byte) {
	n := formOf(v).pc
	w := word(b[:n])
	m.PC = ss7.PC(w & (1<<v.Bits() - 1))
	switch {
	case kind == congestion && levelInPC(v):
		m.Level = uint8(w >> 14 & 3)
	case kind == congestion:
		m.Level = b[n] & 3
	case kind == unavailableUser:
		m.User, m.Cause = ss7.SI(b[n]&15), b[n]>>4
	}
}

// word reads b, at most 8 octets, with the least significant first (Q.704 §15.1.2).
func word(b []byte) uint64 {
	var x [8]byte
	copy(x[:], b)
	return binary.LittleEndian.Uint64(x[:])
}

// AppendManagement writes m; a heading that the variant does not have is written
// with no body.
func AppendManagement(dst []byte, v *ss7.Variant, m Management) []byte {
	dst = append(dst, byte(m.Heading))
	h := headings[m.Heading]
	f := formOf(v)
	n := f.length(v, h.body)
	var w uint64
	switch h.body {
	case sequence7:
		w = uint64(m.FSN & 0x7f)
	case sequence24:
		w = uint64(m.FSN & 0xffffff)
	case changebackCode:
		w = uint64(m.Code)
	case dataLink:
		w = uint64(m.LinkID) & f.linkIDs()
	case affected:
		w = uint64(m.PC)
	case congestion:
		w = uint64(m.PC) | uint64(m.Level&3)<<(8*f.pc)
		if levelInPC(v) {
			w = uint64(m.PC) | uint64(m.Level&3)<<14
		}
	case unavailableUser:
		w = uint64(m.PC) | uint64(m.Cause&15<<4|uint8(m.User)&15)<<(8*f.pc)
	}
	if f.ansi && (h.body < affected && h.body != nothing || h.body == dataLink) {
		w = w<<4 | uint64(m.SLC&15)
	}
	for range n {
		dst = append(dst, byte(w))
		w >>= 8
	}
	return dst
}
