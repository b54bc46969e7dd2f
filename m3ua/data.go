package m3ua

import (
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// MaxPayload is how many octets fit into one Protocol Data after its label.
const MaxPayload = 1<<16 - 1 - 4 - labelLen

const labelLen = 12 // OPC, DPC, SI, NI, MP, SLS (RFC 4666 §3.3.1)

// Data is one DATA message (§3.3.1).
type Data struct {
	Label
	Correlation    uint32
	HasCorrelation bool
	OddSI          uint8   // the service indicator as it came, if it had bits above the fourth; else 0
	MSU            ss7.MSU // its payload is part of the message
}

// Label says how an AS is named in DATA.
type Label struct {
	NA, RC       uint32
	HasNA, HasRC bool
}

// IsData tells whether a message is DATA.
func IsData(b []byte) bool { return len(b) > 3 && b[2] == 1 && b[3] == 1 }

// ParseData reads a DATA message into d. It allocates nothing unless it fails.
func ParseData(b []byte, d *Data) *xua.Error {
	_, p, e := xua.ParseHeader(b)
	if e != nil {
		return e
	}
	d.HasNA, d.HasRC, d.HasCorrelation = false, false, false
	found := false
	for len(p) > 0 {
		tag, v, rest, ok := p.Cut()
		if !ok {
			return fault(b, xua.ParameterFieldError, tag, "has a wrong length field")
		}
		p = rest
		switch tag {
		case tagNA:
			e = single(b, tag, v, &d.NA, &d.HasNA)
		case xua.TagRoutingContext:
			if len(v) > 0 { // an empty one names none
				e = single(b, tag, v, &d.RC, &d.HasRC)
			}
		case xua.TagCorrelation:
			e = single(b, tag, v, &d.Correlation, &d.HasCorrelation)
		case tagProtocolData:
			if found {
				return fault(b, xua.UnexpectedParameter, tag, "stands twice")
			}
			found = true
			e = parseProtocolData(b, v, d)
		}
		if e != nil {
			return e
		}
	}
	if !found {
		return fault(b, xua.MissingParameter, tagProtocolData, "is missing")
	}
	return nil
}

func single(b []byte, tag uint16, v []byte, to *uint32, has *bool) *xua.Error {
	if *has {
		return fault(b, xua.UnexpectedParameter, tag, "stands twice")
	}
	if len(v) != 4 {
		return fault(b, xua.ParameterFieldError, tag, "is not 4 octets")
	}
	*to, *has = binary.BigEndian.Uint32(v), true
	return nil
}

// parseProtocolData reads the label and the payload. SI, NI and MP are numbers here, not bits of a service
// information octet. Values of NI and MP that cannot be are refused. Of SI only the four bits that it has count
// (§3.3.1), because some stacks leave bits set above them.
func parseProtocolData(b, v []byte, d *Data) *xua.Error {
	if len(v) < labelLen {
		return fault(b, xua.ParameterFieldError, tagProtocolData, "is too short for its label")
	}
	if v[9] > 3 || v[10] > 3 {
		return fault(b, xua.InvalidParameterValue, tagProtocolData, fmt.Sprintf("has SI %d, NI %d, MP %d", v[8], v[9], v[10]))
	}
	m := &d.MSU
	if d.OddSI = 0; v[8] > 15 {
		d.OddSI = v[8]
	}
	m.OPC, m.DPC = ss7.PC(binary.BigEndian.Uint32(v)), ss7.PC(binary.BigEndian.Uint32(v[4:]))
	m.SI, m.NI, m.Prio, m.SLS = ss7.SI(v[8]&15), ss7.NI(v[9]), v[10], v[11]
	m.Payload = v[labelLen:]
	return nil
}

func fault(b []byte, code xua.Code, tag uint16, why string) *xua.Error {
	return &xua.Error{Code: code, Why: fmt.Sprintf("DATA: parameter %#04x %s", tag, why), Diag: xua.Head(b)}
}

// Append writes a DATA message of m. The payload must not be longer than MaxPayload.
func (l *Label) Append(dst []byte, m *ss7.MSU) []byte { return l.append(dst, m, 0, false) }

// AppendTagged writes a DATA message with a Correlation Id.
func (l *Label) AppendTagged(dst []byte, m *ss7.MSU, id uint32) []byte {
	return l.append(dst, m, id, true)
}

// append writes the parameters in the order of §3.3.1: the network appearance MUST be first.
func (l *Label) append(dst []byte, m *ss7.MSU, id uint32, tagged bool) []byte {
	start := len(dst)
	dst = xua.Begin(dst, DATA)
	if l.HasNA {
		dst = xua.AppendUint32(dst, tagNA, l.NA)
	}
	if l.HasRC {
		dst = xua.AppendUint32(dst, xua.TagRoutingContext, l.RC)
	}
	n := 4 + labelLen + len(m.Payload)
	dst = append(dst, byte(tagProtocolData>>8), byte(tagProtocolData&0xff), byte(n>>8), byte(n))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.OPC))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.DPC))
	dst = append(dst, byte(m.SI), byte(m.NI), m.Prio, m.SLS)
	dst = append(dst, m.Payload...)
	for ; n%4 != 0; n++ {
		dst = append(dst, 0)
	}
	if tagged {
		dst = xua.AppendUint32(dst, xua.TagCorrelation, id)
	}
	return xua.End(dst, start)
}

