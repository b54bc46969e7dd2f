package tester

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Trace is a message of `trace cs7`, beside those of tests and in a coding that is this
// program's own too. A request goes from node to node, each to the one that it would send
// an MSU for Target to; where Target is, it turns and goes on towards Origin. Each node adds
// itself and tells the ones before it in a report, which goes back along Visited from
// neighbour to neighbour, so that it arrives even from where no route leads to Origin.
type Trace struct {
	Report         bool
	ID             uint16 // names the trace at Origin
	Origin, Target ss7.PC
	Turn           uint8    // index in Visited of the node that has Target; 0: it was not reached yet
	At             uint8    // of a report: index in Visited of the node that it is for now
	Visited        []ss7.PC // from Origin on; of a report, the last one made it
	Onward         Step     // of a report: what becomes of MSUs that way
	Back           Step     // of a report from before Turn or there: what becomes of MSUs to Origin
}

// Step is what a node does with MSUs to a point.
type Step struct {
	Verdict Verdict
	Next    ss7.PC // of Onward
}

// Verdict is what becomes of an MSU at a node.
type Verdict uint8

// The verdicts; their numbers are in messages.
const (
	NotAsked     Verdict = iota
	Delivered            // the point is this node
	Served               // an application server of this node has the point
	Onward               // it goes to the adjacent point Next
	NoRoute              // no route covers the point
	Inaccessible         // routes cover it, none works
	Circular             // the only way out is where it came from, or a node that was visited
	Waits                // a changeover or rerouting is under way
	TooFar               // MostVisited nodes were visited
	Discarded            // for another reason
	NoUser               // it went to Next, which says that it has no user for SI 8 (UPU)
	verdicts
)

// MostVisited is how many nodes a trace visits, both ways together.
const MostVisited = 24

const (
	traceRequest = 3
	traceReport  = 4
	traceHead    = 8 + 8 + 3
	traceTail    = 10
)

// IsTrace tells whether an SI 8 message is one of a trace rather than of a test.
func IsTrace(b []byte) bool {
	return len(b) >= Overhead && bytes.Equal(b[:4], mark) && (b[5] == traceRequest || b[5] == traceReport)
}

// ParseTrace reads: the mark, version 1, type 3 request or 4 report, ID (16 bits), Origin,
// Target (32 each), Turn, At, how many visited, those (32 each), then of a report two steps
// of verdict and code. Errors: not of this kind, too short, indices beyond Visited.
func ParseTrace(b []byte) (Trace, error) {
	if !IsTrace(b) || b[4] != 1 || len(b) < traceHead {
		return Trace{}, fmt.Errorf("%d octets of SI 8 that are not a trace of this kind", len(b))
	}
	t := Trace{Report: b[5] == traceReport, ID: binary.BigEndian.Uint16(b[6:]), Origin: codeAt(b[8:]),
		Target: codeAt(b[12:]), Turn: b[16], At: b[17]}
	n := int(b[18])
	want := traceHead + 4*n
	if t.Report {
		want += traceTail
	}
	if n == 0 || n > MostVisited || len(b) != want || int(t.Turn) >= n || int(t.At) >= n || !t.Report && t.At != 0 {
		return Trace{}, fmt.Errorf("a trace of %d octets that visited %d nodes, at %d, turned at %d", len(b), n, t.At, t.Turn)
	}
	b = b[traceHead:]
	for range n {
		t.Visited = append(t.Visited, codeAt(b))
		b = b[4:]
	}
	if t.Report {
		t.Onward, t.Back = stepAt(b), stepAt(b[5:])
		if t.Onward.Verdict >= verdicts || t.Back.Verdict >= verdicts {
			return Trace{}, fmt.Errorf("a trace with verdicts %d and %d", t.Onward.Verdict, t.Back.Verdict)
		}
	}
	return t, nil
}

func codeAt(b []byte) ss7.PC { return ss7.PC(binary.BigEndian.Uint32(b)) }

func stepAt(b []byte) Step { return Step{Verdict(b[0]), codeAt(b[1:])} }

// AppendTrace writes t.
func AppendTrace(dst []byte, t Trace) []byte {
	kind := byte(traceRequest)
	if t.Report {
		kind = traceReport
	}
	dst = append(append(dst, mark...), 1, kind)
	dst = binary.BigEndian.AppendUint16(dst, t.ID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(t.Origin))
	dst = binary.BigEndian.AppendUint32(dst, uint32(t.Target))
	dst = append(dst, t.Turn, t.At, byte(len(t.Visited)))
	for _, pc := range t.Visited {
		dst = binary.BigEndian.AppendUint32(dst, uint32(pc))
	}
	if t.Report {
		for _, s := range []Step{t.Onward, t.Back} {
			dst = binary.BigEndian.AppendUint32(append(dst, byte(s.Verdict)), uint32(s.Next))
		}
	}
	return dst
}
