package m2pa

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/ss7"
)

// TestScripts plays the conversations in testdata. The steps of a script, beside those of every script:
//
//	do EVENT …            what MTP3 or the association tells the link, as script.ParseEvent reads it
//	recv STATUS           a Link Status of the far end, such as "Proving Normal"
//	recv data FSN BSN [HEX]   User Data of the far end, with this payload of an MSU; without it: an acknowledgement
//	recv hex HEX          a message as it stands
//	send HEX              an MSU of MTP3's, with this payload
//	state                 the state of the link, and its sequence numbers
func TestScripts(t *testing.T) {
	t.Parallel()
	script.Each(t, "testdata", func(name, file string) {
		t.Run(name, func(t *testing.T) { script.Test(t, file, *update, newPlayer()) })
	})
}

// player is a Link in a script, and the numbers of its far end.
type player struct {
	*Link
	now      time.Time
	fsn, bsn uint32
}

func newPlayer() *player { return &player{Link: New(7, DefaultConfig()), fsn: seqMask, bsn: seqMask} }

// Step implements script.Subject.
func (p *player) Step(now time.Time, words []string, say func(string)) ([]ss7.Action, error) {
	p.now = now
	return steps.Take(p, words, say)
}

var steps = script.Steps[*player]{
	"do": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		ev, err := script.ParseEvent(args)
		return p.Do(p.now, ev, nil), err
	}},
	"recv": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		stream, b, err := p.message(args)
		return p.Recv(p.now, stream, b, nil), err
	}},
	"send": {1, func(p *player, args []string, _ func(string)) ([]ss7.Action, error) {
		payload, err := hex.DecodeString(args[0])
		m := ss7.MSU{DPC: 1, OPC: 2, SI: ss7.SCCP, Payload: payload}
		return p.Transfer(p.now, &m, nil), err
	}},
	"state": {0, func(p *player, _ []string, say func(string)) ([]ss7.Action, error) {
		v := p.Status()
		say(fmt.Sprintf("%v: %s; FSN %d, BSN %d, acknowledged %d; %d sent, %d wait", v.State, v.Why, v.FSN, v.BSN,
			v.LastAcked, v.Unacked, v.Queued))
		return nil, nil
	}},
}

// message makes a message of the far end, and gives its stream. A Link Status has the numbers of the last User Data.
func (p *player) message(words []string) (stream uint16, b []byte, err error) {
	switch {
	case words[0] == "hex" && len(words) == 2:
		b, err = hex.DecodeString(words[1])
		return 0, b, err
	case words[0] == "data" && len(words) > 2:
		m := Message{Type: UserData}
		if len(words) > 3 {
			msu := ss7.MSU{DPC: 2, OPC: 1, SI: ss7.SCCP, Payload: unhex(words[3])}
			m.MSU = ss7.ITU.AppendMSU(nil, &msu)
		}
		fsn, e1 := strconv.ParseUint(words[1], 10, 24)
		bsn, e2 := strconv.ParseUint(words[2], 10, 24)
		m.FSN, m.BSN = uint32(fsn), uint32(bsn)
		p.fsn, p.bsn = m.FSN, m.BSN
		if err = e1; err == nil {
			err = e2
		}
		return 1, Append(nil, m), err
	}
	for s := Alignment; s < statuses; s++ {
		if strings.EqualFold(s.String(), strings.Join(words, " ")) {
			if s == Alignment { // numbers begin anew (RFC 4165 §2.2)
				p.fsn, p.bsn = seqMask, seqMask
			}
			return 0, Append(nil, Message{Type: LinkStatus, BSN: p.bsn, FSN: p.fsn, Status: s}), nil
		}
	}
	return 0, nil, fmt.Errorf("no such message")
}

// Text implements script.Subject.
func (p *player) Text(a *ss7.Action) string {
	switch a.Op {
	case ss7.Note:
		if a.Event.Kind == ss7.Discard {
			return "discard: " + a.Event.Why
		}
		return fmt.Sprintf("note: %v: %s", State(a.Event.Arg), a.Event.Why)
	case ss7.Hangup:
		return "end the association: " + a.Event.Why
	case ss7.Raise:
		ev := a.Event
		ev.Path = 0
		return "raise " + string(script.AppendEvent(nil, &ev))
	}
	m, err := Parse(a.Wire)
	switch {
	case err != nil:
		return fmt.Sprintf("send %x: %v", a.Wire, err)
	case m.Type == LinkStatus:
		return fmt.Sprintf("send on stream %d: %v", a.Stream, m.Status)
	case len(m.MSU) == 0:
		return fmt.Sprintf("send on stream %d: acknowledgement of %d", a.Stream, m.BSN)
	}
	var msu ss7.MSU
	if err := ss7.ITU.ReadMSU(slices.Clone(m.MSU), &msu); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("send on stream %d: FSN %d, BSN %d, MSU %x", a.Stream, m.FSN, m.BSN, bytes.Clone(msu.Payload))
}
