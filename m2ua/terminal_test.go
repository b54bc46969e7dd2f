package m2ua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// board is a Terminal and the clock; ASP 3 is active.
type board struct {
	t   *testing.T
	x   *Terminal
	now time.Time
}

func newBoard(t *testing.T) *board {
	b := &board{t, NewTerminal(TerminalConfig{Label: one, Pace: DefaultPace}), epoch}
	b.do(ss7.CommUp, 0, "")
	return b
}

func (b *board) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (b *board) do(k ss7.Kind, arg uint32, want string) {
	b.t.Helper()
	b.want(k.String(), text(b.x.Do(b.now, ss7.Event{Kind: k, Arg: arg, Why: "why"}, nil)), want)
}

func (b *board) rx(m Message, want string) {
	b.t.Helper()
	m.Interface = one.Interface
	out, e := b.x.Recv(b.now, 3, Append(nil, &m, false), nil)
	if e != nil {
		b.t.Errorf("%s: %v", Grammar[m.Type].Name, e)
	}
	b.want(Grammar[m.Type].Name, text(out), want)
}

func (b *board) up() {
	b.t.Helper()
	b.rx(Message{Type: EstablishReq}, "^Start")
	b.do(ss7.InService, 0, "Establish Confirm")
}

// §3.3.1.3: in service already, "the SGP takes no action except to send an Establish
// Confirm".
func TestGatewayEstablish(t *testing.T) {
	b := newBoard(t)
	b.rx(Message{Type: StateReq, State: EmergencySet}, "^Emergency, 3<State Confirm EMER_SET")
	b.rx(Message{Type: EstablishReq}, "^Start")
	b.rx(Message{Type: EstablishReq}, "") // repeated while level 2 aligns
	b.do(ss7.InService, 0, "Establish Confirm")
	b.rx(Message{Type: EstablishReq}, "3<Establish Confirm")
	b.do(ss7.OutOfService, 0, "Release Indication")
	b.do(ss7.OutOfService, 0, "")
	b.rx(Message{Type: EstablishReq}, "^Start")
	b.do(ss7.OutOfService, 0, "Release Indication") // it could not be aligned
}

func TestGatewayRelease(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.rx(Message{Type: ReleaseReq}, "^Stop")
	b.do(ss7.OutOfService, 0, "Release Confirm")
	b.rx(Message{Type: ReleaseReq}, "^Stop, 3<Release Confirm")
	b.rx(Message{Type: EstablishReq}, "^Start")
	b.rx(Message{Type: ReleaseReq}, "^Stop, 3<Release Confirm")
	b.do(ss7.OutOfService, 0, "")
}

// §3.3.1.5, §3.3.1.6: every state is asked of level 2, and confirmed as it came.
func TestGatewayStates(t *testing.T) {
	b := newBoard(t)
	b.up()
	for s, order := range map[State]string{OutageSet: "^LocalOutage", OutageClear: "^LocalRecovered",
		EmergencySet: "^Emergency", EmergencyClear: "^EmergencyCeases",
		FlushBuffers: "^Flush", ContinueState: "^Continue", CongestionClear: "^Congestion 0",
		CongestionAccept: "^Congestion 1", CongestionDiscard: "^Congestion 1"} {
		b.rx(Message{Type: StateReq, State: s}, fmt.Sprintf("%s, 3<State Confirm %v", order, s))
	}
}

// §5.3.8: the four answers to an audit.
func TestGatewayAudit(t *testing.T) {
	b := newBoard(t)
	ask := Message{Type: StateReq, State: Audit}
	b.rx(ask, "3<Release Indication, 3<State Confirm AUDIT")
	b.up()
	b.rx(ask, "3<Establish Confirm, 3<State Confirm AUDIT")
	b.do(ss7.Congestion, 2, "Congestion Indication 3")
	b.rx(ask, "3<Establish Confirm, 3<Congestion Indication 3, 3<State Confirm AUDIT")
	b.do(ss7.RemoteOutage, 0, "State Indication 1")
	b.rx(ask, "3<Establish Confirm, 3<Congestion Indication 3, 3<State Indication 1, 3<State Confirm AUDIT")
	b.do(ss7.RemoteRecovered, 0, "State Indication 2")
}

