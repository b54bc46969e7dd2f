// Package record writes down what a machine is told while it runs, so that in a test another machine can live through
// the same. A fault from the field comes as such a file. The file is a script (package script): the state of the
// machine at first, then each step with its time, and what the machine answered.
//
// A step is recorded before the machine takes it. If a machine does not survive a step, that step is the last line of
// the file (EndStep). A Spool writes the file, so that nobody waits for the disk.
package record

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/ss7"
)

// Tape records what one machine is told. The guard of the machine guards it too.
type Tape struct {
	w     io.Writer
	begin time.Time
	left  int // steps that may still be written
	line  []byte
	open  bool // the machine has not answered the last step
	err   error
}

// ErrFull ends a recording that has as many steps as it may have.
var ErrFull = errors.New("the recording has as many steps as it may have")

// New begins a recording with the state of a machine, which is a pointer. The tape records so many steps at most.
func New(w io.Writer, title string, now time.Time, machine any, most int) (*Tape, error) {
	state, err := Freeze(machine)
	if err != nil {
		return nil, err
	}
	now = now.Round(0).UTC()
	t := &Tape{w: w, begin: now, left: most}
	t.write(fmt.Appendf(nil, "# %s\nstart %s\nstate %s\n", title, now.Format(time.RFC3339Nano), state))
	return t, t.err
}

// Err says why the tape records no more; nil: it does.
func (t *Tape) Err() error { return t.err }

func (t *Tape) write(b []byte) {
	if t.err == nil {
		_, t.err = t.w.Write(b)
	}
}

// step begins the line of a step; nil: nothing more is written.
func (t *Tape) step(now time.Time) []byte {
	if t.left--; t.left < 0 && t.err == nil {
		t.err = ErrFull
	}
	if t.err != nil {
		return nil
	}
	return fmt.Appendf(t.line[:0], "at %v ", now.Round(0).Sub(t.begin))
}

func (t *Tape) end(line []byte) {
	t.write(append(line, '\n'))
	t.line = line
	t.open = true
}

// lastWait is how long a program that dies of a step waits for its disk.
const lastWait = time.Second

// EndStep is deferred by whoever tells the machine a step. If the machine has not answered, it panics: the step is then
// written before the program ends.
func (t *Tape) EndStep() {
	if s, ok := t.w.(*Spool); ok && t.open {
		_ = s.Close(lastWait) // the program has worse to tell
	}
}

// Do records an event, which the machine is told next.
func (t *Tape) Do(now time.Time, ev *ss7.Event) {
	if line := t.step(now); line != nil {
		t.end(script.AppendEvent(append(line, "do "...), ev))
	}
}

// Recv records a message of the association.
func (t *Tape) Recv(now time.Time, stream uint16, b []byte) {
	if line := t.step(now); line != nil {
		t.end(hex.AppendEncode(fmt.Appendf(line, "recv %d ", stream), b))
	}
}

// Tick records that time has passed.
func (t *Tape) Tick(now time.Time) {
	if line := t.step(now); line != nil {
		t.end(append(line, "tick"...))
	}
}

// Call records the call of another method, with its arguments other than the time and the answer so far.
func (t *Tape) Call(now time.Time, method string, args ...any) {
	line := t.step(now)
	if line == nil {
		return
	}
	frozen, err := Freeze(&args)
	if err != nil {
		t.err = err
		return
	}
	t.end(append(append(line, "call "+method+" "...), frozen...))
}

// Answer records the answer, and the other results of the call.
func (t *Tape) Answer(answer []ss7.Action, results ...any) {
	t.open = false
	if t.err != nil {
		return
	}
	line := t.line[:0]
	for _, r := range results {
		line = fmt.Appendf(line, "\tgives %v\n", r)
	}
	for i := range answer {
		line = append(AppendAction(append(line, '\t'), &answer[i]), '\n')
	}
	t.write(line)
	t.line = line
}

// AppendAction writes an action, with all that is in it.
func AppendAction(dst []byte, a *ss7.Action) []byte {
	switch a.Op {
	case ss7.Send:
		dst = hex.AppendEncode(fmt.Appendf(dst, "send stream %d ", a.Stream), a.Wire)
		if a.Event.Path != 0 {
			dst = fmt.Appendf(dst, " to %d", a.Event.Path)
		}
		return dst
	case ss7.Raise:
		dst = append(dst, "raise "...)
	case ss7.Hangup:
		dst = append(dst, "hang up "...)
	case ss7.Note:
		dst = append(dst, "note "...)
	}
	return script.AppendEvent(dst, &a.Event)
}

// Replay is a machine of the same kind as the recorded one, as the subject of a script. It begins in the recorded state
// and is told the same.
type Replay struct {
	ss7.Machine
	Types []any // a value of each type that the machine holds in interfaces
}

// Step implements script.Subject.
func (r *Replay) Step(now time.Time, words []string, say func(string)) ([]ss7.Action, error) {
	switch {
	case words[0] == "state" && len(words) == 2:
		return nil, Thaw([]byte(words[1]), r.Machine, r.Types...)
	case words[0] == "do":
		ev, err := script.ParseEvent(words[1:])
		if err != nil {
			return nil, err
		}
		return r.Do(now, ev, nil), nil
	case words[0] == "recv" && len(words) > 1:
		peer, ok := r.Machine.(ss7.Peer)
		stream, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil || !ok {
			return nil, fmt.Errorf("no message can come: %w", err)
		}
		b, err := hex.DecodeString(append(words, "")[2])
		return peer.Recv(now, uint16(stream), b, nil), err
	case words[0] == "call" && len(words) == 3:
		return r.call(now, words[1], words[2], say)
	}
	return nil, errors.New("no such step")
}

// call calls a method by its name.
func (r *Replay) call(now time.Time, name, frozen string, say func(string)) ([]ss7.Action, error) {
	method := reflect.ValueOf(r.Machine).MethodByName(name)
	if !method.IsValid() {
		return nil, fmt.Errorf("the machine has no method %s", name)
	}
	f, err := thawed([]byte(frozen), r.Types)
	if err != nil {
		return nil, err
	}
	given, _ := f.objects[0].([]any)
	args := []reflect.Value{}
	for i := range method.Type().NumIn() {
		switch in := method.Type().In(i); {
		case in == reflect.TypeFor[time.Time]():
			args = append(args, reflect.ValueOf(now))
		case in == reflect.TypeFor[[]ss7.Action]():
			args = append(args, reflect.Zero(in))
		case len(given) == 0:
			return nil, fmt.Errorf("%s wants more", name)
		default:
			arg := reflect.New(in).Elem()
			if err := f.fill(arg, f.held(given[0])); err != nil {
				return nil, err
			}
			given, args = given[1:], append(args, arg)
		}
	}
	var actions []ss7.Action
	for _, result := range method.Call(args) {
		if all, ok := result.Interface().([]ss7.Action); ok {
			actions = all
			continue
		}
		say(fmt.Sprintf("gives %v", result.Interface()))
	}
	return actions, nil
}

// Text implements script.Subject.
func (*Replay) Text(a *ss7.Action) string { return string(AppendAction(nil, a)) }
