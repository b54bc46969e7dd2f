package sctp

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Chunk types (RFC 9260 §3.2).
const (
	ctData             = 0
	ctInit             = 1
	ctInitAck          = 2
	ctSack             = 3
	ctHeartbeat        = 4
	ctHeartbeatAck     = 5
	ctAbort            = 6
	ctShutdown         = 7
	ctShutdownAck      = 8
	ctError            = 9
	ctCookieEcho       = 10
	ctCookieAck        = 11
	ctShutdownComplete = 14
)

// These are parameters of INIT and INIT ACK (§3.3.2, §3.3.3), and of HEARTBEAT.
const (
	ptHeartbeatInfo = 1
	ptIPv4          = 5
	ptIPv6          = 6
	ptCookie        = 7
	ptUnrecognized  = 8
	ptPreservative  = 9
	ptHostName      = 11
	ptAddressTypes  = 12
)

const (
	headerLen     = 12
	dataHeaderLen = 16 // the header of a DATA chunk
	flagT         = 1  // ABORT, SHUTDOWN COMPLETE: the tag is that of their sender (§8.5.1)
	flagE         = 1  // DATA: last fragment
	flagB         = 2  // DATA: first fragment
	flagU         = 4  // DATA: unordered
	flagI         = 8  // DATA: acknowledge it at once (RFC 7053)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the common header (§3.1).
type header struct {
	src, dst uint16
	tag      uint32
}

// parseHeader reads the common header, and gives the chunks. Whether a wrong checksum matters is for the
// endpoint to say: see sumFits.
func parseHeader(b []byte) (h header, chunks []byte, err error) {
	if len(b) < headerLen+4 {
		return h, nil, fmt.Errorf("packet of %d octets is too short", len(b))
	}
	h = header{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])}
	return h, b[headerLen:], nil
}

// sumFits checks the checksum (§6.8, appendix A). It does not touch the packet, which belongs to the wire.
func sumFits(b []byte) bool {
	crc := crc32.Update(0, castagnoli, b[:8])
	crc = crc32.Update(crc, castagnoli, noSum[:])
	return crc32.Update(crc, castagnoli, b[12:]) == binary.LittleEndian.Uint32(b[8:])
}

var noSum [4]byte

func appendHeader(dst []byte, h header) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.src)
	dst = binary.BigEndian.AppendUint16(dst, h.dst)
	dst = binary.BigEndian.AppendUint32(dst, h.tag)
	return append(dst, 0, 0, 0, 0)
}

// seal writes the checksum. Its octets go out in the order of RFC 9260 appendix A.
func seal(packet []byte) {
	binary.LittleEndian.PutUint32(packet[8:], 0)
	binary.LittleEndian.PutUint32(packet[8:], crc32.Checksum(packet, castagnoli))
}

// chunk is one chunk. Its value has neither header nor padding.
type chunk struct {
	typ, flags uint8
	value      []byte
	raw        []byte // with header, without padding
}

// nextChunk takes the first chunk off b.
func nextChunk(b []byte) (c chunk, rest []byte, err error) {
	if len(b) < 4 {
		return c, nil, fmt.Errorf("%d octets are left where a chunk should begin", len(b))
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return c, nil, fmt.Errorf("chunk of type %d says it has %d octets, %d are there", b[0], n, len(b))
	}
	return chunk{b[0], b[1], b[4:n:n], b[:n:n]}, b[min((n+3)&^3, len(b)):], nil
}

// openChunk begins a chunk; closeChunk sets its length and pads it.
func openChunk(dst []byte, typ, flags uint8) (out []byte, at int) {
	return append(dst, typ, flags, 0, 0), len(dst)
}

func closeChunk(dst []byte, at int) []byte {
	binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
	for (len(dst)-at)&3 != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// appendParam writes a parameter, or an error cause, which has the same form.
func appendParam(dst []byte, typ uint16, value []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, typ)
	dst = binary.BigEndian.AppendUint16(dst, uint16(4+len(value)))
	dst = append(dst, value...)
	for i := len(value); i&3 != 0; i++ {
		dst = append(dst, 0)
	}
	return dst
}

// nextParam takes the first parameter off b.
func nextParam(b []byte) (typ uint16, value, raw, rest []byte, err error) {
	if len(b) < 4 {
		return 0, nil, nil, nil, fmt.Errorf("%d octets are left where a parameter should begin", len(b))
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return 0, nil, nil, nil, fmt.Errorf("parameter %#x says it has %d octets, %d are there",
			binary.BigEndian.Uint16(b), n, len(b))
	}
	return binary.BigEndian.Uint16(b), b[4:n:n], b[:n:n], b[min((n+3)&^3, len(b)):], nil
}

// dataChunk is DATA (§3.3.1).
type dataChunk struct {
	flags       uint8
	tsn         uint32
	stream, ssn uint16
	ppid        uint32
	data        []byte
}

func parseData(c chunk) (d dataChunk, err error) {
	if len(c.value) < 12 {
		return d, fmt.Errorf("DATA of %d octets is too short", len(c.raw))
	}
	v := c.value
	return dataChunk{c.flags, binary.BigEndian.Uint32(v), binary.BigEndian.Uint16(v[4:]), binary.BigEndian.Uint16(v[6:]),
		binary.BigEndian.Uint32(v[8:]), v[12:]}, nil
}

func appendData(dst []byte, d *dataChunk) []byte {
	dst, at := openChunk(dst, ctData, d.flags)
	dst = binary.BigEndian.AppendUint32(dst, d.tsn)
	dst = binary.BigEndian.AppendUint16(dst, d.stream)
	dst = binary.BigEndian.AppendUint16(dst, d.ssn)
	dst = binary.BigEndian.AppendUint32(dst, d.ppid)
	dst = append(dst, d.data...)
	return closeChunk(dst, at)
}

// gap is a gap block of SACK (§3.3.4): a run of chunks that were received beyond the cumulative TSN, as offsets
// from it.
type gap struct{ first, last uint16 }

// sackChunk is SACK. The memory of gaps is used again by the next one that is read.
type sackChunk struct {
	cum, window uint32
	gaps        []gap
	duplicates  []uint32
}

func parseSack(b []byte, s *sackChunk) error {
	if len(b) < 12 {
		return fmt.Errorf("SACK of %d octets is too short", len(b))
	}
	s.cum, s.window = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	gaps, dups := int(binary.BigEndian.Uint16(b[8:])), int(binary.BigEndian.Uint16(b[10:]))
	if len(b) < 12+4*gaps+4*dups {
		return fmt.Errorf("SACK announces %d gaps and %d duplicates in %d octets", gaps, dups, len(b))
	}
	s.gaps = s.gaps[:0]
	for i := range gaps {
		g := gap{binary.BigEndian.Uint16(b[12+4*i:]), binary.BigEndian.Uint16(b[14+4*i:])}
		if g.first == 0 || g.last < g.first {
			return fmt.Errorf("SACK with a gap block from %d to %d", g.first, g.last)
		}
		s.gaps = append(s.gaps, g)
	}
	return nil
}

func appendSimple(dst []byte, typ, flags uint8, value []byte) []byte {
	dst, at := openChunk(dst, typ, flags)
	return closeChunk(append(dst, value...), at)
}

// before compares TSNs in serial number arithmetic (§1.6).
func before(a, b uint32) bool { return int32(a-b) < 0 }
