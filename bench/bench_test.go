package bench

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/node"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
)

var between = netip.MustParseAddr("10.9.0.1")

func memoryLayout(t sctp.Transport, pairs int) Layout {
	return Layout{Transport: t, Source: netip.MustParseAddr("10.9.0.2"), Sink: netip.MustParseAddr("10.9.0.3"),
		Pairs: pairs}
}

func through(l Layout, in, out uint16) Layout {
	l.In = sctp.Addr{IPs: []netip.Addr{between}, Port: in}
	l.Out = sctp.Addr{IPs: []netip.Addr{between}, Port: out}
	return l
}

// boot starts a node that is between the ends.
func boot(t *testing.T, tr sctp.Transport, config string) *node.Node {
	n := node.New(node.Options{Platform: platform{t: tr}, Store: startup.Memory("m", []byte(config)), Version: "test"})
	for _, e := range n.Boot() {
		t.Error(e)
	}
	return n
}

// run loads l in virtual time; the load must be finite, or time would stand still.
func run(t *testing.T, l Layout, m2pa bool, load Load) (*Report, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	var b *Bench
	var err error
	if m2pa {
		b, err = M2PA(ctx, l, ss7.ISUP)
	} else {
		b, err = SCTP(ctx, l)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	return b.Run(ctx, load)
}

func want(t *testing.T, r *Report, err error, count uint64) {
	t.Helper()
	if err != nil || r.Fault() != "" || r.Sent != count || r.Received != count || r.Counted != count || r.Foreign != 0 {
		t.Errorf("%v %+v", err, r)
	}
}

func TestDirect(t *testing.T) {
	for _, m2pa := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), 3)
			r, err := run(t, l, m2pa, Load{Size: 100, Window: 100, Count: 5000, Duration: time.Minute})
			want(t, r, err, 5000)
		})
		synctest.Test(t, func(t *testing.T) {
			l := memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), 2)
			r, err := run(t, l, m2pa, Load{Size: 272, Rate: 1000, Count: 3000, Duration: time.Minute})
			want(t, r, err, 3000)
			if r.Elapsed < 2900*time.Millisecond || r.Elapsed > 3200*time.Millisecond { // of virtual time
				t.Errorf("3000 messages at 1000 a second took %v", r.Elapsed)
			}
		})
	}
}

// An open loop measures from when a message should have gone.
func TestRateTellsStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		time.AfterFunc(3*time.Second, func() { net.SetFaults(sctptest.Faults{Cut: true}) })
		time.AfterFunc(3500*time.Millisecond, func() { net.SetFaults(sctptest.Faults{}) })
		r, err := run(t, memoryLayout(sctp.NewUser(net), 1), false,
			Load{Size: 100, Rate: 1000, Warmup: time.Second, Duration: 5 * time.Second})
		if err != nil || r.Fault() != "" || r.Lost != 0 || r.Delay.P50 > 1000 || r.Delay.Max < 400_000 {
			t.Errorf("%v %+v", err, r)
		}
	})
}

func TestThroughForwarder(t *testing.T) {
	for _, size := range []int{1, 64} {
		synctest.Test(t, func(t *testing.T) {
			tr := sctp.NewUser(sctptest.NewMemory(1))
			l := through(memoryLayout(tr, 3), 3565, 3566)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			var es []sctp.Endpoint
			for _, a := range []sctp.Addr{l.In, l.Out} {
				e, err := tr.Open(a, sctp.Params{})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				es = append(es, e)
			}
			go func() { ended <- Forward(ctx, es[0], es[1], size) }()
			r, err := run(t, l, size == 64, Load{Size: 100, Window: 64, Count: 3000, Duration: time.Minute})
			want(t, r, err, 3000)
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// platform is a machine whose addresses all exist.
type platform struct {
	machine.NoIP
	t sctp.Transport
}

func (p platform) Transport(configs.Transport) (sctp.Transport, string, error) {
	return p.t, "memory", nil
}

// The configuration that is printed for an STP makes one that carries the load.
func TestThroughNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := sctp.NewUser(sctptest.NewMemory(1))
		l := through(memoryLayout(tr, 3), 3565, 3565)
		defer boot(t, tr, STPConfig(l, "")).Close()
		r, err := run(t, l, true, Load{Size: 100, Window: 64, Count: 6000, Duration: time.Minute})
		want(t, r, err, 6000)
	})
}

func TestConfigOfManyPairs(t *testing.T) {
	l := through(memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), MaxPairs), 3565, 3565)
	if _, errs := configs.Read([]byte(STPConfig(l, ""))); len(errs) > 0 {
		t.Error(errs[0])
	}
}

