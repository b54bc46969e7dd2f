// Package capture writes pcapng files that Wireshark opens. A file has one interface for each thing that is
// tapped, times in nanoseconds, directions and comments.
package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// LinkRaw is the link type of packets that begin with an IP header.
const LinkRaw = 101

// Direction is the direction of a packet, as the flags option has it.
type Direction uint32

// These are the directions. Unknown is for a wire, which has none.
const (
	Unknown Direction = iota
	Inbound
	Outbound
)

const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
)

// Writer writes one pcapng section. It may be used from several goroutines. After an error it writes nothing
// more, and Err gives that error.
type Writer struct {
	mu         sync.Mutex
	w          io.Writer
	buf        []byte
	interfaces int
	err        error
}

// Create makes the file at path, readable by its owner alone: traces hold
// subscribers' numbers.
func Create(path string) (*Writer, io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot capture: %w", err)
	}
	var to io.WriteCloser = f
	if st, err := f.Stat(); err == nil && !st.Mode().IsRegular() {
		to = newStream(f)
	}
	w, err := NewWriter(to, "gostp")
	if err != nil {
		to.Close()
		return nil, nil, err
	}
	return w, to, nil
}

// NewWriter begins a section. app names the program that writes it.
func NewWriter(w io.Writer, app string) (*Writer, error) {
	x := &Writer{w: w}
	b := x.open(blockSection)
	b = binary.LittleEndian.AppendUint32(b, 0x1a2b3c4d)
	b = append(b, 1, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, ^uint64(0)) // the length is not known
	b = option(b, 4, []byte(app))
	x.close(option(b, 0, nil))
	return x, x.err
}

// Interface adds an interface and gives its number.
func (x *Writer) Interface(name string, linktype uint16) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.open(blockInterface)
	b = binary.LittleEndian.AppendUint16(b, linktype)
	b = append(b, 0, 0, 0, 0, 0, 0) // reserved, and no limit of length
	b = option(b, 2, []byte(name))
	b = option(b, 9, []byte{9}) // nanoseconds
	x.close(option(b, 0, nil))
	x.interfaces++
	return x.interfaces - 1, x.err
}

// Packet writes one packet of interface id. data belongs to the caller again on return.
func (x *Writer) Packet(id int, at time.Time, dir Direction, data []byte, comment string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return x.err
	}
	b := x.open(blockPacket)
	ns := uint64(at.UnixNano())
	for _, v := range []uint32{uint32(id), uint32(ns >> 32), uint32(ns), uint32(len(data)), uint32(len(data))} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = pad(append(b, data...))
	if dir != Unknown {
		b = option(b, 2, binary.LittleEndian.AppendUint32(nil, uint32(dir)))
	}
	if comment != "" {
		b = option(b, 1, []byte(comment))
	}
	if dir != Unknown || comment != "" {
		b = option(b, 0, nil)
	}
	x.close(b)
	return x.err
}

// Err gives the first error of writing.
func (x *Writer) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

func (x *Writer) open(typ uint32) []byte {
	b := binary.LittleEndian.AppendUint32(x.buf[:0], typ)
	return append(b, 0, 0, 0, 0)
}

// close writes the length in both places, and writes the block at once. So a reader that follows the file never
// sees half of a block for long.
func (x *Writer) close(b []byte) {
	n := uint32(len(b) + 4)
	binary.LittleEndian.PutUint32(b[4:], n)
	b = binary.LittleEndian.AppendUint32(b, n)
	x.buf = b
	if x.err == nil {
		if _, err := x.w.Write(b); err != nil {
			x.err = fmt.Errorf("the capture cannot be written: %w", err)
		}
	}
}

// option writes an option. Its length does not count the padding. Code 0 ends the list.
func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte {
	for len(b)&3 != 0 {
		b = append(b, 0)
	}
	return b
}