// Stream gives the stream for the MSUs of an SLS. It is never 0 (§1.4.7), unless there is no other.
func Stream(sls uint8, streams uint16) uint16 {
	if streams < 2 {
		return 0
	}
	return 1 + uint16(sls)%(streams-1)
}

// Refusal is why a DATA message is not accepted. Each has a counter.
type Refusal uint8

// The refusals.
const (
	Taken Refusal = iota
	Malformed
	WrongProtocol
	WrongStream
	BadRC
	BadNA
	NotActive
	OutOfRange
	Management
	Refusals
)

var refusalTexts = [Refusals]string{
	Taken:         "taken",
	Malformed:     "malformed",
	WrongProtocol: "payload protocol identifier is not M3UA's",
	WrongStream:   "came on stream 0",
	BadRC:         "routing context of no AS that this ASP serves",
	BadNA:         "network appearance of another network",
	NotActive:     "ASP not active in the AS",
	OutOfRange:    "point code or SLS wider than the network's",
	Management:    "MTP management, which M3UA does not carry",
}

func (r Refusal) String() string { return refusalTexts[r] }

// Gate says what a far end may send. It is an immutable picture.
type Gate struct {
	Name    string
	Entries []Entry
	Slack   Slack
}

// Entry is one AS of a far end.
type Entry struct {
	Label
	Own      uint32 // the routing context of what it sends us, if HasOwn: then it is not that of the label
	HasOwn   bool
	AS       ss7.PathID
	Variant  *ss7.Variant
	Receives bool // it may send us traffic of this AS
	Sends    bool // we may send it traffic of this AS
}

// Slack is what an odd far end is forgiven. xua.Slack has what concerns states.
type Slack struct {
	NoRC         bool // DATA has no routing context though it serves several AS: the first active one is meant
	ZeroRC       bool // routing context 0 stands for none
	HostPPID     bool // the payload protocol identifier comes in host order
	Stream0      bool // DATA may come on stream 0
	SSNMInactive bool // messages about destinations may come while it is inactive
	ChooseRC     bool // a REG REQ may name the routing context it wants
}

// takes tells whether DATA of the AS comes with this routing context.
func (e *Entry) takes(rc uint32) bool {
	if e.HasOwn {
		return rc == e.Own
	}
	return rc == e.RC
}

// To gives the name of the AS of path for the far end, and whether the far end takes its traffic.
func (g *Gate) To(as ss7.PathID) (*Label, bool) {
	for i := range g.Entries {
		if e := &g.Entries[i]; e.AS == as {
			return &e.Label, e.Sends
		}
	}
	return nil, false
}

// PPIDFits tells whether a payload protocol identifier is M3UA's: 3, or 0, which says nothing (§7.1).
func (g *Gate) PPIDFits(ppid uint32) bool {
	return ppid == PPID || ppid == 0 || g.Slack.HostPPID && ppid == HostOrderPPID
}

