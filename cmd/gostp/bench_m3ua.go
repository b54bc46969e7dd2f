package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gostp/gostp/bench"
	"github.com/gostp/gostp/ss7"
)

// m3uaOptions are the flags that only `bench m3ua` has.
type m3uaOptions struct {
	register bool
	routes   int
	words    string // the words for --print-config
	pid      int    // the process whose processor time is told
}

func m3uaCommand() *cobra.Command {
	c, o := loadCommandOf(loadM3UA, viaNode, "Load an M3UA gateway; pairs of ASPs send to each other through it",
		"  gostp bench m3ua                              # through this program's own node\n"+
			"  gostp bench m3ua --through osmo-stp           # through an osmo-stp that it starts\n"+
			"  gostp bench m3ua --rate 200 --routes 10000    # delay at low load, beside 10,000 routes\n"+
			"  gostp bench m3ua --through 10.0.0.1:2905 --source-ip 10.0.0.2 --sink-ip 10.0.0.3 --register --pid 1234")
	f := c.Flags()
	f.BoolVar(&o.m3ua.register, "register", false,
		"ASPs register their routing keys (RKM); without, the gateway has them configured")
	f.IntVar(&o.m3ua.routes, "routes", 0, "destinations that the gateway has besides, behind the sinks")
	f.StringVar(&o.m3ua.words, "words", gostpWords, "--print-config: whose configuration, gostp or osmo-stp")
	f.IntVar(&o.m3ua.pid, "pid", 0,
		"process whose processor time for each message is told, with an ADDRESS of a gateway on this machine")
	return c
}

// check finds what is wrong with these flags.
func (o *benchOptions) checkM3UA() error {
	m := &o.m3ua
	switch {
	case o.through == viaNothing || o.through == viaLoop || o.through == viaCalls:
		return fmt.Errorf("--through %s: ASPs need a gateway: node, osmo-stp or an ADDRESS", o.through)
	case m.routes < 0 || m.routes > bench.MaxRoutes:
		return fmt.Errorf("--routes %d: 0 to %d are possible", m.routes, bench.MaxRoutes)
	case m.routes > 0 && m.register:
		return fmt.Errorf("--routes lead to servers that are configured, --register has none")
	case m.words != gostpWords && m.words != osmoWords:
		return fmt.Errorf("--words %s: gostp or osmo-stp", m.words)
	case m.pid != 0 && (o.through == viaNode || o.through == viaOsmoSTP):
		return fmt.Errorf("--pid is for a gateway that runs already; this one's processor time is told anyhow")
	}
	return nil
}

// gatewayConfig gives the configuration of the gateway between, in the given words.
func (o *benchOptions) gatewayConfig(l bench.Layout, words string) string {
	if words == osmoWords {
		return bench.OsmoConfig(l, o.m3ua.register, o.m3ua.routes)
	}
	return bench.GatewayConfig(l, o.word(), o.m3ua.register, o.m3ua.routes)
}

// connect makes the pairs.
func (o *benchOptions) connect(ctx context.Context, l bench.Layout) (*bench.Bench, error) {
	switch o.what {
	case loadM2PA:
		return bench.M2PA(ctx, l, ss7.SI(o.si))
	case loadM2UA:
		return bench.M2UA(ctx, l, ss7.SI(o.si), o.down)
	case loadM3UA:
		return bench.M3UA(ctx, l, ss7.SI(o.si), o.m3ua.register)
	}
	return bench.SCTP(ctx, l)
}

// ticks is how many units of /proc's processor time make a second: USER_HZ, which is 100 on every Linux that we
// use.
const ticks = 100

// processorTime gives the processor time that a process has used so far: utime and stime of proc(5), the 14th
// and 15th field. They are counted from the last parenthesis, because the name before it may have spaces.
func processorTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("--pid: %w", err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("--pid: /proc/%d/stat has another form", pid)
	}
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("--pid: %w", err)
		}
		sum += time.Duration(n) * time.Second / ticks
	}
	return sum, nil
}