// tampering is a transport whose accepted associations spoil what is read.
type tampering struct {
	sctp.Transport
	spoil func([]sctp.Item) []sctp.Item
}

type tamperedEndpoint struct {
	sctp.Endpoint
	spoil func([]sctp.Item) []sctp.Item
}

type tamperedAssoc struct {
	sctp.Assoc
	spoil func([]sctp.Item) []sctp.Item
}

func (t tampering) Open(a sctp.Addr, p sctp.Params) (sctp.Endpoint, error) {
	e, err := t.Transport.Open(a, p)
	return tamperedEndpoint{e, t.spoil}, err
}

func (e tamperedEndpoint) Accept(ctx context.Context) (sctp.Assoc, error) {
	a, err := e.Endpoint.Accept(ctx)
	return tamperedAssoc{a, e.spoil}, err
}

func (a tamperedAssoc) Read(b *sctp.Batch) error {
	err := a.Assoc.Read(b)
	if len(b.Items) > 0 {
		b.Items = a.spoil(b.Items)
	}
	return err
}

// A run sees what is done to its messages, and ends when some do not arrive.
func TestRunSeesFaults(t *testing.T) {
	number := 0
	every := func(n int, f func(items []sctp.Item, i int) []sctp.Item) func([]sctp.Item) []sctp.Item {
		return func(in []sctp.Item) []sctp.Item {
			var out []sctp.Item
			for i := range in {
				if number++; in[i].Event == nil && number > 10 && number%n == 0 {
					out = f(append(out, in[i]), len(out))
				} else {
					out = append(out, in[i])
				}
			}
			return out
		}
	}
	for name, c := range map[string]struct {
		spoil func([]sctp.Item) []sctp.Item
		check func(r *Report, err error) bool
	}{
		"lost": {every(1000, func(out []sctp.Item, i int) []sctp.Item { return out[:i] }),
			func(r *Report, err error) bool {
				return err != nil && r.Lost == 5 && r.Duplicated == 0 && r.Misordered == 0
			}},
		"repeated": {every(1000, func(out []sctp.Item, i int) []sctp.Item { return append(out, out[i]) }),
			func(r *Report, err error) bool {
				return err == nil && r.Lost == 0 && r.Duplicated == 5 && r.Misordered == 0
			}},
		"another's": {every(1000, func(out []sctp.Item, i int) []sctp.Item {
			out[i].Data = bytes.Clone(out[i].Data)
			out[i].Data[0] ^= 1
			return out
		}), func(r *Report, err error) bool { return err != nil && r.Lost == 5 && r.Foreign == 5 }},
		"out of order": {func(in []sctp.Item) []sctp.Item {
			if len(in) > Flows && in[0].Event == nil {
				in[0], in[Flows] = in[Flows], in[0] // of one flow
			}
			return in
		}, func(r *Report, err error) bool {
			return err == nil && r.Lost == 0 && r.Duplicated == 0 && r.Misordered > 0
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			number = 0
			l := memoryLayout(tampering{sctp.NewUser(sctptest.NewMemory(1)), c.spoil}, 1)
			r, err := run(t, l, false, Load{Size: 100, Window: 64, Count: 5500, Duration: time.Minute})
			if !c.check(r, err) || r.Fault() == "" {
				t.Errorf("%s: %v %+v", name, err, r)
			}
		})
	}
}

// What cannot be reached is told, within the time given.
func TestNothingThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		l := through(memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), 1), 3565, 3565)
		if _, err := M2PA(ctx, l, ss7.ISUP); err == nil ||
			!strings.Contains(err.Error(), "no association with 10.9.0.1 port 3565") {
			t.Error(err)
		}
	})
}

func TestLoadIsChecked(t *testing.T) {
	good := Load{Size: 100, Window: 1, Duration: time.Second}
	if err := good.Check(M2PAHeaders); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*Load){
		func(l *Load) { l.Size = M2PAHeaders + stampLen - 1 }, func(l *Load) { l.Size = 5000 },
		func(l *Load) { l.Window = 0 },
		func(l *Load) { l.Rate = 1 }, func(l *Load) { l.Duration = 0 },
	} {
		bad := good
		change(&bad)
		if bad.Check(M2PAHeaders) == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// Making and judging a message allocates nothing.
func TestMessageAllocatesNothing(t *testing.T) {
	p := newPair(0, &Load{}, time.Now())
	b := make([]byte, 100)
	if n := testing.AllocsPerRun(1000, func() { p.write(b); p.take(0, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if p.flows[0].Received == 0 || p.foreign != 0 {
		t.Error("nothing was judged")
	}
}
