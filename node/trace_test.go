package node

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/mtpt"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/tester"
)

// Nodes of other makes say nothing, or that they have no user for SI 8; the target behind
// them is asked itself.
func TestTraceByForeignNodes(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		for _, b := range []*box{p.a, p.b} {
			b.run("configure terminal", "cs7 route-table system", "update route 5.5.5/14 linkset "+map[*box]string{
				p.a: "PAIR", p.b: "STATION"}[b], "end")
		}
		p.a.want("trace cs7 4.4.4 timeout 100", "  1  2.2.2            directly                 back to 1.1.1: directly",
			"4.4.4            says nothing within 100ms", "% 4.4.4 is not heard.")

		p.s1.user = func(m *ss7.MSU) {
			upu := mtp3.Management{Heading: mtp3.UPU, PC: p.s1.pc, User: m.SI, Cause: mtp3.UnequippedUser}
			p.s1.put(ss7.MSU{DPC: m.OPC, OPC: p.s1.pc, NI: m.NI, SI: ss7.SNM, Payload: mtp3.AppendManagement(nil, ss7.ITU, upu)})
		}
		p.a.want("trace cs7 3.3.3", "3.3.3            is there and has a way back, but nobody for SI 8 (UPU)",
			"3.3.3 is reached, and has a way back.")

		back := tester.Step{Verdict: tester.Onward, Next: itu("1.1.1")}
		p.s2.user = func(m *ss7.MSU) {
			x, err := tester.ParseTrace(m.Payload)
			if err != nil || m.DPC != itu("5.5.5") {
				return
			}
			x.Report, x.Turn, x.Visited = true, 1, append(x.Visited, m.DPC)
			x.Onward.Verdict, x.Back = tester.Delivered, back
			p.s2.put(ss7.MSU{DPC: m.OPC, OPC: m.DPC, NI: m.NI, SI: ss7.MTPT, Payload: tester.AppendTrace(nil, x)})
		}
		p.a.want("trace cs7 5.5.5 timeout 100", "  1  2.2.2            by 4.4.4",
			"4.4.4            says nothing within 100ms", "5.5.5 is asked itself",
			"  1  5.5.5            is here                  back to 1.1.1: directly",
			"% 5.5.5 is reached, and its answers get as far as 5.5.5; of 1.1.1 nothing is known")
		back.Verdict = tester.Circular
		p.a.want("trace cs7 5.5.5 timeout 100", "% 5.5.5 sends what is for 1.1.1 where it came from")
		p.a.want("trace cs7 1.1.1", "  0  1.1.1            is here")
		p.a.want("trace cs7 2.2.2 opc 7.9.7", "7.9.7 is no code of this node")
	})
}

// A circle of routes is named, and what others send is answered at a bounded pace, never to
// somebody else than the sender.
func TestTraceIsBounded(t *testing.T) {
	t.Parallel()
	onTriangle(t, func(p *pair, c *box) {
		for b, set := range map[*box]string{p.a: "PAIR", p.b: "THIRD", c: "ONE"} {
			b.run("configure terminal", "cs7 route-table system", "update route 7.7.7/14 linkset "+set, "end")
		}
		if out := p.a.run("trace cs7 7.7.7 timeout 100"); !strings.Contains(out, "CIRCLE: by 1.1.1 again") ||
			!strings.Contains(out, "routes form a circle") {
			t.Error(out)
		}
		x := tester.Trace{ID: 1, Origin: p.s1.pc, Target: itu("7.7.7"), Visited: []ss7.PC{p.s1.pc}}
		send := func(x tester.Trace, n int) (answers int) {
			p.s1.mu.Lock()
			p.s1.user = func(m *ss7.MSU) {
				if tester.IsTrace(m.Payload) {
					answers++
				}
			}
			p.s1.mu.Unlock()
			for range n {
				p.s1.send(ss7.MSU{DPC: itu("1.1.1"), SI: ss7.MTPT, Payload: tester.AppendTrace(nil, x)})
			}
			time.Sleep(900 * time.Millisecond)
			p.s1.mu.Lock()
			defer p.s1.mu.Unlock()
			return answers
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		if got := send(x, 1); got != 3 {
			t.Errorf("a request around three nodes brought %d reports", got)
		}
		time.Sleep(time.Second)
		x.Visited[0] = itu("4.4.4")
		if got := send(x, 1); got != 0 {
			t.Errorf("a request in the name of another brought %d reports", got)
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		x.Visited[0], x.Target = p.s1.pc, itu("1.1.1")
		if got := send(x, 1000); got == 0 || got > 2*mtpt.TracesASecond {
			t.Errorf("1000 requests in a moment brought %d messages", got)
		}
		p.a.want("show cs7 mtp3 statistics", "dropped because they came too fast 9")
	})
}
