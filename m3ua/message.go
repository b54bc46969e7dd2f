package m3ua

import (
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// PPID is the SCTP payload protocol identifier (RFC 4666 §7.1). HostOrderPPID is what some stacks make of it.
// Port is the registered port (§7.2).
const (
	PPID          = 3
	HostOrderPPID = 0x03000000
	Port          = 2905
)

// These are the messages that M3UA has beside those of all layers (§3.1.2).
const (
	DATA     xua.Type = 0x0101
	DUNA     xua.Type = 0x0201
	DAVA     xua.Type = 0x0202
	DAUD     xua.Type = 0x0203
	SCON     xua.Type = 0x0204
	DUPU     xua.Type = 0x0205
	DRST     xua.Type = 0x0206
	REGReq   xua.Type = 0x0901
	REGRsp   xua.Type = 0x0902
	DEREGReq xua.Type = 0x0903
	DEREGRsp xua.Type = 0x0904
)

// These are M3UA's own parameters (§3.2).
const (
	tagNA           uint16 = 0x0200
	tagUserCause    uint16 = 0x0204
	tagCongestion   uint16 = 0x0205
	tagConcerned    uint16 = 0x0206
	tagRoutingKey   uint16 = 0x0207
	tagRegResult    uint16 = 0x0208
	tagDeregResult  uint16 = 0x0209
	tagLocalRK      uint16 = 0x020a
	tagDPC          uint16 = 0x020b
	tagSI           uint16 = 0x020c
	tagOPC          uint16 = 0x020e
	tagCircuits     uint16 = 0x020f // RFC 3332's circuit range list; reserved since
	tagProtocolData uint16 = 0x0210
	tagRegStatus    uint16 = 0x0212
	tagDeregStatus  uint16 = 0x0213
)

// An empty routing context names no AS. Older Osmocom programs write one into DUNA, DAVA and DUPU.
var tags = xua.Tags{ID: xua.TagRoutingContext, NA: tagNA, Dereg: DEREGReq, EmptyID: true}

// Grammar has every message of M3UA.
var Grammar = grammar()

func grammar() xua.Grammar {
	g := tags.Common()
	na := xua.Field{Tag: tagNA, Size: 4}
	rcs := xua.Field{Tag: xua.TagRoutingContext, Size: -4, Empty: true}
	pcs := xua.Field{Tag: xua.TagAffected, Must: true, Size: -4}
	info := xua.Field{Tag: xua.TagInfo, Max: 255}
	g[DATA] = xua.Spec{Name: "DATA", Fields: []xua.Field{na, {Tag: xua.TagRoutingContext, Size: 4, Empty: true},
		{Tag: tagProtocolData, Must: true}, {Tag: xua.TagCorrelation, Size: 4}}}
	for t, name := range map[xua.Type]string{DUNA: "DUNA", DAVA: "DAVA", DAUD: "DAUD", DRST: "DRST"} {
		g[t] = xua.Spec{Name: name, Fields: []xua.Field{na, rcs, pcs, info}}
	}
	g[SCON] = xua.Spec{Name: "SCON", Fields: []xua.Field{na, rcs, pcs, {Tag: tagConcerned, Size: 4},
		{Tag: tagCongestion, Size: 4}, info}}
	g[DUPU] = xua.Spec{Name: "DUPU", Fields: []xua.Field{na, rcs, {Tag: xua.TagAffected, Must: true, Size: 4},
		{Tag: tagUserCause, Must: true, Size: 4}, info}}
	g[REGReq] = xua.Spec{Name: "REG REQ", Fields: []xua.Field{{Tag: tagRoutingKey, Must: true, Many: true}}}
	g[REGRsp] = xua.Spec{Name: "REG RSP", Fields: []xua.Field{{Tag: tagRegResult, Must: true, Many: true}}}
	g[DEREGReq] = xua.Spec{Name: "DEREG REQ", Fields: []xua.Field{{Tag: xua.TagRoutingContext, Must: true, Size: -4}}}
	g[DEREGRsp] = xua.Spec{Name: "DEREG RSP", Fields: []xua.Field{{Tag: tagDeregResult, Must: true, Many: true}}}
	return g
}

// SSNM is a message about destinations (§3.4).
type SSNM struct {
	Type      xua.Type
	NA        uint32
	HasNA     bool
	RCs       []uint32
	Affected  []uint32 // the mask in the top octet, the point code below
	Concerned ss7.PC   // for SCON from an ASP: the point that caused it, if HasConcerned
	Level     uint8    // SCON: 0..3, if HasLevel
	Cause     uint16   // DUPU
	User      ss7.SI   // DUPU

	HasConcerned, HasLevel bool
}

// ParseSSNM reads one of the six messages, which Grammar has accepted.
func ParseSSNM(m xua.Message) (SSNM, *xua.Error) {
	s := SSNM{Type: m.Type, RCs: m.Params.Uint32s(xua.TagRoutingContext), Affected: m.Params.Uint32s(xua.TagAffected)}
	s.NA, s.HasNA = m.Params.Uint32(tagNA)
	switch m.Type {
	case SCON:
		var v uint32
		if v, s.HasConcerned = m.Params.Uint32(tagConcerned); s.HasConcerned {
			s.Concerned = ss7.PC(v & 0xffffff)
		}
		if v, s.HasLevel = m.Params.Uint32(tagCongestion); s.HasLevel {
			if s.Level = uint8(v); s.Level > 3 {
				return s, &xua.Error{Code: xua.InvalidParameterValue, Why: fmt.Sprintf("SCON with congestion level %d", s.Level)}
			}
		}
	case DUPU:
		v, _ := m.Params.Uint32(tagUserCause)
		s.Cause, s.User = uint16(v>>16), ss7.SI(v)
		if v&0xffff > 15 {
			return s, &xua.Error{Code: xua.InvalidParameterValue, Why: fmt.Sprintf("DUPU for user %d", v&0xffff)}
		}
		if s.Affected[0]>>24 != 0 {
			return s, &xua.Error{Code: xua.InvalidParameterValue, Why: "DUPU with a mask"}
		}
	}
	return s, nil
}

// AppendSSNM writes s.
func AppendSSNM(dst []byte, s *SSNM) []byte {
	start := len(dst)
	dst = xua.Begin(dst, s.Type)
	if s.HasNA {
		dst = xua.AppendUint32(dst, tagNA, s.NA)
	}
	dst = xua.AppendUint32s(dst, xua.TagRoutingContext, s.RCs)
	dst = xua.AppendUint32s(dst, xua.TagAffected, s.Affected)
	if s.HasConcerned {
		dst = xua.AppendUint32(dst, tagConcerned, uint32(s.Concerned))
	}
	if s.HasLevel {
		dst = xua.AppendUint32(dst, tagCongestion, uint32(s.Level))
	}
	if s.Type == DUPU {
		dst = xua.AppendUint32(dst, tagUserCause, uint32(s.Cause)<<16|uint32(s.User))
	}
	return xua.End(dst, start)
}

// Affected gives a range of codes as a message has it: the mask counts the bits that do not matter.
func Affected(r ss7.Range, bits uint8) uint32 { return uint32(bits-r.Len)<<24 | uint32(r.PC) }

// Range gives an affected point code as a range of codes of a variant's width. A mask that is as wide as a
// code, or wider, means all codes (§3.4.1). Range gives false if the code is too wide.
func Range(affected uint32, bits uint8) (ss7.Range, bool) {
	pc, mask := ss7.PC(affected&0xffffff), uint8(affected>>24)
	if mask >= bits {
		return ss7.Range{}, true
	}
	r, _ := ss7.Range{PC: pc, Len: bits - mask}.Clean(bits)
	return r, pc < 1<<bits
}

// Registration is one routing key of a REG REQ.
type Registration struct {
	LocalID uint32
	RC      uint32 // the key to be changed, if HasRC (§4.4.1)
	HasRC   bool
	Mode    uint32 // the traffic mode as it came; 0 if there is none
	Key     Key
	Bad     RegStatus // why the key cannot be understood, if it is not RegOK
	Why     string
}

var routingKeyFields = []xua.Field{
	{Tag: tagLocalRK, Must: true, Size: 4}, {Tag: xua.TagRoutingContext, Size: 4}, {Tag: xua.TagTrafficMode, Size: 4},
	{Tag: tagDPC, Many: true, Size: 4}, {Tag: tagNA, Size: 4}, {Tag: tagSI, Many: true},
	{Tag: tagOPC, Many: true, Size: -4}, {Tag: tagCircuits, Many: true, Size: -8},
}

// MaxKeys is how many routing keys one REG REQ may have. maxParts is how many DPCs, OPCs and ranges of circuits
// one key may have.
const (
	MaxKeys  = 16
	maxParts = 64
)

// ParseRegistrations reads the routing keys of a REG REQ. If the parts of a key make no sense, the key comes
// with the status to refuse it with. Without a Local-RK-Identifier a key cannot be answered, which is an error
// of the message.
func ParseRegistrations(m xua.Message, bits uint8) ([]Registration, *xua.Error) {
	var out []Registration
	for p := m.Params; ; {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return out, nil
		}
		if p = rest; tag != tagRoutingKey {
			continue
		}
		if e := xua.Check(routingKeyFields, v); e != nil {
			e.Why = "REG REQ: routing key: " + e.Why
			return nil, e
		}
		if len(out) >= MaxKeys {
			return nil, &xua.Error{Code: xua.InvalidParameterValue,
				Why: fmt.Sprintf("REG REQ with more than %d routing keys", MaxKeys)}
		}
		out = append(out, parseRegistration(v, bits))
	}
}

