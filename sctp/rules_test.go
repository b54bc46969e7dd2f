package sctp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/sctp/wire"
)

// peer is a far end that the test plays. It writes raw packets to the stack, and looks at each that comes back.
type peer struct {
	t        *testing.T
	net      *sctptest.Memory
	w        wire.Wire
	e        Endpoint
	tag      uint32 // the stack's
	tsn, cum uint32 // ours to be sent next; the stack's last
	a        *assoc
}

const peerTag = 77

// alone opens the stack at addrA and a far end at addrB that says nothing by itself.
func alone(t *testing.T, p Params, f func(p *peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &peer{t: t, net: sctptest.NewMemory(1), tsn: 1000}
		var err error
		if x.e, err = NewUser(x.net).Open(addrA, p); err != nil {
			t.Fatal(err)
		}
		defer x.e.Close()
		if x.w, err = x.net.Open(netipPort(addrB)); err != nil {
			t.Fatal(err)
		}
		defer x.w.Close()
		f(x)
	})
}

func (p *peer) put(tag uint32, chunks []byte) {
	b := append(appendHeader(nil, header{1024, 1024, tag}), chunks...)
	seal(b)
	p.w.Write([]wire.Packet{{Addr: netipPort(addrA), Data: b}})
	synctest.Wait()
}

// got gives the chunks that came back since the last look, and the tags of their packets.
func (p *peer) got() (out []chunk, tags []uint32) {
	synctest.Wait()
	ps := make([]wire.Packet, 64)
	for n := sctptest.Take(p.w, ps); n > 0; n = sctptest.Take(p.w, ps) {
		for _, x := range ps[:n] {
			h, b, err := parseHeader(x.Data)
			if err != nil || !sumFits(x.Data) {
				p.t.Fatal("a packet with a wrong checksum", err)
			}
			for len(b) > 0 {
				c, rest, err := nextChunk(bytes.Clone(b))
				if err != nil {
					p.t.Fatal(err)
				}
				out, tags, b = append(out, c), append(tags, h.tag), rest
			}
		}
	}
	return
}

// want checks that exactly these types of chunks came, all with this tag, and gives the chunks.
func (p *peer) want(why string, tag uint32, types ...uint8) []chunk {
	p.t.Helper()
	cs, tags := p.got()
	if len(cs) != len(types) {
		p.t.Fatalf("%s: got %v, want %v", why, cs, types)
	}
	for i, c := range cs {
		if c.typ != types[i] || tags[i] != tag {
			p.t.Fatalf("%s: chunk %d is of type %d with tag %d, want %d with %d", why, i, c.typ, tags[i], types[i], tag)
		}
	}
	return cs
}

func (p *peer) init() initChunk {
	return initChunk{tag: peerTag, window: 100000, tsn: p.tsn, out: 5, in: 5}
}

// cookie asks for a cookie.
func (p *peer) cookie(in initChunk) (tag uint32, cookie []byte) {
	p.t.Helper()
	p.put(0, appendInit(nil, ctInit, in))
	ack, err := parseInit(p.want("INIT", in.tag, ctInitAck)[0].value)
	if err != nil || ack.cookie == nil {
		p.t.Fatal(ack, err)
	}
	p.cum = ack.tsn - 1
	return ack.tag, ack.cookie
}

