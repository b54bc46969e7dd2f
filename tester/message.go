// Package tester is the MTP testing user part (service indicator 8) behind the command `ping cs7`. It sends
// test messages with serial numbers, answers those of its own kind, and tells loss, duplication, misordering
// and delay. The messages of `trace cs7` are in trace.go, probes of endless circles in probe.go.
//
// The text of Q.755.1 could not be had. So the coding of the messages is this program's own, and UNVERIFIED
// against Q.755.1. A message starts with a mark by which a node knows its kind. SI 8 messages of any other
// coding are counted and never answered. Only this file, probe.go and trace.go know the coding.
package tester

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Overhead is the length of a test message without filling, in octets.
const Overhead = 12

// MaxSize is the length of the longest test message, in octets after the routing label. It is what an ITU label
// leaves of a SIF of 272 octets (Q.704 §2.2, Q.703 §2.3.8).
const MaxSize = 268

var mark = []byte("gSTP")

// Message is a test message: a request, or the same message sent back.
type Message struct {
	Reply  bool
	Test   uint16 // names the test, for its sender
	Serial uint32
	Size   int // length in octets, Overhead to MaxSize
}

// Parse reads a message of our kind: the mark, version 1, type 1 (request) or 2 (reply), test, serial number.
// The filling 0, 1, 2... follows, which shows corruption.
func Parse(b []byte) (Message, error) {
	if len(b) < Overhead || !bytes.Equal(b[:4], mark) {
		return Message{}, fmt.Errorf("%d octets of SI 8 that are not a test message of this kind", len(b))
	}
	if b[4] != 1 || b[5] < 1 || b[5] > 2 {
		return Message{}, fmt.Errorf("test message of version %d, type %d; known are version 1, types 1 and 2", b[4], b[5])
	}
	for i, x := range b[Overhead:] {
		if x != byte(i) {
			return Message{}, fmt.Errorf("test message corrupted at octet %d: %#02x instead of %#02x", Overhead+i, x, byte(i))
		}
	}
	return Message{b[5] == 2, binary.BigEndian.Uint16(b[6:]), binary.BigEndian.Uint32(b[8:]), len(b)}, nil
}

// Append writes m.
func Append(dst []byte, m Message) []byte {
	kind := byte(1)
	if m.Reply {
		kind = 2
	}
	dst = append(append(dst, mark...), 1, kind)
	dst = binary.BigEndian.AppendUint16(dst, m.Test)
	dst = binary.BigEndian.AppendUint32(dst, m.Serial)
	for i := range m.Size - Overhead {
		dst = append(dst, byte(i))
	}
	return dst
}
