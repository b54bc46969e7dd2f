package node

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage pile up: a test builds whole nodes, throws them away, and is over before most
// collections pay. A benchmark keeps the collector that the program has.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
