package node

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/gostp/gostp/internal/record"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/routing"
	"github.com/gostp/gostp/ss7"
)

// recording is the recording of a machine, which goes on.
type recording struct {
	what, name string
	spool      *record.Spool
	stop       func(record func(*record.Tape) *record.Tape) // runs record where the owner of the machine runs
}

// RecordNetwork begins to write to a file what the network management is told and what it answers, with so many steps
// at most. RecordLink does the same for the level 2 of a link.
func (n *Node) RecordNetwork(file string, most int) error {
	return n.record("the network", file, func(f *record.Spool) (*recording, error) {
		err := errStopped
		r := &recording{stop: func(swap func(*record.Tape) *record.Tape) {
			n.core.ask(func() { n.core.network.tape = swap(n.core.network.tape) })
		}}
		r.stop(func(*record.Tape) *record.Tape {
			var t *record.Tape
			t, err = record.New(f, n.recordTitle("network management"), time.Now(), n.core.network.Network, most)
			return t
		})
		return r, err
	})
}

// RecordLink is described at RecordNetwork.
func (n *Node) RecordLink(linkset string, slc uint8, file string, most int) error {
	name := fmt.Sprintf("link %d of linkset %s", slc, linkset)
	return n.record(name, file, func(f *record.Spool) (*recording, error) {
		l := n.links[linkKey{linkset, slc}]
		if l == nil {
			return nil, fmt.Errorf("there is no %s", name)
		}
		l.Mu.Lock()
		defer l.Mu.Unlock()
		m, ok := l.machine.(*m2pa.Link)
		if !ok {
			return nil, fmt.Errorf("the level 2 of %s is at a gateway", name)
		}
		t, err := record.New(f, n.recordTitle("M2PA of "+name), time.Now(), m, most)
		if err != nil {
			return nil, err
		}
		taped := &tapedLink{m, t}
		l.machine, l.loop.Machine = taped, taped
		return &recording{stop: func(swap func(*record.Tape) *record.Tape) {
			l.Mu.Lock()
			defer l.Mu.Unlock()
			swap(taped.tape)
			l.machine, l.loop.Machine = m, m
		}}, nil
	})
}

func (n *Node) recordTitle(what string) string {
	return fmt.Sprintf("%s of %s, gostp %s", what, n.Config().Hostname, n.opt.Version)
}

const (
	recordRoom = 8 << 20         // octets that may wait for the disk
	recordWait = 2 * time.Second // for the disk, when a recording ends
)

var errStopped = errors.New("the node has stopped")

// record makes a file, which must not be there yet, and begins a recording. begin is called with applying held.
func (n *Node) record(what, name string, begin func(*record.Spool) (*recording, error)) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	if slices.ContainsFunc(n.recordings, func(r *recording) bool { return r.what == what }) {
		return fmt.Errorf("%s is recorded already: `undebug cs7 record` ends it", what)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	spool := record.NewSpool(f, recordRoom)
	r, err := begin(spool)
	if err != nil {
		_ = spool.Close(recordWait) // the file goes
		os.Remove(name)
		return err
	}
	r.what, r.name, r.spool = what, name, spool
	n.recordings = append(n.recordings, r)
	return nil
}

// StopRecording ends all recordings of this instance, and tells what became of each.
func (n *Node) StopRecording() (ended []string) {
	n.applying.Lock()
	defer n.applying.Unlock()
	for _, r := range n.recordings {
		var err error
		r.stop(func(t *record.Tape) *record.Tape {
			err = t.Err()
			return nil
		})
		if e := r.spool.Close(recordWait); err == nil {
			err = e
		}
		text := fmt.Sprintf("Recording of %s has ended; it is in %s", r.what, r.name)
		if err != nil {
			text += ", not to the end: " + err.Error()
		}
		ended = append(ended, text)
	}
	n.recordings = nil
	return ended
}

// tapedNetwork is MTP3's network with a tape that records what it is told. The core's goroutine alone uses it.
type tapedNetwork struct {
	*mtp3.Network
	tape *record.Tape // nil: nothing is recorded
	news bool         // Hear was called, and Heard has not followed yet
}

func (n *tapedNetwork) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if n.tape == nil {
		return n.Network.Do(now, ev, out)
	}
	defer n.tape.EndStep()
	n.tape.Do(now, &ev)
	return n.answered(len(out), n.Network.Do(now, ev, out))
}

// answered records an answer, which stands in out behind the first before actions.
func (n *tapedNetwork) answered(before int, out []ss7.Action, results ...any) []ss7.Action {
	n.tape.Answer(out[before:], results...)
	return out
}

