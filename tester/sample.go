package tester

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Sampler finds messages that come again and again by one association, and so may go in a circle. It belongs to
// the reader of the association. It sees some of the batches that come (one of SampleBatches). It takes one
// message, compares what comes after it for a while, then takes another. What goes round comes again in each
// round. The more of it there is, the sooner one of its messages is taken.
type Sampler struct {
	dpc     ss7.PC // the destination of the message that is watched
	size    int
	tail    uint64 // its last octets, in which messages of one flow differ as a rule
	opc     ss7.PC
	si      ss7.SI
	payload [sampleLongest]byte

	left  int       // messages until another one is taken
	until time.Time // when another one is taken at the latest; until then none is, if seen is enough
	seen  int
}

// SampleBatches says of how many batches a Sampler should see one.
const SampleBatches = 4

const (
	sampleSpan    = 4096 // how many messages are compared with one
	sampleTime    = 4 * time.Second
	sampleEqual   = 4 // how many equal ones are suspicious
	sampleLongest = 272
	sampleRest    = time.Second // the rest after one was found
)

// Look compares messages with the one that is watched. It gives one that came too often.
func (s *Sampler) Look(now time.Time, msus []*ss7.MSU) *ss7.MSU {
	if s.left -= len(msus); s.left < 0 || now.After(s.until) {
		s.next(now, msus)
		return nil
	}
	if s.seen >= sampleEqual {
		return nil
	}
	for _, m := range msus {
		if m.DPC != s.dpc || len(m.Payload) != s.size || tail(m.Payload) != s.tail {
			continue
		}
		if m.OPC != s.opc || m.SI != s.si || !bytes.Equal(m.Payload, s.payload[:s.size]) {
			continue
		}
		if s.seen++; s.seen >= sampleEqual {
			s.left, s.until = sampleSpan, now.Add(sampleRest)
			return m
		}
	}
	return nil
}

// next takes another message to watch: none of management, link tests or probes.
func (s *Sampler) next(now time.Time, msus []*ss7.MSU) {
	if s.seen >= sampleEqual && now.Before(s.until) {
		s.left = sampleSpan
		return
	}
	for _, m := range msus {
		n := len(m.Payload)
		if m.SI.OfMTP3() || m.SI == ss7.MTPT && IsProbe(m.Payload) || n == 0 || n > sampleLongest {
			continue
		}
		s.dpc, s.opc, s.si, s.size = m.DPC, m.OPC, m.SI, n
		s.tail = tail(m.Payload)
		copy(s.payload[:], m.Payload)
		s.left, s.until, s.seen = sampleSpan, now.Add(sampleTime), 0
		return
	}
}

// tail gives the last octets of a payload. Of a shorter one it gives as many as there are (a message of ISUP
// may have three).
func tail(b []byte) (x uint64) {
	if n := len(b); n >= 8 {
		return binary.LittleEndian.Uint64(b[n-8:])
	}
	for _, o := range b {
		x = x<<8 | uint64(o)
	}
	return x
}
