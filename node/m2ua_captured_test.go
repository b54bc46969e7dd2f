package node

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m2ua"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// m2uaCaptures are testdata/m2ua.pcapng, which is what `capture start` made of the wire
// between SG and MGC of labs/m2ua (links established, one stopped and started, pings
// of MTP3 and SCCP each way, one link cut and mended, so that traffic changes over and
// back), and whatever is in the folder that GOSTP_CAPTURES names.
func m2uaCaptures(t *testing.T) []string {
	files := []string{"testdata/m2ua.pcapng"}
	if folder := os.Getenv("GOSTP_CAPTURES"); folder != "" {
		for _, pattern := range []string{"*.pcap", "*.pcapng", "*.cap"} {
			more, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, more...)
		}
	}
	return files
}

// m2uaMessages are the M2UA messages of a capture.
func m2uaMessages(t *testing.T, file string) [][]byte {
	var out [][]byte
	for _, c := range readCapture(t, file) {
		if c.ppid == m2ua.PPID {
			out = append(out, c.data)
		}
	}
	return out
}

// variantOf is the kind of label that the MSUs have: of ANSI's and ITU's the one in
// which they come from fewer points.
func variantOf(messages [][]byte) *ss7.Variant {
	points := func(v *ss7.Variant) int {
		seen := map[ss7.PC]bool{}
		for _, b := range messages {
			var d m2ua.Data
			if m2ua.IsData(b) && m2ua.ParseData(b, &d) == nil {
				if m, err := v.ParseMSU(d.PDU); err == nil {
					seen[m.OPC], seen[m.DPC] = true, true
				}
			}
		}
		return len(seen)
	}
	if points(ss7.ANSI) < points(ss7.ITU) {
		return ss7.ANSI
	}
	return ss7.ITU
}

// Every message of every capture is read, and written octet for octet as it was.
func TestM2UACapturedCodec(t *testing.T) {
	t.Parallel()
	for _, file := range m2uaCaptures(t) {
		messages := m2uaMessages(t, file)
		v, types := variantOf(messages), map[string]int{}
		for _, b := range messages {
			x, e := m2ua.Grammar.Parse(b)
			if e != nil && !m2ua.IsData(b) { // Data may be without an interface identifier
				t.Errorf("%s: %x: %v", file, b, e)
				continue
			}
			types[m2ua.Grammar[x.Type].Name]++
			var again []byte
			switch {
			case m2ua.IsData(b):
				var d m2ua.Data
				if e := m2ua.ParseData(b, &d); e != nil {
					t.Errorf("%s: %x: %v", file, b, e)
					continue
				}
				again = rewritten(t, v, &d)
			case m2ua.IsMAUP(b):
				m, e := m2ua.Parse(b)
				if e != nil {
					t.Errorf("%s: %x: %v", file, b, e)
				}
				again = m2ua.Append(nil, &m, false)
			default:
				again = xua.Begin(nil, x.Type)
				for p := x.Params; len(p) > 0; {
					tag, value, rest, ok := p.Cut()
					if !ok {
						t.Errorf("%s: %x: what is after %x is no parameter", file, b, again)
						break
					}
					again, p = xua.AppendBytes(again, tag, value), rest
				}
				again = xua.End(again, 0)
			}
			if !bytes.Equal(again, b) {
				t.Errorf("%s: %x became %x", file, b, again)
			}
		}
		t.Logf("%s: %d messages, %s: %v", file, len(messages), v.Name, types)
	}
}

// rewritten is Data as this program writes what it read.
func rewritten(t *testing.T, v *ss7.Variant, d *m2ua.Data) []byte {
	t.Helper()
	m, err := v.ParseMSU(d.PDU)
	if err != nil {
		t.Error(err)
	}
	l := m2ua.Label{Interface: m2ua.Interface{ID: d.ID, Text: string(d.Text)}, Variant: v, Nameless: d.Nameless}
	if d.HasCorrelation {
		return l.AppendTagged(nil, &m, d.Correlation)
	}
	return l.Append(nil, &m)
}

