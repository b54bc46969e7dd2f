package m3ua

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// §4.4.1: every status, and who may take what.
func TestRegistration(t *testing.T) {
	reg := func(rc int, mode uint32, terms ...Term) Registration {
		r := Registration{LocalID: 77, Mode: mode, Key: key(terms...)}
		if rc >= 0 {
			r.RC, r.HasRC = uint32(rc), true
		}
		return r
	}
	open := func(c *Config) { c.ASs[0].Open, c.ASs[0].Mode = true, xua.Loadshare }
	withNA := reg(-1, 0, Term{DPC: one(300)})
	withNA.Key.NA, withNA.Key.HasNA = 5, true
	policy := func(p Policy, allowed ...ss7.Range) func(*Config) {
		return func(c *Config) {
			c.ASs[0].Members = c.ASs[0].Members[1:] // ASP 1 serves nothing yet
			c.ASPs[0].Policy, c.ASPs[0].Allowed = p, allowed
		}
	}
	full := policy(AnyKey)
	summary, low := ss7.Range{PC: 7 << 11, Len: 3}, ss7.Range{Len: 4}
	shared := func(c *Config) { c.ASs[0].Mode = xua.Loadshare }
	for name, c := range map[string]struct {
		fix  func(*Config)
		r    Registration
		want RegStatus
	}{
		"new":                 {full, reg(-1, 0, Term{DPC: one(300)}), RegOK},
		"new with SI and OPC": {full, reg(-1, 2, Term{DPC: one(300), SIs: sccpSI, OPCs: []ss7.Range{one(9)}}), RegOK},
		"masked OPC": {full, reg(-1, 0, Term{DPC: one(300), OPCs: []ss7.Range{{PC: 8, Len: 11}}}),
			RegUnsupportedField},
		"other SI of a DPC":      {full, reg(-1, 0, Term{DPC: one(101), SIs: sccpSI}), RegOK},
		"no DPC":                 {full, reg(-1, 0), RegInvalidKey},
		"SI of management":       {full, reg(-1, 0, Term{DPC: one(300), SIs: 1}), RegInvalidKey},
		"wide DPC":               {full, reg(-1, 0, Term{DPC: ss7.Range{PC: 1 << 14, Len: 14}}), RegInvalidDPC},
		"foreign NA":             {full, withNA, RegInvalidNA},
		"mode 4":                 {full, reg(-1, 4, Term{DPC: one(300)}), RegBadTrafficMode},
		"registered already":     {nil, reg(-1, 0, Term{DPC: one(100)}), RegAlready},
		"AS of others":           {full, reg(-1, 0, Term{DPC: one(100)}), RegPermissionDenied},
		"open AS":                {func(c *Config) { full(c); open(c) }, reg(-1, 0, Term{DPC: one(100)}), RegOK},
		"open AS, other mode":    {func(c *Config) { full(c); open(c) }, reg(-1, 1, Term{DPC: one(100)}), RegBadTrafficMode},
		"part of another's":      {full, reg(-1, 0, Term{DPC: one(100), SIs: sccpSI}), RegNotUnique},
		"more than another's":    {full, reg(-1, 0, Term{DPC: one(101)}), RegNotUnique},
		"range over another's":   {full, reg(-1, 0, Term{DPC: ss7.Range{PC: 96, Len: 11}}), RegNotUnique},
		"own code":               {full, reg(-1, 0, Term{DPC: one(ownPC)}), RegPermissionDenied},
		"configured route":       {full, reg(-1, 0, Term{DPC: one(5)}), RegPermissionDenied},
		"everything":             {full, reg(-1, 0, Term{}), RegNotUnique},
		"change":                 {full, reg(10, 0, Term{DPC: one(300)}), RegChangeRefused},
		"RC that does not exist": {full, reg(99, 0, Term{DPC: one(300)}), RegChangeRefused},
		"RC 0, which nobody has": {full, reg(0, 0, Term{DPC: one(300)}), RegOK},
		"RC 0 of others": {func(c *Config) { full(c); c.ASs[0].ID = 0 }, reg(0, 0, Term{DPC: one(300)}),
			RegChangeRefused},
		"RC of its choice": {func(c *Config) { full(c); c.ASPs[0].Slack.ChooseRC = true },
			reg(99, 0, Term{DPC: one(300)}), RegOK},
		"RC of others": {func(c *Config) { full(c); c.ASPs[0].Slack.ChooseRC = true }, reg(11, 0, Term{DPC: one(300)}),
			RegChangeRefused},
		"only configured": {policy(Configured), reg(-1, 0, Term{DPC: one(300)}), RegNotProvisioned},
		"in its ranges":   {policy(InRanges, ss7.Range{PC: 256, Len: 6}), reg(-1, 0, Term{DPC: one(300)}), RegOK},
		"outside of its ranges": {policy(InRanges, ss7.Range{PC: 256, Len: 6}),
			reg(-1, 0, Term{DPC: one(300)}, Term{DPC: one(600)}), RegPermissionDenied},
		"wider than its ranges": {policy(InRanges, ss7.Range{PC: 1024, Len: 5}),
			reg(-1, 0, Term{DPC: ss7.Range{PC: 1024, Len: 4}}), RegPermissionDenied},
		"under a summary":      {full, reg(-1, 0, Term{DPC: one(7<<11 | 100)}), RegPermissionDenied},
		"summary, its range":   {policy(InRanges, summary), reg(-1, 0, Term{DPC: one(7<<11 | 100)}), RegOK},
		"route in its range":   {policy(InRanges, low), reg(-1, 0, Term{DPC: one(5)}), RegPermissionDenied},
		"again, another mode":  {shared, reg(-1, 1, Term{DPC: one(100)}), RegBadTrafficMode},
		"again, the same mode": {shared, reg(-1, 2, Term{DPC: one(100)}), RegAlready},
		"no room": {func(c *Config) { full(c); c.NewPath = nil }, reg(-1, 0, Term{DPC: one(300)}),
			RegNoResources},
	} {
		l := gateway(t, c.fix)
		before := len(l.AS())
		out := told(1, l.rx(1, AppendRegistrations(nil, []Registration{c.r}, 14)))
		if !strings.HasPrefix(out, fmt.Sprintf("REG RSP {77: %d RC ", c.want)) {
			t.Errorf("%s: %s, want %v", name, out, c.want)
			continue
		}
		if strings.HasSuffix(out, "RC 0}") != (c.want != RegOK && c.want != RegAlready) && c.want != RegOK {
			t.Errorf("%s: %s", name, out)
		}
		if c.want != RegOK && len(l.AS()) != before {
			t.Errorf("%s: refused, and an AS was made", name)
		}
	}
}

