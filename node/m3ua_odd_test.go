package node

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// DATA with bits above the fourth in its service indicator is carried without them, counted, and
// told once.
func TestBitsAboveTheServiceIndicatorAreTold(t *testing.T) {
	t.Parallel()
	withStations(t, crossroads, func(w *wires, g *box, n, m *station) {
		p := newForeign(t, w, "10.0.0.5")
		defer p.e.Close()
		p.send(0, bare(xua.ASPUP))
		p.send(0, bare(xua.ASPAC))
		time.Sleep(time.Second)
		got := make(chan ss7.MSU, 9)
		n.mu.Lock()
		n.user = func(x *ss7.MSU) { got <- *x }
		n.mu.Unlock()
		for range 3 {
			b := dataIn(ss7.MSU{OPC: itu("5.5.5"), DPC: itu("7.7.7"), SI: ss7.SCCP, Payload: make([]byte, 12)})
			b[8+4+8] |= 0x20
			p.send(1, b)
		}
		time.Sleep(time.Second)
		for range 3 {
			if x := <-got; x.SI != ss7.SCCP || len(x.Payload) != 12 {
				t.Errorf("%+v arrives", x)
			}
		}
		g.want("show cs7 asp P statistics",
			"DATA with bits above the fourth in its service indicator, passed over: 3\n")
		const told = "ASP P sends DATA with service indicator 0x23: the bits above the fourth are passed over"
		if out := g.run("show logging"); strings.Count(out, told) != 1 || strings.Count(out, "ODDSI") != 1 {
			t.Error(out)
		}
	})
}
