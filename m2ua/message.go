package m2ua

import (
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/xua"
)

// PPID is the SCTP payload protocol identifier (RFC 3331 §8.1). Port is the registered port.
const (
	PPID = 2
	Port = 2904
)

// These are the messages that M2UA has beside those of all layers (§3.1.4). Class 6 is between MTP2 and its
// user. Class 10 manages interface identifiers.
const (
	DATA              xua.Type = 0x0601
	EstablishReq      xua.Type = 0x0602
	EstablishCfm      xua.Type = 0x0603
	ReleaseReq        xua.Type = 0x0604
	ReleaseCfm        xua.Type = 0x0605
	ReleaseInd        xua.Type = 0x0606
	StateReq          xua.Type = 0x0607
	StateCfm          xua.Type = 0x0608
	StateInd          xua.Type = 0x0609
	RetrievalReq      xua.Type = 0x060a
	RetrievalCfm      xua.Type = 0x060b
	RetrievalInd      xua.Type = 0x060c
	RetrievalComplete xua.Type = 0x060d
	CongestionInd     xua.Type = 0x060e
	DataAck           xua.Type = 0x060f
	REGReq            xua.Type = 0x0a01
	REGRsp            xua.Type = 0x0a02
	DEREGReq          xua.Type = 0x0a03
	DEREGRsp          xua.Type = 0x0a04
)

// These are M2UA's own parameters (§3.1.6).
const (
	tagID               uint16 = 0x0001
	tagText             uint16 = 0x0003
	tagRange            uint16 = 0x0008
	tagPDU              uint16 = 0x0300 // an MSU from the SIO on
	tagTTC              uint16 = 0x0301 // an MSU from the length indicator on
	tagState            uint16 = 0x0302
	tagEvent            uint16 = 0x0303
	tagCongestion       uint16 = 0x0304
	tagDiscard          uint16 = 0x0305
	tagAction           uint16 = 0x0306
	tagSequence         uint16 = 0x0307
	tagResult           uint16 = 0x0308
	tagLinkKey          uint16 = 0x0309
	tagLocalLK          uint16 = 0x030a
	tagSDT              uint16 = 0x030b
	tagSDL              uint16 = 0x030c
	tagRegResult        uint16 = 0x030d
	tagRegStatus        uint16 = 0x030e
	tagDeregResult      uint16 = 0x030f
	tagDeregStatus      uint16 = 0x0310
	tagNothing          uint16 = 0 // reserved
	maxText                    = 255
	maxPDU                     = 4096 + 5 // that of MTP3 over high-speed links (Q.2210); that of MTP2 is 273
	invalidIID                 = xua.Code(0x02)
	activeForIID               = xua.Code(0x10)
	maxIdentifiers             = 1024 // how many identifiers in one message are answered
	maxKeys                    = 16   // how many link keys one REG REQ may have
	firstMAUP, last            = DATA, DataAck
	classMAUP, classIIM        = 6, 10
)

// State is what a State Request asks for (§3.3.1.5).
type State uint32

// The states.
const (
	OutageSet State = iota
	OutageClear
	EmergencySet
	EmergencyClear
	FlushBuffers
	ContinueState
	ClearRTB
	Audit
	CongestionClear
	CongestionAccept
	CongestionDiscard
	states
)

var stateNames = [states]string{"LPO_SET", "LPO_CLEAR", "EMER_SET", "EMER_CLEAR", "FLUSH_BUFFERS", "CONTINUE",
	"CLEAR_RTB", "AUDIT", "CONG_CLEAR", "CONG_ACCEPT", "CONG_DISCARD"}

func (s State) String() string {
	if s < states {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint32(s))
}

// A State Indication tells one of these events (§3.3.1.7).
const (
	RemoteOutageEnter uint32 = 1 + iota
	RemoteOutageExit
	LocalOutageEnter
	LocalOutageExit
)

// A retrieval has one of these actions and results (§3.3.1.9, §3.3.1.10).
const (
	ActionBSN      uint32 = 1
	ActionMessages uint32 = 2
	Success        uint32 = 0
	Failure        uint32 = 1
)

// Interface is an interface identifier: a text, or, if that is empty, a number.
type Interface struct {
	ID   uint32
	Text string
}

func (i Interface) String() string {
	if i.Text != "" {
		return printable.Name(i.Text)
	}
	return fmt.Sprint(i.ID)
}

// append writes the M2UA message header (§3.2).
func (i *Interface) append(dst []byte) []byte {
	if i.Text != "" {
		dst = append(dst, byte(tagText>>8), byte(tagText&0xff), 0, 0)
		n := 4 + len(i.Text)
		binary.BigEndian.PutUint16(dst[len(dst)-2:], uint16(n))
		dst = append(dst, i.Text...)
		for ; n%4 != 0; n++ {
			dst = append(dst, 0)
		}
		return dst
	}
	return xua.AppendUint32(dst, tagID, i.ID)
}

