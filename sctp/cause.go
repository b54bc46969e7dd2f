package sctp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Error causes (§3.3.10).
const (
	causeInvalidStream  = 1
	causeMissingParam   = 2
	causeStaleCookie    = 3
	causeNoResource     = 4
	causeUnresolvedAddr = 5
	causeUnknownChunk   = 6
	causeInvalidParam   = 7
	causeUnknownParams  = 8
	causeNoUserData     = 9
	causeShuttingDown   = 10
	causeNewAddresses   = 11
	causeUserAbort      = 12
	causeProtocol       = 13
)

var causeNames = map[uint16]string{
	causeInvalidStream:  "a stream that does not exist here",
	causeMissingParam:   "a mandatory parameter is missing",
	causeStaleCookie:    "stale cookie",
	causeNoResource:     "out of resource",
	causeUnresolvedAddr: "an address that cannot be resolved",
	causeUnknownChunk:   "a chunk of unknown type",
	causeInvalidParam:   "an invalid mandatory parameter",
	causeUnknownParams:  "unknown parameters",
	causeNoUserData:     "DATA without user data",
	causeShuttingDown:   "a cookie came while shutting down",
	causeNewAddresses:   "a restart of the association with new addresses",
	causeUserAbort:      "by its user",
	causeProtocol:       "protocol violation",
}

// causeText puts the causes of an ABORT or ERROR into words.
func causeText(b []byte) string {
	if len(b) < 4 {
		return "no reason given"
	}
	var out []string
	for len(b) > 0 && len(out) < 4 {
		typ, value, _, rest, err := nextParam(b)
		if err != nil {
			out = append(out, "unreadable reason")
			break
		}
		out = append(out, oneCause(typ, value))
		b = rest
	}
	return strings.Join(out, "; ")
}

func oneCause(typ uint16, v []byte) string {
	name := causeNames[typ]
	switch {
	case name == "":
		return fmt.Sprintf("error cause %d", typ)
	case typ == causeUserAbort && printable(v) != "":
		return printable(v)
	case typ == causeProtocol && len(v) > 0:
		return name + ": " + printable(v)
	case typ == causeInvalidStream && len(v) >= 2:
		return fmt.Sprintf("%s (stream %d)", name, binary.BigEndian.Uint16(v))
	case typ == causeNoUserData && len(v) >= 4:
		return fmt.Sprintf("%s (TSN %d)", name, binary.BigEndian.Uint32(v))
	case typ == causeUnknownChunk && len(v) > 0:
		return fmt.Sprintf("%s (%d)", name, v[0])
	case typ == causeUnknownParams && len(v) >= 2:
		return fmt.Sprintf("%s (first is %#x)", name, binary.BigEndian.Uint16(v))
	case typ == causeMissingParam && len(v) >= 6:
		return fmt.Sprintf("%s (%d)", name, binary.BigEndian.Uint16(v[4:]))
	case typ == causeNewAddresses:
		var c initChunk
		for len(v) > 0 {
			typ, value, raw, rest, err := nextParam(v)
			if err != nil {
				break
			}
			c.param(typ, value, raw)
			v = rest
		}
		if len(c.addrs) > 0 {
			return fmt.Sprintf("%s %s", name, addrList(c.addrs))
		}
	}
	return name
}

func printable(b []byte) string {
	out := make([]byte, 0, len(b))
	for _, x := range b[:min(len(b), 200)] {
		if x >= ' ' && x < 0x7f {
			out = append(out, x)
		}
	}
	return string(out)
}