// A registered key carries traffic, is deregistered with every status, and ends with its ASP.
func TestRegisteredLife(t *testing.T) {
	l := gateway(t, nil)
	out := told(1, l.rx(1, AppendRegistrations(nil, []Registration{{LocalID: 1, Key: key(Term{DPC: one(300)})},
		{LocalID: 2, Key: key(Term{DPC: one(300)})}}, 14)))
	rc := uint32(firstRC + 1)
	if want := fmt.Sprintf("REG RSP {1: 0 RC %d} {2: 12 RC %d}, NTFY AS-INACTIVE [%d]", rc, rc, rc); out != want {
		t.Fatal(out)
	}
	m := ss7.MSU{DPC: 300, OPC: 1, SI: ss7.SCCP}
	as := l.Selector(0).Find(&m)
	if as == 0 {
		t.Fatal("its traffic is not found")
	}
	l.rx(1, wire(xua.ASPAC, rc))
	if p := l.Way(as).Pick(0, 0); p != 1 {
		t.Fatalf("its traffic goes to %d", p)
	}
	if to, ok := l.Gate(1).To(as); !ok || to.RC != rc {
		t.Errorf("its gate: %+v", l.Gate(1))
	}
	dereg := func(p ss7.PathID, rc uint32) string { return told(p, l.rx(p, wire(DEREGReq, rc))) }
	for name, c := range map[string][2]string{
		"active":         {dereg(1, rc), fmt.Sprintf("DEREG RSP {0: 5 RC %d}", rc)},
		"not registered": {dereg(2, rc), fmt.Sprintf("DEREG RSP {0: 4 RC %d}", rc)},
		"configured":     {dereg(1, 10), "DEREG RSP {0: 3 RC 10}"},
		"unknown":        {dereg(1, 9), "DEREG RSP {0: 2 RC 9}"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %s", name, c[0])
		}
	}
	l.rx(1, wire(xua.ASPIA, rc))
	if got := dereg(1, rc); got != fmt.Sprintf("DEREG RSP {0: 0 RC %d}", rc) {
		t.Error(got)
	}
	if l.Selector(0).Find(&m) != 0 || len(l.AS()) != 3 {
		t.Error("the AS is still there")
	}
	l.rx(1, AppendRegistrations(nil, []Registration{{LocalID: 1, Key: key(Term{DPC: one(300)})}}, 14))
	l.Do(epoch, ss7.Event{Kind: ss7.CommLost, Path: 1, Why: "test"}, nil)
	if l.Selector(0).Find(&m) != 0 || len(l.AS()) != 3 {
		t.Error("the AS outlives its ASP")
	}
}