// connect goes through the handshake as the end that begins.
func (p *peer) connect() *peer {
	p.t.Helper()
	tag, c := p.cookie(p.init())
	p.tag = tag
	p.put(tag, appendSimple(nil, ctCookieEcho, 0, c))
	p.want("COOKIE ECHO", peerTag, ctCookieAck)
	a, err := p.e.Accept(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.a = a.(*assoc)
	return p
}

func (p *peer) data(stream, ssn uint16, flags uint8, s string) []byte {
	d := appendData(nil, &dataChunk{flags: flags, tsn: p.tsn, stream: stream, ssn: ssn, ppid: 5, data: []byte(s)})
	p.tsn++
	return d
}

// aborted checks that there is an ABORT with a cause, and the event with a reason.
func (p *peer) aborted(why string, cause uint16, reason string) {
	p.t.Helper()
	cs, _ := p.got()
	if len(cs) == 0 || cs[len(cs)-1].typ != ctAbort || len(cs[len(cs)-1].value) < 4 ||
		binary.BigEndian.Uint16(cs[len(cs)-1].value) != cause {
		p.t.Errorf("%s: %v, want ABORT with cause %d", why, cs, cause)
		return
	}
	_, ev, err := collect(p.a, 1000)
	if !errors.Is(err, io.EOF) || ev[len(ev)-1].Kind != Lost || !strings.Contains(ev[len(ev)-1].Why, reason) {
		p.t.Errorf("%s: %+v", why, ev)
	}
}

func sackOf(t *testing.T, c chunk) (s sackChunk) {
	t.Helper()
	if err := parseSack(c.value, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// §3.3.2, §5.1, §8.5.1 A: what an INIT must be.
func TestInitRules(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		for why, change := range map[string]func(*initChunk){
			"no outbound stream": func(c *initChunk) { c.out = 0 }, "no inbound stream": func(c *initChunk) { c.in = 0 },
			"a window below 1500": func(c *initChunk) { c.window = 1499 },
		} {
			in := p.init()
			change(&in)
			p.put(0, appendInit(nil, ctInit, in))
			if c := p.want(why, peerTag, ctAbort)[0]; c.flags&flagT != 0 || len(c.value) == 0 {
				t.Error(why, c)
			}
		}
		in := p.init()
		in.tag = 0
		p.put(0, appendInit(nil, ctInit, in))
		p.want("tag 0 in INIT: silence", 0)
		p.put(5, appendInit(nil, ctInit, p.init()))
		p.want("INIT in a packet with a tag: silence", 0)
		p.put(0, appendSimple(appendInit(nil, ctInit, p.init()), ctHeartbeat, 0, nil))
		p.want("INIT bundled: silence", 0)
		host, at := openChunk(nil, ctInit, 0)
		host = append(host, appendInit(nil, ctInit, p.init())[4:]...)
		p.put(0, closeChunk(appendParam(host, ptHostName, []byte("example\x00")), at))
		if c := p.want("host name", peerTag, ctAbort)[0]; binary.BigEndian.Uint16(c.value) != causeUnresolvedAddr {
			t.Error(c)
		}
	})
}

// §3.2.1, §3.2.2: unknown parameters by their two highest bits.
func TestUnknownParameters(t *testing.T) {
	for _, x := range []struct {
		typ              uint16
		reported, goesOn bool
	}{{0x3f00, false, false}, {0x7f00, true, false}, {0xbf00, false, true}, {0xff00, true, true}} {
		alone(t, Params{}, func(p *peer) {
			b, at := openChunk(nil, ctInit, 0)
			b = append(b, appendInit(nil, ctInit, p.init())[4:]...)
			b = appendParam(b, x.typ, []byte("abcde"))
			b = closeChunk(appendParam(b, 0xff01, nil), at) // seen only if the parser goes on
			p.put(0, b)
			n := 0
			for b := p.want("INIT ACK", peerTag, ctInitAck)[0].value[16:]; len(b) > 0; {
				typ, value, _, rest, err := nextParam(b)
				if err != nil {
					t.Fatal(err)
				}
				if b = rest; typ == ptUnrecognized {
					n++
					if got := binary.BigEndian.Uint16(value); got != x.typ && got != 0xff01 {
						t.Errorf("%#x: reported %#x", x.typ, got)
					}
				}
			}
			want := 0
			if x.reported {
				want++
			}
			if x.goesOn {
				want++
			}
			if n != want {
				t.Errorf("%#x: %d reports, want %d", x.typ, n, want)
			}
		})
	}
}

// §3.2: unknown chunks by theirs.
func TestUnknownChunks(t *testing.T) {
	for typ, want := range map[uint8][]uint8{0x3f: nil, 0x7f: {ctError}, 0xbf: {ctHeartbeatAck},
		0xff: {ctHeartbeatAck, ctError}} {
		alone(t, Params{}, func(p *peer) {
			p.connect()
			p.put(p.tag, appendSimple(appendSimple(nil, typ, 0, []byte("??")), ctHeartbeat, 0, appendParam(nil, 1, []byte("x"))))
			for _, c := range p.want("unknown chunk", peerTag, want...) {
				if c.typ == ctError && (binary.BigEndian.Uint16(c.value) != causeUnknownChunk || c.value[4] != typ) {
					t.Error(c)
				}
			}
		})
	}
}

// §5.1.3, §5.1.5: nothing is kept for an INIT; only our own cookie, whole, fresh,
// from where it was sent to, makes an association.
func TestCookies(t *testing.T) {
	alone(t, Params{CookieLife: time.Second}, func(p *peer) {
		e := p.e.(*endpoint)
		tag, c := p.cookie(p.init())
		if len(e.assocs)+len(e.tags) > 0 {
			t.Error("an INIT left something behind")
		}
		bad := bytes.Clone(c)
		bad[40] ^= 1
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, bad))
		p.put(tag+1, appendSimple(nil, ctCookieEcho, 0, c))
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, c[:len(c)-1]))
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, nil))
		p.want("forged cookies: silence", 0)
		time.Sleep(1500 * time.Millisecond)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, c))
		if s := p.want("stale", peerTag, ctError)[0].value; binary.BigEndian.Uint16(s) != causeStaleCookie ||
			binary.BigEndian.Uint32(s[4:]) < 400_000 {
			t.Error(s)
		}
		in := p.init()
		in.preserve = 1000 // §3.3.2.1.3
		tag, c = p.cookie(in)
		time.Sleep(1500 * time.Millisecond)
		p.put(tag, appendSimple(appendSimple(nil, ctCookieEcho, 0, c), ctHeartbeat, 0, appendParam(nil, 1, []byte("x"))))
		p.want("preserved, with a chunk behind it", peerTag, ctCookieAck, ctHeartbeatAck)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, c))
		p.want("§5.2.4 D: again", peerTag, ctCookieAck)
	})
}

