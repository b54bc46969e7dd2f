package script

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gostp/gostp/ss7"
)

// kinds are the kinds of events by their names.
var kinds = func() map[string]ss7.Kind {
	all := map[string]ss7.Kind{}
	for k := range ss7.Audit + 1 {
		all[k.String()] = k
	}
	return all
}()

// ParseEvent reads what AppendEvent wrote: the kind of an event, and for each field that is not zero a word with its
// name and value. Codes are plain numbers.
func ParseEvent(words []string) (ev ss7.Event, err error) {
	if len(words) == 0 {
		return ev, errors.New("no event")
	}
	kind, ok := kinds[words[0]]
	if !ok {
		return ev, fmt.Errorf("no kind of event is called %s", words[0])
	}
	ev.Kind = kind
	for words = words[1:]; len(words) > 1; words = words[2:] {
		switch name, value := words[0], words[1]; name {
		case "path":
			err = number(value, 32, func(n uint64) { ev.Path = ss7.PathID(n) })
		case "arg":
			err = number(value, 32, func(n uint64) { ev.Arg = uint32(n) })
		case "of":
			err = number(value, 32, func(n uint64) { ev.Of = ss7.PathID(n) })
		case "why":
			ev.Why = value
		case "dest":
			_, err = fmt.Sscanf(value, "%d/%d", &ev.Dest.PC, &ev.Dest.Len)
		case "msu":
			ev.MSU, err = ParseMSU(value)
		default:
			err = fmt.Errorf("an event has no %s", name)
		}
		if err != nil {
			return ev, err
		}
	}
	if len(words) > 0 {
		return ev, fmt.Errorf("%s has no value", words[0])
	}
	return ev, nil
}

func number(text string, bits int, set func(uint64)) error {
	n, err := strconv.ParseUint(text, 10, bits)
	if err == nil {
		set(n)
	}
	return err
}

// AppendEvent writes an event.
func AppendEvent(dst []byte, ev *ss7.Event) []byte {
	dst = append(dst, ev.Kind.String()...)
	for _, x := range []struct {
		name  string
		value uint32
	}{{"path", uint32(ev.Path)}, {"arg", ev.Arg}, {"of", uint32(ev.Of)}} {
		if x.value != 0 {
			dst = fmt.Appendf(dst, " %s %d", x.name, x.value)
		}
	}
	if ev.Why != "" {
		dst = strconv.AppendQuote(append(dst, " why "...), ev.Why)
	}
	if ev.Dest != (ss7.Range{}) {
		dst = fmt.Appendf(dst, " dest %d/%d", ev.Dest.PC, ev.Dest.Len)
	}
	if m := &ev.MSU; m.SI != 0 || m.OPC != 0 || m.DPC != 0 || len(m.Payload) > 0 {
		dst = AppendMSU(append(dst, " msu "...), m)
	}
	return dst
}

// AppendMSU writes an MSU as one word: DPC, OPC, NI, SI, SLS, priority, payload.
func AppendMSU(dst []byte, m *ss7.MSU) []byte {
	return fmt.Appendf(dst, "%d,%d,%d,%d,%d,%d,%x", m.DPC, m.OPC, m.NI, m.SI, m.SLS, m.Prio, m.Payload)
}

// ParseMSU reads what AppendMSU wrote.
func ParseMSU(text string) (m ss7.MSU, err error) {
	fields := strings.Split(text, ",")
	if len(fields) != 7 {
		return m, fmt.Errorf("an MSU has 7 fields, %s has %d", text, len(fields))
	}
	for i, set := range []func(uint64){
		func(n uint64) { m.DPC = ss7.PC(n) }, func(n uint64) { m.OPC = ss7.PC(n) },
		func(n uint64) { m.NI = ss7.NI(n) }, func(n uint64) { m.SI = ss7.SI(n) },
		func(n uint64) { m.SLS = uint8(n) }, func(n uint64) { m.Prio = uint8(n) },
	} {
		bits := 8
		if i < 2 {
			bits = 32
		}
		if err := number(fields[i], bits, set); err != nil {
			return m, err
		}
	}
	m.Payload, err = hex.DecodeString(fields[6])
	return m, err
}
