package node

import (
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// Alarms are raised with a reason, and cleared; the worst comes first.
func TestAlarms(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		p.a.want("show alarms", "No alarms.")
		p.w.setCut("10.1.1.1", true)
		time.Sleep(20 * time.Second)
		p.a.want("show alarms", "Minor", "link 0 of linkset PAIR")
		p.w.setCut("10.1.2.1", true)
		time.Sleep(20 * time.Second)
		p.a.want("show alarms", "Major", "linkset PAIR", "none of 2 links available", "destination 4.4.4/14",
			"no route to it is available", "link 1 of linkset PAIR")
		p.w.setCut("10.1.0.1", true)
		time.Sleep(20 * time.Second)
		p.a.want("show alarms", "Critical", "it is isolated")
		for _, x := range []string{"10.1.0.1", "10.1.1.1", "10.1.2.1"} {
			p.w.setCut(x, false)
		}
		time.Sleep(40 * time.Second)
		p.a.want("show alarms", "No alarms.")
		p.a.want("show alarms history", "RAISED  Major    linkset PAIR", "CLEARED Major    linkset PAIR",
			"RAISED  Warning  node: it restarts", "CLEARED Warning  node")
		p.a.run("cs7 inhibit PAIR 0")
		time.Sleep(time.Second)
		p.a.want("show alarms", "Warning", "link 0 of linkset PAIR", "inhibited from this end")
		p.a.run("configure terminal", "cs7 linkset PAIR", "shutdown", "end")
		time.Sleep(5 * time.Second)
		p.a.want("show alarms", "destination 4.4.4/14")
	})
}

// An alarm is cleared when its cause is over, not when somebody looks: the restart of a
// neighbour that can be reached by another way ends without a word.
func TestAlarmsClearUnseen(t *testing.T) {
	t.Parallel()
	onTriangle(t, func(p *pair, _ *box) {
		p.w.setCut("10.1.1.1", true)
		p.w.setCut("10.1.2.1", true)
		time.Sleep(30 * time.Second)
		p.w.setCut("10.1.1.1", false)
		time.Sleep(30 * time.Second)
		var left []status.Alarm
		p.a.core.ask(func() { left = p.a.core.alarms.List() })
		for _, a := range left {
			if a.Object != "link 1 of linkset PAIR" {
				t.Errorf("%s is still alarmed: %s", a.Object, a.Reason)
			}
		}
	})
}

// An MSU of this node's own that comes back raises an alarm, which clears when no more do.
func TestCircularRouteAlarm(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		time.Sleep(5 * time.Second)
		p.s1.mu.Lock()
		p.s1.put(ss7.MSU{DPC: itu("4.4.4"), OPC: itu("1.1.1"), NI: ss7.International, SI: ss7.SCCP, Payload: make([]byte, 8)})
		p.s1.mu.Unlock()
		time.Sleep(time.Second)
		p.a.want("show alarms", "Major", "circular route to 4.4.4",
			"MSUs with our own code as their origin come in by linkset STATION")
		p.a.want("show logging", "%CS7MTP3-4-CIRCULAR: Circular route to 4.4.4")
		time.Sleep(70 * time.Second)
		p.a.want("show alarms history", "CLEARED Major    circular route to 4.4.4")
	})
}

// Timers of a link, a linkset and the node, and whose each is; what links carry; what
// neighbours say of routes.
func TestShowTimersAndUtilization(t *testing.T) {
	t.Parallel()
	onPair(t, func(p *pair) {
		p.a.run("configure terminal", "cs7 mtp3 timer t02 1500", "cs7 linkset PAIR", "timer t01 900", "timer t21 5000",
			"link 1 sctp 10.2.2.1 1026 1026", "timer t01 1100", "end")
		p.a.want("show running-config", " timer t01 900\n", " timer t21 5000\n", "  timer t01 1100\n")
		p.a.want("show cs7 linkset PAIR timers", "Link 0", "T01           900  linkset  delay", "T02          1500  node",
			"T21          5000  linkset", "Link 1", "T01          1100  link     delay", "T03           800  default")
		p.both(t, 15000, func() { time.Sleep(10 * time.Second) })
		p.a.want("show cs7 linkset STATION utilization", "00   10 s", "5 min", "peak of 10 s 99")
		p.a.want("show cs7 linkset PAIR", "avail/links=2/2")
		p.a.want("show cs7 route 4.4.4 detail", "over PAIR: linkset avail, non-adjacent status allowed")
	})
}