// §5.2.4 A, C and the cookie that fits nothing.
func TestCookieTable(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		p.connect()
		in := p.init()
		in.tag = 78
		tag, c := p.cookie(in) // a restart
		if tag == p.tag {
			t.Error("§5.2.2: a new tag for a restart")
		}
		forged := bytes.Clone(c)
		forged[44]++ // the tie-tag
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, forged))
		p.want("forged tie-tag: silence", 0)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, c))
		p.want("A", 78, ctCookieAck)
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, c))
		p.want("D, after A", 78, ctCookieAck)
		_, ev, _ := collectNow(p.a)
		if len(ev) != 1 || ev[0].Kind != Restart {
			t.Errorf("%+v", ev)
		}
	})
}

// collectNow reads what is there.
func collectNow(a *assoc) (m []Message, ev []Event, err error) {
	b := NewBatch(1000)
	a.mu.Lock()
	n := len(a.in.queue) + len(a.reading.queue) - a.reading.next
	a.mu.Unlock()
	for n > 0 {
		if err = a.Read(b); err != nil {
			return
		}
		n -= len(b.Items)
		for _, it := range b.Items {
			if it.Event != nil {
				ev = append(ev, *it.Event)
			} else {
				it.Message.Data = bytes.Clone(it.Data)
				m = append(m, it.Message)
			}
		}
	}
	return
}

