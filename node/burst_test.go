package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// many are codes that nobody of a pair has.
func manyCodes(n int) (all []ss7.PC) {
	used := []ss7.PC{itu("1.1.1"), itu("2.2.2"), itu("3.3.3"), itu("4.4.4"), itu("5.5.5")}
	for pc := ss7.PC(100); len(all) < n; pc++ {
		if !slices.Contains(used, pc) {
			all = append(all, pc)
		}
	}
	return all
}

// withMany is a configuration with a route to each of codes over a linkset.
func withMany(config, linkset string, codes []ss7.PC) string {
	var b strings.Builder
	b.WriteString(config)
	b.WriteString("cs7 route-table system\n")
	for _, pc := range codes {
		fmt.Fprintf(&b, " update route %d/14 linkset %s\n", pc, linkset)
	}
	return b.String()
}

// reached counts those of codes that b can reach.
func (b *box) reached(codes []ss7.PC) (n int) {
	t := b.view.Load().table
	for _, pc := range codes {
		if _, way, _ := t.Dest(pc); way != nil {
			n++
		}
	}
	return n
}

// A linkset with thousands of destinations dies and returns: the neighbour learns of every
// one, and neither queue loses anything of it or of the users' messages beside it.
func TestNeighbourLearnsOfThousandsOfDestinations(t *testing.T) {
	t.Parallel()
	const many = 9_000 // more than the queue of a link has room for
	codes := manyCodes(many)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		a := boxOn(t, w, withMany(pairConfig(ss7.ITU, 1, 2), "STATION", codes))
		b := boxOn(t, w, withMany(pairConfig(ss7.ITU, 2, 1), "PAIR", codes))
		defer a.Close()
		defer b.Close()
		time.Sleep(20 * time.Second)
		if n := b.reached(codes); n != 0 {
			t.Errorf("with the station away since the start, b reaches %d", n)
		}
		s := newStation(ctx, t, w, "10.1.0.9", "10.1.0.1", itu("3.3.3"), itu("1.1.1"))
		defer s.group.Wait()
		defer cancel()
		for round, cut := range []bool{false, true, false} {
			w.setCut("10.1.0.9", cut)
			b.want("ping cs7 1.1.1 count 2000 rate 100", "100% successful packets(2000/2000)")
			want := many
			if cut {
				want = 0
			}
			if n, here := b.reached(codes), a.reached(codes); n != want || here != want {
				t.Errorf("round %d: a reaches %d of %d and b %d; wanted %d", round, here, many, n, want)
			}
		}
		for _, x := range []*box{a, b} {
			for _, r := range []mtp3.Reason{mtp3.QueueFull, mtp3.UserQueueFull, mtp3.Shed} {
				if n := x.discards.by[r].Load(); n > 0 {
					t.Errorf("%d discarded: %v", n, r)
				}
			}
		}
		st, _ := a.links[linkKey{"PAIR", 0}].below()
		t.Logf("most in the queue to b: %d", st.Peak)
	})
}