// §3.3.1.8: "The SGP SHALL send the message only when there is actually a change", and
// "SHALL use an implementation dependent algorithm to limit the frequency"; networks
// without levels have 0 and 3.
func TestGatewayCongestion(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.do(ss7.Congestion, 1, "Congestion Indication 3")
	b.do(ss7.Congestion, 2, "")
	b.do(ss7.Congestion, 0, "") // too soon: told at the end of the pace
	b.now = b.x.Deadline()
	b.want("pace", text(b.x.Tick(b.now, nil)), "Congestion Indication 0")
	b.now = b.x.Deadline()
	b.want("pace", text(b.x.Tick(b.now, nil)), "")
	b.x.SetConfig(TerminalConfig{Label: one, Levels: true, Pace: DefaultPace})
	b.do(ss7.Congestion, 1, "Congestion Indication 1")
}

// §5.3.6, §3.3.1.9 to §3.3.1.12.
func TestGatewayRetrieval(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.do(ss7.OutOfService, 0, "Release Indication")
	b.rx(Message{Type: RetrievalReq, Action: ActionBSN}, "^RetrieveBSNT")
	b.do(ss7.BSNT, 77, "3<Retrieval Confirm 1 seq 77")
	b.rx(Message{Type: RetrievalReq, Action: ActionMessages, Sequence: 5, HasSequence: true},
		fmt.Sprintf("3<Retrieval Confirm 2, ^Retrieve %d", ss7.ShortFSN|5))
	msu := ss7.MSU{SI: ss7.SCCP, NI: ss7.National, Payload: []byte{0xaa}}
	b.want("retrieved", text(b.x.Do(b.now, ss7.Event{Kind: ss7.Retrieved, MSU: msu}, nil)),
		"3<Retrieval Indication 8300000000aa")
	b.do(ss7.RetrievalComplete, 0, "3<Retrieval Complete Indication")
	// Without a number, or with the retransmission buffer cleared, nothing that was sent.
	b.rx(Message{Type: RetrievalReq, Action: ActionMessages},
		fmt.Sprintf("3<Retrieval Confirm 2, ^Retrieve %d", ss7.NoFSN))
	b.rx(Message{Type: StateReq, State: ClearRTB}, "3<State Confirm CLEAR_RTB")
	b.rx(Message{Type: RetrievalReq, Action: ActionMessages, Sequence: 5, HasSequence: true},
		fmt.Sprintf("3<Retrieval Confirm 2, ^Retrieve %d", ss7.NoFSN))
}

// Two ASPs that share a link both ask. Each hears of what it asked for, in the order in which they asked.
// Nobody hears of what nobody asked for.
func TestGatewayRetrievalOfTwo(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.do(ss7.OutOfService, 0, "Release Indication")
	ask := func(from ss7.PathID, m Message, want string) {
		m.Type, m.Interface = RetrievalReq, one.Interface
		out, e := b.x.Recv(b.now, from, Append(nil, &m, false), nil)
		if e != nil {
			t.Error(e)
		}
		b.want("ask", text(out), want)
	}
	ask(4, Message{Action: ActionBSN}, "^RetrieveBSNT")
	ask(5, Message{Action: ActionBSN}, "^RetrieveBSNT")
	b.do(ss7.BSNT, 7, "4<Retrieval Confirm 1 seq 7")
	ask(4, Message{Action: ActionMessages, Sequence: 1, HasSequence: true}, "4<Retrieval Confirm 2, ^Retrieve 33554433")
	b.do(ss7.BSNT, 7, "5<Retrieval Confirm 1 seq 7")
	ask(5, Message{Action: ActionMessages, Sequence: 1, HasSequence: true}, "5<Retrieval Confirm 2, ^Retrieve 33554433")
	b.do(ss7.RetrievalComplete, 0, "4<Retrieval Complete Indication")
	b.do(ss7.RetrievalComplete, 0, "5<Retrieval Complete Indication")
	b.do(ss7.RetrievalComplete, 0, "")
	b.do(ss7.BSNT, 7, "")
}