// playedGateway is a gateway whose interface is in service as soon as somebody is active.
// It answers link tests and keeps the Data that is for users.
type playedGateway struct {
	mu    sync.Mutex
	assoc sctp.Assoc
	got   [][]byte
	group sync.WaitGroup
}

func playGateway(ctx context.Context, t *testing.T, w *wires, ip string, v *ss7.Variant) *playedGateway {
	e, err := sctp.NewUser(w).Open(sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr(ip)}, Port: m2ua.Port},
		sctp.Params{OutStreams: 2, InStreams: 2})
	if err != nil {
		t.Fatal(err)
	}
	g := &playedGateway{}
	g.group.Go(func() { <-ctx.Done(); e.Close() })
	g.group.Go(func() {
		for {
			a, err := e.Accept(ctx)
			if err != nil {
				return
			}
			g.mu.Lock()
			g.assoc = a
			g.mu.Unlock()
			for batch := sctp.NewBatch(64); a.Read(batch) == nil; {
				for _, it := range batch.Items {
					if it.Event == nil {
						g.answer(v, it.Data)
					}
				}
			}
		}
	})
	return g
}

func (g *playedGateway) send(b []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = g.assoc.Send([]sctp.Message{{Stream: 1, PPID: m2ua.PPID, Data: b}})
}

func (g *playedGateway) answer(v *ss7.Variant, b []byte) {
	t, p, _ := xua.ParseHeader(b)
	acks := map[xua.Type]xua.Type{xua.ASPUP: xua.ASPUPAck, xua.ASPAC: xua.ASPACAck}
	switch {
	case acks[t] != 0:
		g.send(xua.End(append(xua.Begin(nil, acks[t]), p...), 0))
	case t == m2ua.StateReq:
		m, _ := m2ua.Parse(b)
		g.send(m2ua.Append(nil, &m2ua.Message{Type: m2ua.EstablishCfm, Interface: m.Interface}, false))
		m.Type = m2ua.StateCfm
		g.send(m2ua.Append(nil, &m, false))
	case t == m2ua.DATA:
		var d m2ua.Data
		_ = m2ua.ParseData(b, &d)
		m, err := v.ParseMSU(d.PDU)
		if err == nil && m.SI > ss7.SNT+1 {
			g.mu.Lock()
			g.got = append(g.got, bytes.Clone(b))
			g.mu.Unlock()
		} else if lt, err := mtp3.ParseLinkTest(m.Payload); m.SI != ss7.SNM && err == nil && !lt.Ack {
			m.DPC, m.OPC = m.OPC, m.DPC
			m.Payload = mtp3.AppendLinkTest(nil, mtp3.LinkTest{Ack: true, Pattern: lt.Pattern})
			l := m2ua.Label{Interface: m2ua.Interface{ID: d.ID, Text: string(d.Text)}, Variant: v, Nameless: d.Nameless}
			g.send(l.Append(nil, &m))
		}
	}
}

// What the captures carry for users comes by a link at one gateway, is routed, and leaves
// by a link of another linkset at another gateway, octet for octet as it came; only ANSI
// turns the SLS.
func TestM2UACapturedReplayed(t *testing.T) {
	t.Parallel()
	total := 0
	for _, file := range m2uaCaptures(t) {
		messages := m2uaMessages(t, file)
		v, flows := variantOf(messages), map[string][][]byte{}
		for _, b := range messages {
			var d m2ua.Data
			if !m2ua.IsData(b) || m2ua.ParseData(b, &d) != nil {
				continue
			}
			if m, err := v.ParseMSU(d.PDU); err == nil && m.SI >= ss7.SCCP {
				id := string(d.Text)
				if id == "" && !d.Nameless {
					id = fmt.Sprint(d.ID)
				}
				flows[id] = append(flows[id], b)
			}
		}
		if flow := flows["1"]; flows[""] == nil && len(flow) > 0 {
			flows[""] = nameless(flow)
		}
		for id, flow := range flows {
			t.Run(filepath.Base(file)+" "+id, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { replay(t, v, id, flow) })
			})
			total += len(flow)
		}
	}
	if total < 30 {
		t.Errorf("%d messages were replayed: the captures do not have what they had", total)
	}
}