var tags = xua.Tags{ID: tagID, NA: tagNothing}

// Grammar has every message of M2UA.
var Grammar = grammar()

func grammar() xua.Grammar {
	g := tags.Common()
	many := []xua.Field{{Tag: tagID, Many: true, Size: -4}, {Tag: tagText, Many: true, Max: maxText},
		{Tag: tagRange, Many: true, Size: -8}}
	for t, s := range g {
		var fields []xua.Field
		for _, f := range s.Fields {
			switch f.Tag {
			case tagID:
				fields = append(fields, many...)
			case tagNothing, xua.TagAffected:
			default:
				fields = append(fields, f)
			}
		}
		g[t] = xua.Spec{Name: s.Name, Fields: fields}
	}
	number := func(tag uint16, must bool) xua.Field { return xua.Field{Tag: tag, Must: must, Size: 4} }
	pdu := []xua.Field{{Tag: tagPDU, Max: maxPDU}, {Tag: tagTTC, Max: maxPDU + 1}}
	for t, s := range map[xua.Type]xua.Spec{
		DATA:         {Name: "Data", Fields: append([]xua.Field{number(xua.TagCorrelation, false)}, pdu...)},
		EstablishReq: {Name: "Establish Request"}, EstablishCfm: {Name: "Establish Confirm"},
		ReleaseReq: {Name: "Release Request"}, ReleaseCfm: {Name: "Release Confirm"},
		ReleaseInd:   {Name: "Release Indication"},
		StateReq:     {Name: "State Request", Fields: []xua.Field{number(tagState, true)}},
		StateCfm:     {Name: "State Confirm", Fields: []xua.Field{number(tagState, true)}},
		StateInd:     {Name: "State Indication", Fields: []xua.Field{number(tagEvent, true)}},
		RetrievalReq: {Name: "Retrieval Request", Fields: []xua.Field{number(tagAction, true), number(tagSequence, false)}},
		RetrievalCfm: {Name: "Retrieval Confirm", Fields: []xua.Field{number(tagAction, true), number(tagResult, true),
			number(tagSequence, false)}},
		RetrievalInd:      {Name: "Retrieval Indication", Fields: pdu},
		RetrievalComplete: {Name: "Retrieval Complete Indication", Fields: pdu},
		CongestionInd: {Name: "Congestion Indication", Fields: []xua.Field{number(tagCongestion, true),
			number(tagDiscard, false)}},
		DataAck: {Name: "Data Ack", Fields: []xua.Field{number(xua.TagCorrelation, true)}},
	} {
		s.Fields = append([]xua.Field{{Tag: tagID, Size: 4}, {Tag: tagText, Max: maxText}}, s.Fields...)
		g[t] = s
	}
	g[REGReq] = xua.Spec{Name: "REG REQ", Fields: []xua.Field{{Tag: tagLinkKey, Must: true, Many: true}}}
	g[REGRsp] = xua.Spec{Name: "REG RSP", Fields: []xua.Field{{Tag: tagRegResult, Must: true, Many: true}}}
	g[DEREGReq] = xua.Spec{Name: "DEREG REQ", Fields: many}
	g[DEREGRsp] = xua.Spec{Name: "DEREG RSP", Fields: []xua.Field{{Tag: tagDeregResult, Must: true, Many: true}}}
	return g
}

// IsMAUP tells whether a message is about an interface.
func IsMAUP(b []byte) bool { return len(b) > 3 && b[2] == classMAUP }

// IsData tells whether a message is Data.
func IsData(b []byte) bool { return IsMAUP(b) && b[3] == 1 }

// Message is one message of an interface other than Data (§3.3.1). Fields that its type does not have are zero.
type Message struct {
	Type        xua.Type
	Interface   Interface
	State       State  // State Request, State Confirm
	Event       uint32 // State Indication
	Congestion  uint32 // level 0 to 3
	Discard     uint32 // level 0 to 3, if HasDiscard
	Action      uint32 // the action of a retrieval
	Result      uint32
	Sequence    uint32 // the sequence number, if HasSequence
	Correlation uint32 // Data Ack
	PDU         []byte // the MSU of a retrieval, from the SIO on, part of the message; nil if there is none

	HasDiscard, HasSequence bool
}

// Parse reads one message of class 6 other than Data.
func Parse(b []byte) (Message, *xua.Error) {
	var m Message
	x, e := Grammar.Parse(b)
	if m.Type = x.Type; e != nil {
		return m, e
	}
	if m.Interface, e = header(x, b); e != nil {
		return m, e
	}
	p := x.Params
	state, _ := p.Uint32(tagState)
	m.State = State(state)
	m.Event, _ = p.Uint32(tagEvent)
	m.Congestion, _ = p.Uint32(tagCongestion)
	m.Discard, m.HasDiscard = p.Uint32(tagDiscard)
	m.Action, _ = p.Uint32(tagAction)
	m.Result, _ = p.Uint32(tagResult)
	m.Sequence, m.HasSequence = p.Uint32(tagSequence)
	m.Correlation, _ = p.Uint32(xua.TagCorrelation)
	if m.PDU, e = pdu(x.Name, p); e != nil {
		e.Diag = xua.Head(b)
		return m, e
	}
	return m, m.check(x.Name, b)
}

