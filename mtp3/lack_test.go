package mtp3

import (
	"testing"

	"github.com/gostp/gostp/ss7"
)

// What a sender is told follows from the destination's state, not from what became of its
// message (Q.704 §11.2.7, §13.2.2; RFC 4666 §3.4.1).
func TestLacking(t *testing.T) {
	const a, b ss7.PathID = 8, 9 // AS A has SCCP of 3.3.3, AS B has 5.5.1 by a route, and half of 5.5.2
	s := newStar(t, RouteConfig{dest("7.7.1/14"), "B", 1}, RouteConfig{dest("5.5.1/14"), "as B", 1},
		RouteConfig{dest("5.5.2/14"), "as B", 1}, RouteConfig{dest("5.5.2/14"), "D", 2})
	cfg := s.cfg
	cfg.Servers = []ServerConfig{{Name: "as A", Path: a, Points: []ss7.PC{pc("3.3.3")}}, {Name: "as B", Path: b}}
	cfg.Keys = keyStub{a, dest("3.3.3/14"), ss7.SCCP, true}
	s.Configure(s.now, cfg, nil)
	for _, p := range []ss7.PathID{a, b} {
		s.do(ss7.InService, p, "")
	}
	check := func(name, to string, si ss7.SI, from ss7.PathID, why Reason, lack Lack, cause uint8) {
		t.Helper()
		if l, c := Lacking(s.Table(), &ss7.MSU{DPC: pc(to), SI: si}, from, why); l != lack || c != cause {
			t.Errorf("%s: %v cause %d, want %v cause %d", name, l, c, lack, cause)
		}
	}
	check("nobody's code", "2.2.2", ss7.SCCP, 3, NoRoute, LacksDestination, 0)
	check("a key's other user", "3.3.3", ss7.ISUP, 3, NoKey, LacksUser, UnequippedUser)
	check("a key's user, another circuit or origin", "3.3.3", ss7.SCCP, 3, NoKey, LacksNothing, 0)
	check("the node's own", "1.2.3", ss7.ISUP, 3, NoUser, LacksUser, UnequippedUser)
	check("another network", "2.2.2", ss7.SCCP, 3, WrongNetwork, LacksNothing, 0)
	check("the node's own name", "2.2.2", ss7.SCCP, 3, OwnOrigin, LacksNothing, 0)
	check("no room", "7.7.1", ss7.SCCP, 3, QueueFull, LacksNothing, 0)
	check("a neighbour's own code", "4.5.6", ss7.SCCP, 1, Circular, LacksNothing, 0)
	check("what is behind a neighbour alone", "7.7.1", ss7.SCCP, 1, Circular, LacksDestination, 0)
	check("what others reach by now", "7.7.1", ss7.SCCP, 3, Inaccessible, LacksNothing, 0)
	check("an AS's own code", "5.5.1", ss7.SCCP, b, Circular, LacksNothing, 0)
	check("a code of which an AS is one way of two", "5.5.2", ss7.SCCP, b, Circular, LacksNothing, 0)
	s.fail(3)
	check("the only one now", "5.5.2", ss7.SCCP, b, Circular, LacksDestination, 0)
	s.do(ss7.OutOfService, a, "")
	check("a key's user that is down, and nothing else there", "3.3.3", ss7.SCCP, 1, Inaccessible, LacksDestination, 0)
}
