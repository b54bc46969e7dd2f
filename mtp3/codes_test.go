package mtp3

import (
	"slices"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// codesBench is a node with the codes 1.2.3 and 1.2.4 and a linkset of one link to 4.5.6.
func codesBench(t *testing.T, local *ss7.PC) *bench {
	b := &bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}
	b.Configure(b.now, Config{Variant: ss7.ITU, NI: ss7.International, Own: []ss7.PC{pc("1.2.3"), pc("1.2.4")},
		SLTT1: DefaultSLTT1, SLTT2: DefaultSLTT2,
		Linksets: []LinksetConfig{{Name: "B", Adjacent: pc("4.5.6"), Local: local, Links: []LinkConfig{{Path: 1}}},
			{Name: "D", Adjacent: pc("7.7.1")}}}, nil)
	return b
}

// origins gives the OPC of each MSU that goes out.
func (b *bench) origins(out []ss7.Action) (codes []string) {
	for _, a := range out {
		if a.Op == ss7.Raise && a.Event.Kind == ss7.Transfer {
			codes = append(codes, b.format(a.Event.MSU.OPC))
		}
	}
	return codes
}

func (b *bench) wantOrigins(what string, out []ss7.Action, want ...string) {
	b.t.Helper()
	if got := b.origins(out); !slices.Equal(got, want) {
		b.t.Errorf("%s: from %q, want %q", what, got, want)
	}
}

// fromTo is an MSU of the adjacent point to a code of this node.
func (b *bench) fromTo(code string, si ss7.SI, payload []byte) []ss7.Action {
	m := ss7.MSU{DPC: pc(code), OPC: pc("4.5.6"), SI: si, Payload: payload}
	return b.Do(b.now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, nil)
}

// A neighbour that knows this node by another code than its first hears everything from
// that one: by configuration at once, else as soon as its own link test has told (Q.707 §2.2).
func TestNeighbourHearsTheCodeThatItKnows(t *testing.T) {
	sltm := AppendLinkTest(nil, LinkTest{Pattern: []byte{1, 2}})
	second := pc("1.2.4")
	for _, c := range []struct {
		name  string
		local *ss7.PC
	}{{"local-pc", &second}, {"as it is addressed", nil}} {
		b := codesBench(t, c.local)
		out := b.do(ss7.InService, 1, "")
		out = append(out, b.fromTo("1.2.4", ss7.SNT, sltm)...)
		b.wantOrigins(c.name+": SLTM and SLTA", out, "1.2.4", "1.2.4")
		b.answer(1, nil)
		b.wantOrigins(c.name+": TFP and TRA", b.tick(grace), "1.2.4", "1.2.4")
		rsr := AppendManagement(nil, ss7.ITU, Management{Heading: RSR, PC: pc("7.7.1")})
		b.wantOrigins(c.name+": answer to RSR", b.fromTo("1.2.4", ss7.SNM, rsr), "1.2.4")
		b.wantOrigins(c.name+": TFC", b.sendTFC(1, pc("4.5.6"), pc("7.7.7"), 1, nil), "1.2.4")
		if got := b.Table().Code(pc("4.5.6")); got != second {
			t.Errorf("%s: the table has %v", c.name, b.format(got))
		}
		b.wantOrigins(c.name+": the test each T2", b.tick(DefaultSLTT2), "1.2.4")
	}
}

// Where nothing tells by which of its codes the far end knows this node, its first test
// waits a second for the far end's; who has one code alone waits for nothing.
func TestFirstTestWaitsForTheFarEnds(t *testing.T) {
	b := codesBench(t, nil)
	b.want("aligned", b.do(ss7.InService, 1, ""))
	b.want("before the wait is over", b.tick(codeWait-1))
	b.wantOrigins("the wait is over", b.tick(1), "1.2.3")
	// The far end takes that for a stranger's, and its own test comes late.
	out := b.fromTo("1.2.4", ss7.SNT, AppendLinkTest(nil, LinkTest{Pattern: []byte{1}}))
	b.wantOrigins("answer, and the test again", out, "1.2.4", "1.2.4")
	b.answer(1, nil)
	if l := b.Status()[0].Links[0]; l.State != Available {
		t.Errorf("%+v", l)
	}
	b.do(ss7.OutOfService, 1, "pulled")
	b.tick(1150 * time.Millisecond)
	b.wantOrigins("aligned again", b.do(ss7.InService, 1, ""), "1.2.4")
}

// A local-pc that is typed while the linkset is in service has everything said again from there;
// a line that changes nothing about it says nothing.
func TestNewLocalPCSaysAgain(t *testing.T) {
	b := codesBench(t, nil)
	b.do(ss7.InService, 1, "")
	b.fromTo("1.2.3", ss7.SNT, AppendLinkTest(nil, LinkTest{Pattern: []byte{1, 2}}))
	b.answer(1, nil)
	b.wantOrigins("TFP and TRA", b.tick(grace), "1.2.3", "1.2.3")
	b.wantOrigins("the same configuration", append(b.Configure(b.now, b.cfg, nil), b.tick(grace)...))
	cfg, second := b.cfg, pc("1.2.4")
	cfg.Linksets = slices.Clone(cfg.Linksets)
	cfg.Linksets[0].Local = &second
	out := b.Configure(b.now, cfg, nil)
	b.wantOrigins("another local-pc", append(out, b.tick(grace)...), "1.2.4", "1.2.4")
}

// One adjacent point that knows this node by two codes is two neighbours to it: each
// linkset's messages go by its own links, and an order about a link is for the linkset
// whose code it came to.
func TestTwoLinksetsOfOnePointWithCodesOfTheirOwn(t *testing.T) {
	first, second := pc("1.2.3"), pc("1.2.4")
	b := &bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}
	b.Configure(b.now, Config{Variant: ss7.ITU, Own: []ss7.PC{first, second}, SLTT1: DefaultSLTT1, SLTT2: DefaultSLTT2,
		Linksets: []LinksetConfig{{Name: "B", Adjacent: pc("4.5.6"), Local: &first, Links: []LinkConfig{{Path: 1}}},
			{Name: "C", Adjacent: pc("4.5.6"), Local: &second, Links: []LinkConfig{{Path: 2}}}}}, nil)
	var tra []ss7.Action
	for _, p := range []ss7.PathID{1, 2} {
		b.do(ss7.InService, p, "")
		b.answer(p, nil)
	}
	for _, a := range b.tick(grace) {
		if a.Event.Kind == ss7.Transfer {
			tra = append(tra, a)
		}
	}
	if len(tra) != 2 || tra[0].Event.Path != 1 || tra[1].Event.Path != 2 {
		t.Errorf("TRA: %+v", tra)
	}
	b.wantOrigins("TRA", tra, "1.2.3", "1.2.4")
	if l := b.linkTo(pc("4.5.6"), second, 0); l == nil || l.set.cfg.Name != "C" {
		t.Errorf("an order to 1.2.4 is about %+v", l)
	}
	if l := b.linkTo(pc("4.5.6"), first, 0); l == nil || l.set.cfg.Name != "B" {
		t.Errorf("an order to 1.2.3 is about %+v", l)
	}
}
