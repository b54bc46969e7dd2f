package node

import (
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
)

// queuedOctets is what the send buffer has for each message of a transmit queue:
// the longest that M2PA carries for a narrow-band network, and SCTP's own header.
const queuedOctets = 512

// settings is how the associations of a link or of a local-peer are set up.
type settings struct {
	params sctp.Params
	init   uint8         // DSCP until the association is there
	stall  time.Duration // the far end may take nothing for as long
}

// settingsFor gives those of k, a link of local-peer p; k may be nil.
func settingsFor(p *configs.LocalPeer, k *configs.Link) settings {
	return settingsOf(p, configs.SCTPFor(p, k))
}

// settingsOf gives those of associations at p that are set up as c says.
func settingsOf(p *configs.LocalPeer, c configs.SCTP) settings {
	d := sctp.DefaultParams()
	return settings{sctp.Params{
		OutStreams: c.OutStreams, InStreams: c.InStreams,
		RTOInitial: c.InitTimeout, RTOMin: c.RTOMin, RTOMax: c.RTOMax,
		Heartbeat: c.Keepalive, SackDelay: c.Sack, // configs.Off is negative: none
		InitRetrans: int(c.InitRetrans), PathRetrans: int(c.PathRetrans), AssocRetrans: int(c.AssocRetrans),
		CookieLife: d.CookieLife, RecvBuffer: int(c.Window), SendBuffer: max(d.SendBuffer, int(c.QueueDepth)*queuedOctets),
		DSCP: c.Mark(), Single: c.Bundling == configs.Off, AnyChecksum: p.AnyChecksum,
	}, c.InitMark(), c.Stall}.patient()
}

// patient lets TCP wait for longer than it would, if that is configured.
func (s settings) patient() settings {
	if s.stall > configs.DefaultSCTP.Stall {
		s.params.Stall = s.stall
	}
	return s
}

// dialled are the parameters of packets that set an association up.
func (s settings) dialled() sctp.Params {
	p := s.params
	p.DSCP = s.init
	return p
}
