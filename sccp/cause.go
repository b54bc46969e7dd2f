package sccp

import "fmt"

// Cause is a return cause (Q.713 §3.12), the reason of a UDTS, XUDTS or LUDTS.
type Cause uint8

// Return causes.
const (
	NoTranslationNature Cause = iota
	NoTranslationAddress
	SubsystemCongestion
	SubsystemFailure
	UnequippedUser
	MTPFailure
	NetworkCongestion
	Unqualified
	ErrorInTransport
	ErrorInProcessing
	NoReassembly
	SCCPFailure
	HopViolation
	SegmentationUnsupported
	SegmentationFailure
)

var causeNames = [...]string{"no translation for an address of such nature", "no translation for this specific address",
	"subsystem congestion", "subsystem failure", "unequipped user", "MTP failure", "network congestion", "unqualified",
	"error in message transport", "error in local processing", "destination cannot perform reassembly", "SCCP failure",
	"hop counter violation", "segmentation not supported", "segmentation failure"}

func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return fmt.Sprintf("return cause %d", uint8(c))
}

// refusal gives the refusal cause of a CREF (Q.713 §3.15). The CREF answers a CR for the same reason that a
// UDTS would have.
func (c Cause) refusal() uint8 {
	switch c {
	case NoTranslationNature:
		return 18
	case NoTranslationAddress:
		return 4
	case SubsystemCongestion:
		return 11
	case SubsystemFailure:
		return 10
	case UnequippedUser:
		return 19
	case MTPFailure:
		return 5
	case HopViolation:
		return 16
	case SCCPFailure:
		return 17
	}
	return 15
}