func wrongPPID(what string, ppid uint32) *xua.Error {
	why := fmt.Sprintf("%s with payload protocol identifier %d", what, ppid)
	if ppid == HostOrderPPID {
		why += ", which is 3 in the wrong order of octets; `slack host-order-ppid` takes it"
	}
	return &xua.Error{Why: why, Silent: true}
}

// Recv reads one DATA message, and gives the AS by which it came. The MSU in d is part of b. If the message is
// refused, e says what the far end is to be told, if anything. If an association has only stream 0, its caller
// passes another number.
func (g *Gate) Recv(stream uint16, ppid uint32, b []byte, d *Data) (as ss7.PathID, r Refusal, e *xua.Error) {
	if !g.PPIDFits(ppid) {
		return 0, WrongProtocol, wrongPPID("DATA", ppid)
	}
	// The format of another version is not known.
	if stream == 0 && !g.Slack.Stream0 && len(b) > 0 && b[0] == xua.Version {
		return 0, WrongStream, &xua.Error{Code: xua.InvalidStream, Diag: xua.Head(b),
			Why: "DATA on stream 0, and there are others (RFC 4666 §1.4.7); " +
				"`slack data-on-stream-0` under its asp takes it"}
	}
	if e := ParseData(b, d); e != nil {
		return 0, Malformed, e
	}
	entry, r, e := g.entry(d)
	if e != nil {
		e.Diag = xua.Head(b)
		return 0, r, e
	}
	m := &d.MSU
	if m.SI < 3 { // §1.4.3.2
		return 0, Management, &xua.Error{Code: xua.InvalidParameterValue,
			Why: fmt.Sprintf("DATA with service indicator %d", m.SI), Diag: xua.Head(b)}
	}
	if v := entry.Variant; uint32(m.DPC)|uint32(m.OPC) >= 1<<v.Bits() || uint16(m.SLS) >= 1<<v.SLSBits {
		return 0, OutOfRange, &xua.Error{Code: xua.InvalidParameterValue, Diag: xua.Head(b),
			Why: fmt.Sprintf("DATA with OPC %d, DPC %d, SLS %d in a %s network", m.OPC, m.DPC, m.SLS, v.Name)}
	}
	return entry.AS, Taken, nil
}

// entry finds the AS of d. Without a routing context it is the only one, or, for an odd far end, the first that
// is active.
func (g *Gate) entry(d *Data) (*Entry, Refusal, *xua.Error) {
	none := !d.HasRC || d.RC == 0 && g.Slack.ZeroRC
	var found *Entry
	for i := range g.Entries {
		e := &g.Entries[i]
		switch {
		case none && (len(g.Entries) == 1 || g.Slack.NoRC && (found == nil || !found.Receives && e.Receives)),
			!none && e.HasRC && e.takes(d.RC),
			!none && !e.HasRC && d.RC == 0 && len(g.Entries) == 1:
			found = e
		}
	}
	if found == nil && none {
		return nil, BadRC, &xua.Error{Code: xua.MissingParameter,
			Why: "DATA without a routing context, and the ASP serves not just one AS; " +
				"`slack no-routing-context` under its asp takes it"}
	}
	if found == nil {
		return nil, BadRC, &xua.Error{Code: xua.InvalidRoutingContext,
			Why: fmt.Sprintf("DATA with routing context %d", d.RC), IDs: []uint32{d.RC}}
	}
	if d.HasNA && (found.HasNA && d.NA != found.NA || !found.HasNA && d.NA != 0) {
		return nil, BadNA, &xua.Error{Code: xua.InvalidNetworkAppearance,
			Why: fmt.Sprintf("DATA with network appearance %d", d.NA), NA: d.NA, HasNA: true}
	}
	// This is no fault: the message may have been sent before (§4.3.4.3).
	if !found.Receives {
		return nil, NotActive, &xua.Error{Code: xua.UnexpectedMessage, Why: "DATA while not active in the AS", Silent: true}
	}
	return found, Taken, nil
}
