package m2pa

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Fault is why a message that came is discarded; each has a counter.
type Fault uint8

// The faults: those of a message by itself, then those of one that does not fit the link.
const (
	TooShort      Fault = iota // shorter than its header, or without what must stand in it
	WrongLength                // its length field says another length (RFC 4165 §2.1.4)
	OtherVersion               // of M2PA (§4.1.9)
	OtherClass                 // of messages, or another protocol
	UnknownType                // neither User Data nor Link Status
	UnknownState               // Link Status with a state that does not exist
	ShortMSU                   // User Data with an MSU that is too short for its routing label
	OutOfSequence              // User Data with another number than the one that is due (§4.2.1)
	Unawaited                  // User Data while the link is not in service
	UnfitState                 // Link Status with a state that does not fit the link's
	UnsentBSN                  // it acknowledges what was never sent (Q.703 §5.3.1)
	Faults                     // how many there are
)

var faultTexts = [Faults]string{
	TooShort:      "too short for its header",
	WrongLength:   "with a wrong length field",
	OtherVersion:  "of another version of M2PA",
	OtherClass:    "of another class or protocol",
	UnknownType:   "of unknown type",
	UnknownState:  "Link Status with an unknown state",
	ShortMSU:      "User Data with an MSU too short for its label",
	OutOfSequence: "User Data out of sequence",
	Unawaited:     "User Data while not in service",
	UnfitState:    "Link Status that fits no state of the link",
	UnsentBSN:     "acknowledging what was never sent",
}

func (f Fault) String() string { return faultTexts[f] }

// drop counts a message that is discarded, and says why.
func (l *Link) drop(f Fault, why string) ss7.Action {
	l.stats.Discarded[f]++
	return l.discard(why)
}

// unfit discards a Link Status that does not fit the state.
func (l *Link) unfit(s Status, out []ss7.Action) []ss7.Action {
	return append(out, l.drop(UnfitState, fmt.Sprintf("Link Status %v while the link is %v", s, l.state)))
}