// nameless gives Data without the interface identifier, as some captures have it.
func nameless(flow [][]byte) (out [][]byte) {
	for _, b := range flow {
		out = append(out, xua.End(append(bytes.Clone(b[:8]), b[16:]...), 0))
	}
	return out
}

// replay carries Data of an interface, "" where it names none, across a node.
func replay(t *testing.T, v *ss7.Variant, id string, flow [][]byte) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWires()
	in, out := playGateway(ctx, t, w, "10.2.0.1", v), playGateway(ctx, t, w, "10.3.0.1", v)
	b := boxOn(t, w, replayConfig(t, v, id, flow))
	defer func() {
		b.Close()
		cancel()
		in.group.Wait()
		out.group.Wait()
	}()
	time.Sleep(30 * time.Second)
	b.want("show cs7 linkset", "avail/links=1/1")
	var want [][]byte
	for _, m := range flow {
		in.send(m)
		sent := bytes.Clone(m)
		var d m2ua.Data
		if m2ua.ParseData(sent, &d); v.Rotates {
			d.PDU[7] = d.PDU[7]>>1 | d.PDU[7]<<7
		}
		want = append(want, sent)
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Second)
	out.mu.Lock()
	defer out.mu.Unlock()
	if !slices.EqualFunc(out.got, want, bytes.Equal) {
		t.Errorf("%d messages went in and %d came out:\n%x\nwant\n%x", len(want), len(out.got), out.got, want)
		t.Log(b.run("show logging"), b.run("show cs7 linkset"), b.run("show cs7 mtp3 statistics"),
			b.run("show cs7 m2ua statistics"))
	}
}

// replayConfig is a node with a linkset towards each gateway and the destinations of flow
// behind the second. Its own codes and theirs are nobody's in the flow.
func replayConfig(t *testing.T, v *ss7.Variant, id string, flow [][]byte) string {
	var ni ss7.NI
	taken, dests := map[ss7.PC]bool{}, []ss7.PC{}
	for _, b := range flow {
		var d m2ua.Data
		_ = m2ua.ParseData(b, &d)
		m, err := v.ParseMSU(d.PDU)
		if err != nil {
			t.Fatal(err)
		}
		ni, taken[m.OPC], taken[m.DPC] = m.NI, true, true
		if !slices.Contains(dests, m.DPC) {
			dests = append(dests, m.DPC)
		}
	}
	var free []string
	for pc := ss7.PC(1); len(free) < 3; pc++ {
		if !taken[pc] {
			free = append(free, v.Notation.Format(pc))
		}
	}
	slack := ""
	if id == "" {
		id, slack = "1", " slack no-interface-identifier\n"
	}
	var c strings.Builder
	indicators := [...]string{"international", "spare", "national", "reserved"}
	fmt.Fprintf(&c, "cs7 variant %s\ncs7 network-indicator %s\ncs7 point-code %s\ncs7 m2ua 2904\n local-ip 10.1.0.1\n",
		v.Name, indicators[ni], free[0])
	for i, name := range []string{"IN", "OUT"} {
		fmt.Fprintf(&c, "cs7 asp %s 2904 2904 m2ua\n remote-ip 10.%d.0.1\n role asp\n%s", name, i+2, slack)
		fmt.Fprintf(&c, "cs7 linkset %s %s\n link 0 m2ua %s %s\n", name, free[i+1], name, id)
	}
	fmt.Fprintf(&c, "cs7 route-table system\n")
	for _, pc := range dests {
		fmt.Fprintf(&c, " update route %s/%d linkset OUT\n", v.Notation.Format(pc), v.Bits())
	}
	return c.String()
}