func parseRegistration(p xua.Params, bits uint8) Registration {
	var r Registration
	r.LocalID, _ = p.Uint32(tagLocalRK)
	r.RC, r.HasRC = p.Uint32(xua.TagRoutingContext)
	r.Mode, _ = p.Uint32(xua.TagTrafficMode)
	r.Key.NA, r.Key.HasNA = p.Uint32(tagNA)
	for {
		tag, v, rest, ok := p.Cut()
		if !ok {
			break
		}
		p = rest
		r.part(tag, v, bits)
	}
	if len(r.Key.Terms) == 0 {
		r.refuse(RegInvalidKey, "it has no destination point code")
	}
	return r
}

func (r *Registration) refuse(s RegStatus, why string) {
	if r.Bad == RegOK {
		r.Bad, r.Why = s, why
	}
}

// part adds one parameter. Each DPC opens a group, and what follows belongs to that group (§3.6.1).
func (r *Registration) part(tag uint16, v []byte, bits uint8) {
	if tag == tagDPC {
		d, ok := Range(binary.BigEndian.Uint32(v), bits)
		if !ok {
			r.refuse(RegInvalidDPC, fmt.Sprintf("its DPC is wider than %d bits", bits))
			return
		}
		if r.full() {
			return
		}
		r.Key.Terms = append(r.Key.Terms, Term{DPC: d})
		return
	}
	if tag != tagSI && tag != tagOPC && tag != tagCircuits {
		return
	}
	if len(r.Key.Terms) == 0 {
		r.refuse(RegInvalidKey, "a parameter of a group stands before its DPC")
		return
	}
	t := &r.Key.Terms[len(r.Key.Terms)-1]
	switch tag {
	case tagSI:
		for _, si := range v {
			if si < 3 || si > 15 {
				r.refuse(RegInvalidKey, fmt.Sprintf("service indicator %d cannot be registered", si))
				return
			}
			t.SIs |= 1 << si
		}
	case tagOPC:
		for ; len(v) >= 4 && !r.full(); v = v[4:] {
			if o, ok := r.opc(v, bits); ok {
				t.OPCs = append(t.OPCs, o)
			}
		}
	case tagCircuits: // RFC 3332 §3.6.1: OPC, lower and upper CIC
		for ; len(v) >= 8 && !r.full(); v = v[8:] {
			if o, ok := r.opc(v, bits); ok {
				c := Circuits{OPC: o, First: binary.BigEndian.Uint16(v[4:]), Last: binary.BigEndian.Uint16(v[6:])}
				t.Circuits = append(t.Circuits, c)
			}
		}
	}
}

