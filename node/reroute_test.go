package node

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/ss7"
)

// triangle is the pair with a third STP, 5.5.5, joined to both, over which there is a
// second way.
func onTriangle(t *testing.T, f func(p *pair, c *box)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWires()
		more := func(me, other, peer string, config string) string {
			return strings.Replace(config, "cs7 route-table system\n", `cs7 local-peer 1027
 local-ip 10.`+me+`.3.1
cs7 linkset THIRD 5.5.5
 link 0 sctp 10.3.`+me+`.1 `+map[string]string{"1": "1024", "2": "1025"}[me]+` 1027
cs7 route-table system
 update route `+other+`/14 linkset THIRD priority 7
 update route `+peer+`/14 linkset THIRD priority 7
`, 1)
		}
		p := &pair{w: w, a: boxOn(t, w, more("1", "4.4.4", "2.2.2", pairConfig(ss7.ITU, 1, 2))),
			b: boxOn(t, w, more("2", "3.3.3", "1.1.1", pairConfig(ss7.ITU, 2, 1)))}
		c := boxOn(t, w, `hostname S3
cs7 network-indicator international
cs7 point-code 5.5.5
cs7 local-peer 1024
 local-ip 10.3.1.1
cs7 local-peer 1025
 local-ip 10.3.2.1
cs7 linkset ONE 1.1.1
 link 0 sctp 10.1.3.1 1027 1024
cs7 linkset TWO 2.2.2
 link 0 sctp 10.2.3.1 1027 1025
cs7 route-table system
 update route 3.3.3/14 linkset ONE
 update route 4.4.4/14 linkset TWO
`)
		defer p.a.Close()
		defer p.b.Close()
		defer c.Close()
		defer func() {
			cancel()
			p.s1.group.Wait()
			p.s2.group.Wait()
		}()
		time.Sleep(100 * time.Millisecond)
		p.s1 = newStation(ctx, t, w, "10.1.0.9", "10.1.0.1", itu("3.3.3"), itu("1.1.1"))
		p.s2 = newStation(ctx, t, w, "10.2.0.9", "10.2.0.1", itu("4.4.4"), itu("2.2.2"))
		time.Sleep(20 * time.Second)
		f(p, c)
	})
}

// The whole linkset fails under traffic: changeover over the third STP, with
// retrieval; the linkset returns, its neighbours restart, the traffic comes back.
func TestLinksetFailsWithAlternative(t *testing.T) {
	t.Parallel()
	onTriangle(t, func(p *pair, c *box) {
		c.want("show cs7 linkset", "lsn=ONE                 apc=1.1.1         state=avail")
		p.both(t, 25000, func() {
			time.Sleep(time.Second)
			p.w.setCut("10.1.1.1", true)
			p.w.setCut("10.1.2.1", true)
			time.Sleep(5 * time.Second)
			p.a.want("show cs7 linkset PAIR", "avail/links=0/2")
			p.a.want("show cs7 route 4.4.4", "leaves by linkset THIRD")
			p.w.setCut("10.1.1.1", false)
			p.w.setCut("10.1.2.1", false)
			time.Sleep(15 * time.Second)
			p.a.want("show cs7 route 4.4.4", "leaves by linkset PAIR")
		})
	})
}
