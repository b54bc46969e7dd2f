package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Every variant carries traffic over a changeover and a changeback.
func TestVariantsChangeOver(t *testing.T) {
	t.Parallel()
	for _, v := range ss7.Variants {
		t.Run(v.Name, func(t *testing.T) {
			onPairOf(t, v, func(p *pair) {
				p.both(t, 5000, func() {
					time.Sleep(time.Second)
					p.w.setCut("10.1.1.1", true)
					time.Sleep(5 * time.Second)
					p.a.want("show cs7 linkset PAIR", "avail/links=1/2")
					p.w.setCut("10.1.1.1", false)
					time.Sleep(13 * time.Second)
					p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
				})
			})
		})
	}
}

// T1.111.5: each node turns the SLS of what it sends by one bit, unless told not to;
// elsewhere it stays.
func TestRotatedSLS(t *testing.T) {
	t.Parallel()
	arrives := func(p *pair) uint8 {
		p.s2.mu.Lock()
		p.s2.got = nil
		p.s2.mu.Unlock()
		p.s1.send(ss7.MSU{DPC: p.s2.pc, SLS: 5, SI: ss7.SCCP, Payload: make([]byte, 48)})
		time.Sleep(time.Second)
		p.s2.mu.Lock()
		defer p.s2.mu.Unlock()
		if len(p.s2.got) != 1 {
			t.Fatalf("%d messages arrived", len(p.s2.got))
		}
		return p.s2.got[0].sls
	}
	onPairOf(t, ss7.ANSI, func(p *pair) {
		if sls := arrives(p); sls != 0x41 {
			t.Errorf("over two nodes SLS 5 became %#x instead of 0x41", sls)
		}
		p.a.run("configure terminal", "cs7 linkset PAIR", "no rotate-sls", "end")
		if sls := arrives(p); sls != 0x82 {
			t.Errorf("over two nodes, one of which lets it alone, SLS 5 became %#x instead of 0x82", sls)
		}
		p.a.want("show running-config", "no rotate-sls")
	})
	onPair(t, func(p *pair) {
		if sls := arrives(p); sls != 5 {
			t.Errorf("SLS 5 became %d", sls)
		}
	})
}