// §1.5.5: with no ASP active the link is in processor outage.
func TestGatewayWithoutASP(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.do(ss7.CommLost, 0, "^LocalOutage")
	b.do(ss7.CommUp, 0, "^Flush, ^LocalRecovered")
	b.do(ss7.CommLost, 0, "^LocalOutage")
	b.do(ss7.OutOfService, 0, "^LocalRecovered, Release Indication")
	b.do(ss7.CommUp, 0, "")
	b.rx(Message{Type: EstablishReq}, "^Start")
	b.do(ss7.CommLost, 0, "")
	b.do(ss7.InService, 0, "Establish Confirm, ^LocalOutage")
}

// §3.3.3.1: what only a gateway sends is unexpected, what cannot be read is told as such.
func TestGatewayRefuses(t *testing.T) {
	b := newBoard(t)
	for typ := EstablishReq; typ < DataAck; typ++ {
		if typ == EstablishReq || typ == ReleaseReq || typ == StateReq || typ == RetrievalReq {
			continue
		}
		m := Message{Type: typ, Interface: one.Interface, Event: 1, Action: ActionBSN, PDU: unhex("8300000000aa")}
		out, e := b.x.Recv(b.now, 3, Append(nil, &m, false), nil)
		if e == nil || e.Code != xua.UnexpectedMessage || len(out) > 0 {
			t.Errorf("%s: %v, %s", Grammar[typ].Name, e, text(out))
		}
	}
	if _, e := b.x.Recv(b.now, 3, unhex("01000607 00000018 0001000800000001 0302000800000063"), nil); e == nil ||
		e.Code != xua.InvalidParameterValue {
		t.Errorf("state 99: %v", e)
	}
}

// No ASP can establish a link that is shut down here.
func TestGatewayShutdown(t *testing.T) {
	b := newBoard(t)
	b.up()
	b.do(ss7.Stop, 0, "^Stop")
	b.do(ss7.OutOfService, 0, "Release Indication")
	b.rx(Message{Type: EstablishReq}, "3<Release Indication")
	b.do(ss7.Start, 0, "")
	b.rx(Message{Type: EstablishReq}, "^Start")
}

// Every event of level 2 and of ASPs in every state of a Terminal.
func TestTerminalMatrix(t *testing.T) {
	states := []struct {
		name  string
		reach func(b *board)
	}{
		{"out of service", func(*board) {}},
		{"aligning", func(b *board) { b.rx(Message{Type: EstablishReq}, "^Start") }},
		{"in service", func(b *board) { b.up() }},
		{"releasing", func(b *board) { b.up(); b.rx(Message{Type: ReleaseReq}, "^Stop") }},
		{"in service, no ASP", func(b *board) { b.up(); b.do(ss7.CommLost, 0, "^LocalOutage") }},
	}
	kinds := []ss7.Kind{ss7.CommUp, ss7.CommLost, ss7.InService, ss7.OutOfService, ss7.RemoteOutage,
		ss7.RemoteRecovered, ss7.Congestion, ss7.BSNT, ss7.Retrieved, ss7.RetrievalComplete}
	var out strings.Builder
	for _, s := range states {
		fmt.Fprintln(&out, s.name)
		line := func(what string, b *board, got []ss7.Action) {
			fmt.Fprintf(&out, "  %-32s served=%-5v started=%-5v in service=%-5v outage=%-5v %s\n", what, b.x.served,
				b.x.started, b.x.inService, b.x.outage, text(got))
		}
		for _, k := range kinds {
			b := newBoard(t)
			s.reach(b)
			line(k.String(), b, b.x.Do(b.now, ss7.Event{Kind: k, Arg: 1, Why: "why"}, nil))
		}
		for _, m := range []Message{{Type: EstablishReq}, {Type: ReleaseReq}, {Type: StateReq, State: OutageSet},
			{Type: StateReq, State: OutageClear}, {Type: StateReq, State: Audit},
			{Type: RetrievalReq, Action: ActionBSN}, {Type: RetrievalReq, Action: ActionMessages}, {Type: DataAck}} {
			b := newBoard(t)
			s.reach(b)
			m.Interface = one.Interface
			got, _ := b.x.Recv(b.now, 3, Append(nil, &m, false), nil)
			line("< "+wireText(Append(nil, &m, false)), b, got)
		}
	}
	golden(t, "testdata/terminal.golden", out.String())
}
