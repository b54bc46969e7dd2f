package xua

import "fmt"

// Code is an error code (RFC 4666 §3.8.1).
type Code uint32

// The error codes.
const (
	InvalidVersion           Code = 0x01
	UnsupportedClass         Code = 0x03
	UnsupportedType          Code = 0x04
	UnsupportedTrafficMode   Code = 0x05
	UnexpectedMessage        Code = 0x06
	ProtocolError            Code = 0x07
	InvalidStream            Code = 0x09
	ManagementBlocking       Code = 0x0d
	ASPIDRequired            Code = 0x0e
	InvalidASPID             Code = 0x0f
	InvalidParameterValue    Code = 0x11
	ParameterFieldError      Code = 0x12
	UnexpectedParameter      Code = 0x13
	DestinationStatusUnknown Code = 0x14
	InvalidNetworkAppearance Code = 0x15
	MissingParameter         Code = 0x16
	InvalidRoutingContext    Code = 0x19
	NoConfiguredAS           Code = 0x1a
)

var codeNames = map[Code]string{
	InvalidVersion: "Invalid Version", UnsupportedClass: "Unsupported Message Class",
	UnsupportedType:        "Unsupported Message Type",
	UnsupportedTrafficMode: "Unsupported Traffic Mode Type", UnexpectedMessage: "Unexpected Message",
	ProtocolError: "Protocol Error",
	InvalidStream: "Invalid Stream Identifier", ManagementBlocking: "Refused - Management Blocking",
	ASPIDRequired: "ASP Identifier Required",
	InvalidASPID:  "Invalid ASP Identifier", InvalidParameterValue: "Invalid Parameter Value",
	ParameterFieldError: "Parameter Field Error",
	UnexpectedParameter: "Unexpected Parameter", DestinationStatusUnknown: "Destination Status Unknown",
	InvalidNetworkAppearance: "Invalid Network Appearance", MissingParameter: "Missing Parameter",
	InvalidRoutingContext: "Invalid Routing Context", NoConfiguredAS: "No Configured AS for ASP",
	// Only M2UA has these codes (RFC 3331 §3.3.3.1).
	0x02: "Invalid Interface Identifier", 0x08: "Unsupported Interface Identifier Type",
	0x10: "ASP Active for Interface Identifier(s)",
}

func (c Code) String() string {
	if n, ok := codeNames[c]; ok {
		return n
	}
	return fmt.Sprintf("error code %#02x", uint32(c))
}

// Error is a fault of a message that came: what its sender must be told, and Why, for a person here. A Silent
// fault is only counted: the message is discarded, and the sender is told nothing.
type Error struct {
	Code     Code
	Why      string
	IDs      []uint32 // the routing contexts concerned
	NA       uint32   // the network appearance concerned, if HasNA
	HasNA    bool
	Affected []uint32 // the point codes concerned, with their masks
	Raw      []byte   // parameters that the layer above has written, in place of IDs
	Diag     []byte   // the head of the message
	Silent   bool
}

func (e *Error) Error() string { return e.Why }

// Head gives the first 40 octets of a message, for Diagnostic Information (RFC 4666 §3.8.1).
func Head(b []byte) []byte { return b[:min(len(b), 40)] }

// AppendError writes an ERR message.
func (t Tags) AppendError(dst []byte, e *Error) []byte {
	start := len(dst)
	dst = AppendUint32(Begin(dst, ERR), TagErrorCode, uint32(e.Code))
	dst = append(AppendUint32s(dst, t.ID, e.IDs), e.Raw...)
	dst = AppendUint32s(dst, TagAffected, e.Affected)
	if e.HasNA {
		dst = AppendUint32(dst, t.NA, e.NA)
	}
	if len(e.Diag) > 0 {
		dst = AppendBytes(dst, TagDiagnostic, e.Diag)
	}
	return End(dst, start)
}

// Status is what a NTFY says: status type * 65536 + information (RFC 4666 §3.8.2).
type Status uint32

// These are the notifications.
const (
	NotifyInactive     Status = 1<<16 | 2
	NotifyActive       Status = 1<<16 | 3
	NotifyPending      Status = 1<<16 | 4
	NotifyInsufficient Status = 2<<16 | 1
	NotifyAlternate    Status = 2<<16 | 2
	NotifyFailure      Status = 2<<16 | 3
)

var statusNames = map[Status]string{NotifyInactive: "AS-INACTIVE", NotifyActive: "AS-ACTIVE",
	NotifyPending:      "AS-PENDING",
	NotifyInsufficient: "insufficient ASP resources active in AS", NotifyAlternate: "alternate ASP active",
	NotifyFailure: "ASP failure"}

func (s Status) String() string {
	if n, ok := statusNames[s]; ok {
		return n
	}
	return fmt.Sprintf("status type %d information %d", uint32(s>>16), uint32(s&0xffff))
}