func (r *Registration) opc(v []byte, bits uint8) (ss7.Range, bool) {
	o, ok := Range(binary.BigEndian.Uint32(v), bits)
	switch {
	case !ok:
		r.refuse(RegInvalidKey, fmt.Sprintf("an OPC is wider than %d bits", bits))
	case o.Len < bits: // a registered key has a list of single OPCs (§3.6.1); masks are for static keys
		r.refuse(RegUnsupportedField, "an OPC has a mask")
	}
	return o, ok
}

// full refuses a key with more parts than anybody needs.
func (r *Registration) full() bool {
	n := 0
	for _, t := range r.Key.Terms {
		n += 1 + len(t.OPCs) + len(t.Circuits)
	}
	if n >= maxParts {
		r.refuse(RegInvalidKey, fmt.Sprintf("it has more than %d parts", maxParts))
	}
	return n >= maxParts
}

// AppendRegistrations writes a REG REQ.
func AppendRegistrations(dst []byte, keys []Registration, bits uint8) []byte {
	start := len(dst)
	dst = xua.Begin(dst, REGReq)
	for i := range keys {
		r := &keys[i]
		k := xua.AppendUint32(nil, tagLocalRK, r.LocalID)
		if r.HasRC {
			k = xua.AppendUint32(k, xua.TagRoutingContext, r.RC)
		}
		if r.Mode != 0 {
			k = xua.AppendUint32(k, xua.TagTrafficMode, r.Mode)
		}
		if r.Key.HasNA {
			k = xua.AppendUint32(k, tagNA, r.Key.NA)
		}
		for _, t := range r.Key.Terms {
			k = appendTerm(k, &t, bits)
		}
		dst = xua.AppendBytes(dst, tagRoutingKey, k)
	}
	return xua.End(dst, start)
}

