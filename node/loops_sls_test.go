package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// What goes round with several SLS values is discarded for each of them, as each is proven, and
// not for the first alone.
func TestEndlessCircleOfEverySLS(t *testing.T) {
	onRing(t, summaryRing, func(_ *wires, nodes [3]*box, s *station) {
		a := nodes[0]
		a.run("configure terminal", "cs7 loop-protection drop", "end")
		for sls := range uint8(8) {
			s.send(ss7.MSU{DPC: itu("5.1.1"), SLS: sls, SI: ss7.SCCP, Payload: []byte("round and round")})
		}
		time.Sleep(100 * time.Millisecond)
		if n := a.carried(); n < 10 {
			t.Fatalf("%d messages were passed on: nothing goes round, the test shows nothing", n)
		}
		time.Sleep(2 * time.Minute)
		if n := a.discards.by[mtp3.Looping].Load(); n != 8 {
			t.Errorf("%d discarded, of eight messages", n)
		}
		if n := a.circling(); n > 5 {
			t.Errorf("%d messages a second still go round", n)
		}
	})
}
