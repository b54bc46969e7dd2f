package node

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// TestMain lets garbage pile up: a test builds whole nodes, throws them away, and is over before most collections pay.
// Some tests wait for real sockets, so more of them run at a time than there are processors. Those that need the
// kernel's SCTP (TestKernel…) share the addresses of one namespace and run one after the other. A benchmark keeps the
// collector that the program has.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		debug.SetGCPercent(400)
		if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
			_ = parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
		}
	}
	os.Exit(m.Run())
}