// §4.4.1: without registration the class is unsupported; before ASPUP nothing is.
func TestRegistrationOff(t *testing.T) {
	b := AppendRegistrations(nil, []Registration{{LocalID: 1, Key: key(Term{DPC: one(300)})}}, 14)
	l := gateway(t, func(c *Config) { c.ASPs[0].Policy = NoRegistration })
	if got := told(1, l.rx(1, b)); got != "ERR Unsupported Message Class" {
		t.Error(got)
	}
	l = gateway(t, nil)
	l.rx(1, wire(xua.ASPDN))
	if got := told(1, l.rx(1, b)); got != "ERR Unexpected Message" {
		t.Error(got)
	}
}

// This node registers with a gateway, which is this package too, and becomes active.
func TestRegistrationBothEnds(t *testing.T) {
	asp, sg := behind(t, true), gateway(t, func(c *Config) { c.ASs[0].Members = c.ASs[0].Members[1:] })
	sg.Do(epoch, ss7.Event{Kind: ss7.CommLost, Path: 1, Why: "test"}, nil)
	sg.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: 1}, nil)
	to := [][]byte{wire(xua.ASPUP)}
	for n := 0; len(to) > 0; n++ {
		if n > 20 {
			t.Fatal("they do not come to rest")
		}
		var back [][]byte
		for _, b := range to {
			for _, a := range sg.rx(1, b) {
				if a.Op == ss7.Send && a.Event.Path == 1 {
					back = append(back, a.Wire)
				}
			}
		}
		to = nil
		for _, b := range back {
			for _, a := range asp.rx(1, b) {
				if a.Op == ss7.Send {
					to = append(to, a.Wire)
				}
			}
		}
	}
	if w := asp.Way(100); w.State != xua.ASActive || w.ID != firstRC+1 {
		t.Errorf("%+v", w)
	}
	if to, ok := asp.Gate(1).To(100); !ok || to.RC != firstRC+1 {
		t.Errorf("%+v", asp.Gate(1))
	}
}

