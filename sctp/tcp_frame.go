package sctp

import (
	"encoding/binary"
	"fmt"
)

const (
	// tcpMaxMessage is the length of the longest message over TCP. It is more than the longest DATA of M3UA, whose
	// protocol data has a length field of 16 bits.
	tcpMaxMessage = 1 << 17
	tcpHeader     = 8       // the common header of the adaptation layers (RFC 4666 §3.1)
	tcpReadSize   = 1 << 15 // octets of memory to begin with
)

// framer cuts a stream of octets into messages, by the length in their common header (RFC 4666 §3.1.4). The
// length is taken as it stands: a sender that does not count the last padding does not send it either.
type framer struct {
	buf        []byte
	start, end int // where the octets lie that came and were not cut off yet
}

// next cuts off a message. It gives nil if not all of the message is there. The message lies in the framer's
// memory until room is called. After an error nobody knows any more where messages begin.
func (f *framer) next() ([]byte, error) {
	have := f.buf[f.start:f.end]
	if len(have) < tcpHeader {
		return nil, nil
	}
	n, err := frameLength(have)
	if err != nil || len(have) < n {
		return nil, err
	}
	f.start += n
	return have[:n:n], nil
}

// frameLength gives the length of the message that begins with header.
func frameLength(header []byte) (int, error) {
	n := binary.BigEndian.Uint32(header[4:])
	if n < tcpHeader || n > tcpMaxMessage {
		return 0, fmt.Errorf("garbled: a message header says a length of %d octets, and %d to %d can be (header % x)", n,
			tcpHeader, tcpMaxMessage, header[:tcpHeader])
	}
	return int(n), nil
}

// partial tells whether a part of a message is there.
func (f *framer) partial() bool { return f.start < f.end }

// room gives the memory for what comes next; filled notes how much came. After next gave nil, that memory is
// never empty. A long message needs more memory, which is given back after it. room gives nil if there is none.
func (f *framer) room(hold *holding) []byte {
	need := tcpReadSize
	if f.end-f.start >= tcpHeader {
		if n, err := frameLength(f.buf[f.start:]); err == nil {
			need = max(need, n)
		}
	}
	to := f.buf
	if len(to) < need || len(to) > need && need == tcpReadSize && f.end-f.start <= need {
		if !hold.take(need - tcpReadSize) {
			return nil
		}
		hold.give(max(len(to)-tcpReadSize, 0))
		to = make([]byte, need)
	}
	f.end = copy(to, f.buf[f.start:f.end])
	f.buf, f.start = to, 0
	return f.buf[f.end:]
}

func (f *framer) filled(n int) { f.end += n }
