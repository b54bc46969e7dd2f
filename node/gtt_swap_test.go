package node

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
)

const swapped = 1_000_000 // entries of the table

// number is the digits of entry i; they are in no order.
func number(i int) string { return fmt.Sprintf("49%09d", i*636413%swapped*997) }

// million is a node with a file of a million entries, and its configuration.
func million(b *testing.B) (*Node, *configs.System) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "million.csv")
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range swapped {
		fmt.Fprintf(w, "S,%s,pcssn,2.2.%d,gt\n", number(i), i%8)
	}
	w.Flush()
	f.Close()
	n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Store: startup.Memory("x", nil)})
	b.Cleanup(func() { n.Close() })
	s := n.Config().Clone()
	pc := ss7.PC(5)
	s.PC, s.TableFile = &pc, file
	s.Selectors = []*configs.Selector{{Name: "S", GTI: 4}}
	return n, s
}

func BenchmarkTableFile(b *testing.B) {
	n, s := million(b)
	b.ReportAllocs()
	for b.Loop() {
		if faults := n.loadTitles(s, true); len(faults) > 0 {
			b.Fatal(faults[0])
		}
		n.core.sccp.configure(s)
	}
	b.StopTimer()
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	s.TableFile = ""
	n.loadTitles(s, true)
	n.core.sccp.configure(s)
	runtime.GC()
	runtime.ReadMemStats(&without)
	b.ReportMetric(float64(with.HeapAlloc-without.HeapAlloc)/swapped, "B/entry")
}

// gaps are the times between one relayed message and the next.
type gaps struct {
	count   int
	longest [8]time.Duration
}

func (g *gaps) add(d time.Duration) {
	g.count++
	if d <= g.longest[len(g.longest)-1] {
		return
	}
	g.longest[len(g.longest)-1] = d
	slices.SortFunc(g.longest[:], func(a, b time.Duration) int { return int(b - a) })
}

func (g *gaps) report(b *testing.B, name string) {
	b.ReportMetric(float64(g.longest[0].Microseconds()), "µs-longest-"+name)
	b.ReportMetric(float64(g.longest[len(g.longest)-1].Microseconds()),
		fmt.Sprint("µs-", len(g.longest), "th-longest-", name))
}

// BenchmarkTableSwap reads, compiles and swaps a million entries while messages are
// relayed without a break, and tells the longest times between two of them: while
// nothing else happens, and beside the swaps. What the machine takes away is in both.
func BenchmarkTableSwap(b *testing.B) {
	n, s := million(b)
	n.loadTitles(s, true)
	n.core.sccp.configure(s)
	var in []ss7.MSU
	for i := range 1 << 16 {
		d, _ := gtt.Parse(number(i * 15 % swapped))
		called := sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{HasSSN: true, SSN: 6, GTI: 4,
			Title: append([]byte{0, 0, 0}, d.AppendBCD(nil)...)})
		p, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: called, Calling: called, Data: make([]byte, 60)})
		in = append(in, ss7.MSU{DPC: 5, OPC: 99, SI: ss7.SCCP, Payload: p})
	}
	var phase atomic.Int32
	var seen [2]gaps
	done := make(chan bool)
	go func() {
		defer close(done)
		buf := make([]byte, 0, 512)
		last := time.Now()
		for i := 0; ; i++ {
			if d, _ := n.view.Load().sccp.Relay(&in[i%len(in)], "", 1, buf[:0]); d.Result == nil {
				b.Error("not translated: ", d.Reason)
			}
			p := phase.Load()
			if p == int32(len(seen)) {
				return
			}
			now := time.Now()
			seen[p].add(now.Sub(last))
			last = now
		}
	}()
	time.Sleep(3 * time.Second)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	phase.Store(1)
	for b.Loop() {
		n.loadTitles(s, true)
		n.core.sccp.configure(s)
	}
	phase.Store(2)
	<-done
	seen[0].report(b, "alone")
	seen[1].report(b, "swap")
	b.ReportMetric(float64(seen[1].count)/b.Elapsed().Seconds(), "messages/s")
	runtime.ReadMemStats(&after)
	stop := uint64(0)
	for i := before.NumGC; i < after.NumGC; i++ {
		stop = max(stop, after.PauseNs[i%uint32(len(after.PauseNs))])
	}
	b.ReportMetric(float64(stop)/1000, "µs-longest-gc-stop")
}