// §8.4: packets out of the blue.
func TestOutOfTheBlue(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		stale := appendParam(nil, causeStaleCookie, make([]byte, 4))
		for _, x := range []struct {
			why    string
			chunks []byte
			want   []uint8
		}{
			{"2) ABORT", appendSimple(nil, ctAbort, 0, nil), nil},
			{"2) ABORT behind another", appendSimple(appendSimple(nil, ctHeartbeat, 0, nil), ctAbort, 0, nil), nil},
			{"4) COOKIE ECHO that is not ours", appendSimple(nil, ctCookieEcho, 0, make([]byte, 200)), nil},
			{"5) SHUTDOWN ACK", appendSimple(nil, ctShutdownAck, 0, nil), []uint8{ctShutdownComplete}},
			{"6) SHUTDOWN COMPLETE", appendSimple(nil, ctShutdownComplete, 0, nil), nil},
			{"7) stale cookie", appendSimple(nil, ctError, 0, stale), nil},
			{"7) COOKIE ACK", appendSimple(nil, ctCookieAck, 0, nil), nil},
			{"8) DATA", p.data(0, 0, 3, "x"), []uint8{ctAbort}},
			{"8) another ERROR", appendSimple(nil, ctError, 0, appendParam(nil, 1, make([]byte, 4))), []uint8{ctAbort}},
			{"8) INIT ACK", appendInit(nil, ctInitAck, p.init()), []uint8{ctAbort}},
		} {
			p.put(4711, x.chunks)
			for _, c := range p.want(x.why, 4711, x.want...) {
				if c.flags&flagT == 0 {
					t.Errorf("%s: the T bit says that the tag is reflected", x.why)
				}
			}
		}
	})
}

// §8.5: tags.
func TestVerificationTags(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		p.connect()
		ping := appendSimple(nil, ctHeartbeat, 0, appendParam(nil, 1, []byte("x")))
		abort, done := appendSimple(nil, ctAbort, 0, nil), appendSimple(nil, ctShutdownComplete, flagT, nil)
		for _, tag := range []uint32{0, p.tag + 1, peerTag} {
			p.put(tag, ping)
			p.put(tag, abort)
		}
		p.put(p.tag, appendSimple(nil, ctAbort, flagT, nil))
		p.put(peerTag, done) // §8.5.1 C: not in SHUTDOWN-ACK-SENT
		p.want("silence", 0)
		if s := p.a.Status(); s.State != "ESTABLISHED" || s.Stats.Discarded == 0 {
			t.Errorf("%+v", s)
		}
		p.put(peerTag, appendSimple(nil, ctAbort, flagT, nil))
		if _, ev, err := collect(p.a, 1); !errors.Is(err, io.EOF) || ev[0].Kind != Lost {
			t.Error(ev, err)
		}
		p.want("§9.1: no answer to ABORT", 0)
	})
	alone(t, Params{}, func(p *peer) { // from an address that is not the association's
		p.connect()
		w, _ := p.net.Open(netip.MustParseAddrPort("10.0.0.99:0"))
		defer w.Close()
		mine := p.w
		p.w = w
		p.put(p.tag, appendSimple(nil, ctAbort, 0, nil))
		p.want("silence", 0)
		if p.w = mine; p.a.Status().State != "ESTABLISHED" {
			t.Error("aborted by a stranger")
		}
	})
}

// What breaks the protocol ends the association, and says so.
func TestViolations(t *testing.T) {
	for why, x := range map[string]struct {
		do     func(p *peer) []byte
		cause  uint16
		reason string
	}{
		"§6.2 no user data": {func(p *peer) []byte { return p.data(0, 0, 3, "") }, causeNoUserData, "without user data"},
		"§3.3.1 DATA too short": {func(*peer) []byte { return appendSimple(nil, ctData, 3, []byte{1, 2}) }, causeProtocol,
			"too short"},
		"§6.9 no beginning": {func(p *peer) []byte { return p.data(0, 0, 0, "x") }, causeProtocol, "without a beginning"},
		"§6.9 two beginnings": {func(p *peer) []byte {
			return append(p.data(0, 0, flagB, "x"),
				p.data(0, 1, flagB, "x")...)
		}, causeProtocol, "out of order"},
		"§6.9 fragments of two streams": {func(p *peer) []byte {
			return append(p.data(0, 0, flagB, "x"),
				p.data(1, 0, flagE, "x")...)
		}, causeProtocol, "differ"},
		"§6.5 SSN twice": {func(p *peer) []byte { return append(p.data(0, 0, 3, "x"), p.data(0, 0, 3, "x")...) },
			causeProtocol, "twice"},
		"§6.2.1 SACK of what was not sent": {func(p *peer) []byte {
			return appendSack(nil, &sackChunk{cum: p.cum + 1, window: 10000})
		}, causeProtocol, "never sent"},
	} {
		t.Run(why, func(t *testing.T) {
			alone(t, Params{}, func(p *peer) {
				p.connect()
				p.put(p.tag, x.do(p))
				p.aborted(why, x.cause, x.reason)
			})
		})
	}
}