// Tick records nothing as long as nothing is due: the network then does nothing.
func (n *tapedNetwork) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	if n.tape == nil || !due(n.Network, now) {
		return n.Network.Tick(now, out)
	}
	defer n.tape.EndStep()
	n.tape.Tick(now)
	return n.answered(len(out), n.Network.Tick(now, out))
}

func due(m ss7.Machine, now time.Time) bool {
	next := m.Deadline()
	return !next.IsZero() && !next.After(now)
}

func (n *tapedNetwork) Configure(now time.Time, cfg mtp3.Config, out []ss7.Action) []ss7.Action {
	if n.tape == nil {
		return n.Network.Configure(now, cfg, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(now, "Configure", cfg)
	return n.answered(len(out), n.Network.Configure(now, cfg, out))
}

func (n *tapedNetwork) Hear(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	if n.tape == nil {
		return n.Network.Hear(now, ev, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(now, "Hear", ev)
	n.news = true
	return n.answered(len(out), n.Network.Hear(now, ev, out))
}

func (n *tapedNetwork) Heard(now time.Time, out []ss7.Action) []ss7.Action {
	if n.tape == nil || !n.news {
		return n.Network.Heard(now, out)
	}
	n.news = false
	defer n.tape.EndStep()
	n.tape.Call(now, "Heard")
	return n.answered(len(out), n.Network.Heard(now, out))
}

func (n *tapedNetwork) SetInhibit(
	now time.Time, set string, slc uint8, on bool, out []ss7.Action,
) ([]ss7.Action, error) {
	if n.tape == nil {
		return n.Network.SetInhibit(now, set, slc, on, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(now, "SetInhibit", set, slc, on)
	before := len(out)
	out, err := n.Network.SetInhibit(now, set, slc, on, out)
	return n.answered(before, out, err), err
}

func (n *tapedNetwork) Leave(now time.Time, state routing.RouteState, out []ss7.Action) []ss7.Action {
	if n.tape == nil {
		return n.Network.Leave(now, state, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(now, "Leave", state)
	return n.answered(len(out), n.Network.Leave(now, state, out))
}

func (n *tapedNetwork) Bar(now time.Time, all []mtp3.Barred, out []ss7.Action) []ss7.Action {
	if n.tape == nil {
		return n.Network.Bar(now, all, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(now, "Bar", all)
	return n.answered(len(out), n.Network.Bar(now, all, out))
}

func (n *tapedNetwork) Believe(c mtp3.Claim, out []ss7.Action) ([]ss7.Action, bool) {
	if n.tape == nil {
		return n.Network.Believe(c, out)
	}
	defer n.tape.EndStep()
	n.tape.Call(time.Now(), "Believe", c)
	before := len(out)
	out, ok := n.Network.Believe(c, out)
	return n.answered(before, out, ok), ok
}

// tapedLink is the level 2 of a link while it is recorded.
type tapedLink struct {
	*m2pa.Link
	tape *record.Tape
}

func (l *tapedLink) Do(now time.Time, ev ss7.Event, out []ss7.Action) []ss7.Action {
	defer l.tape.EndStep()
	l.tape.Do(now, &ev)
	before := len(out)
	out = l.Link.Do(now, ev, out)
	l.tape.Answer(out[before:])
	return out
}

func (l *tapedLink) Transfer(now time.Time, m *ss7.MSU, out []ss7.Action) []ss7.Action {
	return l.Do(now, ss7.Event{Kind: ss7.Transfer, MSU: *m}, out)
}

func (l *tapedLink) Recv(now time.Time, stream uint16, b []byte, out []ss7.Action) []ss7.Action {
	defer l.tape.EndStep()
	l.tape.Recv(now, stream, b)
	before := len(out)
	out = l.Link.Recv(now, stream, b, out)
	l.tape.Answer(out[before:])
	return out
}

func (l *tapedLink) Tick(now time.Time, out []ss7.Action) []ss7.Action {
	if !due(l.Link, now) {
		return l.Link.Tick(now, out)
	}
	defer l.tape.EndStep()
	l.tape.Tick(now)
	before := len(out)
	out = l.Link.Tick(now, out)
	l.tape.Answer(out[before:])
	return out
}

// SetConfig records the call. It has no answer.
func (l *tapedLink) SetConfig(cfg m2pa.Config) {
	defer l.tape.EndStep()
	l.tape.Call(time.Now(), "SetConfig", cfg)
	l.Link.SetConfig(cfg)
	l.tape.Answer(nil)
}