// header reads the interface identifier, which MUST be the first parameter (§3.2).
func header(x xua.Message, b []byte) (Interface, *xua.Error) {
	tag, v, _, _ := x.Params.Cut()
	switch {
	case tag == tagID && len(v) == 4:
		return Interface{ID: binary.BigEndian.Uint32(v)}, nil
	case tag == tagText && len(v) > 0:
		return Interface{Text: string(v)}, nil
	}
	return Interface{}, &xua.Error{Code: xua.MissingParameter,
		Why: x.Name + " that does not begin with an interface identifier", Diag: xua.Head(b)}
}

// pdu gives the MSU of a message, from the SIO on; nil if there is none.
func pdu(name string, p xua.Params) ([]byte, *xua.Error) {
	if v, ok := p.Get(tagPDU); ok {
		return v, nil
	}
	v, ok := p.Get(tagTTC)
	if !ok {
		return nil, nil
	}
	if len(v) < 1 {
		return nil, &xua.Error{Code: xua.ParameterFieldError, Why: name + ": TTC protocol data without a length indicator"}
	}
	return v[1:], nil
}

// check looks at the values. One that does not exist is refused (§3.3.3.1).
func (m *Message) check(name string, b []byte) *xua.Error {
	bad := ""
	switch {
	case (m.Type == StateReq || m.Type == StateCfm) && m.State >= states:
		bad = m.State.String()
	case m.Type == StateInd && (m.Event < RemoteOutageEnter || m.Event > LocalOutageExit):
		bad = fmt.Sprintf("event %d", m.Event)
	case m.Congestion > 3, m.Discard > 3:
		bad = fmt.Sprintf("congestion level %d, discard level %d", m.Congestion, m.Discard)
	case (m.Type == RetrievalReq || m.Type == RetrievalCfm) && m.Action != ActionBSN && m.Action != ActionMessages:
		bad = fmt.Sprintf("action %d", m.Action)
		if m.Action == 0 {
			bad += "; " + slackAction + " takes it"
		}
	case m.Type == RetrievalCfm && m.Result > Failure:
		bad = fmt.Sprintf("result %d", m.Result)
	case m.Type == RetrievalInd && m.PDU == nil:
		return &xua.Error{Code: xua.MissingParameter, Why: name + " without protocol data", Diag: xua.Head(b)}
	}
	if bad == "" {
		return nil
	}
	return &xua.Error{Code: xua.InvalidParameterValue, Why: name + " with " + bad, Diag: xua.Head(b)}
}

// Append writes m, mandatory parameters first (§3.1.6). If ttc is true, it writes an MSU as TTC protocol data.
func Append(dst []byte, m *Message, ttc bool) []byte {
	start := len(dst)
	dst = m.Interface.append(xua.Begin(dst, m.Type))
	switch m.Type {
	case StateReq, StateCfm:
		dst = xua.AppendUint32(dst, tagState, uint32(m.State))
	case StateInd:
		dst = xua.AppendUint32(dst, tagEvent, m.Event)
	case CongestionInd:
		dst = xua.AppendUint32(dst, tagCongestion, m.Congestion)
		if m.HasDiscard {
			dst = xua.AppendUint32(dst, tagDiscard, m.Discard)
		}
	case RetrievalReq, RetrievalCfm:
		dst = xua.AppendUint32(dst, tagAction, m.Action)
		if m.Type == RetrievalCfm {
			dst = xua.AppendUint32(dst, tagResult, m.Result)
		}
		if m.HasSequence {
			dst = xua.AppendUint32(dst, tagSequence, m.Sequence)
		}
	case RetrievalInd, RetrievalComplete:
		if m.PDU != nil {
			dst = appendPDU(dst, m.PDU, ttc)
		}
	case DataAck:
		dst = xua.AppendUint32(dst, xua.TagCorrelation, m.Correlation)
	}
	return xua.End(dst, start)
}

func appendPDU(dst, pdu []byte, ttc bool) []byte {
	if !ttc {
		return xua.AppendBytes(dst, tagPDU, pdu)
	}
	n := 5 + len(pdu)
	dst = append(dst, byte(tagTTC>>8), byte(tagTTC&0xff), byte(n>>8), byte(n), lengthIndicator(len(pdu)))
	dst = append(dst, pdu...)
	return pad(dst, n)
}

// lengthIndicator counts the octets after itself, as far as six bits go (Q.703 §2.3.3).
func lengthIndicator(n int) byte { return byte(min(n, 63)) }

func pad(dst []byte, n int) []byte {
	for ; n%4 != 0; n++ {
		dst = append(dst, 0)
	}
	return dst
}
