package mtp3

import (
	"fmt"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// crossroads is a node with two neighbours that both lead to so many destinations, the first
// of them by preference.
func crossroads(b *testing.B, many int) (*Network, []ss7.PC, time.Time) {
	const never = 1e6 * time.Hour
	cfg := Config{Variant: ss7.ITU, NI: ss7.International, Own: []ss7.PC{1}, SLTT1: never, SLTT2: never,
		Linksets: []LinksetConfig{
			{Name: "B", Adjacent: 2, Links: []LinkConfig{{Path: 1}}},
			{Name: "C", Adjacent: 3, Links: []LinkConfig{{Path: 2}}},
		}}
	var codes []ss7.PC
	for pc := ss7.PC(16); len(codes) < many; pc++ {
		codes = append(codes, pc)
		r := ss7.Range{PC: pc, Len: 14}
		cfg.Routes = append(cfg.Routes, RouteConfig{r, "B", 5}, RouteConfig{r, "C", 6})
	}
	n, now := NewNetwork(), time.Unix(0, 0)
	n.Configure(now, cfg, nil)
	for p := ss7.PathID(1); p <= 2; p++ {
		n.Do(now, ss7.Event{Kind: ss7.InService, Path: p, Arg: ss7.TakenOver}, nil)
	}
	if _, way, _ := n.Table().Dest(codes[0]); way == nil {
		b.Fatal("not accessible")
	}
	return n, codes, now
}

// BenchmarkTransferProhibited is what it costs that a neighbour prohibits one destination of
// many, and allows it again: the two new tables, what is told to the other neighbour, and T6.
func BenchmarkTransferProhibited(b *testing.B) {
	for _, many := range []int{10, 1000, 16000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			n, codes, now := crossroads(b, many)
			say := func(h Heading, pc ss7.PC, out []ss7.Action) []ss7.Action {
				m := ss7.MSU{DPC: 1, OPC: 2, SI: ss7.SNM}
				m.Payload = AppendManagement(nil, ss7.ITU, Management{Heading: h, PC: pc})
				return n.Do(now, ss7.Event{Kind: ss7.Transfer, Path: 1, MSU: m}, out)
			}
			b.ReportAllocs()
			var out []ss7.Action
			var tfp time.Duration
			for i := 0; b.Loop(); i++ {
				pc := codes[i%many]
				now = now.Add(2 * time.Second) // a new burst to the neighbours
				begun := time.Now()
				out = say(TFP, pc, out[:0])
				tfp += time.Since(begun)
				if _, way, _ := n.Table().Dest(pc); len(way.Linksets) != 1 || way.Linksets[0] != 1 {
					b.Fatalf("it goes by %v", way.Linksets)
				}
				out = say(TFA, pc, out[:0])
				now = now.Add(2 * time.Second)
				out = n.Tick(now, out[:0])
				if _, way, _ := n.Table().Dest(pc); way.Linksets[0] != 0 {
					b.Fatalf("it goes by %v", way.Linksets)
				}
			}
			b.ReportMetric(float64(tfp.Nanoseconds())/float64(b.N), "ns/TFP")
		})
	}
}