// What an endpoint is told to take or to send.
func TestParamsOnTheWire(t *testing.T) {
	alone(t, Params{AnyChecksum: true, DSCP: 46, Single: true, Heartbeat: -1}, func(p *peer) {
		p.connect()
		b := append(appendHeader(nil, header{1024, 1024, p.tag}), p.data(0, 0, 3, "unfinished checksum")...)
		p.w.Write([]wire.Packet{{Addr: netipPort(addrA), Data: b}})
		p.want("a wrong checksum is taken", peerTag, ctSack)
		p.a.Send(batchOf(3, 10))
		ps := make([]wire.Packet, 8)
		synctest.Wait()
		if n := sctptest.Take(p.w, ps); n != 3 {
			t.Error(n, "packets for three messages")
		}
	})
	alone(t, Params{}, func(p *peer) {
		p.connect()
		b := append(appendHeader(nil, header{1024, 1024, p.tag}), appendSimple(nil, ctAbort, 0, nil)...)
		p.w.Write([]wire.Packet{{Addr: netipPort(addrA), Data: b}})
		p.want("a wrong checksum is not taken", 0)
		p.put(p.tag+1, appendSimple(nil, ctAbort, 0, nil))
		count := map[string]uint64{}
		for _, c := range p.e.(*endpoint).user.Counters() {
			count[c.Name] = c.Value
		}
		if count["discarded: bad checksum"] != 1 || count["discarded: wrong verification tag"] != 1 ||
			count["packets received"] != 4 ||
			count["packets sent"] != 2 || count["associations established"] != 1 {
			t.Error(count)
		}
	})
}

// §5.1 C, §3.3.3: what an INIT ACK must be. §5.2.1: an INIT from a far end that was not called. §8.5.1 E:
// SHUTDOWN ACK while an association forms.
func TestDialRules(t *testing.T) {
	for why, x := range map[string]struct {
		answer func(in initChunk) []byte
		cause  uint16
		reason string
	}{
		"no cookie": {func(c initChunk) []byte { return appendInit(nil, ctInitAck, c) }, causeMissingParam, "no cookie"},
		"no streams": {func(c initChunk) []byte { c.out = 0; return appendInit(nil, ctInitAck, c) }, causeInvalidParam,
			"invalid"},
		"tag 0": {func(c initChunk) []byte { c.tag = 0; return appendInit(nil, ctInitAck, c) }, 0, "tag 0"},
		"refused": {func(initChunk) []byte {
			return appendSimple(nil, ctAbort, 0, appendParam(nil, causeNoResource, nil))
		}, 0, "out of resource"},
	} {
		t.Run(why, func(t *testing.T) {
			alone(t, Params{}, func(p *peer) {
				done := make(chan error, 1)
				go func() {
					_, err := p.e.Dial(p.t.Context(), addrB, Params{})
					done <- err
				}()
				in, err := parseInit(p.want("INIT", 0, ctInit)[0].value)
				if err != nil {
					t.Fatal(err)
				}
				p.put(9, appendSimple(nil, ctShutdownAck, 0, nil))
				p.want("SHUTDOWN ACK", 9, ctShutdownComplete)
				p.put(in.tag, x.answer(p.init()))
				if cs, _ := p.got(); x.cause != 0 && (len(cs) != 1 || cs[0].typ != ctAbort ||
					binary.BigEndian.Uint16(cs[0].value) != x.cause) {
					t.Error(cs)
				}
				if err := <-done; err == nil || !strings.Contains(err.Error(), x.reason) {
					t.Error(err)
				}
			})
		})
	}
}