// A configuration that clashes is refused and changes nothing; one that takes what
// was registered wins.
func TestConfigure(t *testing.T) {
	l := gateway(t, nil)
	c := l.cfg
	c.ASs = append(slices.Clone(c.ASs), c.ASs[0])
	c.ASs[3].Path, c.ASs[3].Name, c.ASs[3].ID = 103, "D", 13
	if _, err := l.Configure(epoch, c, nil); err == nil || !strings.Contains(err.Error(), "A and D") || len(l.AS()) != 3 {
		t.Errorf("%v", err)
	}
	l.rx(1, AppendRegistrations(nil, []Registration{{LocalID: 1, Key: key(Term{DPC: one(300)})}}, 14))
	l.rx(1, wire(xua.ASPAC, firstRC+1))
	c.ASs[3].Key = key(Term{DPC: one(300)})
	out, err := l.Configure(epoch, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := told(1, clone(out)); !strings.HasPrefix(got, fmt.Sprintf("ASPIA Ack [%d]", firstRC+1)) {
		t.Errorf("who had registered it hears %q", got)
	}
	if got := l.Selector(0).Find(&ss7.MSU{DPC: 300, SI: 3}); got != 103 || len(l.AS()) != 4 {
		t.Errorf("%d of %d", got, len(l.AS()))
	}
}

// No ASP may have registered a code that becomes this node's own, an adjacent one, or the destination of a
// route, neither before nor after (§4.4). A summary route leaves what was registered before it.
func TestRegistrationYieldsToRoutes(t *testing.T) {
	l := gateway(t, nil)
	for i, dpc := range []ss7.PC{300, 301, 308} {
		reg := Registration{LocalID: uint32(i), Key: key(Term{DPC: one(dpc)})}
		l.rx(1, AppendRegistrations(nil, []Registration{reg}, 14))
	}
	l.rx(1, wire(xua.ASPAC))
	f := l.cfg.Networks[0].Routes.(*fakeRoutes)
	f.own = 301
	f.dests = append(f.dests, Destination{Range: one(300)}, Destination{Range: ss7.Range{PC: 308, Len: 11}})
	c := l.cfg
	out, err := l.Configure(epoch, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := told(1, clone(out)); !strings.Contains(got, fmt.Sprintf("ASPIA Ack [%d]", firstRC+1)) ||
		!strings.Contains(got, fmt.Sprintf("ASPIA Ack [%d]", firstRC+2)) {
		t.Errorf("who had registered hears %q", got)
	}
	for dpc, want := range map[ss7.PC]bool{300: false, 301: false, 308: true} {
		if got := l.Selector(0).Find(&ss7.MSU{DPC: dpc, SI: 3}); (got != 0) != want {
			t.Errorf("%d goes to AS %d", dpc, got)
		}
	}
}

// §4.4.1: an AS without a traffic mode of its own takes that of the first REG REQ, even if its sender serves
// the AS already. The next ones must have the same.
func TestFirstRegistrationHasTheMode(t *testing.T) {
	l := gateway(t, func(c *Config) { c.ASs[0].Members, c.ASs[0].Open = nil, true })
	reg := func(p ss7.PathID, mode uint32) string {
		r := Registration{LocalID: 1, RC: 10, HasRC: true, Mode: mode, Key: key(Term{DPC: one(100)})}
		return told(p, l.rx(p, AppendRegistrations(nil, []Registration{r}, 14)))
	}
	if got := reg(1, 1); got != "REG RSP {1: 0 RC 10}, NTFY AS-INACTIVE [10]" || l.x.Mode(100) != xua.Override {
		t.Errorf("%s, mode %v", got, l.x.Mode(100))
	}
	if got := told(1, l.rx(1, wire(xua.ASPAC, 10))); !strings.HasPrefix(got, "ASPAC Ack [10], NTFY AS-ACTIVE [10]") {
		t.Error(got)
	}
	if got := reg(2, 1); got != "REG RSP {1: 0 RC 10}, NTFY AS-ACTIVE [10]" {
		t.Errorf("the second: %s", got)
	}
	out := l.rx(2, wire(xua.ASPAC, 10))
	if got := told(1, out); got != "NTFY alternate ASP active [10]" {
		t.Errorf("the first hears %s", got)
	}
	if got := reg(1, 2); got != "REG RSP {1: 10 RC 0}" {
		t.Errorf("another mode for a key that it has: %s", got)
	}
	l = gateway(t, func(c *Config) { c.ASs[0].Members = c.ASs[0].Members[:1] })
	l.rx(1, wire(xua.ASPDN))
	l.Tick(epoch.Add(xua.DefaultTR), nil)
	l.rx(1, wire(xua.ASPUP))
	if got := reg(1, 3); got != "REG RSP {1: 12 RC 10}" || l.x.Mode(100) != xua.Broadcast {
		t.Errorf("a configured ASP: %s, mode %v", got, l.x.Mode(100))
	}
}

// What strangers may register in all is shared among the sources they come from, and they
// leave some to those that are configured.
func TestRegistrationsAreShared(t *testing.T) {
	l := gateway(t, func(c *Config) { c.Networks[0].Routes = nil })
	pc := ss7.PC(3000)
	registered := func(p ss7.PathID) (n int) {
		for ; ; pc++ {
			l.farEnds[p].regs = xua.Rate{PerSecond: 1e6, Burst: 1e6}
			r := Registration{LocalID: 1, Key: key(Term{DPC: one(pc)})}
			got := told(p, l.rx(p, AppendRegistrations(nil, []Registration{r}, 14)))
			if !strings.HasPrefix(got, "REG RSP {1: 0 ") {
				if !strings.HasPrefix(got, "REG RSP {1: 8 ") {
					t.Fatalf("ASP %d: %s", p, got)
				}
				return n
			}
			n++
		}
	}
	add := func(p ss7.PathID, source string) {
		c := ASPConfig{ASPConfig: xua.ASPConfig{Path: p, Name: fmt.Sprint("D", p)}, Policy: AnyKey, Source: source}
		l.AddASP(epoch, c, nil)
		l.Do(epoch, ss7.Event{Kind: ss7.CommUp, Path: p}, nil)
		l.rx(p, wire(xua.ASPUP))
	}
	sum := 0
	for source := range 5 {
		mine := 0
		for i := range 6 {
			p := ss7.PathID(10 + 6*source + i)
			add(p, fmt.Sprint("source ", source))
			mine += registered(p)
		}
		if most := (MaxDynamic - keptDynamic) / 4; mine > most || mine < most/4 {
			t.Errorf("source %d has %d", source, mine)
		}
		sum += mine
	}
	if left := MaxDynamic - keptDynamic - sum; left < (MaxDynamic-keptDynamic)/4 {
		t.Errorf("five greedy sources leave %d to other strangers", left)
	}
	for p := ss7.PathID(200); sum < MaxDynamic-keptDynamic; p++ {
		add(p, fmt.Sprint("source of ", p))
		n := registered(p)
		if sum += n; n == 0 {
			t.Fatalf("%d AS, and a source that has none gets none", sum)
		}
	}
	if n := registered(1); n != maxRegistered {
		t.Errorf("a configured ASP gets %d when strangers have all of theirs", n)
	}
}
