package tester

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Trace is a message of `trace cs7`. Its coding is this program's own, as that of tests is. A request goes from
// node to node: each sends it to the neighbour to which it would send an MSU for Target. At the node that has
// Target it turns, and goes on towards Origin. Each node adds itself, and tells the nodes before it in a
// report. The report goes back along Visited from neighbour to neighbour, so that it arrives even from where no
// route leads to Origin.
type Trace struct {
	Report         bool
	ID             uint16 // names the trace, for Origin
	Origin, Target ss7.PC
	Turn           uint8    // index in Visited of the node that has Target; 0 if it was not reached yet
	At             uint8    // in a report: index in Visited of the node that it is for now
	Visited        []ss7.PC // the nodes from Origin on; the last one made the report
	Onward         Step     // in a report: what becomes of MSUs on their way on
	// Back says in a report from Turn, or from before it, what becomes of MSUs to Origin.
	Back Step
}

// Step is what a node does with MSUs to a point.
type Step struct {
	Verdict Verdict
	Next    ss7.PC // the next point, if the verdict is Onward
}

// Said is what comes back of a trace: a report, the request itself, or, as a UPU, that a node has no user for SI 8.
type Said struct {
	Trace
	NoUser ss7.PC // 0: it is no UPU
}

// Verdict is what becomes of an MSU at a node.
type Verdict uint8

// These are the verdicts. Their numbers stand in messages.
const (
	NotAsked     Verdict = iota
	Delivered            // the point is this node
	Served               // an application server of this node has the point
	Onward               // it goes to the adjacent point Next
	NoRoute              // no route covers the point
	Inaccessible         // routes cover the point, and none works
	Circular             // the only way out leads to where it came from, or to a node that was visited
	Waits                // a changeover or rerouting is under way
	TooFar               // MostVisited nodes were visited
	Discarded            // the MSU is discarded for another reason
	NoUser               // it went to Next, which says that it has no user for SI 8 (UPU)
	verdicts
)

// MostVisited is how many nodes a trace visits, on the way there and back together.
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

// ParseTrace reads a trace: the mark, version 1, type 3 (request) or 4 (report), ID (16 bits), Origin and
// Target (32 bits each), Turn, At, the number of nodes visited, and these nodes (32 bits each). A report then
// has two steps of verdict and code. Errors are: not of this kind, too short, indices beyond Visited.
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
