package node

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m2pa"
)

// queue makes the transmit queue of a link as long as it is configured. Thresholds of congestion keep their share of
// the queue.
func queue(c *m2pa.Config, depth int) {
	for _, t := range []*[3]int{&c.Onset, &c.Abate, &c.Discard} {
		for i := range t {
			t[i] = t[i] * depth / c.QueueMax
		}
	}
	c.QueueMax = depth
}

// thresholds puts the configured thresholds of congestion in the place of those shares.
func thresholds(c *m2pa.Config, set *configs.Linkset, k *configs.Link) {
	for i := range c.Onset {
		if t := configs.ThresholdsFor(set, k, uint8(i+1)); t != nil {
			c.Onset[i], c.Abate[i] = int(t.Onset), int(t.Abate)
			c.Discard[i] = max(c.Discard[i], c.Onset[i])
			if t.Discard != 0 {
				c.Discard[i] = int(t.Discard)
			}
		}
	}
}

// congestionWarnings warns of thresholds that are never reached, or in the wrong order.
func congestionWarnings(c m2pa.Config, set *configs.Linkset, k *configs.Link) (out []string) {
	for i := range c.Onset {
		switch {
		case i > 0 && !c.Priorities || configs.ThresholdsFor(set, k, uint8(i+1)) == nil:
		case c.Onset[i] >= c.QueueMax:
			out = append(out, fmt.Sprintf("congestion level %d begins above %d messages, but the transmit queue has %d "+
				"(`tx-queue-depth`): it is full first", i+1, c.Onset[i], c.QueueMax))
		case i > 0 && c.Onset[i] <= c.Onset[i-1]:
			out = append(out, fmt.Sprintf("congestion level %d begins above %d messages, and level %d above %d: level %d is "+
				"passed over", i+1, c.Onset[i], i, c.Onset[i-1], i))
		case i < 2 && c.Priorities && c.Onset[i] >= c.Onset[i+1] && configs.ThresholdsFor(set, k, uint8(i+2)) == nil:
			out = append(out, fmt.Sprintf("congestion level %d begins above %d messages, and level %d, which is not "+
				"configured, above %d: level %d is passed over", i+1, c.Onset[i], i+2, c.Onset[i+1], i+1))
		}
	}
	return out
}

// ownWarnings warns of what can run and is hardly meant, where only this package can know it: it knows the defaults of
// what is not set.
func ownWarnings(s *configs.System) (out []configs.Warning) {
	for _, i := range append([]*configs.System{s}, s.Instances...) {
		in := ""
		if i != s {
			in = fmt.Sprintf("instance %d: ", i.Number)
		}
		for _, set := range i.Linksets {
			for _, k := range set.Links {
				for _, text := range linkWarnings(i, set, k) {
					name := fmt.Sprintf("linkset %s link %d", set.Name, k.SLC)
					out = append(out, configs.Warning{At: cli.Place{Object: k}, Subject: name, Text: in + name + ": " + text})
				}
			}
		}
	}
	return out
}

func linkWarnings(s *configs.System, set *configs.Linkset, k *configs.Link) []string {
	p := s.LocalPeer(k.LocalPort)
	if p == nil {
		return nil
	}
	m2pa := linkConfig(s, set, p, k)
	chosen := k.AssocRetrans|k.PathRetrans|p.AssocRetrans|p.PathRetrans != 0
	out := settingsWarnings(association.SettingsFor(p, k), len(k.Remote), m2pa.T7, chosen)
	out = append(out, congestionWarnings(m2pa, set, k)...)
	return append(out, families(p, k)...)
}

// settingsWarnings looks at what settings say together; limits tells that somebody chose
// the limits of retransmission.
func settingsWarnings(s association.Settings, paths int, t7 time.Duration, limits bool) (out []string) {
	p := s.Params
	// With the paths all inactive and the association not yet given up, nothing moves
	// and nobody is told (RFC 9260 §8.2).
	if all := (p.PathRetrans + 1) * paths; limits && p.AssocRetrans+1 > all {
		out = append(out, fmt.Sprintf("all paths are inactive after %d time-outs, the link fails after %d: "+
			"`assoc-retransmit %d` lets it fail with its last path", all, p.AssocRetrans+1, max(1, all-1)))
	}
	if wait := p.RTOMin + 2*p.SackDelay; t7 <= wait {
		out = append(out, fmt.Sprintf("M2PA timer t7 of %d ms ends before SCTP has sent a lost packet again (%d ms): "+
			"every loss fails the link; make `m2pa timer t7` greater or `retransmit-timeout` less", t7.Milliseconds(),
			wait.Milliseconds()))
	}
	return out
}

// families warns where the two ends have addresses of different versions of IP.
func families(p *configs.LocalPeer, k *configs.Link) (out []string) {
	var four, six bool
	for _, a := range p.IPs {
		four, six = four || a.IP.Is4(), six || a.IP.Is6()
	}
	for _, ip := range k.Remote {
		if len(p.IPs) > 0 && (ip.Is4() && !four || ip.Is6() && !six) {
			out = append(out, fmt.Sprintf(
				"local-peer %d has no local-ip from which %s can be reached: one is IPv4, the other IPv6", p.Port, ip))
		}
	}
	return out
}
