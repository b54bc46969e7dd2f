package mtp3

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// keyStub gives what is for one DPC and service indicator to a server.
type keyStub struct {
	as     ss7.PathID
	dpc    ss7.Range
	si     ss7.SI
	serves bool
}

func (k keyStub) Match(m *ss7.MSU) (ss7.PathID, uint8) {
	if k.serves && m.SI == k.si && k.dpc.Contains(m.DPC, 14) {
		return k.as, k.dpc.Len
	}
	return 0, 0
}

func (k keyStub) Users(dpc ss7.PC, f func(ss7.PathID, uint16) bool) {
	if k.serves && k.dpc.Contains(dpc, 14) {
		f(k.as, 1<<k.si)
	}
}

// A key goes before routes that are no longer than its DPC, also for the node's own
// code; a server that takes nothing leaves the rest to routes.
func TestServers(t *testing.T) {
	const as, other ss7.PathID = 7, 8
	now := time.Unix(0, 0)
	for _, c := range []struct {
		name   string
		key    ss7.Range
		up     bool
		m      ss7.MSU
		from   ss7.PathID
		fate   Fate
		path   ss7.PathID
		reason Reason
		keyed  bool
	}{
		{"key before a summary", ss7.Range{PC: 300, Len: 14}, true, ss7.MSU{DPC: 300, SI: 3}, 0, Forward, as, 0, true},
		{"another user part goes by the route", ss7.Range{PC: 300, Len: 14}, true, ss7.MSU{DPC: 300, SI: 5}, 0, Forward,
			other, 0, false},
		{"a longer route goes before the key", ss7.Range{PC: 256, Len: 6}, true, ss7.MSU{DPC: 257, SI: 3}, 0, Forward, other,
			0, false},
		{"the node's own code", ss7.Range{PC: 1, Len: 14}, true, ss7.MSU{DPC: 1, SI: 3}, 0, Forward, as, 0, true},
		{"its own code under a summary key", ss7.Range{}, true, ss7.MSU{DPC: 1, SI: 3}, 0, Deliver, 0, 0, false},
		{"a server that is down leaves it to the route", ss7.Range{PC: 300, Len: 14}, false, ss7.MSU{DPC: 300, SI: 3}, 0,
			Forward, other, 0, false},
		{"and where there is none, says so", ss7.Range{PC: 9000, Len: 14}, false, ss7.MSU{DPC: 9000, SI: 3}, 0, Discard, as,
			Inaccessible, true},
		{"not back to where it came from", ss7.Range{PC: 300, Len: 14}, true, ss7.MSU{DPC: 300, SI: 3}, as, Discard, 0,
			Circular, true},
		{"a server may have the node's code", ss7.Range{PC: 300, Len: 14}, true, ss7.MSU{OPC: 1, DPC: 260, SI: 3}, as,
			Forward, other, 0, false},
	} {
		n := NewNetwork()
		n.Configure(now, Config{Variant: ss7.ITU, Own: []ss7.PC{1}, Servers: []ServerConfig{{Name: "as A", Path: as},
			{Name: "as B", Path: other}}, Keys: keyStub{as, c.key, 3, true},
			Routes: []RouteConfig{{ss7.Range{PC: 256, Len: 6}, "as B", 5}, {ss7.Range{PC: 257, Len: 14}, "as B", 5}}}, nil)
		n.Do(now, ss7.Event{Kind: ss7.InService, Path: other}, nil)
		if c.up {
			n.Do(now, ss7.Event{Kind: ss7.InService, Path: as}, nil)
		}
		d := Decide(n.Table(), &c.m, c.from)
		if d.Fate != c.fate || d.Reason != c.reason || d.Path != c.path || d.Keyed != c.keyed {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
