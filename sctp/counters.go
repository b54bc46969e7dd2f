package sctp

import "sync/atomic"

// These are the counters of a whole transport. Every packet that is discarded is counted by one of them.
const (
	cPacketsIn = iota
	cPacketsOut
	cNotSent
	cShort
	cChecksum
	cNoPort
	cOutOfBlue
	cTag
	cStranger
	cInitBundled
	cInitBad
	cInitRefused
	cCookieBad
	cCookieStale
	cCookieOdd
	cBacklog
	cChunkBad
	cChunkUnknown
	cChunkState
	cDataRoom
	cDataDuplicate
	cDataStream
	cSackOld
	cEstablished
	cRestarts
	cAbortsIn
	cAbortsOut
	cT1
	cT2
	cT3
	cRetransmits
	cFastRetransmits
	cBeatsLost
	counterCount
)

var counterNames = [counterCount]string{
	cPacketsIn: "packets received", cPacketsOut: "packets sent", cNotSent: "packets the network did not take",
	cShort: "discarded: too short for SCTP", cChecksum: "discarded: bad checksum",
	cNoPort:    "out of the blue: no such port here",
	cOutOfBlue: "out of the blue: no such association", cTag: "discarded: wrong verification tag",
	cStranger:    "discarded: right tag, but from an unknown address",
	cInitBundled: "discarded: INIT, INIT ACK or SHUTDOWN COMPLETE bundled with others",
	cInitBad:     "discarded: malformed INIT", cInitRefused: "INITs refused with ABORT",
	cCookieBad:   "discarded: cookie not made here",
	cCookieStale: "stale cookies", cCookieOdd: "discarded: cookie that fits no state",
	cBacklog:  "refused: too many wait to be accepted",
	cChunkBad: "discarded: malformed chunks", cChunkUnknown: "discarded: chunks of unknown type",
	cChunkState: "discarded: chunks that fit no state",
	cDataRoom:   "DATA discarded: no room", cDataDuplicate: "DATA discarded: duplicates",
	cDataStream: "DATA discarded: no such stream",
	cSackOld:    "SACKs discarded: older than one before", cEstablished: "associations established",
	cRestarts: "restarts of far ends",
	cAbortsIn: "ABORTs received", cAbortsOut: "ABORTs sent", cT1: "T1 expired (INIT, COOKIE ECHO)",
	cT2: "T2 expired (SHUTDOWN)",
	cT3: "T3 expired (DATA)", cRetransmits: "DATA chunks sent again",
	cFastRetransmits: "DATA chunks sent again at once on gap reports",
	cBeatsLost:       "HEARTBEATs unanswered",
}

type counters [counterCount]atomic.Uint64

func (c *counters) add(i int) { c[i].Add(1) }

func (c *counters) list() []Counter {
	out := make([]Counter, counterCount)
	for i := range out {
		out[i] = Counter{counterNames[i], c[i].Load()}
	}
	return out
}