func appendTerm(k []byte, t *Term, bits uint8) []byte {
	k = xua.AppendUint32(k, tagDPC, Affected(t.DPC, bits))
	if t.SIs != 0 {
		var list []byte
		for si := range byte(16) {
			if t.SIs&(1<<si) != 0 {
				list = append(list, si)
			}
		}
		k = xua.AppendBytes(k, tagSI, list)
	}
	if len(t.Circuits) > 0 {
		var list []byte
		for _, c := range t.Circuits {
			list = binary.BigEndian.AppendUint32(list, Affected(c.OPC, bits))
			list = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(list, c.First), c.Last)
		}
		k = xua.AppendBytes(k, tagCircuits, list)
	}
	var opcs []uint32
	for _, o := range t.OPCs {
		opcs = append(opcs, Affected(o, bits))
	}
	return xua.AppendUint32s(k, tagOPC, opcs)
}

// Result answers one registration, which LocalID names, or one deregistration.
type Result struct {
	LocalID uint32 // only in a REG RSP
	RC      uint32
	Status  uint32
}

// ParseResults reads a REG RSP or DEREG RSP.
func ParseResults(m xua.Message) ([]Result, *xua.Error) {
	outer, status := tagRegResult, tagRegStatus
	if m.Type == DEREGRsp {
		outer, status = tagDeregResult, tagDeregStatus
	}
	var out []Result
	for p := m.Params; ; {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return out, nil
		}
		if p = rest; tag != outer {
			continue
		}
		fields := []xua.Field{{Tag: status, Must: true, Size: 4}, {Tag: xua.TagRoutingContext, Must: true, Size: 4},
			{Tag: tagLocalRK, Must: m.Type == REGRsp, Size: 4}}
		if e := xua.Check(fields, v); e != nil {
			return nil, e
		}
		var r Result
		in := xua.Params(v)
		r.LocalID, _ = in.Uint32(tagLocalRK)
		r.RC, _ = in.Uint32(xua.TagRoutingContext)
		r.Status, _ = in.Uint32(status)
		out = append(out, r)
	}
}

// AppendResults writes a REG RSP or DEREG RSP (§3.6.2, §3.6.4).
func AppendResults(dst []byte, t xua.Type, results []Result) []byte {
	start := len(dst)
	dst = xua.Begin(dst, t)
	for _, r := range results {
		if t == REGRsp {
			dst = append(dst, byte(tagRegResult>>8), byte(tagRegResult&0xff), 0, 28)
			dst = xua.AppendUint32(dst, tagLocalRK, r.LocalID)
			dst = xua.AppendUint32(dst, tagRegStatus, r.Status)
			dst = xua.AppendUint32(dst, xua.TagRoutingContext, r.RC)
			continue
		}
		dst = append(dst, byte(tagDeregResult>>8), byte(tagDeregResult&0xff), 0, 20)
		dst = xua.AppendUint32(dst, xua.TagRoutingContext, r.RC)
		dst = xua.AppendUint32(dst, tagDeregStatus, r.Status)
	}
	return xua.End(dst, start)
}
